//go:build cgo

package sqlite_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/mattn/go-sqlite3"
	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/internal/faulttest"
	"github.com/contactpipeline/visitors/store/sqlite"
	"github.com/contactpipeline/visitors/visitor"
)

// holdLock runs in a child process: it holds the write lock of a database until its standard
// input ends.
func holdLock(source string) error {
	db, err := sql.Open("sqlite3", source)
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(1)
	if _, err := db.Exec("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	fmt.Println("held")
	os.Stdin.Read(make([]byte, 1))
	_, err = db.Exec("ROLLBACK")
	return err
}

// holder starts a process that holds the lock.
func holder(t *testing.T, source string) *faulttest.Process {
	t.Helper()
	p := faulttest.Start(t, source)
	line, err := p.Line()
	require.NoError(t, err)
	require.Equal(t, "held", line)
	return p
}

func TestAnotherProcessHoldsTheLock(t *testing.T) {
	if args := faulttest.ChildArgs(); args != nil {
		require.NoError(t, holdLock(args[0]))
		return
	}
	t.Parallel()
	for name, open := range map[string]func(*testing.T, string) driver.Store{
		"connections of its own": func(t *testing.T, source string) driver.Store {
			st, err := sqlite.Open(t.Context(), source, &sqlite.Options{BusyTimeout: 20 * time.Millisecond})
			require.NoError(t, err)
			return st
		},
		"a host's connections": func(t *testing.T, source string) driver.Store {
			db, err := sql.Open("sqlite3", "file:"+filepath.ToSlash(source)+"?_busy_timeout=20&_journal_mode=WAL")
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, db.Close()) })
			st, err := sqlite.New(t.Context(), db, nil)
			require.NoError(t, err)
			return st
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			source := engine.Source(t)
			st := open(t, source)
			defer st.Close()
			ws, err := store.Open(st, "acme", nil)
			require.NoError(t, err)
			ada, err := ws.Create(t.Context(), visitor.Draft{Name: "Ada", Source: visitor.Chat})
			require.NoError(t, err)

			p := holder(t, source)
			requireBusy(t, ws, ada.ID)
			p.Release()
			requireFree(t, ws, ada.ID)

			p = holder(t, source)
			requireBusy(t, ws, ada.ID)
			p.Kill()
			p.Gone()
			requireFree(t, ws, ada.ID)
		})
	}
}

// requireBusy fails unless single and concurrent writes fail with ErrBusy and reads succeed.
func requireBusy(t *testing.T, ws *store.Workspace, id visitor.ID) {
	t.Helper()
	before, err := ws.Get(t.Context(), id)
	require.NoError(t, err)
	var failed [8]error
	var all sync.WaitGroup
	for i := range failed {
		all.Go(func() { _, failed[i] = ws.Tag(t.Context(), []string{fmt.Sprint("tag ", i)}, id) })
	}
	all.Wait()
	for _, err := range failed {
		require.ErrorIs(t, err, sqlite.ErrBusy)
		var typed *store.Error
		require.ErrorAs(t, err, &typed)
		require.Contains(t, err.Error(), "another connection is writing")
	}
	_, err = ws.Delete(t.Context(), id)
	require.ErrorIs(t, err, sqlite.ErrBusy)
	after, err := ws.Get(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, before, after)
	n, err := ws.Count(t.Context(), filter.All())
	require.NoError(t, err)
	require.EqualValues(t, 1, n)
}

func requireFree(t *testing.T, ws *store.Workspace, id visitor.ID) {
	t.Helper()
	before, err := ws.Get(t.Context(), id)
	require.NoError(t, err)
	after, err := ws.Update(t.Context(), id, visitor.Patch{Set: visitor.Attributes{"n": visitor.Number(float64(before.Revision))}})
	require.NoError(t, err)
	require.Equal(t, before.Revision+1, after.Revision)
}

