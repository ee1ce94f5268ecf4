package sqlite_test

import (
	"flag"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/driver"
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
