package storetest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/filter/bound"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/storetest/reference"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

type ws = driver.WorkspaceID

// faultyStore is a store with a deliberate fault: some of its methods are replaced.
type faultyStore struct {
	correct driver.Store
	mu      sync.Mutex // for what faults store

	get    func(context.Context, ws, visitor.ID) (visitor.Visitor, error)
	find   func(context.Context, ws, driver.Select) ([]visitor.Visitor, error)
	count  func(context.Context, ws, filter.Bound, int64) (int64, error)
	tags   func(context.Context, ws, driver.List) ([]tag.Tag, error)
	groups func(context.Context, ws, driver.List) ([]group.Group, error)
	apply  func(context.Context, ws, []driver.Change) ([]driver.Outcome, error)
	events func(context.Context, ws, driver.EventQuery) ([]driver.Event, error)
	close  func() error

	records func(context.Context, ws, driver.RecordQuery) ([]driver.Record, error)
	keys    func(context.Context, ws) (consent.Keys, error)
}

func newFaultyStore() *faultyStore {
	st := reference.New()
	return &faultyStore{
		correct: st, get: st.GetVisitor, find: st.FindVisitors, count: st.CountVisitors, tags: st.ListTags, groups: st.ListGroups,
		apply: st.Apply, events: st.Events, close: st.Close, records: st.Records, keys: st.Keys,
	}
}

func (f *faultyStore) GetVisitor(ctx context.Context, w ws, id visitor.ID) (visitor.Visitor, error) {
	return f.get(ctx, w, id)
}

func (f *faultyStore) FindVisitors(ctx context.Context, w ws, s driver.Select) ([]visitor.Visitor, error) {
	return f.find(ctx, w, s)
}

func (f *faultyStore) CountVisitors(ctx context.Context, w ws, where filter.Bound, limit int64) (int64, error) {
	return f.count(ctx, w, where, limit)
}

func (f *faultyStore) ListTags(ctx context.Context, w ws, list driver.List) ([]tag.Tag, error) {
	return f.tags(ctx, w, list)
}

func (f *faultyStore) ListGroups(ctx context.Context, w ws, list driver.List) ([]group.Group, error) {
	return f.groups(ctx, w, list)
}

func (f *faultyStore) Apply(ctx context.Context, w ws, changes []driver.Change) ([]driver.Outcome, error) {
	return f.apply(ctx, w, changes)
}

func (f *faultyStore) Events(ctx context.Context, w ws, q driver.EventQuery) ([]driver.Event, error) {
	return f.events(ctx, w, q)
}

func (f *faultyStore) Records(ctx context.Context, w ws, q driver.RecordQuery) ([]driver.Record, error) {
	return f.records(ctx, w, q)
}

func (f *faultyStore) Keys(ctx context.Context, w ws) (consent.Keys, error) {
	return f.keys(ctx, w)
}

func (f *faultyStore) Close() error { return f.close() }

// inWorkspace makes every call in the workspace that as returns.
func (f *faultyStore) inWorkspace(as func(ws) ws) {
	st := f.correct
	f.get = func(ctx context.Context, w ws, id visitor.ID) (visitor.Visitor, error) {
		return st.GetVisitor(ctx, as(w), id)
	}
	f.find = func(ctx context.Context, w ws, s driver.Select) ([]visitor.Visitor, error) {
		return st.FindVisitors(ctx, as(w), s)
	}
	f.count = func(ctx context.Context, w ws, where filter.Bound, limit int64) (int64, error) {
		return st.CountVisitors(ctx, as(w), where, limit)
	}
	f.tags = func(ctx context.Context, w ws, list driver.List) ([]tag.Tag, error) {
		return st.ListTags(ctx, as(w), list)
	}
	f.groups = func(ctx context.Context, w ws, list driver.List) ([]group.Group, error) {
		return st.ListGroups(ctx, as(w), list)
	}
	f.apply = func(ctx context.Context, w ws, changes []driver.Change) ([]driver.Outcome, error) {
		return st.Apply(ctx, as(w), changes)
	}
	f.events = func(ctx context.Context, w ws, q driver.EventQuery) ([]driver.Event, error) {
		return st.Events(ctx, as(w), q)
	}
}

// onRead changes every visitor that is read.
func (f *faultyStore) onRead(edit func(*visitor.Visitor)) {
	f.get = func(ctx context.Context, w ws, id visitor.ID) (visitor.Visitor, error) {
		v, err := f.correct.GetVisitor(ctx, w, id)
		if err == nil {
			edit(&v)
		}
		return v, err
	}
	f.find = func(ctx context.Context, w ws, s driver.Select) ([]visitor.Visitor, error) {
		found, err := f.correct.FindVisitors(ctx, w, s)
		for i := range found {
			edit(&found[i])
		}
		return found, err
	}
}

// onChange replaces every change by those that edit returns. The outcome is that of the
// last.
func (f *faultyStore) onChange(edit func(ctx context.Context, w ws, c driver.Change) []driver.Change) {
	f.apply = func(ctx context.Context, w ws, changes []driver.Change) ([]driver.Outcome, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		var edited []driver.Change
		var ends, from []int
		for i, c := range changes {
			for _, c := range edit(ctx, w, c) {
				edited, from = append(edited, c), append(from, i)
			}
			ends = append(ends, len(edited)-1)
		}
		outcomes, err := f.correct.Apply(ctx, w, edited)
		var at *driver.ChangeError
		if errors.As(err, &at) {
			err = &driver.ChangeError{Index: from[at.Index], Err: at.Err}
		}
		if err != nil {
			return nil, err
		}
		var kept []driver.Outcome
		for _, end := range ends {
			kept = append(kept, outcomes[end])
		}
		return kept, nil
	}
}

