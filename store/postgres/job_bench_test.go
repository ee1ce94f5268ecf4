package postgres_test

import (
	"testing"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/storetest"
)

func BenchmarkJobs(b *testing.B) {
	st, _ := open(b, nil)
	storetest.BenchJobs(b, func(testing.TB) driver.Store { return st }, 100_000)
}
