//go:build cgo

package sqlite_test

import (
	"database/sql"
	"path/filepath"
	"testing"

	"github.com/mattn/go-sqlite3"
	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/internal/crowd"
	"github.com/contactpipeline/visitors/store/internal/faulty"
	"github.com/contactpipeline/visitors/store/sqlite"
	"github.com/contactpipeline/visitors/visitor"
)

// TestIndexNoticesABackupThatIsRestoredWhileItReads renames a visitor before some transaction of an index
// that is built or loads a condition, and restores a backup without that before a later one.
func TestIndexNoticesABackupThatIsRestoredWhileItReads(t *testing.T) {
	t.Parallel()
	const visitors = 1_500 // two pages of a build
	for _, c := range []struct {
		why               string
		built             bool
		renamed, restored int // the transactions before which that is done
		where             filter.Expr
	}{
		{"between the pages of a build", false, 3, 4, filter.Name.Exists()},
		{"after the pages of a build", false, 3, 5, filter.Name.Exists()},
		{"after a condition was read", true, 2, 3, filter.Name.HasPrefix("Zoe")},
	} {
		t.Run(c.why, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "visitors.db")
			plain, err := sqlite.Open(t.Context(), path, &sqlite.Options{RelaxedDurability: true, Index: store.IndexOptions{Off: true}})
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, plain.Close()) })
			require.NoError(t, crowd.New(visitors).Load(t.Context(), plain, "acme"))
			all := driver.Select{Where: crowd.Bind(t, filter.All(), nil), Order: driver.OldestFirst, Limit: 1}
			first, err := plain.FindVisitors(t.Context(), "acme", all)
			require.NoError(t, err)
			rename := func(name string) {
				patch := driver.UpdateVisitor{ID: first[0].ID, Patch: visitor.Patch{Name: &name}, Audit: driver.Audit{At: crowd.Start}}
				_, err := plain.Apply(t.Context(), "acme", []driver.Change{patch})
				require.NoError(t, err)
			}
			rename("")
			connector, err := faulty.Wrap(&sqlite3.SQLiteDriver{}, path)
			require.NoError(t, err)
			db := sql.OpenDB(connector)
			t.Cleanup(func() { db.Close() })
			st, err := sqlite.OpenIndexed(t.Context(), db, sqlite.Options{RelaxedDurability: true})
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, st.Close()) })
			count := func(want int64, where filter.Expr) {
				n, err := st.CountVisitors(t.Context(), "acme", crowd.Bind(t, where, nil), 0)
				require.NoError(t, err)
				require.Equal(t, want, n)
			}
			if c.built {
				count(visitors, filter.All())
			}
			want, err := plain.CountVisitors(t.Context(), "acme", crowd.Bind(t, c.where, nil), 0)
			require.NoError(t, err)
			backup := filepath.Join(t.TempDir(), "backup.db")
			begun := 0
			connector.Set(func(_ int, call faulty.Call) *faulty.Fault {
				if call.Text != "BEGIN" {
					return nil
				}
				switch begun++; begun {
				case c.renamed:
					return &faulty.Fault{Do: func() {
						require.NoError(t, plain.Backup(t.Context(), backup))
						rename("Zoe")
					}}
				case c.restored:
					return &faulty.Fault{Do: func() { restoreInto(t, backup, path) }}
				}
				return nil
			})
			count(want, c.where)
			require.GreaterOrEqual(t, begun, c.restored)
			connector.Set(nil)
			count(want, c.where)
			require.NoError(t, sqlite.CheckIndex(t.Context(), st, "acme"))
		})
	}
}
