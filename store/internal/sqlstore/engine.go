package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"sync"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/internal/index"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

var (
	_ driver.Store    = (*Engine)(nil)
	_ driver.Faceter  = (*Engine)(nil)
	_ driver.Notifier = (*Engine)(nil)
)

// Engine is a driver.Store on a SQL database.
type Engine struct {
	d       database
	readers *Pool
	writers *Pool
	onClose func() error
	indexes *indexes
	queue   *commitQueue
	queues  commitQueues // of a Server, by workspace
	names   namesCache
	keys    keys // of suppression
	rules   *ruleCaches
	signals driver.Signals

	gate   sync.RWMutex // held for reading by calls under way
	closed bool
}

// New returns an engine that reads and writes through the pools, which can be the same one,
// and calls onClose when it is closed.
func New(d Dialect, readers, writers *Pool, o driver.IndexOptions, onClose func() error) *Engine {
	e := &Engine{
		d: newDatabase(d), readers: readers, writers: writers, onClose: onClose,
		queue: newCommitQueue(), queues: commitQueues{open: map[driver.WorkspaceID]*commitQueue{}},
		rules: &ruleCaches{of: map[string]*driver.RuleCache{}},
	}
	e.indexes = newIndexes(e, o)
	return e
}

// InTx returns an engine that works inside a host's transaction, which the host commits
// or rolls back. The guard is run around each Apply.
func InTx(e *Engine, tx *sql.Tx, guard Guard) *Engine {
	return e.inside(&session{conn: tx, guard: guard})
}

// inside returns an engine that works in the transaction of a session. It has no indexes, which
// do not contain what is not committed.
func (e *Engine) inside(s *session) *Engine {
	p := within(s)
	in := New(e.d.Dialect, p, p, driver.IndexOptions{Off: true}, func() error { return nil })
	in.keys, in.rules = e.keys, e.rules
	return in
}

// Appended returns a channel that is closed after the next events of a workspace were committed. See
// driver.Notifier.
func (e *Engine) Appended(ws driver.WorkspaceID) <-chan struct{} { return e.signals.Appended(ws) }

// Close closes the pools and calls onClose. See driver.Store.
func (e *Engine) Close() error {
	e.indexes.close()
	e.gate.Lock()
	defer e.gate.Unlock()
	if e.closed {
		return nil
	}
	e.closed = true
	err := e.readers.close()
	if e.writers != e.readers {
		err = errors.Join(err, e.writers.close())
	}
	return errors.Join(err, e.onClose())
}

// read calls f with the workspace in a read transaction.
func (e *Engine) read(ctx context.Context, ws driver.WorkspaceID, f func(scope) error) error {
	return e.call(ctx, e.readers, func(s *session) error {
		return s.read(ctx, e.d, func() error {
			in, err := e.scope(s, ws).find(ctx)
			if err != nil {
				return err
			}
			return f(in)
		})
	})
}

// Maintain calls f with a connection outside of any transaction, while nothing else is
// written through e.
func Maintain(ctx context.Context, e *Engine, f func(Conn) error) error {
	return e.call(ctx, e.writers, func(s *session) error { return s.failed(f(s.conn)) })
}

// Inspect calls f with a connection of the readers, outside of any transaction.
func Inspect(ctx context.Context, e *Engine, f func(Conn) error) error {
	return e.call(ctx, e.readers, func(s *session) error { return s.failed(f(s.conn)) })
}

// maxStale is the maximum of stale sessions that a call replaces: after a restart of the
// server, all connections are.
const maxStale = 64

func (e *Engine) call(ctx context.Context, p *Pool, f func(*session) error) error {
	e.gate.RLock()
	defer e.gate.RUnlock()
	if e.closed {
		return driver.ErrClosed
	}
	s, err := p.take(ctx)
	if err != nil {
		return e.fail(ctx, err)
	}
	defer func() {
		if s != nil {
			p.give(s)
		}
	}()
	err = f(s)
	for tries := 0; s.stale && tries < maxStale && ctx.Err() == nil; tries++ {
		if s, err = p.renew(ctx, s); err != nil {
			break
		}
		err = f(s)
	}
	return e.fail(ctx, err)
}

