package faulttest

import (
	"database/sql"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/internal/faulty"
	"github.com/contactpipeline/visitors/tag"
)

// Together runs callers that wait for each other, so that they share a transaction, and makes
// its n-th driver call fail, for the n that sample chooses. The results must fit as in Storm.
func Together(t *testing.T, e Engine) {
	s := seed(t)
	e.forms(t, func(t *testing.T, f Form) {
		for i, how := range modes() {
			if how.cancels {
				continue // it would cancel all callers
			}
			t.Run(how.name, func(t *testing.T) {
				t.Parallel()
				b, r := e.bench(t, f), rand.New(rand.NewPCG(s, uint64(i)))
				for _, separate := range []bool{true, false} {
					if !separate && how.turn > 0 {
						continue // a lost connection causes no wrong results
					}
					failed := e.sample(how, r, 0, func(n int) bool { return b.together(t, how, n, s, separate) })
					t.Logf("%d calls failed", failed)
				}
				e.Consistent(t, b.plain)
			})
		}
	})
}

// together tries once, and reports whether a call failed. With separate the callers use separate
// visitors.
func (b *bench) together(t *testing.T, how mode, n int, seed uint64, separate bool) bool {
	const callers = 6
	st := b.st
	if !b.Costly {
		// A new store shares transactions, because it has seen no failures. On a server a new
		// workspace is enough.
		db := sql.OpenDB(b.c)
		defer db.Close()
		var err error
		st, err = b.Form.Open(t.Context(), db)
		require.NoError(t, err)
		defer st.Close()
	}
	h := newHistory(t, st, fmt.Sprint("together-", n, "-", separate), seed)
	h.atomic, h.separate = !how.ambiguous, separate
	ws, err := store.Open(st, h.name, nil)
	require.NoError(t, err)
	// The first driver call, which begins a transaction, waits until the other callers wait.
	waiting := make(chan struct{})
	plan := how.plan(n, func() {})
	b.c.Set(func(i int, c faulty.Call) *faulty.Fault {
		if i == 1 {
			return &faulty.Fault{Do: func() { <-waiting }}
		}
		return plan(i-1, c)
	})
	leader := make(chan error)
	go func() {
		_, err := ws.CreateTag(t.Context(), tag.Draft{Name: "first"})
		leader <- err
	}()
	for b.c.Calls() == 0 {
		time.Sleep(100 * time.Microsecond)
	}
	time.AfterFunc(3*time.Millisecond, func() { close(waiting) })
	h.run(callers, 1)
	if err := <-leader; err != nil {
		require.True(t, planned(err), "%v", err)
	}
	failed := b.c.Failed() > 1
	b.c.Set(nil)
	require.Zero(t, b.c.Open().Transactions, "transactions left open")
	if !failed {
		require.Zero(t, h.failures(), "a method failed without a fault")
	}
	h.check()
	return failed
}
