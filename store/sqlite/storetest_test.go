package sqlite_test

import (
	"database/sql"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/sqlite"
	"github.com/contactpipeline/visitors/store/storetest"
)

// openFile uses RelaxedDurability for speed: other tests check durability.
func openFile(tb testing.TB) driver.Store {
	st, err := sqlite.Open(tb.Context(), filepath.Join(tb.TempDir(), "visitors.db"), &sqlite.Options{RelaxedDurability: true})
	require.NoError(tb, err)
	tb.Cleanup(func() { st.Close() })
	return st
}

func openMemory(tb testing.TB) driver.Store {
	st, err := sqlite.Open(tb.Context(), ":memory:", nil)
	require.NoError(tb, err)
	tb.Cleanup(func() { st.Close() })
	return st
}

// openHost uses a database that a host opened with the driver's defaults, and RelaxedDurability.
func openHost(tb testing.TB) driver.Store {
	db, err := sql.Open("sqlite3", "file:"+filepath.ToSlash(filepath.Join(tb.TempDir(), "host.db"))+"?_synchronous=OFF")
	require.NoError(tb, err)
	tb.Cleanup(func() { db.Close() })
	st, err := sqlite.New(tb.Context(), db, nil)
	require.NoError(tb, err)
	tb.Cleanup(func() { st.Close() })
	return st
}

func TestOpenedFile(t *testing.T) {
	t.Parallel()
	storetest.Run(t, openFile)
}

func TestOpenedMemory(t *testing.T) {
	t.Parallel()
	storetest.RunAgain(t, openMemory)
}

func TestHostDatabase(t *testing.T) {
	t.Parallel()
	storetest.RunAgain(t, openHost)
}

func TestCompare(t *testing.T) {
	t.Parallel()
	storetest.Compare(t, openFile, 8_000)
}

func TestSuppressionKeys(t *testing.T) {
	t.Parallel()
	storetest.Keys(t, func(tb testing.TB) func(...[]byte) driver.Store {
		path := filepath.Join(tb.TempDir(), "visitors.db")
		return func(keys ...[]byte) driver.Store {
			st, err := sqlite.Open(tb.Context(), path, &sqlite.Options{RelaxedDurability: true, SuppressionKeys: keys})
			require.NoError(tb, err)
			return st
		}
	})
	_, err := sqlite.Open(t.Context(), ":memory:", &sqlite.Options{SuppressionKeys: [][]byte{[]byte("too short")}})
	require.ErrorIs(t, err, driver.ErrInvalid)
}
