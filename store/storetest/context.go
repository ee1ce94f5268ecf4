package storetest

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor"
)

// calls returns every call of a store that can fail, by name.
func (f *fixture) calls(ctx context.Context, id visitor.ID) map[string]func() error {
	f.Helper()
	where := filter.Bound{}
	if !f.closed {
		where = f.bind(filter.All())
	}
	calls := map[string]func() error{
		"GetVisitor": func() error { _, err := f.st.GetVisitor(ctx, f.ws, id); return err },
		"FindVisitors": func() error {
			_, err := f.st.FindVisitors(ctx, f.ws, driver.Select{Where: where, Order: driver.NewestFirst, Limit: 5})
			return err
		},
		"CountVisitors": func() error { _, err := f.st.CountVisitors(ctx, f.ws, where, 0); return err },
		"ListTags":      func() error { _, err := f.st.ListTags(ctx, f.ws, driver.List{Limit: 5}); return err },
		"ListGroups":    func() error { _, err := f.st.ListGroups(ctx, f.ws, driver.List{Limit: 5}); return err },
		"Events":        func() error { _, err := f.st.Events(ctx, f.ws, driver.EventQuery{After: 0, Limit: 5}); return err },
		"Apply": func() error {
			_, err := f.st.Apply(ctx, f.ws, []driver.Change{driver.DeleteVisitor{ID: id, Audit: driver.Audit{At: f.clock}}})
			return err
		},
	}
	if st, ok := f.st.(driver.Faceter); ok {
		calls["Facets"] = func() error { _, err := st.Facets(ctx, f.ws, where); return err }
	}
	return calls
}

var contextPromises = []promise{
	{"every call with an ended context returns its error and changes nothing", "A request that was given up must stop, and above all must not write.", checkEndedContext},
	{"a store keeps working after cancelled calls", "One impatient caller must not cost the others their connection.", checkCancelledCalls},
	{"a deadline that passes during a query ends the query", "One filter that has to read every visitor must not occupy the store for a minute.", checkDeadlineDuringQuery},
	{"a call that is cancelled while writing makes all changes or none", "The caller does not wait for the answer, so half a change would never be repaired.", checkCancelledApply},
}

func checkEndedContext(f *fixture) {
	v := f.visitor("Ada")
	f.given(create(v))
	before := f.dump(f.ws)
	cancelled, cancel := context.WithCancel(f.Context())
	cancel()
	late, cancel := context.WithDeadline(f.Context(), time.Unix(0, 0))
	defer cancel()
	for want, ctx := range map[error]context.Context{context.Canceled: cancelled, context.DeadlineExceeded: late} {
		for name, call := range f.calls(ctx, v.ID) {
			if err := call(); !errors.Is(err, want) {
				f.Errorf("%s: error %v, want one that matches %q", name, err, want)
			}
		}
	}
	f.same("the workspace", f.dump(f.ws), before)
}

func checkCancelledCalls(f *fixture) {
	v := f.visitor("Ada")
	f.given(create(v))
	for range 50 {
		ctx, cancel := context.WithCancel(f.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			cancel()
		}()
		for name, call := range f.calls(ctx, visitor.ID(f.id(f.clock))) {
			err := call()
			if err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, driver.ErrNotFound) {
				f.Errorf("%s: %v", name, err)
			}
		}
		<-ended
	}
	f.same("the visitor", f.get(v.ID), v)
	f.effects(f.must(driver.UpdateVisitor{ID: v.ID, Patch: visitor.Patch{Name: ptr("Eve")}, Audit: f.audit()}), driver.Updated)
}

func checkCancelledApply(f *fixture) {
	const size = 40
	for i := range f.effort.rounds {
		var changes []driver.Change
		for range size {
			changes = append(changes, create(f.visitor("Ada")))
		}
		ctx, cancel := context.WithCancel(f.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			time.Sleep(time.Duration(i*20) * time.Microsecond)
			cancel()
		}()
		before := f.count(filter.All())
		_, err := f.st.Apply(ctx, f.ws, changes)
		<-ended
		after := f.count(filter.All())
		if made := after - before; made != 0 && made != size || err == nil && made != size {
			f.Errorf("%d of %d visitors were made, error %v", made, size, err)
		}
		f.same("events", int64(len(f.events(f.ws, 0))), after)
	}
}

func checkDeadlineDuringQuery(f *fixture) {
	people := make([]visitor.Visitor, f.effort.rows/5)
	for i := range people {
		people[i] = f.visitor("Ada")
		people[i].Attributes = visitor.Attributes{"t": visitor.Text(strings.Repeat("a", 1_000))}
	}
	f.load(people)
	// Each text contains each operand except its last letter.
	var slow []filter.Expr
	for i := range 200 {
		slow = append(slow, filter.Attr("t").Contains(strings.Repeat("a", i+1)+"b"))
	}
	where := f.bind(filter.Or(slow...))
	f.endsEarly("FindVisitors", func(ctx context.Context) error {
		_, err := f.st.FindVisitors(ctx, f.ws, driver.Select{Where: where, Order: driver.NameAZ, Limit: 5})
		return err
	})
	f.endsEarly("CountVisitors", func(ctx context.Context) error { _, err := f.st.CountVisitors(ctx, f.ws, where, 0); return err })
	if st, ok := f.st.(driver.Faceter); ok {
		f.endsEarly("Facets", func(ctx context.Context) error { _, err := st.Facets(ctx, f.ws, where); return err })
	}
}

// endsEarly measures how long a query takes, and fails if the query continues after a deadline
// of a tenth of that. Two of four measurements must be good, because the machine may be busy.
func (f *fixture) endsEarly(name string, query func(context.Context) error) {
	f.Helper()
	within := func(limit time.Duration) (time.Duration, error) {
		ctx, cancel := context.WithTimeout(f.Context(), limit)
		defer cancel()
		start := time.Now()
		err := query(ctx)
		return time.Since(start), err
	}
	early := 0
	var whole, took time.Duration
	var err error
	for range 4 {
		if whole, err = within(500 * time.Millisecond); err != nil && !errors.Is(err, context.DeadlineExceeded) {
			f.Fatalf("%s: %v", name, err)
		}
		took, err = within(whole / 10)
		if errors.Is(err, context.DeadlineExceeded) && took < whole/2 {
			early++
		}
		if early == 2 {
			return
		}
	}
	f.Errorf("%s, which takes %v: with a deadline after %v it took %v, error %v", name, whole, whole/10, took, err)
}
