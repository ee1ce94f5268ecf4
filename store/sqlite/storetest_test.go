package sqlite_test

import (
	"database/sql"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/sqlite"
	"github.com/contactpipeline/visitors/store/storetest"
)

func openFile(tb testing.TB) store.Store {
	st, err := sqlite.Open(tb.Context(), filepath.Join(tb.TempDir(), "visitors.db"), nil)
	require.NoError(tb, err)
	tb.Cleanup(func() { st.Close() })
	return st
}

func openMemory(tb testing.TB) store.Store {
	st, err := sqlite.Open(tb.Context(), ":memory:", nil)
	require.NoError(tb, err)
	tb.Cleanup(func() { st.Close() })
	return st
}

// openHost works on a database that a host has opened with the driver's defaults.
func openHost(tb testing.TB) store.Store {
	db, err := sql.Open("sqlite3", filepath.Join(tb.TempDir(), "host.db"))
	require.NoError(tb, err)
	tb.Cleanup(func() { db.Close() })
	st, err := sqlite.New(tb.Context(), db, nil)
	require.NoError(tb, err)
	tb.Cleanup(func() { st.Close() })
	return st
}

func TestOpenedFile(t *testing.T)   { storetest.Run(t, openFile) }
func TestOpenedMemory(t *testing.T) { storetest.Run(t, openMemory) }
func TestHostDatabase(t *testing.T) { storetest.Run(t, openHost) }

func TestCompare(t *testing.T) {
	t.Parallel()
	storetest.Compare(t, openFile, 8_000)
}
