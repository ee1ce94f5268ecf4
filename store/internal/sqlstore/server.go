package sqlstore

import (
	"context"
	"errors"
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
	// Cluster reports whether the server distributes rows over others.
	Cluster() bool
	// Unprepared is passed to the driver before the values of a statement that is unlikely to be
	// repeated, so that it is sent in one round trip and not kept.
	Unprepared() any
	// Term tests the searchable text of a visitor for a term.
	Term(searchColumn string, t bound.Term) sq.Sqlizer
	// Indexed returns a test of a text that means the same as the one it is given, but that
	// an index serves, where one does.
	Indexed(test sq.Sqlizer, column, searchColumn string, t *bound.Test) sq.Sqlizer
	// LockSchema is a statement that blocks other transactions with this statement until the end
	// of its own. Some databases accept it without effect: see LockVersions.
	LockSchema() string
}

const (
	// lockWorkspace also reads whether a commit waits for the disk of the server that has the row,
	// which in a cluster is not the one that is asked.
	lockWorkspace = "SELECT current_setting('synchronous_commit'), has_records FROM " + workspaceTable + " WHERE ws = ? FOR UPDATE"
	makeWorkspace = "INSERT INTO " + workspaceTable + " (ws, seq) VALUES (?, 0) ON CONFLICT (ws) DO NOTHING"
	nameWorkspace = "INSERT INTO " + workspaceTable + " (name, seq) VALUES (?, 0)"
)

// lock creates the workspace unless it exists. It blocks the workspace's other writers until the
// end of the transaction, so that what a change has read stays true, and events are numbered in
// the order of commits. Transactions lock this first, so that no two wait for each other.
func (s scope) lock(ctx context.Context) (scope, error) {
	if s.d.server == nil {
		return s.create(ctx)
	}
	for {
		setting := ""
		err := s.queryText(ctx, lockWorkspace, func(r row) error { return r.Scan(&setting, &s.recorded) })
		if err == nil && setting != "" {
			return s, s.setDurable(ctx, setting)
		}
		if err == nil {
			_, err = s.exec(ctx, makeWorkspace)
		}
		if err != nil {
			return s, err
		}
	}
}

// create finds the workspace in a database that runs in this process, and creates it unless it
// exists.
func (s scope) create(ctx context.Context) (scope, error) {
	in, err := s.find(ctx)
	if err != nil || in.ws != int64(0) {
		return in, err
	}
	if _, err := s.run(ctx, nameWorkspace, []any{s.name}); err != nil {
		return in, err
	}
	return s.find(ctx)
}

// readOnce is read for what is often a single statement, which sees one state without a
// transaction: one round trip to a server. If f needs more statements, it is called again in a
// transaction. It is also called again if the connection is lost, so it must not keep results of
// an earlier call.
func (e *Engine) readOnce(ctx context.Context, ws driver.WorkspaceID, f func(scope) error) error {
	if e.d.server == nil {
		return e.read(ctx, ws, f)
	}
	err := e.call(ctx, e.readers, func(s *session) error {
		in := e.scope(s, ws)
		in.single = !s.nested
		err := f(in)
		if err != nil && err != errSeveral && !s.nested {
			s.reset(ctx, e.d)
			s.stale = s.broken
		}
		return err
	})
	if errors.Is(err, errSeveral) {
		return e.read(ctx, ws, f)
	}
	return err
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
