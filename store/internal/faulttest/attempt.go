package faulttest

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store"
)

// attempt tries one method under one mode.
type attempt struct {
	*bench
	t   *testing.T
	how mode
	m   method
}

// all fails the first call, the second, and so on until none is left, and returns how
// many it has failed.
func (a *attempt) all() int {
	wanted, after := a.clean()
	w := newWorld(a.t, a.st)
	before := rows(a.t, a.plain, w.ID())
	n, step := 1, 1
	if a.Costly && a.how.turn > 0 {
		n, step = a.how.turn, turns
	}
	for tried := 0; ; n, tried = n+step, tried+1 {
		got, err := a.once(w, n)
		failed := a.c.Failed() > 0
		a.c.Set(nil)
		a.idle(a.t)
		if err == nil {
			require.Equal(a.t, wanted, got, "%s returned something else when call %d %s", a.m.name, n, a.how.name)
		} else {
			require.True(a.t, failed, "%s failed without a fault: %v", a.m.name, err)
			a.requireTyped(n, err)
		}
		changed := a.m.writes && rows(a.t, a.plain, w.ID()) != before
		switch {
		case changed && (err == nil || a.how.unsure):
			require.Equal(a.t, after, w.picture(a.t), "%s did something else when call %d %s", a.m.name, n, a.how.name)
		default:
			require.False(a.t, changed, "%s did something when call %d %s", a.m.name, n, a.how.name)
			require.False(a.t, a.m.writes && err == nil, "%s did nothing when call %d %s", a.m.name, n, a.how.name)
		}
		if !failed {
			return tried
		}
		if changed {
			w = newWorld(a.t, a.st)
			before = rows(a.t, a.plain, w.ID())
		}
	}
}

// clean returns what the method returns, and what there is after it.
func (a *attempt) clean() (wanted, after string) {
	w := newWorld(a.t, a.st)
	before := w.picture(a.t)
	wanted, err := a.m.call(a.t.Context(), w)
	require.NoError(a.t, err)
	after = w.picture(a.t)
	require.Equal(a.t, a.m.writes, before != after, "%s writes", a.m.name)
	return wanted, after
}

// once calls the method while its n-th call fails.
func (a *attempt) once(w *world, n int) (string, error) {
	ctx, cancel := context.WithCancel(a.t.Context())
	defer cancel()
	a.c.Set(a.how.plan(n, cancel))
	return a.m.call(ctx, w)
}

// requireTyped fails unless an error can be told apart and tells nothing of a person.
func (a *attempt) requireTyped(n int, err error) {
	a.t.Helper()
	if errors.Is(err, context.Canceled) {
		return
	}
	var typed *store.Error
	require.ErrorAs(a.t, err, &typed, "%s when call %d %s", a.m.name, n, a.how.name)
	require.NotEmpty(a.t, typed.Op)
	require.True(a.t, planned(err), "%s when call %d %s: %v", a.m.name, n, a.how.name, err)
	for _, private := range []string{"Ada", "Ben", "Dora", "example.com", "5511", "vip", "brand new"} {
		require.NotContains(a.t, err.Error(), private)
	}
}

// planned reports whether an error is of a fault, or of a connection that is gone by one.
func planned(err error) bool {
	return errors.Is(err, errFault) || errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone)
}
