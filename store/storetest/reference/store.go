package reference

import (
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// Store keeps every workspace in maps.
type Store struct {
	mu         sync.RWMutex
	closed     bool
	workspaces map[driver.WorkspaceID]*workspace
}

var _ driver.Store = (*Store)(nil)

// New returns an empty store.
func New() *Store { return &Store{workspaces: map[driver.WorkspaceID]*workspace{}} }

// Clone returns an independent store that holds the same.
func (s *Store) Clone() *Store {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return &Store{workspaces: maps.Clone(s.workspaces), closed: s.closed}
}

// workspace returns a workspace as it is now, an empty one if nothing was written to it.
func (s *Store) workspace(ctx context.Context, id driver.WorkspaceID) (*workspace, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.current(ctx, id)
}

// current is workspace for a caller that holds the lock.
func (s *Store) current(ctx context.Context, id driver.WorkspaceID) (*workspace, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if s.closed {
		return nil, driver.ErrClosed
	}
	if w := s.workspaces[id]; w != nil {
		return w, nil
	}
	return newWorkspace(), nil
}

// Apply implements driver.Store.
func (s *Store) Apply(ctx context.Context, id driver.WorkspaceID, changes []driver.Change) ([]driver.Outcome, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w, err := s.current(ctx, id)
	if err != nil {
		return nil, err
	}
	w = w.clone()
	outcomes, err := driver.Apply(ctx, tx{w, id}, changes)
	if err != nil {
		return nil, err
	}
	s.workspaces[id] = w
	return outcomes, nil
}

// GetVisitor implements driver.Store.
func (s *Store) GetVisitor(ctx context.Context, id driver.WorkspaceID, v visitor.ID) (visitor.Visitor, error) {
	w, err := s.workspace(ctx, id)
	if err != nil {
		return visitor.Visitor{}, err
	}
	found, ok := w.visitor(v)
	if !ok {
		return visitor.Visitor{}, driver.NotFound("visitor", string(v))
	}
	return found.Clone(), nil
}

// FindVisitors implements driver.Store.
func (s *Store) FindVisitors(ctx context.Context, id driver.WorkspaceID, q driver.Select) ([]visitor.Visitor, error) {
	w, err := s.workspace(ctx, id)
	if err != nil {
		return nil, err
	}
	_, descending, _ := driver.Sorting(q.Order)
	compare := func(a, b driver.Position) int {
		if descending {
			a, b = b, a
		}
		return a.Compare(b)
	}
	var found []driver.Position
	for _, v := range w.visitors {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		at := driver.PositionOf(q.Order, v)
		if (q.After == nil || compare(at, *q.After) > 0) && filter.Match(q.Where, v) {
			found = append(found, at)
		}
	}
	slices.SortFunc(found, compare)
	var page []visitor.Visitor
	for _, at := range found[:min(q.Limit, len(found))] {
		page = append(page, w.visitors[at.ID].Clone())
	}
	return page, nil
}

// CountVisitors implements driver.Store.
func (s *Store) CountVisitors(ctx context.Context, id driver.WorkspaceID, where filter.Bound, _ int64) (int64, error) {
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
	}
	return n, nil
}

// ListTags implements driver.Store.
func (s *Store) ListTags(ctx context.Context, id driver.WorkspaceID, l driver.List) ([]tag.Tag, error) {
	w, err := s.workspace(ctx, id)
	if err != nil {
		return nil, err
	}
	return w.listTags(l), nil
}

// ListGroups implements driver.Store.
func (s *Store) ListGroups(ctx context.Context, id driver.WorkspaceID, l driver.List) ([]group.Group, error) {
	w, err := s.workspace(ctx, id)
	if err != nil {
		return nil, err
	}
	return w.listGroups(l), nil
}

// Events implements driver.Store.
func (s *Store) Events(ctx context.Context, id driver.WorkspaceID, q driver.EventQuery) ([]driver.Event, error) {
	w, err := s.workspace(ctx, id)
	if err != nil {
		return nil, err
	}
	var events []driver.Event
	for _, e := range w.events[min(int(q.After), len(w.events)):] {
		if q.Visitor != "" && q.Visitor != e.Visitor && q.Visitor != e.Other {
			continue
		}
		e.Tags, e.Groups, e.Fields = slices.Clone(e.Tags), slices.Clone(e.Groups), slices.Clone(e.Fields)
		if events = append(events, e); len(events) == q.Limit {
			break
		}
	}
	return events, nil
}

// Close implements driver.Store.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed, s.workspaces = true, nil
	return nil
}
