package postgres_test

import (
	"context"
	"database/sql"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/internal/faulttest"
	"github.com/contactpipeline/visitors/store/internal/pgtest"
	"github.com/contactpipeline/visitors/store/postgres"
	"github.com/contactpipeline/visitors/store/storetest"
	"github.com/contactpipeline/visitors/visitor"
)

// indexed opens databases with options for the index.
func indexed(o store.IndexOptions) func(testing.TB) driver.Store {
	return func(tb testing.TB) driver.Store {
		return openAt(tb, pgtest.Database(tb, &pgtest.Options{Template: migrated}), &postgres.Options{Index: o})
	}
}

// TestIndexed runs the contract with indexes, all of it with -storetest.full.
func TestIndexed(t *testing.T) {
	t.Parallel()
	faulttest.EachIndex(t, func(t *testing.T, o driver.IndexOptions) {
		contract := storetest.RunAgain
		if storetest.Full() {
			contract = storetest.Run
		}
		watched(t, &postgres.Options{Index: o}, contract)
		storetest.Compare(t, indexed(o), 4_000)
	})
}

// TestIndexesOfTwoPools writes to one database through several pools, whose indexes follow each
// other's changes, and compares each bitmap with that of an index that is built anew.
func TestIndexesOfTwoPools(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Database(t, &pgtest.Options{Template: migrated})
	var stores []driver.Store
	for _, o := range []store.IndexOptions{{MinVisitors: 1}, {MinVisitors: 1}, {MinVisitors: 1, MaxBytes: 1}} {
		stores = append(stores, openAt(t, dsn, &postgres.Options{Index: o}))
	}
	storetest.Share(t, stores, 2, postgres.CheckIndex)
}

// withIndex is the engine with an index in every workspace.
func withIndex() faulttest.Engine {
	e := faultEngine
	e.Forms = map[string]faulttest.Form{
		"with an index": {Open: func(ctx context.Context, db *sql.DB) (driver.Store, error) { return postgres.NewIndexed(ctx, db) }},
	}
	return e
}

func TestIndexWhileCallsFail(t *testing.T) {
	t.Parallel()
	faulttest.Calls(t, withIndex())
}

func TestIndexInAStorm(t *testing.T) {
	t.Parallel()
	faulttest.Storm(t, withIndex())
}

func TestIndexWhileItFollowsAndCallsFail(t *testing.T) {
	t.Parallel()
	faulttest.Following(t, withIndex(), postgres.CheckIndex)
}

func TestIndexAndAHostTransaction(t *testing.T) {
	t.Parallel()
	faulttest.Uncommitted(t, indexed(store.IndexOptions{MinVisitors: 1})(t), postgres.CheckIndex)
}

// TestIndexNoticesAFailover replaces all rows by those of an earlier time, as after a failover to a
// server that lacks the last commits, and then writes as many events as were lost, and more.
func TestIndexNoticesAFailover(t *testing.T) {
	t.Parallel()
	st, dsn := open(t, &postgres.Options{Index: store.IndexOptions{MinVisitors: 1}})
	ws := workspace(t, st, "acme")
	create := func(ws *store.Workspace, n int, source visitor.Source) {
		for range n {
			_, err := ws.Create(t.Context(), visitor.Draft{Name: "Ada", Source: source})
			require.NoError(t, err)
		}
	}
	count := func() int64 {
		n, err := ws.Count(t.Context(), filter.Source.Is(visitor.Chat))
		require.NoError(t, err)
		return n
	}
	create(ws, 3, visitor.Chat)
	run(t, dsn, "CREATE TABLE ids_then AS SELECT id FROM visitors_visitor")
	back := []string{"DELETE FROM visitors_visitor WHERE id NOT IN (SELECT id FROM ids_then)"}
	for _, table := range []string{"visitors_workspace", "visitors_event"} {
		run(t, dsn, "CREATE TABLE "+table+"_then AS SELECT * FROM "+table)
		back = append(back, "DELETE FROM "+table, "INSERT INTO "+table+" SELECT * FROM "+table+"_then")
	}
	for _, more := range []int{0, 1, 2, 3} {
		create(ws, 2, visitor.Chat)
		require.EqualValues(t, 5, count())
		run(t, dsn, back...)
		create(workspace(t, openAt(t, dsn, nil), "acme"), more, visitor.Telegram)
		require.EqualValues(t, 3, count(), "after %d others", more)
		require.NoError(t, postgres.CheckIndex(t.Context(), st, "acme"))
		run(t, dsn, back...)
	}
}
