package storetest

import (
	"errors"
	"fmt"
	"sync"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor"
)

var revisionPromises = []promise{
	{"an update based on another revision is refused", "An edit of an old copy must not undo what was edited since.", checkRevisionConflict},
	{"an update based on another revision is refused even if it changes nothing", "Whether a write is stale must not depend on what somebody else happened to write.", checkRevisionConflictUnchanged},
	{"revisions count up within one call", "The changes of a call are made one after the other.", checkRevisionInACall},
	{"exactly one of several concurrent writers with one revision succeeds", "Two people press save at the same moment; one must see an error.", checkRevisionRace},
	{"no update is lost if all writers give the revision they have read", "Counters, scores and notes are read, changed and written back.", checkRevisionNoLostUpdate},
}

func checkRevisionConflict(f *fixture) {
	v := f.visitor("Ada")
	f.given(create(v))
	f.refused(driver.ErrConflict, "visitor", string(v.ID), 0, driver.UpdateVisitor{ID: v.ID, Patch: visitor.Patch{Name: ptr("Eve"), IfRevision: 2}, Audit: f.audit()})
	f.effects(f.must(driver.UpdateVisitor{ID: v.ID, Patch: visitor.Patch{Name: ptr("Eve"), IfRevision: 1}, Audit: f.audit()}), driver.Updated)
	f.refused(driver.ErrConflict, "visitor", string(v.ID), 0, driver.UpdateVisitor{ID: v.ID, Patch: visitor.Patch{Name: ptr("Ida"), IfRevision: 1}, Audit: f.audit()})
	f.effects(f.must(driver.UpdateVisitor{ID: v.ID, Patch: visitor.Patch{Name: ptr("Ida"), IfRevision: 2}, Audit: f.audit()}), driver.Updated)
	f.effects(f.must(driver.UpdateVisitor{ID: v.ID, Patch: visitor.Patch{Name: ptr("Ona")}, Audit: f.audit()}), driver.Updated)
	f.same("revision", f.get(v.ID).Revision, int64(4))
}

func checkRevisionConflictUnchanged(f *fixture) {
	v := f.visitor("Ada")
	f.given(create(v))
	f.must(driver.UpdateVisitor{ID: v.ID, Patch: visitor.Patch{Name: ptr("Eve")}, Audit: f.audit()})
	f.refused(driver.ErrConflict, "visitor", string(v.ID), 0, driver.UpdateVisitor{ID: v.ID, Patch: visitor.Patch{Name: ptr("Eve"), IfRevision: 1}, Audit: f.audit()})
}

func checkRevisionInACall(f *fixture) {
	v := f.visitor("Ada")
	f.given(create(v))
	f.effects(f.must(
		driver.UpdateVisitor{ID: v.ID, Patch: visitor.Patch{Name: ptr("Eve"), IfRevision: 1}, Audit: f.audit()},
		driver.UpdateVisitor{ID: v.ID, Patch: visitor.Patch{Name: ptr("Ida"), IfRevision: 2}, Audit: f.audit()},
	), driver.Updated, driver.Updated)
	f.refused(driver.ErrConflict, "visitor", string(v.ID), 1,
		driver.UpdateVisitor{ID: v.ID, Patch: visitor.Patch{Name: ptr("Ona"), IfRevision: 3}, Audit: f.audit()},
		driver.UpdateVisitor{ID: v.ID, Patch: visitor.Patch{Name: ptr("Una"), IfRevision: 3}, Audit: f.audit()})
}

func checkRevisionRace(f *fixture) {
	v := f.visitor("Ada")
	f.given(create(v))
	for round := range f.effort.rounds {
		const writers = 8
		won, refused := 0, 0
		f.race(writers, func(i int) error {
			_, err := f.apply(driver.UpdateVisitor{ID: v.ID, Patch: visitor.Patch{Name: ptr(fmt.Sprintf("Ada %d %d", round, i)), IfRevision: int64(round + 1)}, Audit: driver.Audit{At: f.clock}})
			return err
		}, func(err error) {
			switch {
			case err == nil:
				won++
			case errors.Is(err, driver.ErrConflict):
				refused++
			default:
				f.Errorf("update: %v", err)
			}
		})
		if won != 1 || refused != writers-1 {
			f.Fatalf("round %d: %d writers won and %d were refused, of %d", round, won, refused, writers)
		}
	}
	f.same("revision", f.get(v.ID).Revision, int64(f.effort.rounds+1))
}

func checkRevisionNoLostUpdate(f *fixture) {
	v := f.visitor("Ada")
	f.given(create(v))
	const writers, each = 4, 5
	f.race(writers, func(int) error {
		for done := 0; done < each; {
			now, err := f.st.GetVisitor(f.Context(), f.ws, v.ID)
			if err != nil {
				return err
			}
			n := now.Attributes["n"].Number()
			_, err = f.apply(driver.UpdateVisitor{ID: v.ID, Patch: visitor.Patch{Set: visitor.Attributes{"n": visitor.Number(n + 1)}, IfRevision: now.Revision}, Audit: driver.Audit{At: f.clock}})
			if err == nil {
				done++
			} else if !errors.Is(err, driver.ErrConflict) {
				return err
			}
		}
		return nil
	}, func(err error) {
		if err != nil {
			f.Errorf("count up: %v", err)
		}
	})
	got := f.get(v.ID)
	f.same("the count", got.Attributes["n"], visitor.Number(writers*each))
	f.same("revision", got.Revision, int64(writers*each+1))
}

// race runs do in n goroutines at once and reports what each returned.
func (f *fixture) race(n int, do func(i int) error, report func(error)) {
	f.Helper()
	errs := make([]error, n)
	start := make(chan struct{})
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() {
			<-start
			errs[i] = do(i)
		})
	}
	close(start)
	group.Wait()
	for _, err := range errs {
		report(err)
	}
}
