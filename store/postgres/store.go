package postgres

import (
	"context"
	"database/sql"
	"math/rand/v2"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/internal/sqlstore"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

var (
	_ driver.Store      = (*Store)(nil)
	_ driver.Faceter    = (*Store)(nil)
	_ driver.Transactor = (*Store)(nil)
)

// GetVisitor returns a visitor. See driver.Store.
func (s *Store) GetVisitor(ctx context.Context, ws driver.WorkspaceID, id visitor.ID) (visitor.Visitor, error) {
	return s.engine.GetVisitor(ctx, ws, id)
}

// FindVisitors returns one page of matching visitors. See driver.Store.
func (s *Store) FindVisitors(ctx context.Context, ws driver.WorkspaceID, page driver.Select) ([]visitor.Visitor, error) {
	return s.engine.FindVisitors(ctx, ws, page)
}

// CountVisitors counts matching visitors. See driver.Store.
func (s *Store) CountVisitors(ctx context.Context, ws driver.WorkspaceID, where filter.Bound, limit int64) (int64, error) {
	return s.engine.CountVisitors(ctx, ws, where, limit)
}

// Facets counts matching visitors by source, tag and group. See driver.Faceter.
func (s *Store) Facets(ctx context.Context, ws driver.WorkspaceID, where filter.Bound) (driver.Facets, error) {
	return s.engine.Facets(ctx, ws, where)
}

// ListTags returns tags ordered by key. See driver.Store.
func (s *Store) ListTags(ctx context.Context, ws driver.WorkspaceID, l driver.List) ([]tag.Tag, error) {
	return s.engine.ListTags(ctx, ws, l)
}

// ListGroups returns groups ordered by key. See driver.Store.
func (s *Store) ListGroups(ctx context.Context, ws driver.WorkspaceID, l driver.List) ([]group.Group, error) {
	return s.engine.ListGroups(ctx, ws, l)
}

// Apply makes all of the changes or none, and returns when they are on disk. Concurrent
// calls for one workspace share transactions. It retries up to four times after a deadlock or
// a serialization failure. See driver.Store.
func (s *Store) Apply(ctx context.Context, ws driver.WorkspaceID, changes []driver.Change) (outcomes []driver.Outcome, err error) {
	err = retry(ctx, func() error {
		outcomes, err = s.engine.Apply(ctx, ws, changes)
		return err
	})
	return outcomes, err
}

// Transact makes changes and statements of the application in one transaction. Once it has
// changed a workspace, other writers to that workspace wait. After a deadlock or a serialization
// failure, also of the application's statements, it calls f again, up to four times. See
// driver.Transactor.
func (s *Store) Transact(ctx context.Context, f func(tx *sql.Tx, inside driver.Store) error) error {
	return retry(ctx, func() error { return sqlstore.Transact(ctx, s.engine, f) })
}

// retry calls f, and again after a deadlock or a serialization failure.
func retry(ctx context.Context, f func() error) error {
	const tries = 5
	for try := 1; ; try++ {
		err := f()
		if try == tries || !retryable(err) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(rand.N(time.Duration(try) * 10 * time.Millisecond)):
		}
	}
}

// Events returns events in the order of their numbers. See driver.Store.
func (s *Store) Events(ctx context.Context, ws driver.WorkspaceID, q driver.EventQuery) ([]driver.Event, error) {
	return s.engine.Events(ctx, ws, q)
}

// Appended returns a channel that is closed when events were appended through this store. See
// driver.Notifier.
func (s *Store) Appended(ws driver.WorkspaceID) <-chan struct{} { return s.engine.Appended(ws) }

// Records returns records of a kind. See driver.Store.
func (s *Store) Records(ctx context.Context, ws driver.WorkspaceID, q driver.RecordQuery) ([]driver.Record, error) {
	return s.engine.Records(ctx, ws, q)
}

// Keys returns the suppression keys of a workspace. See driver.Store.
func (s *Store) Keys(ctx context.Context, ws driver.WorkspaceID) (consent.Keys, error) {
	return s.engine.Keys(ctx, ws)
}

// Close waits for running calls. It closes the connections that Open opened, and leaves a
// database that was passed to New open.
func (s *Store) Close() error { return s.engine.Close() }
