package postgres_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/internal/pgtest"
	"github.com/contactpipeline/visitors/visitor"
)

// TestAcknowledgedSurvivesACrash kills the server during writes to a database with
// synchronous_commit off. No other test runs meanwhile, as its connections would break.
func TestAcknowledgedSurvivesACrash(t *testing.T) {
	dsn := pgtest.Database(t, nil)
	run(t, dsn, "ALTER DATABASE "+ask[string](t, dsn, "SELECT current_database()")+" SET synchronous_commit = off")
	require.Equal(t, "off", ask[string](t, dsn, "SHOW synchronous_commit"))
	st := openAt(t, dsn, nil)
	ws := workspace(t, st, "acme")

	const writers, enough = 4, 60
	var mu sync.Mutex
	var made []visitor.Visitor
	ready := make(chan struct{})
	var group sync.WaitGroup
	for range writers {
		group.Go(func() {
			for {
				v, err := ws.Create(context.Background(), ada())
				if err != nil {
					return // the server is gone
				}
				mu.Lock()
				if made = append(made, v); len(made) == enough {
					close(ready)
				}
				mu.Unlock()
			}
		})
	}
	<-ready
	pgtest.Crash(t)
	group.Wait()

	for _, v := range made {
		got, err := ws.Get(t.Context(), v.ID)
		require.NoError(t, err, "an acknowledged visitor, by the same store after the crash")
		require.Equal(t, v, got)
	}
	var last driver.Seq
	for e, err := range ws.Events(t.Context(), 0) {
		require.NoError(t, err)
		require.Equal(t, last+1, e.Seq)
		last = e.Seq
	}
	require.GreaterOrEqual(t, int(last), len(made)+1)
}

// TestDeadlockWithTheHost makes a host's transaction and a call lock the same two rows in opposite
// order. The server cancels the call, which waited first, and the call is retried.
func TestDeadlockWithTheHost(t *testing.T) {
	t.Parallel()
	st, dsn := open(t, nil)
	ws := workspace(t, st, "acme")
	v, err := ws.Create(t.Context(), ada())
	require.NoError(t, err)
	run(t, dsn, "ALTER DATABASE "+ask[string](t, dsn, "SELECT current_database()")+" SET deadlock_timeout = '2s'") // until then the host waits too

	host := database(t, dsn)
	again := openAt(t, dsn, nil) // its connections have the setting
	tx, err := host.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	defer tx.Rollback()
	_, err = tx.ExecContext(t.Context(), "SET LOCAL deadlock_timeout = '1min'")
	require.NoError(t, err)
	lock := func(table string) error {
		_, err := tx.ExecContext(t.Context(), "SELECT 1 FROM "+table+" WHERE ws = 'acme' FOR UPDATE")
		return err
	}
	require.NoError(t, lock("visitors_visitor"))
	done := make(chan error, 1)
	go func() {
		name := "Eve"
		_, err := workspace(t, again, "acme").Update(context.Background(), v.ID, visitor.Patch{Name: &name})
		done <- err
	}()
	require.Eventually(t, func() bool {
		return ask[int64](t, dsn, "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()") == 1
	}, time.Minute, time.Millisecond)
	require.NoError(t, lock("visitors_workspace"))
	require.NoError(t, tx.Commit())
	require.NoError(t, <-done)
	got, err := ws.Get(t.Context(), v.ID)
	require.NoError(t, err)
	require.Equal(t, "Eve", got.Name)
	require.EqualValues(t, 2, got.Revision)
	require.Eventually(t, func() bool { // the server reports it after a while
		return ask[int64](t, dsn, "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()") == 1
	}, time.Minute, 10*time.Millisecond)
}

func TestCloseLeavesNoConnection(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Database(t, nil)
	st := openAt(t, dsn, nil)
	_, err := workspace(t, st, "acme").Create(t.Context(), ada())
	require.NoError(t, err)
	require.NoError(t, st.Close())
	require.Eventually(t, func() bool {
		return ask[int64](t, dsn, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()") == 0
	}, time.Minute, time.Millisecond)
}
