package storetest

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/visitor"
)

// calls is every call of a store that can fail, by name.
func (r *room) calls(ctx context.Context, id visitor.ID) map[string]func() error {
	r.Helper()
	where := filter.Bound{}
	if !r.closed {
		where = r.bind(filter.All())
	}
	calls := map[string]func() error{
		"GetVisitor": func() error { _, err := r.st.GetVisitor(ctx, r.ws, id); return err },
		"FindVisitors": func() error {
			_, err := r.st.FindVisitors(ctx, r.ws, store.Select{Where: where, Order: store.NewestFirst, Limit: 5})
			return err
		},
		"CountVisitors": func() error { _, err := r.st.CountVisitors(ctx, r.ws, where, 0); return err },
		"ListTags":      func() error { _, err := r.st.ListTags(ctx, r.ws, store.List{Limit: 5}); return err },
		"ListGroups":    func() error { _, err := r.st.ListGroups(ctx, r.ws, store.List{Limit: 5}); return err },
		"Events":        func() error { _, err := r.st.Events(ctx, r.ws, 0, 5); return err },
		"Apply": func() error {
			_, err := r.st.Apply(ctx, r.ws, []store.Change{store.DeleteVisitor{ID: id, At: r.clock}})
			return err
		},
	}
	if st, ok := r.st.(store.Faceter); ok {
		calls["Facets"] = func() error { _, err := st.Facets(ctx, r.ws, where); return err }
	}
	return calls
}

// endsEarly measures how long a query takes, and reports one that goes on after a deadline
// of a tenth of that. A busy machine has three attempts.
func (r *room) endsEarly(name string, query func(context.Context) error) {
	r.Helper()
	within := func(limit time.Duration) (time.Duration, error) {
		ctx, cancel := context.WithTimeout(r.Context(), limit)
		defer cancel()
		start := time.Now()
		err := query(ctx)
		return time.Since(start), err
	}
	whole, err := within(500 * time.Millisecond)
	if err != nil && !errors.Is(err, context.DeadlineExceeded) {
		r.Fatalf("%s: %v", name, err)
	}
	var took time.Duration
	for range 3 {
		took, err = within(whole / 10)
		if errors.Is(err, context.DeadlineExceeded) && took < whole/2 {
			return
		}
	}
	r.Errorf("%s, which takes %v: with a deadline after %v it took %v, error %v", name, whole, whole/10, took, err)
}

var contextPromises = []promise{
	{
		name: "a context that has ended ends every call, and changes nothing",
		why:  "A request that was given up must not go on working, least of all writing.",
		keep: func(r *room) {
			v := r.visitor("Ada")
			r.given(create(v))
			before := r.dump(r.ws)
			cancelled, cancel := context.WithCancel(r.Context())
			cancel()
			late, cancel := context.WithDeadline(r.Context(), time.Unix(0, 0))
			defer cancel()
			for want, ctx := range map[error]context.Context{context.Canceled: cancelled, context.DeadlineExceeded: late} {
				for name, call := range r.calls(ctx, v.ID) {
					if err := call(); !errors.Is(err, want) {
						r.Errorf("%s: error %v, want one that matches %q", name, err, want)
					}
				}
			}
			r.same("the workspace", r.dump(r.ws), before)
		},
	},
	{
		name: "a deadline that passes during a query ends the query",
		why:  "One filter that has to read everybody must not hold the store for a minute.",
		keep: func(r *room) {
			people := make([]visitor.Visitor, r.effort.rows/5)
			for i := range people {
				people[i] = r.visitor("Ada")
				people[i].Attributes = visitor.Attributes{"t": visitor.Text(strings.Repeat("a", 1_000))}
			}
			r.load(people)
			// Each text holds all of each operand but its end.
			var slow []filter.Expr
			for i := range 200 {
				slow = append(slow, filter.Attr("t").Contains(strings.Repeat("a", i+1)+"b"))
			}
			where := r.bind(filter.Or(slow...))
			queries := map[string]func(context.Context) error{
				"FindVisitors": func(ctx context.Context) error {
					_, err := r.st.FindVisitors(ctx, r.ws, store.Select{Where: where, Order: store.NameAZ, Limit: 5})
					return err
				},
				"CountVisitors": func(ctx context.Context) error { _, err := r.st.CountVisitors(ctx, r.ws, where, 0); return err },
			}
			if st, ok := r.st.(store.Faceter); ok {
				queries["Facets"] = func(ctx context.Context) error { _, err := st.Facets(ctx, r.ws, where); return err }
			}
			for name, query := range queries {
				r.endsEarly(name, query)
			}
		},
	},
	{
		name: "a store works on after a call was given up",
		why:  "One impatient caller must not cost the others their connection.",
		keep: func(r *room) {
			v := r.visitor("Ada")
			r.given(create(v))
			for range 50 {
				ctx, cancel := context.WithCancel(r.Context())
				ended := make(chan struct{})
				go func() {
					defer close(ended)
					cancel()
				}()
				for name, call := range r.calls(ctx, visitor.ID(r.id(r.clock))) {
					err := call()
					if err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, store.ErrNotFound) {
						r.Errorf("%s: %v", name, err)
					}
				}
				<-ended
			}
			r.same("the visitor", r.get(v.ID), v)
			r.effects(r.must(store.UpdateVisitor{ID: v.ID, Patch: visitor.Patch{Name: ptr("Eve")}, At: r.now()}), store.Updated)
		},
	},
	{
		name: "a call that was given up while writing was made wholly or not at all",
		why:  "When nobody waits for the answer any more there is nobody to repair half of a change.",
		keep: func(r *room) {
			const size = 40
			for i := range r.effort.rounds {
				var changes []store.Change
				for range size {
					changes = append(changes, create(r.visitor("Ada")))
				}
				ctx, cancel := context.WithCancel(r.Context())
				ended := make(chan struct{})
				go func() {
					defer close(ended)
					time.Sleep(time.Duration(i*20) * time.Microsecond)
					cancel()
				}()
				before := r.count(filter.All())
				_, err := r.st.Apply(ctx, r.ws, changes)
				<-ended
				after := r.count(filter.All())
				if made := after - before; made != 0 && made != size || err == nil && made != size {
					r.Errorf("%d of %d visitors were made, error %v", made, size, err)
				}
				r.same("events", int64(len(r.events(r.ws, 0))), after)
			}
		},
	},
}
