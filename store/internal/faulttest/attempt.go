package faulttest

import (
	"context"
	"database/sql"
	sqldriver "database/sql/driver"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store"
)

// attempt tries methods under one mode. It reuses a world until a method changes it.
type attempt struct {
	*bench
	t      *testing.T
	how    mode
	rand   *rand.Rand
	w      *world // nil if a new one is needed
	before string // its rows
}

// outcome is the effect of a method if no call fails.
type outcome struct {
	returned, after string
	calls           int // to the driver
}

// outcomes calls every method once, by name.
func (b *bench) outcomes(t *testing.T) map[string]outcome {
	all := map[string]outcome{}
	for _, m := range methods() {
		w := m.world(t, b.st)
		before := w.snapshot(t)
		b.c.Set(nil)
		returned, err := m.call(t.Context(), w)
		calls := b.c.Calls()
		require.NoError(t, err)
		o := outcome{returned, w.snapshot(t), calls}
		require.Equal(t, m.writes, before != o.after, "%s writes", m.name)
		all[m.name] = o
	}
	return all
}

// all fails driver calls of a method, one per try, and returns the number of tries.
func (a *attempt) all(m method, ok outcome) int {
	return a.sample(a.how, a.rand, ok.calls, func(n int) bool {
		if a.w == nil || m.consents != (a.w.audience.ID != "") {
			a.w = m.world(a.t, a.st)
			a.before = a.rows(a.t, a.plain, a.w.ID())
		}
		got, err := a.once(m, n)
		failed := a.c.Failed() > 0
		a.c.Set(nil)
		a.idle(a.t)
		if err == nil {
			require.Equal(a.t, ok.returned, got, "%s returned something else when call %d %s", m.name, n, a.how.name)
		} else {
			require.True(a.t, failed, "%s failed without a fault: %v", m.name, err)
			a.requireTyped(m, n, err)
		}
		changed := m.writes && a.rows(a.t, a.plain, a.w.ID()) != a.before
		switch {
		case changed && (err == nil || a.how.ambiguous):
			require.Equal(a.t, ok.after, a.w.snapshot(a.t), "%s did something else when call %d %s", m.name, n, a.how.name)
		default:
			require.False(a.t, changed, "%s did something when call %d %s", m.name, n, a.how.name)
			require.False(a.t, m.writes && err == nil, "%s did nothing when call %d %s", m.name, n, a.how.name)
		}
		if changed {
			a.w = nil
		}
		return failed
	})
}

// once calls the method while its n-th driver call fails.
func (a *attempt) once(m method, n int) (string, error) {
	ctx, cancel := context.WithCancel(a.t.Context())
	defer cancel()
	a.c.Set(a.how.plan(n, cancel))
	return m.call(ctx, a.w)
}

// requireTyped requires a typed error without personal data.
func (a *attempt) requireTyped(m method, n int, err error) {
	a.t.Helper()
	if errors.Is(err, context.Canceled) {
		return
	}
	var typed *store.Error
	require.ErrorAs(a.t, err, &typed, "%s when call %d %s", m.name, n, a.how.name)
	require.NotEmpty(a.t, typed.Op)
	require.True(a.t, planned(err), "%s when call %d %s: %v", m.name, n, a.how.name, err)
	for _, private := range []string{"Ada", "Ben", "Dora", "example.com", "5511", "vip", "brand new"} {
		require.NotContains(a.t, err.Error(), private)
	}
}

// planned reports whether an error is a fault, or of a connection that a fault has ended.
func planned(err error) bool {
	return errors.Is(err, errFault) || errors.Is(err, sqldriver.ErrBadConn) || errors.Is(err, sql.ErrConnDone)
}
