package memory

import (
	"context"
	"slices"

	"github.com/contactpipeline/visitors/store"
)

// Apply makes the changes in turn, all or none. Without changes it does nothing.
func (s *Store) Apply(ctx context.Context, ws store.WorkspaceID, changes []store.Change) ([]store.Outcome, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return nil, store.ErrClosed
	}
	if err := ctx.Err(); err != nil || len(changes) == 0 {
		return nil, err
	}
	found, ok := s.workspaces.Load(ws)
	if !ok {
		found, _ = s.workspaces.LoadOrStore(ws, newWorkspace())
	}
	w := found.(*workspace)
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.apply(ctx, changes)
}

func (w *workspace) apply(ctx context.Context, changes []store.Change) (outcomes []store.Outcome, err error) {
	b := &batch{workspace: w, positions: len(w.records), seq: w.events.last()}
	done := false
	defer func() {
		if !done {
			b.rollBack()
		}
	}()
	outcomes = make([]store.Outcome, len(changes))
	for i, c := range changes {
		if i%1024 == 1023 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if outcomes[i], err = b.carry(c); err != nil {
			return nil, &store.ChangeError{Index: i, Err: err}
		}
	}
	done = true
	w.settle()
	w.taken.prune()
	return outcomes, nil
}

// batch is an Apply under way: a workspace, and how to make it again what it was.
type batch struct {
	*workspace
	undo      []func()
	positions int       // that there were
	seq       store.Seq // of the last event that there was
}

func (b *batch) rollBack() {
	for _, undo := range slices.Backward(b.undo) {
		undo()
	}
	b.truncate(b.positions)
	b.events.truncate(b.seq)
}

// put is workspace.put that can be undone.
func (b *batch) put(p uint32, next *record) {
	old := b.records[p]
	b.workspace.put(p, next)
	b.undo = append(b.undo, func() { b.workspace.put(p, old) })
}

// carry makes a change; an id that was merged stands for the survivor.
func (b *batch) carry(c store.Change) (store.Outcome, error) {
	out, err := b.change(c)
	next, ok, failed := store.Rerouted(b, c, out, err)
	switch {
	case failed != nil:
		return out, failed
	case ok:
		return b.change(next)
	}
	return out, err
}

func (b *batch) change(c store.Change) (store.Outcome, error) {
	switch c := c.(type) {
	case store.CreateVisitor:
		return b.createVisitor(c)
	case store.UpdateVisitor:
		return b.updateVisitor(c)
	case store.DeleteVisitor:
		return b.deleteVisitor(c)
	case store.AddTags:
		return b.addTags(c)
	case store.RemoveTags:
		return b.removeTags(c)
	case store.JoinGroup:
		return b.joinGroup(c)
	case store.LeaveGroup:
		return b.leaveGroup(c)
	case store.EnsureTag:
		return b.ensureTag(c)
	case store.CreateTag:
		return b.createTag(c.Tag)
	case store.UpdateTag:
		return b.updateTag(c)
	case store.DeleteTag:
		return b.deleteTag(c)
	case store.CreateGroup:
		return b.createGroup(c)
	case store.UpdateGroup:
		return b.updateGroup(c)
	case store.DeleteGroup:
		return b.deleteGroup(c)
	}
	return store.Keep(b, c)
}
