package postgres_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/internal/crowd"
	"github.com/contactpipeline/visitors/store/postgres"
)

// BenchmarkIndex compares a store with its index and without.
func BenchmarkIndex(b *testing.B) {
	crowd.RunIndexed(b, func(b *testing.B, size int) *crowd.Indexed { return cityOf(b, size).indexed(b) })
}

// indexed returns a copy of a city.
func (c *city) indexed(b *testing.B) *crowd.Indexed {
	dsn := c.copied(b)
	return &crowd.Indexed{
		Size: c.size, Env: c.env,
		Open: func(tb testing.TB, index bool) driver.Store {
			st, err := postgres.Open(tb.Context(), dsn, &postgres.Options{Index: benchIndex(index)})
			require.NoError(tb, err)
			return st
		},
		Forget: func(tb testing.TB) { run(tb, dsn, "DELETE FROM visitors_index") },
		Wait: func(tb testing.TB, st driver.Store, idle bool) {
			require.NoError(tb, postgres.AwaitIndex(tb.Context(), st, "acme", idle))
		},
	}
}
