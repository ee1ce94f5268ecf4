package sqlite_test

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/internal/crowd"
	"github.com/contactpipeline/visitors/store/internal/faulttest"
	"github.com/contactpipeline/visitors/store/sqlite"
	"github.com/contactpipeline/visitors/store/storetest"
	"github.com/contactpipeline/visitors/visitor"
)

// indexed opens files with options for the index.
func indexed(o store.IndexOptions) func(testing.TB) driver.Store {
	return func(tb testing.TB) driver.Store {
		path := filepath.Join(tb.TempDir(), "visitors.db")
		st, err := sqlite.Open(tb.Context(), path, &sqlite.Options{RelaxedDurability: true, Index: o})
		require.NoError(tb, err)
		tb.Cleanup(func() { st.Close() })
		return st
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
		contract(t, indexed(o))
		storetest.Compare(t, indexed(o), 8_000)
	})
}

// TestIndexesOfTwoStores writes to one file through two stores, whose indexes follow each other's
// changes, and compares each bitmap with that of an index that is built anew.
func TestIndexesOfTwoStores(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "visitors.db")
	var stores []driver.Store
	for _, o := range []store.IndexOptions{{MinVisitors: 1}, {MinVisitors: 1}, {MinVisitors: 1, MaxBytes: 1}, {Off: true}} {
		st, err := sqlite.Open(t.Context(), path, &sqlite.Options{RelaxedDurability: true, Index: o})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, st.Close()) })
		stores = append(stores, st)
	}
	checked := 0
	storetest.Share(t, stores, 6, func(ctx context.Context, st driver.Store, ws driver.WorkspaceID) error {
		if st == stores[3] {
			return nil
		}
		checked++
		return sqlite.CheckIndex(ctx, st, ws)
	})
	require.Positive(t, checked)
}

// TestMoreConditionsThanAnIndexKeeps counts by a filter whose conditions push each other out.
func TestMoreConditionsThanAnIndexKeeps(t *testing.T) {
	t.Parallel()
	st := indexed(store.IndexOptions{MinVisitors: 1})(t)
	require.NoError(t, crowd.New(10).Load(t.Context(), st, "acme"))
	var any []filter.Expr
	for n := range 100 {
		any = append(any, filter.Attr(fmt.Sprint("a", n)).Equals(1))
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	n, err := st.CountVisitors(ctx, "acme", crowd.Bind(t, filter.Not(filter.Or(any...)), nil), 0)
	require.NoError(t, err)
	require.EqualValues(t, 10, n)
}

// TestIndexThatCannotFollow counts after an event that cannot be read.
func TestIndexThatCannotFollow(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "visitors.db")
	st, err := sqlite.Open(t.Context(), path, &sqlite.Options{Index: store.IndexOptions{MinVisitors: 1}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, st.Close()) })
	count := func(want int64) {
		n, err := st.CountVisitors(t.Context(), "acme", crowd.Bind(t, filter.All(), nil), 0)
		require.NoError(t, err)
		require.Equal(t, want, n)
		page, err := st.FindVisitors(t.Context(), "acme", driver.Select{Where: crowd.Bind(t, filter.All(), nil), Order: driver.NewestFirst, Limit: 100})
		require.NoError(t, err)
		require.Len(t, page, int(want))
	}
	create := func() {
		at := crowd.Start
		v := visitor.Visitor{ID: visitor.NewID(at), Source: visitor.Chat, CreatedAt: at, UpdatedAt: at, Revision: 1}
		_, err := st.Apply(t.Context(), "acme", []driver.Change{driver.CreateVisitor{Visitor: v}})
		require.NoError(t, err)
	}
	create()
	count(1)
	require.NoError(t, sqlite.CheckIndex(t.Context(), st, "acme"))
	create()
	db, err := sql.Open("sqlite3", path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	_, err = db.Exec("UPDATE visitors_event SET kind = 99 WHERE seq = 2")
	require.NoError(t, err)
	count(2)
	create()
	count(3)
}
