package postgres_test

import (
	"testing"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/internal/crowd"
)

// BenchmarkNeighbours has other workspaces in the same tables.
func BenchmarkNeighbours(b *testing.B) {
	dsns := map[store.Store]string{}
	crowd.Neighbours(b, func() store.Store {
		st, dsn := open(b, nil)
		dsns[st] = dsn
		return st
	}, func(st store.Store) { run(b, dsns[st], "VACUUM (ANALYZE)") })
}
