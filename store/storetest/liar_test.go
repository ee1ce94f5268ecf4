package storetest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/memory"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

type ws = store.WorkspaceID

// liar is an honest store with some methods replaced.
type liar struct {
	honest store.Store
	mu     sync.Mutex // for what the lies keep

	get    func(context.Context, ws, visitor.ID) (visitor.Visitor, error)
	find   func(context.Context, ws, store.Select) ([]visitor.Visitor, error)
	count  func(context.Context, ws, filter.Bound, int64) (int64, error)
	tags   func(context.Context, ws, store.List) ([]tag.Tag, error)
	groups func(context.Context, ws, store.List) ([]group.Group, error)
	apply  func(context.Context, ws, []store.Change) ([]store.Outcome, error)
	events func(context.Context, ws, store.Seq, int) ([]store.Event, error)
	close  func() error
}

func newLiar() *liar {
	st := memory.New()
	return &liar{
		honest: st, get: st.GetVisitor, find: st.FindVisitors, count: st.CountVisitors, tags: st.ListTags, groups: st.ListGroups,
		apply: st.Apply, events: st.Events, close: st.Close,
	}
}

func (l *liar) GetVisitor(ctx context.Context, w ws, id visitor.ID) (visitor.Visitor, error) {
	return l.get(ctx, w, id)
}

func (l *liar) FindVisitors(ctx context.Context, w ws, s store.Select) ([]visitor.Visitor, error) {
	return l.find(ctx, w, s)
}

func (l *liar) CountVisitors(ctx context.Context, w ws, where filter.Bound, limit int64) (int64, error) {
	return l.count(ctx, w, where, limit)
}

func (l *liar) ListTags(ctx context.Context, w ws, list store.List) ([]tag.Tag, error) {
	return l.tags(ctx, w, list)
}

func (l *liar) ListGroups(ctx context.Context, w ws, list store.List) ([]group.Group, error) {
	return l.groups(ctx, w, list)
}

func (l *liar) Apply(ctx context.Context, w ws, changes []store.Change) ([]store.Outcome, error) {
	return l.apply(ctx, w, changes)
}

func (l *liar) Events(ctx context.Context, w ws, after store.Seq, limit int) ([]store.Event, error) {
	return l.events(ctx, w, after, limit)
}

func (l *liar) Close() error { return l.close() }

// inWorkspace puts every call into the workspace that as returns.
func (l *liar) inWorkspace(as func(ws) ws) {
	st := l.honest
	l.get = func(ctx context.Context, w ws, id visitor.ID) (visitor.Visitor, error) {
		return st.GetVisitor(ctx, as(w), id)
	}
	l.find = func(ctx context.Context, w ws, s store.Select) ([]visitor.Visitor, error) {
		return st.FindVisitors(ctx, as(w), s)
	}
	l.count = func(ctx context.Context, w ws, where filter.Bound, limit int64) (int64, error) {
		return st.CountVisitors(ctx, as(w), where, limit)
	}
	l.tags = func(ctx context.Context, w ws, list store.List) ([]tag.Tag, error) {
		return st.ListTags(ctx, as(w), list)
	}
	l.groups = func(ctx context.Context, w ws, list store.List) ([]group.Group, error) {
		return st.ListGroups(ctx, as(w), list)
	}
	l.apply = func(ctx context.Context, w ws, changes []store.Change) ([]store.Outcome, error) {
		return st.Apply(ctx, as(w), changes)
	}
	l.events = func(ctx context.Context, w ws, after store.Seq, limit int) ([]store.Event, error) {
		return st.Events(ctx, as(w), after, limit)
	}
}

// onRead changes every visitor that is read.
func (l *liar) onRead(edit func(*visitor.Visitor)) {
	l.get = func(ctx context.Context, w ws, id visitor.ID) (visitor.Visitor, error) {
		v, err := l.honest.GetVisitor(ctx, w, id)
		if err == nil {
			edit(&v)
		}
		return v, err
	}
	l.find = func(ctx context.Context, w ws, s store.Select) ([]visitor.Visitor, error) {
		found, err := l.honest.FindVisitors(ctx, w, s)
		for i := range found {
			edit(&found[i])
		}
		return found, err
	}
}

// onChange replaces every change by those that edit returns, the last of which has the
// outcome.
func (l *liar) onChange(edit func(ctx context.Context, w ws, c store.Change) []store.Change) {
	l.apply = func(ctx context.Context, w ws, changes []store.Change) ([]store.Outcome, error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		var edited []store.Change
		var ends, from []int
		for i, c := range changes {
			for _, c := range edit(ctx, w, c) {
				edited, from = append(edited, c), append(from, i)
			}
			ends = append(ends, len(edited)-1)
		}
		outcomes, err := l.honest.Apply(ctx, w, edited)
		var at *store.ChangeError
		if errors.As(err, &at) {
			err = &store.ChangeError{Index: from[at.Index], Err: at.Err}
		}
		if err != nil {
			return nil, err
		}
		var kept []store.Outcome
		for _, end := range ends {
			kept = append(kept, outcomes[end])
		}
		return kept, nil
	}
}

