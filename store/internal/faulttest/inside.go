package faulttest

import (
	"context"
	"database/sql"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/visitor"
)

// Inside makes the n-th driver call fail, for the n that sample chooses, while a host creates a
// visitor and a row of its own in one transaction: both exist, or neither. If creating the
// visitor failed and the store is not closed, the host can continue its transaction.
func Inside(t *testing.T, e Engine) {
	s := seed(t)
	e.forms(t, func(t *testing.T, f Form) {
		for i, how := range modes() {
			t.Run(how.name, func(t *testing.T) {
				t.Parallel()
				b := e.bench(t, f)
				_, err := b.plain.Exec("CREATE TABLE host_order (id integer)")
				require.NoError(t, err)
				r := rand.New(rand.NewPCG(s, uint64(i)))
				failed := e.sample(how, r, 0, func(n int) bool { return b.inside(t, how, n) })
				t.Logf("%d calls failed", failed)
				e.Consistent(t, b.plain)
			})
		}
	})
}

// inside tries once, and reports whether a call failed.
func (b *bench) inside(t *testing.T, how mode, n int) bool {
	w := newWorld(t, b.st)
	before := b.rows(t, b.plain, w.ID())
	db := b.db
	if b.Kept > 0 {
		db = sql.OpenDB(b.c)
		defer db.Close()
	}
	failedInside, committed, calls := b.transact(t, db, w, how, n)
	b.idle(t)

	var orders int
	require.NoError(t, b.plain.QueryRow("SELECT count(*) FROM host_order WHERE id = "+string(w.ID()[len("world-"):])).Scan(&orders))
	made := b.rows(t, b.plain, w.ID()) != before
	when := "when call %d %s"
	if committed && !failedInside {
		require.Equal(t, 1, orders, "the host's row, "+when, n, how.name)
		require.True(t, made, "the visitor, "+when, n, how.name)
	}
	if !committed && !how.ambiguous {
		require.Zero(t, orders, "the host's row, "+when, n, how.name)
	}
	if failedInside && !how.ambiguous || orders == 0 {
		require.False(t, made, "the visitor, "+when, n, how.name)
	}
	require.True(t, calls > 0 || committed && !failedInside, "failed without a fault")
	return calls > 0
}

// transact creates a row of the host and, while calls fail, a visitor. It returns whether the
// visitor failed, whether the transaction was committed, and how many calls failed.
func (b *bench) transact(t *testing.T, db *sql.DB, w *world, how mode, n int) (failedInside, committed bool, calls int) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	tx, err := db.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	defer tx.Rollback()
	_, err = tx.Exec("INSERT INTO host_order VALUES (" + string(w.ID()[len("world-"):]) + ")")
	require.NoError(t, err)
	ws, err := store.Open(b.InTx(b.st, tx), string(w.ID()), nil)
	require.NoError(t, err)
	b.c.Set(how.plan(n, cancel))
	_, err = ws.Create(ctx, visitor.Draft{
		Name: "Dora", Source: visitor.Chat, Tags: []string{"vip", "brand new"},
		Identities: []visitor.Identity{{Source: visitor.Chat, ExternalID: "d"}},
	})
	calls = b.c.Failed()
	b.c.Set(nil)
	if _, gone := ws.Get(t.Context(), w.ada); errors.Is(gone, store.ErrClosed) {
		require.Error(t, err)
		return true, false, calls
	}
	return err != nil, tx.Commit() == nil, calls
}
