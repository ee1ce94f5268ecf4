package driver

import (
	"slices"

	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

func (c MergeVisitors) apply(b *batch) (Outcome, error) {
	into, err := b.existing(c.Into)
	if err != nil {
		return Outcome{}, err
	}
	from, err := b.existing(c.From)
	if err != nil {
		return Outcome{}, err
	}
	if into.ID == from.ID {
		return Outcome{Effect: Unchanged, Visitor: b.result(into.ID)}, nil
	}
	merged, err := b.merge(c.Audit, c.Policy, *into, *from)
	return Outcome{Effect: Updated, Visitor: merged}, err
}

// merge merges from into into, both of which exist, and returns the result.
func (b *batch) merge(a Audit, p visitor.Policy, into, from visitor.Visitor) (*visitor.Visitor, error) {
	result := p.Merge(into, from)
	if err := result.CheckLimits(); err != nil { // before anything is changed: a job goes on with other visitors
		return nil, err
	}
	result.UpdatedAt, result.Revision = a.At, into.Revision+1
	b.remove(from.ID)
	b.aliases.set(from.ID, into.ID)
	delete(b.mergedInto, into.ID)
	e := Event{Kind: VisitorMerged, Other: from.ID, Fields: visitor.Changed(into, result)}
	if err := b.save(a, &result, e); err != nil {
		return nil, err
	}
	m := visitor.Merged{Into: into.Clone(), From: from.Clone(), Result: result.Clone()}
	for _, v := range []*visitor.Visitor{&m.Into, &m.From, &m.Result} {
		v.Consents, v.Health = nil, nil // they are kept by address
	}
	return b.result(into.ID), b.tx.PutMerge(m)
}

func (c UnmergeVisitor) apply(b *batch) (Outcome, error) {
	m, found, err := b.tx.Merge(c.From)
	if err != nil {
		return Outcome{}, err
	}
	if !found {
		return Outcome{}, NotFound("visitor", string(c.From))
	}
	if err := b.readVisitors(m.Into.ID, c.From); err != nil {
		return Outcome{}, err
	}
	now := b.visitors.get(m.Into.ID).now
	if now == nil {
		return Outcome{}, &Error{Kind: "visitor", Key: string(m.Into.ID), Err: ErrConflict}
	}
	if b.visitors.get(c.From).now != nil {
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
		if err := b.set(v); err != nil {
			return Outcome{}, err
		}
	}
	b.event(c.Audit, Event{Kind: VisitorUnmerged, Visitor: into.ID, Other: from.ID, Fields: visitor.Changed(before, into)})
	return Outcome{Effect: Updated, Visitor: b.result(into.ID), Other: b.result(from.ID)}, nil
}

// dropDeleted removes the tags and groups that were deleted since v was stored, and updates
// the names and colours of the others.
func (b *batch) dropDeleted(v *visitor.Visitor) error {
	var ids []tag.ID
	for _, a := range v.Tags {
		ids = append(ids, a.Tag)
	}
	tags, err := b.tagCatalog().find(nil, ids)
	if err != nil {
		return err
	}
	var assignments []tag.Assignment
	for _, a := range v.Tags {
		if n := slices.IndexFunc(tags, func(t tag.Tag) bool { return t.ID == a.Tag }); n >= 0 {
			a.Name, a.Color = tags[n].Name, tags[n].Color
			assignments = append(assignments, a)
		}
	}
	v.Tags = assignments
	if err := b.readGroups(slices.Concat(v.Groups(), v.Excluded)...); err != nil {
		return err
	}
	gone := func(id group.ID) bool { return b.groups.get(id) == nil }
	v.Memberships = slices.DeleteFunc(slices.Clone(v.Memberships), func(m visitor.Membership) bool { return gone(m.Group) })
	v.Excluded = slices.DeleteFunc(slices.Clone(v.Excluded), gone)
	return nil
}
