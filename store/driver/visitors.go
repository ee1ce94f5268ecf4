package driver

import (
	"slices"

	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

func (b *batch) createVisitor(c CreateVisitor) (Outcome, error) {
	v := c.Visitor.Clone()
	if created, ok := v.ID.Time(); !ok || !created.Equal(v.CreatedAt) {
		return Outcome{}, text.Refuse("id", "not a UUIDv7 of the time of creation")
	}
	if err := b.checkFree(v.ID); err != nil {
		return Outcome{}, err
	}
	for n, i := range v.Identities {
		owner, err := b.owner(i)
		if err != nil {
			return Outcome{}, err
		}
		if owner == "" && slices.ContainsFunc(v.Identities[:n], i.Is) {
			owner = v.ID
		}
		if owner != "" {
			return Outcome{}, AlreadyExists("identity", string(owner))
		}
	}
	v.Tags, v.Memberships, v.Excluded, v.Revision = nil, nil, nil, 1
	added, err := b.assign(&v, c.Tags, c.Audit)
	if err != nil {
		return Outcome{}, err
	}
	if err := b.readGroups(c.Groups); err != nil {
		return Outcome{}, err
	}
	groups := distinct(c.Groups)
	for _, g := range groups {
		if b.groups[g] == nil {
			return Outcome{}, NotFound("group", string(g))
		}
		v.Memberships = append(v.Memberships, visitor.Membership{Group: g, At: c.At, Actor: c.Actor, Cause: c.Cause})
	}
	if err := v.CheckLimits(); err != nil {
		return Outcome{}, err
	}
	b.set(v)
	b.event(c.Audit, Event{Kind: VisitorCreated, Visitor: v.ID, Tags: added, Groups: groups})
	return Outcome{Effect: Created, Visitor: b.result(v.ID)}, nil
}

// result returns a visitor as it is now, for an outcome. Outcomes do not share lists: those
// of the visitor go to its first outcome, which the caller gets when they are no longer used.
func (b *batch) result(id visitor.ID) *visitor.Visitor {
	e := b.visitors[id]
	v := *e.now
	if e.returned {
		v = v.Clone()
	}
	e.returned = true
	return &v
}

func (b *batch) updateVisitor(c UpdateVisitor) (Outcome, error) {
	before, err := b.target(c.ID)
	if err != nil {
		return Outcome{}, err
	}
	if before == nil {
		return Outcome{}, NotFound("visitor", string(c.ID))
	}
	if c.Patch.IfRevision != 0 && c.Patch.IfRevision != before.Revision {
		return Outcome{}, &Error{Kind: "visitor", Key: string(before.ID), Err: ErrConflict}
	}
	after, changed := c.Patch.Apply(*before, c.At)
	if len(changed) == 0 {
		return Outcome{Effect: Unchanged, Visitor: b.result(before.ID)}, nil
	}
	return b.update(c.Audit, *before, after, changed)
}

// update replaces a profile in which the fields have changed by its next revision.
func (b *batch) update(a Audit, before, after visitor.Visitor, fields []string) (Outcome, error) {
	if err := after.CheckLimits(); err != nil {
		return Outcome{}, err
	}
	after.UpdatedAt, after.Revision = a.At, before.Revision+1
	b.event(a, Event{Kind: VisitorUpdated, Visitor: after.ID, Fields: fields})
	b.set(after)
	return Outcome{Effect: Updated, Visitor: b.result(after.ID)}, nil
}

func (b *batch) deleteVisitor(c DeleteVisitor) (Outcome, error) {
	v, err := b.target(c.ID)
	if err != nil || v == nil {
		return Outcome{Effect: Missing}, err
	}
	b.remove(v.ID)
	b.deleted = append(b.deleted, v.ID)
	b.event(c.Audit, Event{Kind: VisitorDeleted, Visitor: v.ID})
	return Outcome{Effect: Deleted}, nil
}

// assign adds the tags that v does not have, and returns their ids in order.
func (b *batch) assign(v *visitor.Visitor, keys []string, a Audit) ([]tag.ID, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	if err := b.readTags(keys); err != nil {
		return nil, err
	}
	assignments, added := v.Tags, []tag.ID(nil)
	for _, key := range keys {
		t := b.tags[key]
		if t == nil {
			return nil, NotFound("tag", "") // its key is its name
		}
		if !hasTag(assignments, t.ID) {
			if added == nil {
				assignments = append(make([]tag.Assignment, 0, len(v.Tags)+len(keys)), v.Tags...)
			}
			assignments = append(assignments, tag.Assignment{Tag: t.ID, Name: t.Name, Color: t.Color, At: a.At, Actor: a.Actor, Cause: a.Cause})
			added = append(added, t.ID)
		}
	}
	slices.Sort(added)
	v.Tags = assignments
	return added, nil
}

func hasTag(assignments []tag.Assignment, id tag.ID) bool {
	return slices.ContainsFunc(assignments, func(a tag.Assignment) bool { return a.Tag == id })
}

func (b *batch) addTags(c AddTags) (Outcome, error) {
	found, err := b.target(c.ID)
	if err != nil {
		return Outcome{}, err
	}
	v := visitor.Visitor{}
	if found != nil {
		v = *found
	}
	added, err := b.assign(&v, c.Tags, c.Audit)
	switch {
	case err != nil:
		return Outcome{}, err
	case found == nil:
		return Outcome{Effect: Missing}, nil
	case len(added) == 0:
		return Outcome{Effect: Unchanged}, nil
	}
	if err := v.CheckLimits(); err != nil {
		return Outcome{}, err
	}
	b.set(v)
	b.event(c.Audit, Event{Kind: VisitorTagged, Visitor: v.ID, Tags: added})
	return Outcome{Effect: Updated}, nil
}

func (b *batch) removeTags(c RemoveTags) (Outcome, error) {
	found, err := b.target(c.ID)
	if err != nil || found == nil {
		return Outcome{Effect: Missing}, err
	}
	if err := b.readTags(c.Tags); err != nil {
		return Outcome{}, err
	}
	v := *found
	var removed []tag.ID
	for _, key := range c.Tags {
		if t := b.tags[key]; t != nil && hasTag(v.Tags, t.ID) && !slices.Contains(removed, t.ID) {
			removed = append(removed, t.ID)
		}
	}
	if len(removed) == 0 {
		return Outcome{Effect: Unchanged}, nil
	}
	v.Tags = slices.DeleteFunc(slices.Clone(v.Tags), func(a tag.Assignment) bool { return slices.Contains(removed, a.Tag) })
	slices.Sort(removed)
	b.set(v)
	b.event(c.Audit, Event{Kind: VisitorUntagged, Visitor: v.ID, Tags: removed})
	return Outcome{Effect: Updated}, nil
}

func (b *batch) addToGroup(c AddToGroup) (Outcome, error) {
	return b.member(c.Audit, c.Group, c.ID, VisitorJoined, func(v *visitor.Visitor, _ *group.Group) bool {
		if v.MemberOf(c.Group) {
			return false
		}
		v.Excluded = without(v.Excluded, c.Group)
		v.Memberships = append(slices.Clip(v.Memberships), visitor.Membership{Group: c.Group, At: c.At, Actor: c.Actor, Cause: c.Cause})
		return true
	})
}

func (b *batch) removeFromGroup(c RemoveFromGroup) (Outcome, error) {
	return b.member(c.Audit, c.Group, c.ID, VisitorLeft, func(v *visitor.Visitor, g *group.Group) bool {
		exclude := g.Rule != nil && !slices.Contains(v.Excluded, c.Group)
		if !v.MemberOf(c.Group) && !exclude {
			return false
		}
		v.Memberships = slices.DeleteFunc(slices.Clone(v.Memberships), func(m visitor.Membership) bool { return m.Group == c.Group })
		if exclude {
			v.Excluded = append(slices.Clip(v.Excluded), c.Group)
		}
		return true
	})
}

func without[T comparable](list []T, item T) []T {
	return slices.DeleteFunc(slices.Clone(list), func(other T) bool { return other == item })
}

// member changes the membership of a visitor in a group; change reports whether it did.
func (b *batch) member(a Audit, g group.ID, id visitor.ID, kind EventKind, change func(*visitor.Visitor, *group.Group) bool) (Outcome, error) {
	if err := b.readGroups([]group.ID{g}); err != nil {
		return Outcome{}, err
	}
	if b.groups[g] == nil {
		return Outcome{}, NotFound("group", string(g))
	}
	found, err := b.target(id)
	if err != nil || found == nil {
		return Outcome{Effect: Missing}, err
	}
	v := *found
	if !change(&v, b.groups[g]) {
		return Outcome{Effect: Unchanged}, nil
	}
	if err := v.CheckLimits(); err != nil {
		return Outcome{}, err
	}
	b.set(v)
	b.event(a, Event{Kind: kind, Visitor: v.ID, Groups: []group.ID{g}})
	return Outcome{Effect: Updated}, nil
}
