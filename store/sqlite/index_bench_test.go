package sqlite_test

import (
	"database/sql"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/internal/crowd"
	"github.com/contactpipeline/visitors/store/sqlite"
)

// BenchmarkIndex compares a store with its index and without.
func BenchmarkIndex(b *testing.B) {
	crowd.RunIndexed(b, func(b *testing.B, size int) *crowd.Indexed { return cityOf(b, size).indexed(b) })
}

// indexed returns a copy of a city.
func (c *city) indexed(b *testing.B) *crowd.Indexed {
	path := filepath.Join(b.TempDir(), "copy.db")
	require.NoError(b, c.Backup(b.Context(), path))
	return &crowd.Indexed{
		Size: c.size, Env: c.env,
		Open: func(tb testing.TB, index bool) driver.Store {
			st, err := sqlite.Open(tb.Context(), path, &sqlite.Options{Index: benchIndex(index)})
			require.NoError(tb, err)
			return st
		},
		Forget: func(tb testing.TB) {
			db, err := sql.Open("sqlite3", "file:"+path)
			require.NoError(tb, err)
			defer db.Close()
			_, err = db.ExecContext(tb.Context(), "DELETE FROM visitors_index")
			require.NoError(tb, err)
		},
		Wait: func(tb testing.TB, st driver.Store, idle bool) {
			require.NoError(tb, sqlite.AwaitIndex(tb.Context(), st, "acme", idle))
		},
	}
}
