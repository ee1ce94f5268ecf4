package main

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// Store keeps every workspace in maps.
type Store struct {
	mu         sync.RWMutex
	closed     bool
	workspaces map[store.WorkspaceID]*workspace
}

var _ store.Store = (*Store)(nil)

// NewStore returns an empty store.
func NewStore() *Store { return &Store{workspaces: map[store.WorkspaceID]*workspace{}} }

// workspace is never changed: Apply changes a copy and puts it in its place. So readers
// need no lock once they have it.
type workspace struct {
	visitors map[visitor.ID]visitor.Visitor // Tags without names and colours
	tags     map[tag.ID]tag.Tag
	groups   map[group.ID]group.Group
	events   []store.Event
	taken    map[store.EventKey]time.Time
	merged   map[visitor.ID]visitor.Merged
}

func newWorkspace() *workspace {
	return &workspace{
		visitors: map[visitor.ID]visitor.Visitor{}, tags: map[tag.ID]tag.Tag{}, groups: map[group.ID]group.Group{},
		taken: map[store.EventKey]time.Time{}, merged: map[visitor.ID]visitor.Merged{},
	}
}

func (w *workspace) clone() *workspace {
	return &workspace{
		maps.Clone(w.visitors), maps.Clone(w.tags), maps.Clone(w.groups), slices.Clip(w.events),
		maps.Clone(w.taken), maps.Clone(w.merged),
	}
}

// workspace returns the workspace as it is now.
func (s *Store) workspace(ctx context.Context, id store.WorkspaceID) (*workspace, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.current(ctx, id)
}

// current needs the lock.
func (s *Store) current(ctx context.Context, id store.WorkspaceID) (*workspace, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if s.closed {
		return nil, store.ErrClosed
	}
	if w, ok := s.workspaces[id]; ok {
		return w, nil
	}
	return newWorkspace(), nil
}

// GetVisitor implements store.Store.
func (s *Store) GetVisitor(ctx context.Context, id store.WorkspaceID, v visitor.ID) (visitor.Visitor, error) {
	w, err := s.workspace(ctx, id)
	if err != nil {
		return visitor.Visitor{}, err
	}
	found, ok, err := store.Follow(keeper{w}, v)
	if err == nil && !ok {
		err = store.Missed("visitor", string(v))
	}
	return found, err
}

// FindVisitors implements store.Store.
func (s *Store) FindVisitors(ctx context.Context, id store.WorkspaceID, q store.Select) ([]visitor.Visitor, error) {
	w, err := s.workspace(ctx, id)
	if err != nil {
		return nil, err
	}
	_, descending, _ := q.Order.Key()
	ordered := func(a, b store.Position) int {
		if descending {
			a, b = b, a
		}
		return a.Compare(b)
	}
	type found struct {
		at store.Position
		v  visitor.Visitor
	}
	var matches []found
	for _, v := range w.visitors {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		at := store.PositionOf(q.Order, v)
		if (q.After == nil || ordered(at, *q.After) > 0) && filter.Match(q.Where, v) {
			matches = append(matches, found{at, v})
		}
	}
	slices.SortFunc(matches, func(a, b found) int { return ordered(a.at, b.at) })
	var page []visitor.Visitor
	for _, f := range matches[:min(q.Limit, len(matches))] {
		page = append(page, w.read(f.v))
	}
	return page, nil
}

// CountVisitors implements store.Store.
func (s *Store) CountVisitors(ctx context.Context, id store.WorkspaceID, where filter.Bound, limit int64) (int64, error) {
	w, err := s.workspace(ctx, id)
	if err != nil {
		return 0, err
	}
	var n int64
	for _, v := range w.visitors {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		if filter.Match(where, v) {
			n++
		}
		if n == limit && limit > 0 {
			break
		}
	}
	return n, nil
}

// ListTags implements store.Store.
func (s *Store) ListTags(ctx context.Context, id store.WorkspaceID, l store.List) ([]tag.Tag, error) {
	w, err := s.workspace(ctx, id)
	if err != nil {
		return nil, err
	}
	return list(w.tags, l, func(t tag.Tag) (string, string) { return tag.Key(t.Name), string(t.ID) }), nil
}

// ListGroups implements store.Store.
func (s *Store) ListGroups(ctx context.Context, id store.WorkspaceID, l store.List) ([]group.Group, error) {
	w, err := s.workspace(ctx, id)
	if err != nil {
		return nil, err
	}
	return list(w.groups, l, func(g group.Group) (string, string) { return group.Key(g.Name), string(g.ID) }), nil
}

// list returns what l asks for, in the order of keys.
func list[ID comparable, T any](all map[ID]T, l store.List, names func(T) (key, id string)) []T {
	named := len(l.Keys)+len(l.IDs) > 0
	var items []T
	for _, item := range all {
		key, id := names(item)
		if named && (slices.Contains(l.Keys, key) || slices.Contains(l.IDs, id)) || !named && key > l.After {
			items = append(items, item)
		}
	}
	slices.SortFunc(items, func(a, b T) int {
		x, _ := names(a)
		y, _ := names(b)
		return cmp.Compare(x, y)
	})
	if !named && len(items) > l.Limit {
		items = items[:l.Limit]
	}
	return items
}

// Events implements store.Store.
func (s *Store) Events(ctx context.Context, id store.WorkspaceID, after store.Seq, limit int) ([]store.Event, error) {
	w, err := s.workspace(ctx, id)
	if err != nil {
		return nil, err
	}
	start := min(int(after), len(w.events)) // event n stands at n-1
	var events []store.Event
	for _, e := range w.events[start:min(start+limit, len(w.events))] {
		e.Tags, e.Groups, e.Fields = slices.Clone(e.Tags), slices.Clone(e.Groups), slices.Clone(e.Fields)
		events = append(events, e)
	}
	return events, nil
}

// Close implements store.Store.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed, s.workspaces = true, nil
	return nil
}

// read returns a copy of v with its tags as they are called now. What is empty is nil.
func (w *workspace) read(v visitor.Visitor) visitor.Visitor {
	v = v.Clone()
	for i, a := range v.Tags {
		v.Tags[i].Name, v.Tags[i].Color = w.tags[a.Tag].Name, w.tags[a.Tag].Color
	}
	slices.SortFunc(v.Tags, tag.Assignment.Compare)
	v.Tags, v.Identities = orNil(v.Tags), orNil(v.Identities)
	v.Groups, v.Excluded = orNil(v.Groups), orNil(v.Excluded)
	return v
}

func orNil[T any](list []T) []T {
	if len(list) == 0 {
		return nil
	}
	return list
}