// match finds and counts the visitors of which matches says so, where ask says that it is
// its business.
func (l *liar) match(ask func(filter.Node) bool, matches func(filter.Node, visitor.Visitor) bool) {
	everyone, err := filter.Bind(filter.All(), nil)
	if err != nil {
		panic(err)
	}
	l.find = func(ctx context.Context, w ws, s store.Select) ([]visitor.Visitor, error) {
		node, limit := s.Where.Node(), s.Limit
		if !ask(node) {
			return l.honest.FindVisitors(ctx, w, s)
		}
		s.Where, s.Limit = everyone, 100_000
		found, err := l.honest.FindVisitors(ctx, w, s)
		var kept []visitor.Visitor
		for _, v := range found {
			if matches(node, v) && len(kept) < limit {
				kept = append(kept, v)
			}
		}
		return kept, err
	}
	l.count = func(ctx context.Context, w ws, where filter.Bound, limit int64) (int64, error) {
		if !ask(where.Node()) {
			return l.honest.CountVisitors(ctx, w, where, limit)
		}
		found, err := l.find(ctx, w, store.Select{Where: where, Order: store.NewestFirst, Limit: 100_000})
		return int64(len(found)), err
	}
}

// rewrite serves events of its own making: for each call, edit says what becomes of its
// events and of its outcomes.
func (l *liar) rewrite(edit func(events []store.Event, outcomes []store.Outcome) []store.Event) {
	logs := map[ws][]store.Event{}
	read := map[ws]store.Seq{}
	l.apply = func(ctx context.Context, w ws, changes []store.Change) ([]store.Outcome, error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		outcomes, err := l.honest.Apply(ctx, w, changes)
		if ctx.Err() != nil {
			return outcomes, err
		}
		events, _ := l.honest.Events(ctx, w, read[w], 100_000)
		read[w] += store.Seq(len(events))
		for i := range events {
			events[i].Seq = 0 // an edit may add a gap here
		}
		for _, e := range edit(events, outcomes) {
			e.Seq += store.Seq(len(logs[w]) + 1)
			logs[w] = append(logs[w], e)
		}
		return outcomes, err
	}
	l.events = func(ctx context.Context, w ws, after store.Seq, limit int) ([]store.Event, error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		if _, err := l.honest.Events(ctx, w, 0, 1); err != nil {
			return nil, err
		}
		var page []store.Event
		for _, e := range logs[w] {
			if e.Seq > after && len(page) < limit {
				page = append(page, e)
			}
		}
		return page, nil
	}
}

// recorder is a reporter that keeps failures to itself.
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

// record tries a promise, and returns what was reported.
func record(t *testing.T, s *suite, p promise) *recorder {
	t.Helper()
	r := &recorder{t: t}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.try(r, p)
	}()
	<-ended
	return r
}

func matchNode(n filter.Node, v visitor.Visitor) bool { return filter.MatchNode(n, &v) }

// oneByOne makes the changes each in a transaction of its own.
func oneByOne(l *liar) func(context.Context, ws, []store.Change) ([]store.Outcome, error) {
	return func(ctx context.Context, w ws, changes []store.Change) ([]store.Outcome, error) {
		var outcomes []store.Outcome
		for i, c := range changes {
			out, err := l.honest.Apply(ctx, w, []store.Change{c})
			var at *store.ChangeError
			if errors.As(err, &at) {
				return nil, &store.ChangeError{Index: i, Err: at.Err}
			} else if err != nil {
				return nil, err
			}
			outcomes = append(outcomes, out...)
			runtime.Gosched()
		}
		return outcomes, nil
	}
}

func isTerms(n filter.Node) bool {
	_, ok := n.(filter.Terms)
	return ok
}

// bound binds what needs no names.
func bound(e filter.Expr) filter.Bound {
	b, err := filter.Bind(e, nil)
	if err != nil {
		panic(err)
	}
	return b
}

// like is the LIKE of SQL.
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

// facetLiar is a liar that counts facets, without those that nobody has.
type facetLiar struct{ *liar }

func (l facetLiar) Facets(ctx context.Context, w ws, where filter.Bound) (store.Facets, error) {
	f, err := l.honest.(store.Faceter).Facets(ctx, w, where)
	f.Tags = slices.DeleteFunc(f.Tags, func(t store.TagCount) bool { return t.Count == 0 })
	return f, err
}
