package postgres_test

import (
	"flag"
	"testing"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/internal/pgtest"
	"github.com/contactpipeline/visitors/store/postgres"
	"github.com/contactpipeline/visitors/store/storetest"
)

// indexed opens databases with options for the index.
func indexed(o store.IndexOptions) func(testing.TB) driver.Store {
	return func(tb testing.TB) driver.Store {
		return openAt(tb, pgtest.Database(tb, &pgtest.Options{Template: migrated}), &postgres.Options{Index: o})
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
			storetest.Compare(t, indexed(o), 4_000)
		})
	}
}
