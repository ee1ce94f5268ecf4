package main

import (
	"context"
	"slices"

	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// Apply implements store.Store.
func (s *Store) Apply(ctx context.Context, id store.WorkspaceID, changes []store.Change) ([]store.Outcome, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w, err := s.current(ctx, id)
	if err != nil {
		return nil, err
	}
	w = w.clone()
	var outcomes []store.Outcome
	for i, c := range changes {
		outcome, event, err := w.carry(c)
		if err != nil {
			return nil, &store.ChangeError{Index: i, Err: err}
		}
		if event.Kind != "" {
			event.Seq = store.Seq(len(w.events) + 1)
			w.events = append(w.events, event)
		}
		outcomes = append(outcomes, outcome)
	}
	s.workspaces[id] = w
	return outcomes, nil
}

// carry makes one change; an id that was merged into another stands for that one.
func (w *workspace) carry(c store.Change) (store.Outcome, store.Event, error) {
	outcome, event, err := w.change(c)
	if next, ok, _ := store.Rerouted(keeper{w}, c, outcome, err); ok {
		return w.change(next)
	}
	return outcome, event, err
}

// change makes one change. An event without a kind is none: nothing has changed.
func (w *workspace) change(c store.Change) (store.Outcome, store.Event, error) {
	switch c := c.(type) {
	case store.CreateVisitor:
		return w.createVisitor(c)
	case store.UpdateVisitor:
		return w.updateVisitor(c)
	case store.DeleteVisitor:
		return w.deleteVisitor(c)
	case store.AddTags:
		return w.addTags(c)
	case store.RemoveTags:
		return w.removeTags(c)
	case store.JoinGroup:
		return w.joinGroup(c)
	case store.LeaveGroup:
		return w.leaveGroup(c)
	case store.EnsureTag:
		if t, ok := w.tagNamed(tag.Key(c.Tag.Name)); ok {
			return store.Outcome{Effect: store.Unchanged, Tag: t}, store.Event{}, nil
		}
		return w.createTag(c.Tag)
	case store.CreateTag:
		return w.createTag(c.Tag)
	case store.UpdateTag:
		return w.updateTag(c)
	case store.DeleteTag:
		return w.deleteTag(c)
	case store.CreateGroup:
		return w.createGroup(c.Group)
	case store.UpdateGroup:
		return w.updateGroup(c)
	case store.DeleteGroup:
		return w.deleteGroup(c)
	}
	outcome, err := store.Keep(keeper{w}, c)
	return outcome, store.Event{}, err
}

// nothing is the result of a change without an effect.
func nothing(e store.Effect) (store.Outcome, store.Event, error) {
	return store.Outcome{Effect: e}, store.Event{}, nil
}

// refuse is the result of a change that fails.
func refuse(err error) (store.Outcome, store.Event, error) {
	return store.Outcome{}, store.Event{}, err
}

func (w *workspace) createVisitor(c store.CreateVisitor) (store.Outcome, store.Event, error) {
	v := c.Visitor.Clone()
	if _, taken := w.visitors[v.ID]; taken {
		return refuse(store.Taken("visitor", string(v.ID)))
	}
	for _, other := range w.visitors {
		for _, i := range other.Identities {
			if slices.ContainsFunc(v.Identities, func(j visitor.Identity) bool { return i.Compare(j) == 0 }) {
				return refuse(store.Taken("identity", string(other.ID)))
			}
		}
	}
	for _, id := range v.Groups {
		if _, ok := w.groups[id]; !ok {
			return refuse(store.Missed("group", string(id)))
		}
	}
	ids, err := w.put(&v, store.AddTags{Tags: c.Tags, At: v.UpdatedAt, By: c.By, Cause: c.Cause})
	if err != nil {
		return refuse(err)
	}
	w.visitors[v.ID] = v
	return store.Outcome{Effect: store.Created, Visitor: w.read(v)},
		store.Event{Kind: store.VisitorCreated, At: v.UpdatedAt, Visitor: v.ID, Tags: ids, Groups: orNil(slices.Clone(v.Groups))}, nil
}

func (w *workspace) updateVisitor(c store.UpdateVisitor) (store.Outcome, store.Event, error) {
	old, ok := w.visitors[c.ID]
	switch {
	case !ok:
		return refuse(store.Missed("visitor", string(c.ID)))
	case c.Patch.IfRevision != 0 && c.Patch.IfRevision != old.Revision:
		return refuse(&store.Error{Kind: "visitor", Key: string(c.ID), Err: store.ErrConflict})
	}
	v, changed := c.Patch.Apply(old, c.At)
	if !changed {
		return store.Outcome{Effect: store.Unchanged, Visitor: w.read(old)}, store.Event{}, nil
	}
	v.UpdatedAt, v.Revision = c.At, old.Revision+1
	if err := v.CheckLimits(); err != nil {
		return refuse(err)
	}
	w.visitors[v.ID] = v
	return store.Outcome{Effect: store.Updated, Visitor: w.read(v)},
		store.Event{Kind: store.VisitorUpdated, At: c.At, Visitor: v.ID, Fields: visitor.Changed(old, v)}, nil
}

func (w *workspace) deleteVisitor(c store.DeleteVisitor) (store.Outcome, store.Event, error) {
	if _, ok := w.visitors[c.ID]; !ok {
		return nothing(store.Missing)
	}
	delete(w.visitors, c.ID)
	w.forgetMerged(c.ID)
	return store.Outcome{Effect: store.Deleted}, store.Event{Kind: store.VisitorDeleted, At: c.At, Visitor: c.ID}, nil
}

// put puts tags on v and returns those that it did not carry, in order.
func (w *workspace) put(v *visitor.Visitor, c store.AddTags) ([]tag.ID, error) {
	var added []tag.ID
	for _, key := range c.Tags {
		t, ok := w.tagNamed(key)
		if !ok {
			return nil, store.Missed("tag", "")
		}
		if slices.ContainsFunc(v.Tags, func(a tag.Assignment) bool { return a.Tag == t.ID }) {
			continue
		}
		v.Tags = append(v.Tags, tag.Assignment{Tag: t.ID, At: c.At, By: c.By, Cause: c.Cause})
		added = append(added, t.ID)
	}
	slices.Sort(added)
	return added, nil
}

func (w *workspace) addTags(c store.AddTags) (store.Outcome, store.Event, error) {
	v, there := w.visitors[c.ID]
	v = v.Clone()
	added, err := w.put(&v, c)
	switch {
	case err != nil:
		return refuse(err)
	case !there:
		return nothing(store.Missing)
	case added == nil:
		return nothing(store.Unchanged)
	}
	if err := v.CheckLimits(); err != nil {
		return refuse(err)
	}
	w.visitors[v.ID] = v
	return store.Outcome{Effect: store.Updated}, store.Event{Kind: store.VisitorTagged, At: c.At, Visitor: v.ID, Tags: added}, nil
}

func (w *workspace) removeTags(c store.RemoveTags) (store.Outcome, store.Event, error) {
	v, there := w.visitors[c.ID]
	var removed []tag.ID
	var kept []tag.Assignment
	for _, a := range v.Tags {
		if slices.Contains(c.Tags, tag.Key(w.tags[a.Tag].Name)) {
			removed = append(removed, a.Tag)
		} else {
			kept = append(kept, a)
		}
	}
	switch {
	case !there:
		return nothing(store.Missing)
	case removed == nil:
		return nothing(store.Unchanged)
	}
	v.Tags = kept
	w.visitors[v.ID] = v
	slices.Sort(removed)
	return store.Outcome{Effect: store.Updated}, store.Event{Kind: store.VisitorUntagged, At: c.At, Visitor: v.ID, Tags: removed}, nil
}

// meet returns the visitor and the group of a membership; there is false when the visitor
// is not.
func (w *workspace) meet(id group.ID, v visitor.ID) (visitor.Visitor, group.Group, bool, error) {
	g, ok := w.groups[id]
	if !ok {
		return visitor.Visitor{}, g, false, store.Missed("group", string(id))
	}
	found, there := w.visitors[v]
	return found, g, there, nil
}

func (w *workspace) joinGroup(c store.JoinGroup) (store.Outcome, store.Event, error) {
	v, _, there, err := w.meet(c.Group, c.ID)
	switch {
	case err != nil:
		return refuse(err)
	case !there:
		return nothing(store.Missing)
	case slices.Contains(v.Groups, c.Group):
		return nothing(store.Unchanged)
	}
	v.Groups, v.Excluded = including(v.Groups, c.Group), without(v.Excluded, c.Group)
	if err := v.CheckLimits(); err != nil {
		return refuse(err)
	}
	w.visitors[v.ID] = v
	return store.Outcome{Effect: store.Updated}, store.Event{Kind: store.VisitorJoined, At: c.At, Visitor: v.ID, Groups: []group.ID{c.Group}}, nil
}

func (w *workspace) leaveGroup(c store.LeaveGroup) (store.Outcome, store.Event, error) {
	v, g, there, err := w.meet(c.Group, c.ID)
	byRule := g.Rule != nil
	switch {
	case err != nil:
		return refuse(err)
	case !there:
		return nothing(store.Missing)
	case !slices.Contains(v.Groups, c.Group) && (!byRule || slices.Contains(v.Excluded, c.Group)):
		return nothing(store.Unchanged)
	}
	v.Groups = without(v.Groups, c.Group)
	if byRule {
		v.Excluded = including(v.Excluded, c.Group)
	}
	if err := v.CheckLimits(); err != nil {
		return refuse(err)
	}
	w.visitors[v.ID] = v
	return store.Outcome{Effect: store.Updated}, store.Event{Kind: store.VisitorLeft, At: c.At, Visitor: v.ID, Groups: []group.ID{c.Group}}, nil
}

// including and without return new lists, since the old workspace keeps its own.
func including(list []group.ID, id group.ID) []group.ID {
	list = append(slices.Clone(list), id)
	slices.Sort(list)
	return list
}

func without(list []group.ID, id group.ID) []group.ID {
	return slices.DeleteFunc(slices.Clone(list), func(other group.ID) bool { return other == id })
}
