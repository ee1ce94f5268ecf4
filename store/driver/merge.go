package driver

import (
	"slices"

	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

func (b *batch) mergeVisitors(c MergeVisitors) (Outcome, error) {
	into, err := b.target(c.Into)
	if err != nil {
		return Outcome{}, err
	}
	from, err := b.target(c.From)
	switch {
	case err != nil:
		return Outcome{}, err
	case into == nil:
		return Outcome{}, NotFound("visitor", string(c.Into))
	case from == nil:
		return Outcome{}, NotFound("visitor", string(c.From))
	case into.ID == from.ID:
		return Outcome{Effect: Unchanged, Visitor: b.result(into.ID)}, nil
	}
	if err := b.merge(c.Audit, c.Policy, *into, *from); err != nil {
		return Outcome{}, err
	}
	return Outcome{Effect: Updated, Visitor: b.result(into.ID)}, nil
}

// merge merges from into into; both exist.
func (b *batch) merge(a Audit, p visitor.Policy, into, from visitor.Visitor) error {
	result := p.Merge(into, from)
	result.UpdatedAt, result.Revision = a.At, into.Revision+1
	if err := result.CheckLimits(); err != nil {
		return err
	}
	b.remove(from.ID)
	put(&b.aliases, from.ID, into.ID)
	b.set(result)
	b.event(a, Event{Kind: VisitorMerged, Visitor: into.ID, Other: from.ID, Fields: visitor.Changed(into, result)})
	return b.tx.PutMerge(visitor.Merged{Into: into.Clone(), From: from.Clone(), Result: *b.result(into.ID)})
}

func (b *batch) unmergeVisitor(c UnmergeVisitor) (Outcome, error) {
	m, found, err := b.tx.Merge(c.From)
	if err != nil {
		return Outcome{}, err
	}
	if !found {
		return Outcome{}, NotFound("visitor", string(c.From))
	}
	if err := b.readVisitors([]visitor.ID{m.Into.ID, c.From}); err != nil {
		return Outcome{}, err
	}
	now := b.visitors[m.Into.ID].now
	if now == nil {
		return Outcome{}, &Error{Kind: "visitor", Key: string(m.Into.ID), Err: ErrConflict}
	}
	if b.visitors[c.From].now != nil {
		return Outcome{}, AlreadyExists("visitor", string(c.From))
	}
	before := now.Clone()
	into, from := m.Undo(before)
	into.UpdatedAt, into.Revision = c.At, before.Revision+1
	from.UpdatedAt, from.Revision = c.At, m.From.Revision+1
	if err := b.tx.DeleteMerges([]visitor.ID{c.From}); err != nil {
		return Outcome{}, err
	}
	for _, v := range []*visitor.Visitor{&into, &from} {
		if err := b.dropDeleted(v); err != nil {
			return Outcome{}, err
		}
		b.set(*v)
	}
	b.event(c.Audit, Event{Kind: VisitorUnmerged, Visitor: into.ID, Other: from.ID, Fields: visitor.Changed(before, into)})
	return Outcome{Effect: Updated, Visitor: b.result(into.ID), Other: b.result(from.ID)}, nil
}

// dropDeleted removes the tags and groups that were deleted since v was stored, and updates
// the names and colours of the others.
func (b *batch) dropDeleted(v *visitor.Visitor) error {
	tags := map[tag.ID]tag.Tag{}
	if len(v.Tags) > 0 {
		ids := make([]string, len(v.Tags))
		for n, a := range v.Tags {
			ids[n] = string(a.Tag)
		}
		found, err := b.tx.Tags(List{IDs: ids})
		if err != nil {
			return err
		}
		for _, t := range found {
			tags[t.ID] = t
		}
	}
	var assignments []tag.Assignment
	for _, a := range v.Tags {
		if t, ok := tags[a.Tag]; ok {
			a.Name, a.Color = t.Name, t.Color
			assignments = append(assignments, a)
		}
	}
	v.Tags = assignments
	ids := slices.Clone(v.Excluded)
	for _, m := range v.Memberships {
		ids = append(ids, m.Group)
	}
	if err := b.readGroups(ids); err != nil {
		return err
	}
	gone := func(id group.ID) bool { return b.groups[id] == nil }
	v.Memberships = slices.DeleteFunc(slices.Clone(v.Memberships), func(m visitor.Membership) bool { return gone(m.Group) })
	v.Excluded = slices.DeleteFunc(slices.Clone(v.Excluded), gone)
	return nil
}
