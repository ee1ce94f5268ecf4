package sqlite_test

import (
	"database/sql"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/internal/crowd"
	"github.com/contactpipeline/visitors/store/sqlite"
	"github.com/contactpipeline/visitors/visitor"
)

// TestAliasesInACycle reads and changes an id whose aliases form a cycle.
func TestAliasesInACycle(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "visitors.db")
	st, err := sqlite.Open(t.Context(), path, nil)
	require.NoError(t, err)
	defer st.Close()
	ws, err := store.Open(st, "acme", nil)
	require.NoError(t, err)
	db, err := sql.Open("sqlite3", path)
	require.NoError(t, err)
	defer db.Close()
	_, err = ws.Create(t.Context(), visitor.Draft{Name: "Bob", Source: visitor.Chat}) // creates the workspace
	require.NoError(t, err)
	a, b := visitor.NewID(crowd.Start), visitor.NewID(crowd.Start)
	for from, into := range map[visitor.ID]visitor.ID{a: b, b: a} {
		_, err := db.Exec("INSERT INTO visitors_merged (ws, id, into_id, at, state) VALUES (1, ?, ?, 0, '{}')", bytesOf(string(from)), bytesOf(string(into)))
		require.NoError(t, err)
	}
	_, err = ws.Get(t.Context(), a)
	require.ErrorIs(t, err, store.ErrNotFound)
	name := "Ada"
	_, err = ws.Update(t.Context(), a, visitor.Patch{Name: &name})
	require.ErrorIs(t, err, store.ErrNotFound)
	deleted, err := ws.Delete(t.Context(), b)
	require.NoError(t, err)
	require.Equal(t, []visitor.ID{b}, deleted.Missing)
}
