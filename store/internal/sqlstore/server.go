package sqlstore

import (
	"context"
	"sync"

	sq "github.com/Masterminds/squirrel"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store/driver"
)

// Server is the Dialect of a database server, where many write at once. Its driver
// prepares statements by itself, and plans by what the server knows of the values.
type Server interface {
	Dialect
	// Planned goes to the driver before the values of a statement that finds visitors: the
	// server is to plan it for these values and no others.
	Planned() any
	// Term tests the searchable text of a visitor for a term.
	Term(searchColumn string, t filter.Term) sq.Sqlizer
	// Narrow returns a test of a text that means the same as the one it is given, but that
	// an index serves, where one does.
	Narrow(test sq.Sqlizer, column, searchColumn string, t *filter.Test) sq.Sqlizer
}

const (
	lockWorkspace = "SELECT seq FROM " + workspaceTable + " WHERE ws = ? FOR UPDATE"
	makeWorkspace = "INSERT INTO " + workspaceTable + " (ws, seq) VALUES (?, 0) ON CONFLICT (ws) DO NOTHING"
)

// lock holds back the workspace's other writers until the end of the transaction, so
// that what a change has read stays true, and events are numbered in the order of commits.
// It is the first that a transaction locks, so that two never wait for each other.
func (s scope) lock(ctx context.Context) error {
	if s.d.server == nil {
		return nil
	}
	for {
		locked := false
		err := s.find(ctx, lockWorkspace, func(row) error {
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

// readOnce is read for a single statement, which sees one state by itself. f is called
// anew if the connection is lost, and then begins from nothing.
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
	held map[driver.WorkspaceID]int // callers at each
}

// queueOf returns the commit queue of a workspace, and how to leave it. Where many write
// at once each workspace has its own, so that nobody waits for another workspace's calls.
func (e *Engine) queueOf(ws driver.WorkspaceID) (d *commitQueue, leave func()) {
	if e.d.server == nil {
		return e.queue, func() {}
	}
	all := &e.queues
	all.mu.Lock()
	defer all.mu.Unlock()
	if all.open == nil {
		all.open, all.held = map[driver.WorkspaceID]*commitQueue{}, map[driver.WorkspaceID]int{}
	}
	if all.open[ws] == nil {
		all.open[ws] = newCommitQueue()
	}
	all.held[ws]++
	return all.open[ws], func() {
		all.mu.Lock()
		defer all.mu.Unlock()
		if all.held[ws]--; all.held[ws] == 0 {
			delete(all.open, ws)
			delete(all.held, ws)
		}
	}
}
