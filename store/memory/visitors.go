package memory

import (
	"slices"
	"strings"
	"time"
	"unique"

	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

func (b *batch) createVisitor(c store.CreateVisitor) (store.Outcome, error) {
	id, ok := parseID(c.Visitor.ID)
	if !ok {
		return store.Outcome{}, text.Refuse("visitor id", "not an id")
	}
	if _, taken := b.ids[id]; taken {
		return store.Outcome{}, store.Taken("visitor", string(c.Visitor.ID))
	}
	if err := b.checkIdentities(c.Visitor); err != nil {
		return store.Outcome{}, err
	}
	r := b.newRecord(id, c.Visitor)
	r.revision = 1
	put, err := b.assign(r, c.Tags, c.Visitor.UpdatedAt, c.By, c.Cause)
	if err != nil {
		return store.Outcome{}, err
	}
	for _, id := range slices.Compact(slices.Sorted(slices.Values(c.Visitor.Groups))) {
		g := b.groups.byID[string(id)]
		if g == nil {
			return store.Outcome{}, store.Missed("group", string(id))
		}
		r.groups = append(r.groups, g)
	}
	b.put(b.open(id), r)
	b.events.add(store.Event{
		Kind: store.VisitorCreated, At: c.Visitor.UpdatedAt, Visitor: c.Visitor.ID, Tags: put, Groups: groupIDs(r.groups),
	})
	return store.Outcome{Effect: store.Created, Visitor: r.visitor()}, nil
}

func (b *batch) checkIdentities(v visitor.Visitor) error {
	for n, i := range v.Identities {
		if id, taken := b.owner(i); taken {
			return store.Taken("identity", id.String())
		}
		for _, other := range v.Identities[:n] {
			if i.Compare(other) == 0 {
				return store.Taken("identity", string(v.ID))
			}
		}
	}
	return nil
}

// assign puts the tags on r that it does not carry, and returns their ids in order.
func (b *batch) assign(r *record, keys []string, at time.Time, by, cause string) ([]tag.ID, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	tags := append(make([]assignment, 0, len(r.tags)+len(keys)), r.tags...)
	who, why := unique.Make(by), unique.Make(cause)
	var put []tag.ID
	for _, key := range keys {
		t := b.tags.at(key)
		if t == nil {
			return nil, store.Missed("tag", "") // its key is its name
		}
		if slices.ContainsFunc(tags, func(a assignment) bool { return a.tag == t }) {
			continue
		}
		tags = append(tags, assignment{t, store.Micros(at), who, why})
		put = append(put, t.value.ID)
	}
	slices.SortFunc(tags, func(a, b assignment) int { return strings.Compare(a.tag.value.Name, b.tag.value.Name) })
	slices.Sort(put)
	r.tags = tags
	return put, nil
}

func (b *batch) updateVisitor(c store.UpdateVisitor) (store.Outcome, error) {
	p, r := b.lookup(c.ID)
	if r == nil {
		return store.Outcome{}, store.Missed("visitor", string(c.ID))
	}
	if c.Patch.IfRevision != 0 && c.Patch.IfRevision != r.revision {
		return store.Outcome{}, &store.Error{Kind: "visitor", Key: string(c.ID), Err: store.ErrConflict}
	}
	was := r.visitor()
	v, changed := c.Patch.Apply(was, c.At)
	if !changed {
		return store.Outcome{Effect: store.Unchanged, Visitor: was}, nil
	}
	if err := v.CheckLimits(); err != nil {
		return store.Outcome{}, err
	}
	v.UpdatedAt = stored(c.At)
	v.Revision++
	next := *r
	next.setText(v.Name, v.Email, v.Phone)
	next.source = b.sources.at(string(v.Source))
	next.attributes = b.attributesOf(v.Attributes)
	next.origins = v.Origins.Clone()
	next.updated, next.revision = store.Micros(v.UpdatedAt), v.Revision
	b.put(p, &next)
	b.events.add(store.Event{Kind: store.VisitorUpdated, At: c.At, Visitor: v.ID, Fields: visitor.Changed(was, v)})
	return store.Outcome{Effect: store.Updated, Visitor: v}, nil
}

// named returns the names of what is true, sorted.
func named(changed map[string]bool) []string {
	var names []string
	for name, yes := range changed {
		if yes {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func (b *batch) deleteVisitor(c store.DeleteVisitor) (store.Outcome, error) {
	p, r := b.lookup(c.ID)
	if r == nil {
		return store.Outcome{Effect: store.Missing}, nil
	}
	b.put(p, nil)
	b.forgetMerged(r.id)
	b.events.add(store.Event{Kind: store.VisitorDeleted, At: c.At, Visitor: c.ID})
	return store.Outcome{Effect: store.Deleted}, nil
}

func (b *batch) addTags(c store.AddTags) (store.Outcome, error) {
	p, r := b.lookup(c.ID)
	if r == nil {
		return store.Outcome{Effect: store.Missing}, nil
	}
	next := *r
	put, err := b.assign(&next, c.Tags, c.At, c.By, c.Cause)
	if err != nil {
		return store.Outcome{}, err
	}
	if len(put) == 0 {
		return store.Outcome{Effect: store.Unchanged}, nil
	}
	if err := visitor.CheckLimit("tags", len(next.tags), visitor.MaxTags); err != nil {
		return store.Outcome{}, err
	}
	b.put(p, &next)
	b.events.add(store.Event{Kind: store.VisitorTagged, At: c.At, Visitor: c.ID, Tags: put})
	return store.Outcome{Effect: store.Updated}, nil
}

func (b *batch) removeTags(c store.RemoveTags) (store.Outcome, error) {
	p, r := b.lookup(c.ID)
	if r == nil {
		return store.Outcome{Effect: store.Missing}, nil
	}
	next := *r
	var taken []tag.ID
	for _, key := range c.Tags {
		if t := b.tags.at(key); t != nil && next.carries(t) >= 0 {
			next.tags = without(next.tags, next.carries(t))
			taken = append(taken, t.value.ID)
		}
	}
	if len(taken) == 0 {
		return store.Outcome{Effect: store.Unchanged}, nil
	}
	slices.Sort(taken)
	b.put(p, &next)
	b.events.add(store.Event{Kind: store.VisitorUntagged, At: c.At, Visitor: c.ID, Tags: taken})
	return store.Outcome{Effect: store.Updated}, nil
}

func (b *batch) joinGroup(c store.JoinGroup) (store.Outcome, error) {
	return b.member(c.ID, c.Group, c.At, store.VisitorJoined)
}

func (b *batch) leaveGroup(c store.LeaveGroup) (store.Outcome, error) {
	return b.member(c.ID, c.Group, c.At, store.VisitorLeft)
}

// member puts a visitor into a group or takes it out.
func (b *batch) member(id visitor.ID, of group.ID, at time.Time, kind store.EventKind) (store.Outcome, error) {
	p, r := b.lookup(id)
	if r == nil {
		return store.Outcome{Effect: store.Missing}, nil
	}
	g := b.groups.byID[string(of)]
	if g == nil {
		return store.Outcome{}, store.Missed("group", string(of))
	}
	joins := kind == store.VisitorJoined
	next := *r
	var moved, kept bool
	next.groups, moved = with(r.groups, g, joins)
	if joins || g.value.Rule != nil {
		next.excluded, kept = with(r.excluded, g, !joins)
	}
	if !moved && !kept {
		return store.Outcome{Effect: store.Unchanged}, nil
	}
	if err := visitor.CheckLimit("groups", len(next.groups)+len(next.excluded), visitor.MaxGroups); err != nil {
		return store.Outcome{}, err
	}
	b.put(p, &next)
	b.events.add(store.Event{Kind: kind, At: at, Visitor: id, Groups: []group.ID{g.value.ID}})
	return store.Outcome{Effect: store.Updated}, nil
}

// with returns the list with or without g, and whether that changed it.
func with(list []*label[group.Group], g *label[group.Group], in bool) ([]*label[group.Group], bool) {
	i, found := slices.BinarySearchFunc(list, g, compareID)
	switch {
	case in == found:
		return list, false
	case in:
		return slices.Insert(slices.Clip(list), i, g), true
	}
	return without(list, i), true
}

// without returns a copy of the list without one item.
func without[T any](list []T, i int) []T {
	if len(list) == 1 {
		return nil
	}
	return slices.Concat(list[:i], list[i+1:])
}
