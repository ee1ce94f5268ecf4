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

// TestIndexWithAnErasedPersonIsNotStored erases a visitor after a copy of the index was made: before
// it is stored, and afterwards.
func TestIndexWithAnErasedPersonIsNotStored(t *testing.T) {
	t.Parallel()
	const visitors = 3_000 // enough for the index to be stored
	type step struct{ before, after bool }
	for _, c := range []struct {
		name   string
		when   step
		change func(visitor.ID) driver.Change
		stored bool
	}{
		{"no erasure", step{}, nil, true},
		{"erased before it is stored", step{before: true}, erase, false},
		{"erased after it is stored", step{after: true}, erase, false},
		{"deleted before it is stored", step{before: true}, remove, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "visitors.db")
			options := sqlite.Options{RelaxedDurability: true, Index: store.IndexOptions{Off: true}}
			plain, err := sqlite.Open(t.Context(), path, &options)
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, plain.Close()) })
			require.NoError(t, crowd.New(visitors).Load(t.Context(), plain, "acme"))
			all := driver.Select{Where: crowd.Bind(t, filter.All(), nil), Order: driver.OldestFirst, Limit: 1}
			first, err := plain.FindVisitors(t.Context(), "acme", all)
			require.NoError(t, err)
			apply := func() {
				out, err := plain.Apply(t.Context(), "acme", []driver.Change{c.change(first[0].ID)})
				require.NoError(t, err)
				require.Equal(t, driver.Deleted, out[0].Effect)
			}
			connector, err := faulty.Wrap(&sqlite3.SQLiteDriver{}, path)
			require.NoError(t, err)
			db := sql.OpenDB(connector)
			t.Cleanup(func() { db.Close() })
			st, err := sqlite.OpenIndexed(t.Context(), db, sqlite.Options{RelaxedDurability: true})
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, st.Close()) })
			written := 0 // transactions, which are those that store the index
			connector.Set(func(_ int, call faulty.Call) *faulty.Fault {
				if call.Text != "BEGIN IMMEDIATE" {
					return nil
				}
				if written++; written > 1 || !c.when.before {
					return nil
				}
				return &faulty.Fault{Do: apply}
			})
			require.NoError(t, sqlite.AwaitIndex(t.Context(), st, "acme", true))
			connector.Set(nil)
			require.Positive(t, written)
			if c.when.after {
				apply()
			}
			parts := 0
			require.NoError(t, db.QueryRow("SELECT count(*) FROM visitors_index").Scan(&parts))
			require.Equal(t, c.stored, parts > 0, "%d parts", parts)
			require.NoError(t, sqlite.CheckIndex(t.Context(), st, "acme"))
		})
	}
}

func erase(id visitor.ID) driver.Change {
	return driver.EraseVisitor{ID: id, Audit: driver.Audit{At: crowd.Start}}
}

func remove(id visitor.ID) driver.Change {
	return driver.DeleteVisitor{ID: id, Audit: driver.Audit{At: crowd.Start}}
}