// A write waits for another connection's write, unless its context ends first.
func TestWriteWaitsForTheLock(t *testing.T) {
	t.Parallel()
	source := engine.Source(t)
	st, err := sqlite.Open(t.Context(), source, &sqlite.Options{BusyTimeout: time.Minute})
	require.NoError(t, err)
	defer st.Close()
	ws, err := store.Open(st, "acme", nil)
	require.NoError(t, err)
	other, err := sql.Open("sqlite3", source)
	require.NoError(t, err)
	defer other.Close()
	conn, err := other.Conn(t.Context())
	require.NoError(t, err)
	defer conn.Close()
	_, err = conn.ExecContext(t.Context(), "BEGIN IMMEDIATE")
	require.NoError(t, err)

	written, gaveUp := make(chan error), make(chan error)
	go func() {
		_, err := ws.Create(t.Context(), visitor.Draft{Name: "Ada", Source: visitor.Chat})
		written <- err
	}()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		_, err := ws.Create(ctx, visitor.Draft{Name: "Ben", Source: visitor.Chat})
		gaveUp <- err
	}()
	select {
	case err := <-written:
		require.FailNow(t, "written while another connection holds the lock", "%v", err)
	case err := <-gaveUp:
		require.FailNow(t, "gave up before its context ended", "%v", err)
	case <-time.After(30 * time.Millisecond):
	}
	cancel()
	_, err = conn.ExecContext(t.Context(), "ROLLBACK")
	require.NoError(t, err)
	require.NoError(t, <-written)
	if err := <-gaveUp; err != nil {
		require.ErrorIs(t, err, context.Canceled)
	}
}

// A host's transaction that began with a read can no longer write once another connection has
// written. The error matches ErrBusy, and a retry succeeds.
func TestHostTransactionIsOutOfDate(t *testing.T) {
	t.Parallel()
	source := engine.Source(t)
	db, err := sql.Open("sqlite3", "file:"+filepath.ToSlash(source)+"?_journal_mode=WAL")
	require.NoError(t, err)
	defer db.Close()
	st, err := sqlite.New(t.Context(), db, nil)
	require.NoError(t, err)
	ws, err := store.Open(st, "acme", nil)
	require.NoError(t, err)
	inside := func(between func()) error {
		tx, err := db.BeginTx(t.Context(), nil)
		require.NoError(t, err)
		defer tx.Rollback()
		in, err := store.Open(st.InTx(tx), "acme", nil)
		require.NoError(t, err)
		_, err = in.Count(t.Context(), filter.All())
		require.NoError(t, err)
		between()
		if _, err := in.Create(t.Context(), visitor.Draft{Name: "Ada", Source: visitor.Chat}); err != nil {
			return err
		}
		return tx.Commit()
	}
	err = inside(func() {
		_, err := ws.Create(t.Context(), visitor.Draft{Name: "Ben", Source: visitor.Chat})
		require.NoError(t, err)
	})
	require.ErrorIs(t, err, sqlite.ErrBusy)
	require.NoError(t, inside(func() {}))
	n, err := ws.Count(t.Context(), filter.All())
	require.NoError(t, err)
	require.EqualValues(t, 2, n)
}

// Reads from a read-only database succeed, writes fail.
func TestDatabaseIsReadOnly(t *testing.T) {
	t.Parallel()
	source := engine.Source(t)
	st, err := sqlite.Open(t.Context(), source, nil)
	require.NoError(t, err)
	ws, err := store.Open(st, "acme", nil)
	require.NoError(t, err)
	ada, err := ws.Create(t.Context(), visitor.Draft{Name: "Ada", Source: visitor.Chat})
	require.NoError(t, err)
	require.NoError(t, st.Close())

	db, err := sql.Open("sqlite3", "file:"+filepath.ToSlash(source)+"?mode=ro")
	require.NoError(t, err)
	defer db.Close()
	st, err = sqlite.New(t.Context(), db, nil)
	require.NoError(t, err)
	ws, err = store.Open(st, "acme", nil)
	require.NoError(t, err)
	for name, write := range map[string]func() error{
		"create": func() error {
			_, err := ws.Create(t.Context(), visitor.Draft{Name: "Ben", Source: visitor.Chat})
			return err
		},
		"update": func() error {
			name := "Ada King"
			_, err := ws.Update(t.Context(), ada.ID, visitor.Patch{Name: &name})
			return err
		},
		"delete": func() error { _, err := ws.Delete(t.Context(), ada.ID); return err },
	} {
		err := write()
		var typed *sqlite.Error
		require.ErrorAs(t, err, &typed, name)
		require.Equal(t, int(sqlite3.ErrReadonly), typed.Code, name)
		require.Contains(t, err.Error(), "database is read-only")
		require.False(t, errors.Is(err, sqlite.ErrBusy))
	}
	v, err := ws.Get(t.Context(), ada.ID)
	require.NoError(t, err)
	require.Equal(t, "Ada", v.Name)
	n, err := ws.Count(t.Context(), filter.Search("ada"))
	require.NoError(t, err)
	require.EqualValues(t, 1, n)
}
