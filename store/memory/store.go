package memory

import (
	"context"
	"sync"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

var (
	_ driver.Store    = (*Store)(nil)
	_ driver.Faceter  = (*Store)(nil)
	_ driver.Notifier = (*Store)(nil)
)

// Store stores visitors in memory, up to 2^32 in a workspace. It is safe for concurrent
// use. New returns one.
type Store struct {
	mu         sync.RWMutex // held for reading by every call, for writing by Close
	closed     bool
	workspaces sync.Map // driver.WorkspaceID → *workspace
	key        []byte   // the suppression key
	signals    driver.Signals
}

// New returns an empty store.
func New() *Store { return &Store{key: newKey()} }

// read calls do with a workspace, which is not changed until do returns.
func read[T any](ctx context.Context, s *Store, ws driver.WorkspaceID, do func(*workspace) (T, error)) (result T, err error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return result, driver.ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return result, err
	}
	found, ok := s.workspaces.Load(ws)
	if !ok {
		return do(newWorkspace(s.keys(ws)))
	}
	w := found.(*workspace)
	w.mu.RLock()
	defer w.mu.RUnlock()
	return do(w)
}

// GetVisitor returns a visitor by its id or by the id of one that was merged into it.
// The error matches store.ErrNotFound.
func (s *Store) GetVisitor(ctx context.Context, ws driver.WorkspaceID, id visitor.ID) (visitor.Visitor, error) {
	return read(ctx, s, ws, func(w *workspace) (visitor.Visitor, error) { return w.get(id) })
}

// FindVisitors returns a page of the matching visitors. The error matches store.ErrInvalid
// for an unknown order and for a limit below 1.
func (s *Store) FindVisitors(ctx context.Context, ws driver.WorkspaceID, q driver.Select) ([]visitor.Visitor, error) {
	return read(ctx, s, ws, func(w *workspace) ([]visitor.Visitor, error) { return w.find(ctx, q) })
}

// CountVisitors counts the matching visitors, up to limit if that is above 0.
func (s *Store) CountVisitors(ctx context.Context, ws driver.WorkspaceID, where filter.Bound, limit int64) (int64, error) {
	return read(ctx, s, ws, func(w *workspace) (int64, error) { return w.index.Count(ctx, where.Node(), limit) })
}

// Facets counts the matching visitors by source, tag and group, without zeros.
func (s *Store) Facets(ctx context.Context, ws driver.WorkspaceID, where filter.Bound) (driver.Facets, error) {
	return read(ctx, s, ws, func(w *workspace) (driver.Facets, error) { return w.index.Facets(ctx, where.Node()) })
}

// ListTags returns tags ordered by key.
func (s *Store) ListTags(ctx context.Context, ws driver.WorkspaceID, l driver.List) ([]tag.Tag, error) {
	return read(ctx, s, ws, func(w *workspace) ([]tag.Tag, error) { return w.tags.list(l), nil })
}

// ListGroups returns groups ordered by key.
func (s *Store) ListGroups(ctx context.Context, ws driver.WorkspaceID, l driver.List) ([]group.Group, error) {
	return read(ctx, s, ws, func(w *workspace) ([]group.Group, error) { return w.listGroups(l), nil })
}

// Events returns events in the order of their numbers.
func (s *Store) Events(ctx context.Context, ws driver.WorkspaceID, q driver.EventQuery) ([]driver.Event, error) {
	return read(ctx, s, ws, func(w *workspace) ([]driver.Event, error) { return w.events.read(ctx, q) })
}

// Appended returns a channel that is closed after the next events of a workspace were appended.
func (s *Store) Appended(ws driver.WorkspaceID) <-chan struct{} { return s.signals.Appended(ws) }

// Close waits for running calls and drops all data. Every later call returns
// store.ErrClosed, except Close.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.workspaces.Clear()
	return nil
}
