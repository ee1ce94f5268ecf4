//go:build cgo

package sqlite_test

import (
	"bytes"
	"database/sql"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/mattn/go-sqlite3"
	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/sqlite"
	"github.com/contactpipeline/visitors/visitor"
)

// mountSmall mounts a disk of 3 MB until the test ends. Only root can; other tests cover
// the same with a limit of pages and a read-only connection.
func mountSmall(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	if err := syscall.Mount("tmpfs", folder, "tmpfs", 0, "size=3m"); err != nil {
		t.Skipf("cannot mount a small disk here: %v", err)
	}
	t.Cleanup(func() { require.NoError(t, syscall.Unmount(folder, 0)) })
	return folder
}

func TestDiskIsFull(t *testing.T) {
	t.Parallel()
	folder := mountSmall(t)
	ballast := filepath.Join(folder, "ballast")
	require.NoError(t, os.WriteFile(ballast, bytes.Repeat([]byte("x"), 1<<20), 0o600))
	path := filepath.Join(folder, "visitors.db")
	st, err := sqlite.Open(t.Context(), path, nil)
	require.NoError(t, err)
	ws, err := store.Open(st, "acme", nil)
	require.NoError(t, err)
	made := map[visitor.ID]bool{}
	for i := 0; ; i++ {
		v, err := ws.Create(t.Context(), draftOf(i))
		if err != nil {
			requireFull(t, err)
			break
		}
		made[v.ID] = true
	}
	require.NotEmpty(t, made)
	there := func() {
		t.Helper()
		for id := range made {
			_, err := ws.Get(t.Context(), id)
			require.NoError(t, err)
		}
		n, err := ws.Count(t.Context(), filter.All())
		require.NoError(t, err)
		require.EqualValues(t, len(made), n)
	}
	there()
	require.NoError(t, os.Remove(ballast))
	v, err := ws.Create(t.Context(), draftOf(-1))
	require.NoError(t, err, "once there is room")
	made[v.ID] = true
	there()
	require.NoError(t, st.Close())

	st, err = sqlite.Open(t.Context(), path, nil)
	require.NoError(t, err)
	defer st.Close()
	ws, err = store.Open(st, "acme", nil)
	require.NoError(t, err)
	there()
	db, err := sql.Open("sqlite3", path)
	require.NoError(t, err)
	defer db.Close()
	engine.Consistent(t, db)
}

func TestDiskIsReadOnly(t *testing.T) {
	t.Parallel()
	folder := mountSmall(t)
	path := filepath.Join(folder, "visitors.db")
	st, err := sqlite.Open(t.Context(), path, nil)
	require.NoError(t, err)
	ws, err := store.Open(st, "acme", nil)
	require.NoError(t, err)
	v, err := ws.Create(t.Context(), draftOf(0))
	require.NoError(t, err)
	require.NoError(t, st.Close())

	require.NoError(t, syscall.Mount("", folder, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""))
	_, err = sqlite.Open(t.Context(), path, nil)
	var typed *sqlite.Error
	require.ErrorAs(t, err, &typed)
	require.Contains(t, []sqlite3.ErrNo{sqlite3.ErrReadonly, sqlite3.ErrCantOpen}, sqlite3.ErrNo(typed.Code), "%v", err)

	require.NoError(t, syscall.Mount("", folder, "", syscall.MS_REMOUNT, ""))
	st, err = sqlite.Open(t.Context(), path, nil)
	require.NoError(t, err)
	defer st.Close()
	ws, err = store.Open(st, "acme", nil)
	require.NoError(t, err)
	_, err = ws.Get(t.Context(), v.ID)
	require.NoError(t, err)
	_, err = ws.Create(t.Context(), draftOf(1))
	require.NoError(t, err)
}
