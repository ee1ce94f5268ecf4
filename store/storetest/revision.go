package storetest

import (
	"errors"
	"fmt"
	"sync"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/visitor"
)

var revisionPromises = []promise{
	{
		name: "an update of another revision is refused",
		why:  "Whoever edits an old copy of a profile must not undo what was edited since.",
		keep: func(r *room) {
			v := r.visitor("Ada")
			r.given(create(v))
			r.refused(store.ErrConflict, "visitor", string(v.ID), 0, store.UpdateVisitor{ID: v.ID, Patch: visitor.Patch{Name: ptr("Eve"), IfRevision: 2}, At: r.now()})
			r.effects(r.must(store.UpdateVisitor{ID: v.ID, Patch: visitor.Patch{Name: ptr("Eve"), IfRevision: 1}, At: r.now()}), store.Updated)
			r.refused(store.ErrConflict, "visitor", string(v.ID), 0, store.UpdateVisitor{ID: v.ID, Patch: visitor.Patch{Name: ptr("Ida"), IfRevision: 1}, At: r.now()})
			r.effects(r.must(store.UpdateVisitor{ID: v.ID, Patch: visitor.Patch{Name: ptr("Ida"), IfRevision: 2}, At: r.now()}), store.Updated)
			r.effects(r.must(store.UpdateVisitor{ID: v.ID, Patch: visitor.Patch{Name: ptr("Ona")}, At: r.now()}), store.Updated)
			r.same("revision", r.get(v.ID).Revision, int64(4))
		},
	},
	{
		name: "an update of another revision is refused though it changes nothing",
		why:  "Whether a write is stale must not depend on what somebody else happened to write.",
		keep: func(r *room) {
			v := r.visitor("Ada")
			r.given(create(v))
			r.must(store.UpdateVisitor{ID: v.ID, Patch: visitor.Patch{Name: ptr("Eve")}, At: r.now()})
			r.refused(store.ErrConflict, "visitor", string(v.ID), 0, store.UpdateVisitor{ID: v.ID, Patch: visitor.Patch{Name: ptr("Eve"), IfRevision: 1}, At: r.now()})
		},
	},
	{
		name: "revisions count within one call",
		why:  "A call is its changes one after the other.",
		keep: func(r *room) {
			v := r.visitor("Ada")
			r.given(create(v))
			r.effects(r.must(
				store.UpdateVisitor{ID: v.ID, Patch: visitor.Patch{Name: ptr("Eve"), IfRevision: 1}, At: r.now()},
				store.UpdateVisitor{ID: v.ID, Patch: visitor.Patch{Name: ptr("Ida"), IfRevision: 2}, At: r.now()},
			), store.Updated, store.Updated)
			r.refused(store.ErrConflict, "visitor", string(v.ID), 1,
				store.UpdateVisitor{ID: v.ID, Patch: visitor.Patch{Name: ptr("Ona"), IfRevision: 3}, At: r.now()},
				store.UpdateVisitor{ID: v.ID, Patch: visitor.Patch{Name: ptr("Una"), IfRevision: 3}, At: r.now()})
		},
	},
	{
		name: "of writers with one revision one wins",
		why:  "Two people press save at the same moment; one must be told.",
		keep: func(r *room) {
			v := r.visitor("Ada")
			r.given(create(v))
			for round := range r.effort.rounds {
				const writers = 8
				won, refused := 0, 0
				r.race(writers, func(i int) error {
					_, err := r.apply(store.UpdateVisitor{ID: v.ID, Patch: visitor.Patch{Name: ptr(fmt.Sprintf("Ada %d %d", round, i)), IfRevision: int64(round + 1)}, At: r.clock})
					return err
				}, func(err error) {
					switch {
					case err == nil:
						won++
					case errors.Is(err, store.ErrConflict):
						refused++
					default:
						r.Errorf("update: %v", err)
					}
				})
				if won != 1 || refused != writers-1 {
					r.Fatalf("round %d: %d writers won and %d were refused, of %d", round, won, refused, writers)
				}
			}
			r.same("revision", r.get(v.ID).Revision, int64(r.effort.rounds+1))
		},
	},
	{
		name: "no update is lost when all ask for the revision they have read",
		why:  "Counters, scores and notes are read, changed and written back.",
		keep: func(r *room) {
			v := r.visitor("Ada")
			r.given(create(v))
			const writers, each = 4, 5
			r.race(writers, func(int) error {
				for done := 0; done < each; {
					now, err := r.st.GetVisitor(r.Context(), r.ws, v.ID)
					if err != nil {
						return err
					}
					n := now.Attributes["n"].Number()
					_, err = r.apply(store.UpdateVisitor{ID: v.ID, Patch: visitor.Patch{Set: visitor.Attributes{"n": visitor.Number(n + 1)}, IfRevision: now.Revision}, At: r.clock})
					if err == nil {
						done++
					} else if !errors.Is(err, store.ErrConflict) {
						return err
					}
				}
				return nil
			}, func(err error) {
				if err != nil {
					r.Errorf("count up: %v", err)
				}
			})
			got := r.get(v.ID)
			r.same("the count", got.Attributes["n"], visitor.Number(writers*each))
			r.same("revision", got.Revision, int64(writers*each+1))
		},
	},
}

// race runs do in n goroutines at once and tells what each returned.
func (r *room) race(n int, do func(i int) error, tell func(error)) {
	r.Helper()
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
		tell(err)
	}
}