// match finds and counts the visitors for which matches is true, for the filters for which
// ask is true.
func (f *faultyStore) match(ask func(bound.Node) bool, matches func(bound.Node, visitor.Visitor) bool) {
	everyone, err := filter.Bind(filter.All(), nil)
	if err != nil {
		panic(err)
	}
	f.find = func(ctx context.Context, w ws, s driver.Select) ([]visitor.Visitor, error) {
		node, limit := s.Where.Node(), s.Limit
		if !ask(node) {
			return f.correct.FindVisitors(ctx, w, s)
		}
		s.Where, s.Limit = everyone, 100_000
		found, err := f.correct.FindVisitors(ctx, w, s)
		var kept []visitor.Visitor
		for _, v := range found {
			if matches(node, v) && len(kept) < limit {
				kept = append(kept, v)
			}
		}
		return kept, err
	}
	f.count = func(ctx context.Context, w ws, where filter.Bound, limit int64) (int64, error) {
		if !ask(where.Node()) {
			return f.correct.CountVisitors(ctx, w, where, limit)
		}
		found, err := f.find(ctx, w, driver.Select{Where: where, Order: driver.NewestFirst, Limit: 100_000})
		return int64(len(found)), err
	}
}

// rewrite returns other events: for each call, edit returns what is to be read instead of its
// events.
func (f *faultyStore) rewrite(edit func(events []driver.Event, outcomes []driver.Outcome) []driver.Event) {
	logs := map[ws][]driver.Event{}
	read := map[ws]driver.Seq{}
	f.apply = func(ctx context.Context, w ws, changes []driver.Change) ([]driver.Outcome, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		outcomes, err := f.correct.Apply(ctx, w, changes)
		if ctx.Err() != nil {
			return outcomes, err
		}
		events, _ := f.correct.Events(ctx, w, driver.EventQuery{After: read[w], Limit: 100_000})
		read[w] += driver.Seq(len(events))
		for i := range events {
			events[i].Seq = 0 // an edit may add a gap here
		}
		for _, e := range edit(events, outcomes) {
			e.Seq += driver.Seq(len(logs[w]) + 1)
			logs[w] = append(logs[w], e)
		}
		return outcomes, err
	}
	f.events = func(ctx context.Context, w ws, q driver.EventQuery) ([]driver.Event, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		if _, err := f.correct.Events(ctx, w, driver.EventQuery{Limit: 1}); err != nil {
			return nil, err
		}
		var page []driver.Event
		for _, e := range logs[w] {
			if e.Seq > q.After && len(page) < q.Limit && (q.Visitor == "" || e.Visitor == q.Visitor || e.Other == q.Visitor) {
				page = append(page, e)
			}
		}
		return page, nil
	}
}

// recorder is a reporter that only records failures.
type recorder struct {
	t     *testing.T
	mu    sync.Mutex
	lines []string
	fails int
}

func (r *recorder) Helper()                  {}
func (r *recorder) Context() context.Context { return r.t.Context() }

func (r *recorder) Logf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines = append(r.lines, fmt.Sprintf(format, args...))
}

func (r *recorder) Errorf(format string, args ...any) {
	r.Logf(format, args...)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fails++
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}

func (r *recorder) Failed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.fails > 0
}

// record checks a promise, and returns what was reported.
func record(t *testing.T, s *suite, p promise) *recorder {
	t.Helper()
	r := &recorder{t: t}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.check(r, p)
	}()
	<-ended
	return r
}

func matchNode(n bound.Node, v visitor.Visitor) bool { return bound.Match(n, &v) }

// oneByOne makes each change in a transaction of its own.
func oneByOne(f *faultyStore) func(context.Context, ws, []driver.Change) ([]driver.Outcome, error) {
	return func(ctx context.Context, w ws, changes []driver.Change) ([]driver.Outcome, error) {
		var outcomes []driver.Outcome
		for i, c := range changes {
			out, err := f.correct.Apply(ctx, w, []driver.Change{c})
			var at *driver.ChangeError
			if errors.As(err, &at) {
				return nil, &driver.ChangeError{Index: i, Err: at.Err}
			} else if err != nil {
				return nil, err
			}
			outcomes = append(outcomes, out...)
			runtime.Gosched()
		}
		return outcomes, nil
	}
}

func isTerms(n bound.Node) bool {
	_, ok := n.(bound.Terms)
	return ok
}

// bound binds an expression without names.
func bind(e filter.Expr) filter.Bound {
	b, err := filter.Bind(e, nil)
	if err != nil {
		panic(err)
	}
	return b
}

// like matches as LIKE of SQL does.
func like(s, pattern string) bool {
	if pattern == "" {
		return s == ""
	}
	switch pattern[0] {
	case '%':
		for i := 0; i <= len(s); i++ {
			if like(s[i:], pattern[1:]) {
				return true
			}
		}
		return false
	case '_':
		return s != "" && like(s[1:], pattern[1:])
	}
	return s != "" && s[0] == pattern[0] && like(s[1:], pattern[1:])
}

// faultyFaceter is a store that counts facets, but not of visitors without a tag.
type faultyFaceter struct{ *faultyStore }

func (f faultyFaceter) Facets(ctx context.Context, w ws, where filter.Bound) (driver.Facets, error) {
	people, err := f.FindVisitors(ctx, w, driver.Select{Where: where, Order: driver.NewestFirst, Limit: 100_000})
	return countFacets(where, slices.DeleteFunc(people, func(v visitor.Visitor) bool { return v.Tags == nil })), err
}

// faultyTransactor is a store whose transactions do not roll back, and do not end.
type faultyTransactor struct{ *faultyStore }

func (f faultyTransactor) Transact(_ context.Context, do func(*sql.Tx, driver.Store) error) error {
	return do(&sql.Tx{}, f.faultyStore)
}