// fail returns the error of a call: the context's if it has ended, else one that the dialect
// has made clear.
func (e *Engine) fail(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, sql.ErrTxDone):
		return driver.ErrClosed
	}
	var failed *driver.ChangeError
	if errors.As(err, &failed) {
		failed.Err = e.d.Error(failed.Err)
		return failed
	}
	return e.d.Error(err)
}

// reading is Engine.read or Engine.readOnce.
type reading func(ctx context.Context, ws driver.WorkspaceID, f func(scope) error) error

// result returns what f reads.
func result[T any](ctx context.Context, read reading, ws driver.WorkspaceID, f func(scope) (T, error)) (found T, err error) {
	err = read(ctx, ws, func(s scope) error {
		found, err = f(s)
		return err
	})
	return found, err
}

// GetVisitor reads a visitor. See driver.Store.
func (e *Engine) GetVisitor(ctx context.Context, ws driver.WorkspaceID, id visitor.ID) (visitor.Visitor, error) {
	return result(ctx, e.readOnce, ws, func(s scope) (visitor.Visitor, error) { return s.getVisitor(ctx, id) })
}

// FindVisitors reads a page of visitors. See driver.Store.
func (e *Engine) FindVisitors(ctx context.Context, ws driver.WorkspaceID, sel driver.Select) ([]visitor.Visitor, error) {
	found, err := e.pageByIndex(ctx, ws, sel)
	if errors.Is(err, errBySQL) {
		return result(ctx, e.readOnce, ws, func(s scope) ([]visitor.Visitor, error) { return s.page(ctx, sel) })
	}
	return found, err
}

// CountVisitors counts visitors. See driver.Store.
func (e *Engine) CountVisitors(ctx context.Context, ws driver.WorkspaceID, where filter.Bound, limit int64) (int64, error) {
	n, err := byIndex(ctx, e, ws, func(x *index.Index) (int64, error) { return x.Count(ctx, where.Node(), limit) })
	if !errors.Is(err, errBySQL) {
		return n, err
	}
	return result(ctx, e.readOnce, ws, func(s scope) (int64, error) { return s.count(ctx, where.Node(), limit) })
}

// Facets counts visitors by source, tag and group. See driver.Faceter.
func (e *Engine) Facets(ctx context.Context, ws driver.WorkspaceID, where filter.Bound) (driver.Facets, error) {
	f, err := byIndex(ctx, e, ws, func(x *index.Index) (driver.Facets, error) { return x.Facets(ctx, where.Node()) })
	if errors.Is(err, errBySQL) {
		return result(ctx, e.readOnce, ws, func(s scope) (driver.Facets, error) { return s.facets(ctx, where.Node()) })
	}
	return f, err
}

// ListTags lists tags. See driver.Store.
func (e *Engine) ListTags(ctx context.Context, ws driver.WorkspaceID, l driver.List) ([]tag.Tag, error) {
	return result(ctx, e.readOnce, ws, func(s scope) ([]tag.Tag, error) { return s.tags(ctx, l) })
}

// ListGroups lists groups. See driver.Store.
func (e *Engine) ListGroups(ctx context.Context, ws driver.WorkspaceID, l driver.List) ([]group.Group, error) {
	return result(ctx, e.readOnce, ws, func(s scope) ([]group.Group, error) { return s.groups(ctx, l) })
}

// Events reads events. See driver.Store.
func (e *Engine) Events(ctx context.Context, ws driver.WorkspaceID, q driver.EventQuery) ([]driver.Event, error) {
	return result(ctx, e.readOnce, ws, func(s scope) ([]driver.Event, error) { return s.readEvents(ctx, q) })
}
