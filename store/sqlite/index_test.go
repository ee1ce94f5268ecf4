package sqlite_test

import (
	"context"
	"flag"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/internal/crowd"
	"github.com/contactpipeline/visitors/store/sqlite"
	"github.com/contactpipeline/visitors/store/storetest"
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

// TestIndexed runs the contract with an index in every workspace. With -storetest.full, also with
// indexes that are evicted after each call, and without.
func TestIndexed(t *testing.T) {
	t.Parallel()
	modes := map[string]store.IndexOptions{"always": {MinVisitors: 1}}
	if flag.Lookup("storetest.full").Value.String() == "true" {
		modes["evicted all the time"] = store.IndexOptions{MinVisitors: 1, MaxBytes: 1}
		modes["off"] = store.IndexOptions{Off: true}
	}
	for name, o := range modes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			storetest.RunAgain(t, indexed(o))
			storetest.Compare(t, indexed(o), 8_000)
		})
	}
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
