package postgres_test

import (
	"testing"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/storetest"
)

func BenchmarkLargest(b *testing.B) {
	st, dsn := open(b, nil)
	storetest.BenchLargest(b, func(testing.TB) driver.Store { return st }, func() { run(b, dsn, "ANALYZE") })
}
