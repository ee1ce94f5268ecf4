//go:build cgo

package sqlite_test

import (
	"context"
	"database/sql"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/internal/faulttest"
	"github.com/contactpipeline/visitors/store/sqlite"
	"github.com/contactpipeline/visitors/visitor"
)

// withIndex is the engine with an index in every workspace.
func withIndex() faulttest.Engine {
	e := engine
	e.Forms = map[string]faulttest.Form{
		"with an index": {Kept: 3, Open: func(ctx context.Context, db *sql.DB) (driver.Store, error) {
			return sqlite.OpenIndexed(ctx, db, sqlite.Options{RelaxedDurability: true, MaxReaders: 2})
		}},
	}
	return e
}

func TestIndexWhileCallsFail(t *testing.T) {
	t.Parallel()
	faulttest.Calls(t, withIndex())
}

func TestIndexWhileCallsAreHeldUp(t *testing.T) {
	t.Parallel()
	faulttest.Slow(t, withIndex())
}

func TestIndexInAStorm(t *testing.T) {
	t.Parallel()
	faulttest.Storm(t, withIndex())
}

func TestIndexAndAHostTransaction(t *testing.T) {
	t.Parallel()
	st := indexed(store.IndexOptions{MinVisitors: 1})(t)
	ws, err := store.Open(st, "acme", nil)
	require.NoError(t, err)
	count := func(ws *store.Workspace) int64 {
		n, err := ws.Count(t.Context(), filter.Source.Is(visitor.Chat))
		require.NoError(t, err)
		return n
	}
	create := func(ws *store.Workspace) {
		_, err := ws.Create(t.Context(), visitor.Draft{Name: "Ada", Source: visitor.Chat})
		require.NoError(t, err)
	}
	create(ws)
	require.EqualValues(t, 1, count(ws))
	rolledBack := context.Canceled
	for _, result := range []error{nil, rolledBack} {
		before := count(ws)
		err := st.(driver.Transactor).Transact(t.Context(), func(_ *sql.Tx, inside driver.Store) error {
			in, err := store.Open(inside, "acme", nil)
			require.NoError(t, err)
			for n := range int64(3) {
				create(in)
				require.Equal(t, before+n+1, count(in), "inside")
				require.Equal(t, before, count(ws), "outside")
			}
			return result
		})
		require.Equal(t, result, err)
	}
	require.EqualValues(t, 4, count(ws))
	require.NoError(t, sqlite.CheckIndex(t.Context(), st, "acme"))
}

// It runs alone, since other tests have goroutines too.
func TestCloseLeavesNoGoroutineOfAnIndex(t *testing.T) {
	before := goleak.IgnoreCurrent()
	st := indexed(store.IndexOptions{MinVisitors: 1})(t)
	faulttest.Linear(t, st)
	require.NoError(t, st.Close())
	goleak.VerifyNone(t, before)
}

func TestIndexWhileItFollowsAndCallsFail(t *testing.T) {
	t.Parallel()
	faulttest.Following(t, withIndex(), sqlite.CheckIndex)
}
