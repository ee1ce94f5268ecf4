package sqlstore

import (
	"context"

	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/tag"
)

// Apply is store.Store's.
func (e *Engine) Apply(ctx context.Context, ws store.WorkspaceID, changes []store.Change) (outcomes []store.Outcome, err error) {
	if len(changes) == 0 {
		return nil, e.call(ctx, e.writers, func(*session) error { return nil })
	}
	j := &job{ctx: ctx, ws: ws, changes: changes, done: make(chan struct{})}
	e.share(j)
	return j.outcomes, j.err
}

// apply makes the changes in the session's transaction, and returns what is still to be
// written in it, as earlier changes have left some already. It looks at the context between changes and statements run to their end,
// since that is cheaper.
func apply(ctx context.Context, s scope, changes []store.Change, earlier textChanges) ([]store.Outcome, *ledger, error) {
	a := applier{scope: s, ledger: newLedger(), earlier: earlier}
	outcomes := make([]store.Outcome, len(changes))
	running := context.WithoutCancel(ctx)
	if err := s.lock(ctx); err != nil {
		return nil, nil, err
	}
	for i := 0; i < len(changes); i++ {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		n, err := a.together(running, changes[i:], outcomes[i:])
		if err != nil {
			return nil, nil, at(i, err)
		}
		if n > 0 {
			i += n - 1
			continue
		}
		if outcomes[i], err = a.carry(running, changes[i]); err != nil {
			return nil, nil, &store.ChangeError{Index: i, Err: err}
		}
	}
	return outcomes, a.ledger, nil
}

// applier makes the changes of one Apply.
type applier struct {
	scope
	*ledger
	earlier textChanges          // of this transaction, still to be written
	tags    map[string]*tag.Tag  // by key, of those looked up
	rules   map[group.ID]hasRule // of the groups looked up
}

// hasRule says whether a group has a rule.
type hasRule bool

// carry makes a change; an id that was merged stands for the survivor.
func (a *applier) carry(ctx context.Context, c store.Change) (store.Outcome, error) {
	out, err := a.change(ctx, c)
	return a.reroute(ctx, c, out, err)
}

func (a *applier) change(ctx context.Context, c store.Change) (store.Outcome, error) {
	switch c := c.(type) {
	case store.CreateVisitor:
		return a.createVisitor(ctx, c)
	case store.UpdateVisitor:
		return a.updateVisitor(ctx, c)
	case store.DeleteVisitor:
		return a.deleteVisitor(ctx, c)
	case store.AddTags:
		return a.addTags(ctx, c)
	case store.RemoveTags:
		return a.removeTags(ctx, c)
	case store.EnsureTag:
		return a.ensureTag(ctx, c)
	case store.CreateTag:
		return a.createTag(ctx, c)
	case store.UpdateTag:
		return a.updateTag(ctx, c)
	case store.DeleteTag:
		return a.deleteTag(ctx, c)
	case store.CreateGroup:
		return a.createGroup(ctx, c)
	case store.UpdateGroup:
		return a.updateGroup(ctx, c)
	case store.DeleteGroup:
		return a.deleteGroup(ctx, c)
	case store.JoinGroup:
		return a.joinGroup(ctx, c)
	case store.LeaveGroup:
		return a.leaveGroup(ctx, c)
	}
	return a.keep(ctx, c)
}

// there reports whether the workspace has a row; text asks for one column of it.
func (a *applier) there(ctx context.Context, text string, args ...any) (bool, error) {
	found := false
	err := a.find(ctx, text, func(row) error {
		found = true
		return nil
	}, args...)
	return found, err
}

func (a *applier) visitorThere(ctx context.Context, id string) (bool, error) {
	return a.there(ctx, "SELECT 1 FROM "+visitorTable+" WHERE ws = ? AND id = ?", a.d.ID(id))
}
