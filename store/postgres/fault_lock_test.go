package postgres_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/internal/pgtest"
	"github.com/contactpipeline/visitors/store/postgres"
	"github.com/contactpipeline/visitors/visitor"
)

// Another connection holds the lock on a workspace's row that every writer needs.
func TestAnotherConnectionHoldsTheLock(t *testing.T) {
	t.Parallel()
	source := faultEngine.Source(t)
	db := database(t, source)
	st, err := postgres.Open(t.Context(), source+" lock_timeout=20ms", nil)
	require.NoError(t, err)
	defer st.Close()
	patient, err := postgres.Open(t.Context(), source, nil)
	require.NoError(t, err)
	defer patient.Close()
	ws, err := store.Open(st, "acme", nil)
	require.NoError(t, err)
	ada, err := ws.Create(t.Context(), visitor.Draft{Name: "Ada", Source: visitor.Chat})
	require.NoError(t, err)

	tx, err := db.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	defer tx.Rollback()
	_, err = tx.Exec("SELECT seq FROM visitors_workspace WHERE ws = 'acme' FOR UPDATE")
	require.NoError(t, err)

	var failed [8]error
	var all sync.WaitGroup
	for i := range failed {
		all.Go(func() { _, failed[i] = ws.Tag(t.Context(), []string{fmt.Sprint("tag ", i)}, ada.ID) })
	}
	all.Wait()
	for _, err := range failed {
		require.ErrorIs(t, err, postgres.ErrBusy)
		var typed *store.Error
		require.ErrorAs(t, err, &typed)
	}
	now, err := ws.Get(t.Context(), ada.ID)
	require.NoError(t, err)
	require.Equal(t, ada, now)
	n, err := ws.Count(t.Context(), filter.All())
	require.NoError(t, err)
	require.EqualValues(t, 1, n)

	// Without a limit a call waits until its context ends.
	waiting, err := store.Open(patient, "acme", nil)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	gaveUp := make(chan error)
	go func() {
		_, err := waiting.Delete(ctx, ada.ID)
		gaveUp <- err
	}()
	cancel()
	require.ErrorIs(t, <-gaveUp, context.Canceled)

	require.NoError(t, tx.Rollback())
	after, err := ws.Update(t.Context(), ada.ID, visitor.Patch{Set: visitor.Attributes{"n": visitor.Number(1)}})
	require.NoError(t, err)
	require.EqualValues(t, 2, after.Revision)
}

// TestDatabaseIsReadOnly opens a standby: reads succeed, everything else fails.
func TestDatabaseIsReadOnly(t *testing.T) {
	t.Parallel()
	dsn := pgtest.NewServer(t)
	st, err := postgres.Open(t.Context(), dsn, nil)
	require.NoError(t, err)
	made, err := workspace(t, st, "acme").Create(t.Context(), ada())
	require.NoError(t, err)
	require.NoError(t, st.Close())
	pgtest.Standby(t, dsn)

	ws := workspace(t, openAt(t, dsn, nil), "acme")
	same := func() {
		t.Helper()
		got, err := ws.Get(t.Context(), made.ID)
		require.NoError(t, err)
		require.Equal(t, made, got)
		n, err := ws.Count(t.Context(), filter.Search("lovelace"))
		require.NoError(t, err)
		require.EqualValues(t, 1, n)
	}
	same()
	_, err = ws.Create(t.Context(), ada())
	require.EqualError(t, err, "create visitor: postgres: not supported by this server; a standby, for example, is read-only (SQLSTATE 0A000)")
	_, err = ws.Delete(t.Context(), made.ID)
	require.ErrorContains(t, err, "read-only")
	same()
}
