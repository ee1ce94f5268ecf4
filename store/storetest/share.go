package storetest

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/contactpipeline/visitors/store/driver"
)

// Share checks that stores on the same database, such as those of several processes, see each
// other's changes at once. It makes random changes, each call through one of the stores, and
// compares random filters on others. check, if it is not nil, is called now and then with a store
// and a workspace in which nothing is written meanwhile; its error fails the test. Share tries n
// workspaces, with -storetest.full ten times as many.
func Share(t *testing.T, stores []driver.Store, n int, check func(context.Context, driver.Store, driver.WorkspaceID) error) {
	t.Helper()
	s := newSuite(stores[0], quick)
	if *fullFlag {
		n *= 10
	}
	for seed := s.seed; seed < s.seed+uint64(n) && !t.Failed(); seed++ {
		s.st = stores[0]
		s.check(t, promise{
			why: "What one process has acknowledged is visible to every later call of all others.",
			check: func(f *fixture) {
				f.compareShared(seed, stores, check)
				if f.Failed() {
					f.Logf("to repeat this case: -storetest.seed=%d", seed)
				}
			},
		})
	}
}

func (f *fixture) compareShared(seed uint64, stores []driver.Store, check func(context.Context, driver.Store, driver.WorkspaceID) error) {
	f.Helper()
	rnd := rand.New(rand.NewPCG(seed, 9))
	g, o := newChangeGenerator(f.maker, rnd), newOracle(f)
	f.compareChanges(o, g.setup())
	for step := uint64(0); step < 40 && !f.Failed(); step++ {
		f.st = stores[rnd.IntN(len(stores))]
		f.compareChanges(o, g.call(f, o, 1+rnd.IntN(5)))
		for _, st := range stores {
			if rnd.IntN(2) == 0 {
				continue
			}
			f.st = st
			f.compareSomeFilters(o, seed+step, 2)
			if check == nil || rnd.IntN(2) == 0 {
				continue
			}
			if err := check(f.Context(), st, f.ws); err != nil {
				f.Errorf("step %d: %v", step, err)
			}
		}
	}
}
