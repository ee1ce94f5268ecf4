package driver

import (
	"slices"

	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

func (c CreateVisitor) apply(b *batch) (Outcome, error) {
	v := c.Visitor.Clone()
	if created, ok := v.ID.Time(); !ok || !created.Equal(v.CreatedAt) {
		return Outcome{}, text.Refuse("id", "not a UUIDv7 of the time of creation")
	}
	if err := b.checkFree(v.ID); err != nil {
		return Outcome{}, err
	}
	for _, i := range v.Identities {
		owner, err := b.owner(i)
		if err == nil && owner != "" {
			err = AlreadyExists("identity", string(owner))
		}
		if err != nil {
			return Outcome{}, err
		}
		b.owners.set(identityKeyOf(i), v.ID) // so that it cannot have an identity twice
	}
	if err := b.checkSuppressed(&v, nil); err != nil {
		return Outcome{}, err
	}
	v.Tags, v.Memberships, v.Excluded, v.Revision = nil, nil, nil, 1
	added, err := b.assign(&v, c.Tags, c.Audit)
	if err != nil {
		return Outcome{}, err
	}
	if err := b.readGroups(c.Groups...); err != nil {
		return Outcome{}, err
	}
	groups := distinct(c.Groups)
	for _, g := range groups {
		if b.groups.get(g) == nil {
			return Outcome{}, NotFound("group", string(g))
		}
		v.Memberships = append(v.Memberships, membership(g, c.Audit))
	}
	if err := b.save(c.Audit, &v, Event{Kind: VisitorCreated, Tags: added, Groups: groups}); err != nil {
		return Outcome{}, err
	}
	return Outcome{Effect: Created, Visitor: b.result(v.ID)}, nil
}

func (c UpdateVisitor) apply(b *batch) (Outcome, error) {
	before, err := b.existing(c.ID)
	if err != nil {
		return Outcome{}, err
	}
	if c.Patch.IfRevision != 0 && c.Patch.IfRevision != before.Revision {
		return Outcome{}, &Error{Kind: "visitor", Key: string(before.ID), Err: ErrConflict}
	}
	after, changed := c.Patch.Apply(*before, c.At)
	if err := b.checkSuppressed(&after, before); err != nil {
		return Outcome{}, err
	}
	return b.update(c.Audit, &after, changed)
}

// update replaces a profile by its next revision if fields have changed.
func (b *batch) update(a Audit, after *visitor.Visitor, changed []string) (Outcome, error) {
	if len(changed) == 0 {
		return Outcome{Effect: Unchanged, Visitor: b.result(after.ID)}, nil
	}
	after.UpdatedAt = a.At
	after.Revision++
	if err := b.save(a, after, Event{Kind: VisitorUpdated, Fields: changed}); err != nil {
		return Outcome{}, err
	}
	return Outcome{Effect: Updated, Visitor: b.result(after.ID)}, nil
}

func (c DeleteVisitor) apply(b *batch) (Outcome, error) {
	v, err := b.target(c.ID)
	if err != nil || v == nil {
		return Outcome{Effect: Missing}, err
	}
	b.remove(v.ID)
	b.deleted = append(b.deleted, v.ID)
	b.event(c.Audit, Event{Kind: VisitorDeleted, Visitor: v.ID})
	if recorded, err := b.anyAddresses(); err != nil || !recorded {
		return Outcome{Effect: Deleted}, err
	}
	return Outcome{Effect: Deleted}, b.retain(v)
}

// assign adds the tags that v does not have, and returns their ids in order.
func (b *batch) assign(v *visitor.Visitor, keys []string, a Audit) ([]tag.ID, error) {
	if err := b.readTags(keys...); err != nil {
		return nil, err
	}
	var added []tag.ID
	for _, key := range keys {
		t := b.tags.get(key)
		if t == nil {
			return nil, NotFound("tag", "") // its key is its name
		}
		if hasTag(v, t.ID) {
			continue
		}
		if added == nil {
			v.Tags = append(make([]tag.Assignment, 0, len(v.Tags)+len(keys)), v.Tags...)
		}
		v.Tags = append(v.Tags, tag.Assignment{
			Tag: t.ID, Name: t.Name, Color: t.Color, At: a.At, Actor: a.Actor, Cause: a.Cause,
		})
		added = append(added, t.ID)
	}
	slices.Sort(added)
	return added, nil
}

func hasTag(v *visitor.Visitor, id tag.ID) bool {
	return slices.ContainsFunc(v.Tags, func(a tag.Assignment) bool { return a.Tag == id })
}

func (c AddTags) apply(b *batch) (Outcome, error) {
	before, err := b.target(c.ID)
	if err != nil {
		return Outcome{}, err
	}
	var v visitor.Visitor
	if before != nil {
		v = *before
	}
	added, err := b.assign(&v, c.Tags, c.Audit)
	switch {
	case err != nil || before == nil:
		return Outcome{Effect: Missing}, err
	case len(added) == 0:
		return Outcome{Effect: Unchanged}, nil
	}
	return Outcome{Effect: Updated}, b.save(c.Audit, &v, Event{Kind: VisitorTagged, Tags: added})
}

func (c RemoveTags) apply(b *batch) (Outcome, error) {
	before, err := b.target(c.ID)
	if err != nil || before == nil {
		return Outcome{Effect: Missing}, err
	}
	if err := b.readTags(c.Tags...); err != nil {
		return Outcome{}, err
	}
	v := *before
	var removed []tag.ID
	for _, key := range c.Tags {
		if t := b.tags.get(key); t != nil && hasTag(&v, t.ID) && !slices.Contains(removed, t.ID) {
			removed = append(removed, t.ID)
		}
	}
	if len(removed) == 0 {
		return Outcome{Effect: Unchanged}, nil
	}
	v.Tags = slices.DeleteFunc(slices.Clone(v.Tags), func(a tag.Assignment) bool { return slices.Contains(removed, a.Tag) })
	slices.Sort(removed)
	return Outcome{Effect: Updated}, b.save(c.Audit, &v, Event{Kind: VisitorUntagged, Tags: removed})
}

func (c AddToGroup) apply(b *batch) (Outcome, error) {
	_, before, err := b.groupAndVisitor(c.Group, c.ID)
	switch {
	case err != nil || before == nil:
		return Outcome{Effect: Missing}, err
	case before.MemberOf(c.Group):
		return Outcome{Effect: Unchanged}, nil
	}
	v := *before
	v.Excluded = slices.DeleteFunc(slices.Clone(v.Excluded), func(g group.ID) bool { return g == c.Group })
	v.Memberships = append(slices.Clip(v.Memberships), membership(c.Group, c.Audit))
	return Outcome{Effect: Updated}, b.save(c.Audit, &v, Event{Kind: VisitorJoined, Groups: []group.ID{c.Group}})
}

func (c RemoveFromGroup) apply(b *batch) (Outcome, error) {
	g, before, err := b.groupAndVisitor(c.Group, c.ID)
	if err != nil || before == nil {
		return Outcome{Effect: Missing}, err
	}
	v := *before
	exclude := g.Rule != nil && !slices.Contains(v.Excluded, c.Group)
	if !v.MemberOf(c.Group) && !exclude {
		return Outcome{Effect: Unchanged}, nil
	}
	left := func(m visitor.Membership) bool { return m.Group == c.Group }
	v.Memberships = slices.DeleteFunc(slices.Clone(v.Memberships), left)
	if exclude {
		v.Excluded = append(slices.Clip(v.Excluded), c.Group)
	}
	return Outcome{Effect: Updated}, b.save(c.Audit, &v, Event{Kind: VisitorLeft, Groups: []group.ID{c.Group}})
}

// groupAndVisitor returns a group, which must exist, and a visitor, nil if it does not exist.
func (b *batch) groupAndVisitor(g group.ID, id visitor.ID) (*group.Group, *visitor.Visitor, error) {
	if err := b.readGroups(g); err != nil {
		return nil, nil, err
	}
	found := b.groups.get(g)
	if found == nil {
		return nil, nil, NotFound("group", string(g))
	}
	v, err := b.target(id)
	return found, v, err
}

func membership(g group.ID, a Audit) visitor.Membership {
	return visitor.Membership{Group: g, At: a.At, Actor: a.Actor, Cause: a.Cause}
}
