package memory

import (
	"context"
	"sync"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

var (
	_ store.Store   = (*Store)(nil)
	_ store.Faceter = (*Store)(nil)
)

// Store keeps visitors in memory, up to 2^32 in a workspace. It is safe for concurrent
// use; make one with New.
type Store struct {
	mu         sync.RWMutex // held for reading by every call, for writing by Close
	closed     bool
	workspaces sync.Map // store.WorkspaceID → *workspace
}

// New returns a store with nothing in it.
func New() *Store { return &Store{} }

// read calls do with the workspace, which nobody changes meanwhile.
func read[T any](ctx context.Context, s *Store, ws store.WorkspaceID, do func(*workspace) (T, error)) (result T, err error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return result, store.ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return result, err
	}
	found, ok := s.workspaces.Load(ws)
	if !ok {
		return do(newWorkspace())
	}
	w := found.(*workspace)
	w.mu.RLock()
	defer w.mu.RUnlock()
	return do(w)
}

// GetVisitor returns a visitor, or an error that matches store.ErrNotFound.
func (s *Store) GetVisitor(ctx context.Context, ws store.WorkspaceID, id visitor.ID) (visitor.Visitor, error) {
	return read(ctx, s, ws, func(w *workspace) (visitor.Visitor, error) {
		v, found, err := store.Follow(&batch{workspace: w}, id)
		if err == nil && !found {
			err = store.Missed("visitor", string(id))
		}
		return v, err
	})
}

// FindVisitors returns a page of the visitors that match. The error matches
// store.ErrInvalid for an order that does not exist and a limit below 1.
func (s *Store) FindVisitors(ctx context.Context, ws store.WorkspaceID, q store.Select) ([]visitor.Visitor, error) {
	return read(ctx, s, ws, func(w *workspace) ([]visitor.Visitor, error) { return w.find(ctx, q) })
}

// CountVisitors counts the visitors that match, up to limit if that is above 0.
func (s *Store) CountVisitors(ctx context.Context, ws store.WorkspaceID, where filter.Bound, limit int64) (int64, error) {
	return read(ctx, s, ws, func(w *workspace) (int64, error) { return w.count(ctx, where, limit) })
}

// Facets counts the visitors that match, by source, tag and group.
func (s *Store) Facets(ctx context.Context, ws store.WorkspaceID, where filter.Bound) (store.Facets, error) {
	return read(ctx, s, ws, func(w *workspace) (store.Facets, error) { return w.facets(ctx, where) })
}

// ListTags returns tags in the order of their keys.
func (s *Store) ListTags(ctx context.Context, ws store.WorkspaceID, l store.List) ([]tag.Tag, error) {
	return read(ctx, s, ws, func(w *workspace) ([]tag.Tag, error) { return w.tags.list(l), nil })
}

// ListGroups returns groups in the order of their keys.
func (s *Store) ListGroups(ctx context.Context, ws store.WorkspaceID, l store.List) ([]group.Group, error) {
	return read(ctx, s, ws, func(w *workspace) ([]group.Group, error) {
		groups := w.groups.list(l)
		for i := range groups {
			groups[i] = cloneGroup(groups[i])
		}
		return groups, nil
	})
}

// Events returns the first limit events after the one with that number; all of them for
// a limit of 0.
func (s *Store) Events(ctx context.Context, ws store.WorkspaceID, after store.Seq, limit int) ([]store.Event, error) {
	return read(ctx, s, ws, func(w *workspace) ([]store.Event, error) { return w.events.after(after, limit), nil })
}

// Close waits for calls under way and drops all that the store holds. Every later call
// returns store.ErrClosed, but Close itself.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.workspaces.Clear()
	return nil
}
