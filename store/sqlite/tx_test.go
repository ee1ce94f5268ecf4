package sqlite_test

import (
	"database/sql"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/sqlite"
	"github.com/contactpipeline/visitors/visitor"
)

// host is a program that keeps conversations in the same database.
func host(t *testing.T) (*sql.DB, *sqlite.Store) {
	db, err := sql.Open("sqlite3", filepath.Join(t.TempDir(), "crm.db")+"?_txlock=immediate&_busy_timeout=5000")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	_, err = db.Exec("CREATE TABLE conversation (visitor_id TEXT NOT NULL, text TEXT NOT NULL)")
	require.NoError(t, err)
	st, err := sqlite.New(t.Context(), db, nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, st.Close()) })
	return db, st
}

func conversations(t *testing.T, db *sql.DB) (n int) {
	require.NoError(t, db.QueryRow("SELECT count(*) FROM conversation").Scan(&n))
	return n
}

func people(t *testing.T, st driver.Store) int64 {
	ws, err := store.Open(st, "acme", nil)
	require.NoError(t, err)
	n, err := ws.Count(t.Context(), filter.All())
	require.NoError(t, err)
	return n
}

func TestRowsOfTheHostAreCommittedTogether(t *testing.T) {
	t.Parallel()
	db, st := host(t)
	for _, commit := range []bool{false, true} {
		tx, err := db.BeginTx(t.Context(), nil)
		require.NoError(t, err)
		inside := st.InTx(tx)
		ws, err := store.Open(inside, "acme", nil)
		require.NoError(t, err)
		v, err := ws.Create(t.Context(), visitor.Draft{Name: "Ada", Source: visitor.Chat, Tags: []string{"new"}})
		require.NoError(t, err)
		_, err = tx.Exec("INSERT INTO conversation VALUES (?, 'hello')", v.ID)
		require.NoError(t, err)

		// A call that fails inside undoes only its own changes.
		_, err = inside.Apply(t.Context(), "acme", []driver.Change{
			driver.AddTags{ID: v.ID, Tags: []string{"new"}}, driver.UpdateVisitor{ID: visitor.NewID(v.CreatedAt)},
		})
		require.ErrorIs(t, err, driver.ErrNotFound)
		require.EqualValues(t, 1, people(t, inside), "the transaction sees what it has done")
		found, err := ws.Count(t.Context(), filter.Search("ada"))
		require.NoError(t, err)
		require.EqualValues(t, 1, found)

		if !commit {
			require.NoError(t, tx.Rollback())
			require.Zero(t, people(t, st))
			require.Zero(t, conversations(t, db))
			continue
		}
		require.NoError(t, tx.Commit())
		require.EqualValues(t, 1, people(t, st))
		require.Equal(t, 1, conversations(t, db))
		_, err = ws.Get(t.Context(), v.ID)
		require.ErrorIs(t, err, store.ErrClosed, "the transaction has ended")
	}
}

func TestDeletingAVisitorLeavesTheHostsRows(t *testing.T) {
	t.Parallel()
	db, st := host(t)
	ws, err := store.Open(st, "acme", nil)
	require.NoError(t, err)
	v, err := ws.Create(t.Context(), visitor.Draft{Name: "Ada", Source: visitor.Chat})
	require.NoError(t, err)
	_, err = db.Exec("INSERT INTO conversation VALUES (?, 'hello')", v.ID)
	require.NoError(t, err)
	_, err = ws.Delete(t.Context(), v.ID)
	require.NoError(t, err)
	require.NoError(t, st.Compact(t.Context()))
	var of visitor.ID
	require.NoError(t, db.QueryRow("SELECT visitor_id FROM conversation").Scan(&of))
	require.Equal(t, v.ID, of)
}
