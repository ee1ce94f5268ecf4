package postgres_test

import (
	"testing"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/storetest"
)

func BenchmarkLargest(b *testing.B) {
	storetest.BenchLargest(b, func(tb testing.TB) store.Store {
		st, _ := open(tb, nil)
		return st
	})
}
