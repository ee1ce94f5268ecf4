package postgres_test

import (
	"testing"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/internal/crowd"
)

// BenchmarkNeighbours measures one workspace with other workspaces in the same tables.
func BenchmarkNeighbours(b *testing.B) {
	dsns := map[driver.Store]string{}
	crowd.Neighbours(b, func() driver.Store {
		st, dsn := open(b, nil)
		dsns[st] = dsn
		return st
	}, func(st driver.Store) { run(b, dsns[st], "VACUUM (ANALYZE)") })
}
