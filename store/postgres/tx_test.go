package postgres_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/visitor"
)

// TestInTx creates a visitor and a host's row in one transaction.
func TestInTx(t *testing.T) {
	t.Parallel()
	st, dsn := open(t, nil)
	run(t, dsn, "CREATE TABLE conversations (visitor uuid PRIMARY KEY, subject text NOT NULL)")
	host := database(t, dsn)
	for _, c := range []struct {
		name   string
		commit bool
		want   int64
	}{{"rollback", false, 0}, {"commit", true, 1}} {
		tx, err := host.BeginTx(t.Context(), nil)
		require.NoError(t, err)
		inside := st.InTx(tx)
		ws := workspace(t, inside, "acme")
		v, err := ws.Create(t.Context(), ada())
		require.NoError(t, err)
		_, err = tx.ExecContext(t.Context(), "INSERT INTO conversations VALUES ($1, 'a question')", string(v.ID))
		require.NoError(t, err)

		n, err := ws.Count(t.Context(), filter.Tag.Has("hot-lead"))
		require.NoError(t, err)
		require.EqualValues(t, 1, n, "seen inside")
		outside := workspace(t, st, "acme")
		n, err = outside.Count(t.Context(), filter.All())
		require.NoError(t, err)
		require.Zero(t, n, "seen outside before the end")

		if c.commit {
			require.NoError(t, tx.Commit())
		} else {
			require.NoError(t, tx.Rollback())
		}
		n, err = outside.Count(t.Context(), filter.All())
		require.NoError(t, err)
		require.Equal(t, c.want, n, c.name)
		require.Equal(t, c.want, ask[int64](t, dsn, "SELECT count(*) FROM conversations"), c.name)

		_, err = ws.Get(t.Context(), v.ID)
		require.ErrorIs(t, err, store.ErrClosed, "after the end")
	}
}

// TestInTxKeepsTheHostsTransaction commits a transaction after a call inside it failed.
func TestInTxKeepsTheHostsTransaction(t *testing.T) {
	t.Parallel()
	st, dsn := open(t, nil)
	host := database(t, dsn)
	tx, err := host.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	defer tx.Rollback()
	ws := workspace(t, st.InTx(tx), "acme")
	d := ada()
	d.Identities = []visitor.Identity{{Source: visitor.Telegram, ExternalID: "42"}}
	first, err := ws.Create(t.Context(), d)
	require.NoError(t, err)

	d.Tags = []string{"made in vain"}
	_, err = ws.Create(t.Context(), d)
	var taken *store.Error
	require.ErrorAs(t, err, &taken)
	require.ErrorIs(t, err, store.ErrExists)
	require.Equal(t, string(first.ID), taken.Key)

	require.NoError(t, tx.Commit())
	outside := workspace(t, st, "acme")
	var names []string
	for made, err := range outside.Tags(t.Context()) {
		require.NoError(t, err)
		names = append(names, made.Name)
	}
	require.Equal(t, []string{"hot-lead"}, names)
}

// TestInTxHoldsUpItsOwnWorkspaceAlone writes to two workspaces while a host's transaction has
// written to one of them.
func TestInTxHoldsUpItsOwnWorkspaceAlone(t *testing.T) {
	t.Parallel()
	st, dsn := open(t, nil)
	host := database(t, dsn)
	tx, err := host.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	defer tx.Rollback()
	_, err = workspace(t, st.InTx(tx), "acme").Create(t.Context(), ada())
	require.NoError(t, err)

	waiting := make(chan error, 1)
	go func() {
		_, err := workspace(t, st, "acme").Create(context.Background(), ada())
		waiting <- err
	}()
	const blocked = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%visitors_workspace%' AND datname = current_database()"
	for ask[int64](t, dsn, blocked) == 0 {
	}
	_, err = workspace(t, st, "other").Create(t.Context(), ada())
	require.NoError(t, err)
	select {
	case err := <-waiting:
		t.Fatalf("did not wait for the host's transaction: %v", err)
	default:
	}
	require.NoError(t, tx.Commit())
	require.NoError(t, <-waiting)
	n, err := workspace(t, st, "acme").Count(t.Context(), filter.All())
	require.NoError(t, err)
	require.EqualValues(t, 2, n)
}
