package sqlstore

import (
	"context"
	"sync"

	sq "github.com/Masterminds/squirrel"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
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
	if _, ok := s.d.(Server); !ok {
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
func (e *Engine) readOnce(ctx context.Context, ws store.WorkspaceID, f func(scope) error) error {
	if _, ok := e.d.(Server); !ok {
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

// desks are the desks in use, by workspace.
type desks struct {
	mu   sync.Mutex
	open map[store.WorkspaceID]*desk
	held map[store.WorkspaceID]int // callers at each
}

// deskOf returns the desk for calls on a workspace, and how to leave it. Where many write
// at once each workspace has its own, so that nobody waits for another workspace's calls.
func (e *Engine) deskOf(ws store.WorkspaceID) (d *desk, leave func()) {
	if _, ok := e.d.(Server); !ok {
		return e.desk, func() {}
	}
	all := &e.desks
	all.mu.Lock()
	defer all.mu.Unlock()
	if all.open == nil {
		all.open, all.held = map[store.WorkspaceID]*desk{}, map[store.WorkspaceID]int{}
	}
	if all.open[ws] == nil {
		all.open[ws] = newDesk()
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
