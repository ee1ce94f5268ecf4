//go:build cgo

package sqlite_test

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/sqlite"
	"github.com/contactpipeline/visitors/visitor"
)

// requireWhole opens a database file and runs SQLite's checks, and those of the engine: counters
// and search index match the visitors.
func requireWhole(t *testing.T, path string) *store.Workspace {
	db, err := sql.Open("sqlite3", "file:"+path)
	require.NoError(t, err)
	defer db.Close()
	engine.Check(t, db)
	rows, err := db.Query("PRAGMA foreign_key_check")
	require.NoError(t, err)
	require.False(t, rows.Next(), "a row without its parent")
	require.NoError(t, rows.Close())
	requireCountersExact(t, db)
	requireIndexExact(t, db)
	st, err := sqlite.Open(t.Context(), path, nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, st.Close()) })
	ws, err := store.Open(st, "acme", nil)
	require.NoError(t, err)
	return ws
}

func TestBackupDuringWritesHoldsWhatWasAcknowledged(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	st, err := sqlite.Open(t.Context(), filepath.Join(folder, "visitors.db"), nil)
	require.NoError(t, err)
	defer st.Close()
	ws, err := store.Open(st, "acme", nil)
	require.NoError(t, err)

	_, err = ws.Load(t.Context(), func(yield func(visitor.Draft, error) bool) { // so that a backup takes a while
		for i := range 3_000 {
			if !yield(visitor.Draft{Name: fmt.Sprint("Bob ", i), Source: visitor.Chat}, nil) {
				return
			}
		}
	}, nil)
	require.NoError(t, err)

	var lock sync.Mutex
	var acknowledged []visitor.ID
	enough, stop := make(chan struct{}), make(chan struct{})
	var writers sync.WaitGroup
	for i := range 4 {
		writers.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				v, err := ws.Create(t.Context(), visitor.Draft{Name: fmt.Sprint("Ada ", i, "-", n), Source: visitor.Chat, Tags: []string{"new"}})
				if err != nil {
					t.Error(err)
					return
				}
				lock.Lock()
				if acknowledged = append(acknowledged, v.ID); len(acknowledged) == 300 {
					close(enough)
				}
				lock.Unlock()
			}
		})
	}
	<-enough
	meanwhile := 0
	for round := range 3 {
		lock.Lock()
		before := append([]visitor.ID(nil), acknowledged...)
		lock.Unlock()
		path := filepath.Join(folder, fmt.Sprint("backup ?#%", round, ".db"))
		require.NoError(t, st.Backup(t.Context(), path))
		lock.Lock()
		meanwhile += len(acknowledged) - len(before)
		lock.Unlock()
		entries, err := filepath.Glob(filepath.Join(folder, "backup*"))
		require.NoError(t, err)
		require.Len(t, entries, 1, "the copy is one file")
		info, err := os.Stat(path)
		require.NoError(t, err)
		require.Equal(t, fs.FileMode(0o600), info.Mode().Perm())

		plain := filepath.Join(folder, fmt.Sprint("restored", round, ".db"))
		require.NoError(t, os.Rename(path, plain))
		copied := requireWhole(t, plain)
		for _, id := range before {
			_, err := copied.Get(t.Context(), id)
			require.NoError(t, err)
		}
		_, err = copied.Create(t.Context(), visitor.Draft{Name: "Bob", Source: visitor.Chat})
		require.NoError(t, err)
	}
	close(stop)
	writers.Wait()
	require.Positive(t, meanwhile, "nobody wrote during a backup")
}

func TestBackupOfAHostsDatabaseAndOfMemory(t *testing.T) {
	t.Parallel()
	db, onHost := host(t)
	_, err := db.Exec("INSERT INTO conversation VALUES ('1', 'hello')")
	require.NoError(t, err)
	inMemory, err := sqlite.Open(t.Context(), ":memory:", nil)
	require.NoError(t, err)
	defer inMemory.Close()
	for name, st := range map[string]*sqlite.Store{"host": onHost, "memory": inMemory} {
		write(t, st)
		path := filepath.Join(t.TempDir(), "backup.db")
		require.NoError(t, st.Backup(t.Context(), path), name)
		n, err := requireWhole(t, path).Count(t.Context(), filter.Search("ada"))
		require.NoError(t, err)
		require.EqualValues(t, 1, n, name)
		if name == "host" {
			restored, err := sql.Open("sqlite3", path)
			require.NoError(t, err)
			require.Equal(t, 1, conversations(t, restored), "the host's rows")
			require.NoError(t, restored.Close())
		}
	}
}

func TestBackupRefuses(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	path := filepath.Join(folder, "visitors.db")
	st, err := sqlite.Open(t.Context(), path, nil)
	require.NoError(t, err)
	write(t, st)
	require.ErrorIs(t, st.Backup(t.Context(), path), fs.ErrExist, "the database itself")
	require.ErrorIs(t, st.Backup(t.Context(), filepath.Join(folder, "no folder", "backup.db")), fs.ErrNotExist)
	ended, end := context.WithCancel(t.Context())
	end()
	require.ErrorIs(t, st.Backup(ended, filepath.Join(folder, "backup.db")), ended.Err())
	require.NoError(t, st.Close())
	require.ErrorIs(t, st.Backup(t.Context(), filepath.Join(folder, "backup.db")), store.ErrClosed)
	left, err := filepath.Glob(filepath.Join(folder, "*"))
	require.NoError(t, err)
	require.Equal(t, []string{path}, left)
}
