//go:build cgo

package sqlite_test

import (
	"context"
	"database/sql"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/internal/faulttest"
	"github.com/contactpipeline/visitors/store/sqlite"
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
	faulttest.Uncommitted(t, indexed(store.IndexOptions{MinVisitors: 1})(t), sqlite.CheckIndex)
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
