package sqlstore

import (
	"context"
	"sync"

	sq "github.com/Masterminds/squirrel"

	"github.com/contactpipeline/visitors/filter/bound"
	"github.com/contactpipeline/visitors/store/driver"
)

// Server is the Dialect of a database server, to which several processes write at once. Its
// driver prepares statements itself, and the server has statistics of the values.
type Server interface {
	Dialect
	// Planned is passed to the driver before the values of a statement that finds visitors, so
	// that the server plans it for these values.
	Planned() any
	// Term tests the searchable text of a visitor for a term.
	Term(searchColumn string, t bound.Term) sq.Sqlizer
	// Narrow returns a test of a text that means the same as the one it is given, but that
	// an index serves, where one does.
	Indexed(test sq.Sqlizer, column, searchColumn string, t *bound.Test) sq.Sqlizer
}

const (
	lockWorkspace = "SELECT seq FROM " + workspaceTable + " WHERE ws = ? FOR UPDATE"
	makeWorkspace = "INSERT INTO " + workspaceTable + " (ws, seq) VALUES (?, 0) ON CONFLICT (ws) DO NOTHING"
)

// lock blocks the workspace's other writers until the end of the transaction, so that what a
// change has read stays true, and events are numbered in the order of commits. Transactions
// lock this first, so that no two wait for each other.
func (s scope) lock(ctx context.Context) error {
	if s.d.server == nil {
		return nil
	}
	for {
		locked := false
		err := s.queryText(ctx, lockWorkspace, func(row) error {
			locked = true
			return nil
		})
		if err != nil || locked {
			return err
		}
		if _, err := s.exec(ctx, makeWorkspace); err != nil {
			return err
		}
	}
}

// readOnce is read for a single statement, which sees one state without a transaction. f is
// called again if the connection is lost, so it must not keep results of an earlier call.
func (e *Engine) readOnce(ctx context.Context, ws driver.WorkspaceID, f func(scope) error) error {
	if e.d.server == nil {
		return e.read(ctx, ws, f)
	}
	return e.call(ctx, e.readers, func(s *session) error {
		err := f(scope{s, e.d, string(ws)})
		if err != nil && !s.nested {
			s.reset(ctx, e.d)
			s.stale = s.broken
		}
		return err
	})
}

// commitQueues are the queues in use, by workspace.
type commitQueues struct {
	mu   sync.Mutex
	open map[driver.WorkspaceID]*commitQueue
}

// queueOf returns the commit queue of a workspace, and a function that the caller calls when
// it is done. On a server each workspace has its own queue, so that no call waits for those of
// another workspace.
func (e *Engine) queueOf(ws driver.WorkspaceID) (q *commitQueue, leave func()) {
	if e.d.server == nil {
		return e.queue, func() {}
	}
	all := &e.queues
	all.mu.Lock()
	defer all.mu.Unlock()
	if q = all.open[ws]; q == nil {
		q = newCommitQueue()
		all.open[ws] = q
	}
	q.callers++
	return q, func() {
		all.mu.Lock()
		defer all.mu.Unlock()
		if q.callers--; q.callers == 0 {
			delete(all.open, ws)
		}
	}
}
