package storetest

import (
	"cmp"
	"maps"
	"reflect"
	"slices"

	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// keyOf is tag.Key and group.Key, which are the same.
func keyOf(name string) string { return tag.Key(name) }

// model is what a workspace is, as plainly as it can be said: the comments of the changes
// in code. A visitor's Tags hold no name and no colour until it is read.
type model struct {
	visitors map[visitor.ID]visitor.Visitor
	tags     map[tag.ID]tag.Tag
	groups   map[group.ID]group.Group
	events   []store.Event
	taken    map[store.EventKey]bool
	merged   map[visitor.ID]visitor.Merged
}

func newModel() *model {
	return &model{
		map[visitor.ID]visitor.Visitor{}, map[tag.ID]tag.Tag{}, map[group.ID]group.Group{}, nil,
		map[store.EventKey]bool{}, map[visitor.ID]visitor.Merged{},
	}
}

// verdict is what a change leads to: an outcome and what an event says of it, or one of
// several faults, since nothing says which is found first.
type verdict struct {
	outcome store.Outcome
	event   store.Event
	faults  []store.Error
	open    bool // the comments leave it open
}

func did(effect store.Effect, kind store.EventKind) verdict {
	return verdict{outcome: store.Outcome{Effect: effect}, event: store.Event{Kind: kind}}
}

func none(effect store.Effect) verdict { return verdict{outcome: store.Outcome{Effect: effect}} }

func fault(err error, kind, key string) store.Error {
	return store.Error{Kind: kind, Key: key, Err: err}
}

func failed(faults ...store.Error) verdict { return verdict{faults: faults} }

// apply returns what the changes lead to, up to the first that fails, and makes them if
// none does.
func (m *model) apply(changes []store.Change) []verdict {
	next := &model{
		maps.Clone(m.visitors), maps.Clone(m.tags), maps.Clone(m.groups), slices.Clip(m.events),
		maps.Clone(m.taken), maps.Clone(m.merged),
	}
	var verdicts []verdict
	for _, c := range changes {
		v := next.change(next.about(c))
		verdicts = append(verdicts, v)
		if v.open || v.faults != nil {
			return verdicts
		}
		if v.event.Kind != "" {
			v.event.Seq = store.Seq(len(next.events) + 1)
			next.events = append(next.events, v.event)
		}
	}
	*m = *next
	return verdicts
}

func (m *model) change(c store.Change) verdict {
	switch c := c.(type) {
	case store.CreateVisitor:
		return m.createVisitor(c)
	case store.UpdateVisitor:
		return m.updateVisitor(c)
	case store.DeleteVisitor:
		if _, ok := m.visitors[c.ID]; !ok {
			return none(store.Missing)
		}
		delete(m.visitors, c.ID)
		m.forget(c.ID)
		v := did(store.Deleted, store.VisitorDeleted)
		v.event.Visitor, v.event.At = c.ID, c.At
		return v
	case store.AddTags:
		return m.addTags(c)
	case store.RemoveTags:
		return m.removeTags(c)
	case store.EnsureTag:
		if t, ok := m.tagNamed(keyOf(c.Tag.Name)); ok {
			return verdict{outcome: store.Outcome{Effect: store.Unchanged, Tag: t}}
		}
		return m.createTag(c.Tag)
	case store.CreateTag:
		return m.createTag(c.Tag)
	case store.UpdateTag:
		return m.updateTag(c)
	case store.DeleteTag:
		return m.deleteTag(c)
	case store.CreateGroup:
		return m.createGroup(c.Group)
	case store.UpdateGroup:
		return m.updateGroup(c)
	case store.DeleteGroup:
		return m.deleteGroup(c)
	case store.JoinGroup:
		return m.joinGroup(c)
	case store.LeaveGroup:
		return m.leaveGroup(c)
	}
	return m.keep(c)
}

func (m *model) createVisitor(c store.CreateVisitor) verdict {
	v := c.Visitor.Clone()
	var faults []store.Error
	if _, taken := m.visitors[v.ID]; taken {
		faults = append(faults, fault(store.ErrExists, "visitor", string(v.ID)))
	}
	for _, other := range m.visitors {
		if slices.ContainsFunc(v.Identities, func(i visitor.Identity) bool {
			return slices.ContainsFunc(other.Identities, func(j visitor.Identity) bool { return i.Compare(j) == 0 })
		}) {
			faults = append(faults, fault(store.ErrExists, "identity", string(other.ID)))
		}
	}
	for _, id := range v.Groups {
		if _, ok := m.groups[id]; !ok {
			faults = append(faults, fault(store.ErrNotFound, "group", string(id)))
		}
	}
	for _, key := range c.Tags {
		t, ok := m.tagNamed(key)
		if !ok {
			faults = append(faults, fault(store.ErrNotFound, "tag", ""))
		}
		v.Tags = append(v.Tags, tag.Assignment{Tag: t.ID, At: v.UpdatedAt, By: c.By, Cause: c.Cause})
	}
	if faults != nil {
		return failed(faults...)
	}
	m.visitors[v.ID] = v
	result := did(store.Created, store.VisitorCreated)
	result.outcome.Visitor = m.read(v)
	result.event.At, result.event.Visitor, result.event.Groups = v.UpdatedAt, v.ID, v.Groups
	for _, t := range v.Tags {
		result.event.Tags = append(result.event.Tags, t.Tag)
	}
	slices.Sort(result.event.Tags)
	return result
}

func (m *model) updateVisitor(c store.UpdateVisitor) verdict {
	old, ok := m.visitors[c.ID]
	if !ok {
		return failed(fault(store.ErrNotFound, "visitor", string(c.ID)))
	}
	if c.Patch.IfRevision != 0 && c.Patch.IfRevision != old.Revision {
		return failed(fault(store.ErrConflict, "visitor", string(c.ID)))
	}
	v, changed := c.Patch.Apply(old.Clone(), c.At)
	if !changed {
		return verdict{outcome: store.Outcome{Effect: store.Unchanged, Visitor: m.read(old)}}
	}
	v.UpdatedAt, v.Revision = c.At, old.Revision+1
	m.visitors[c.ID] = v
	result := did(store.Updated, store.VisitorUpdated)
	result.outcome.Visitor = m.read(v)
	result.event.At, result.event.Visitor, result.event.Fields = c.At, c.ID, profileFields(old, v)
	return result
}

// profileFields returns the names of the fields in which two profiles differ, sorted.
func profileFields(a, b visitor.Visitor) []string {
	names := map[string]bool{"name": a.Name != b.Name, "email": a.Email != b.Email, "phone": a.Phone != b.Phone, "source": a.Source != b.Source}
	for _, attributes := range []visitor.Attributes{a.Attributes, b.Attributes} {
		for name := range attributes {
			names["attr."+name] = !reflect.DeepEqual(a.Attributes[name], b.Attributes[name])
		}
	}
	return differing(names)
}

// differing returns the names that are true, sorted.
func differing(names map[string]bool) []string {
	maps.DeleteFunc(names, func(_ string, differs bool) bool { return !differs })
	return slices.Sorted(maps.Keys(names))
}

func (m *model) addTags(c store.AddTags) verdict {
	v, there := m.visitors[c.ID]
	var added []tag.ID
	v = v.Clone()
	for _, key := range c.Tags {
		t, ok := m.tagNamed(key)
		if !ok {
			return verdict{faults: []store.Error{fault(store.ErrNotFound, "tag", "")}, open: !there}
		}
		if !slices.ContainsFunc(v.Tags, func(a tag.Assignment) bool { return a.Tag == t.ID }) {
			v.Tags = append(v.Tags, tag.Assignment{Tag: t.ID, At: c.At, By: c.By, Cause: c.Cause})
			added = append(added, t.ID)
		}
	}
	return m.retag(there, v, store.Event{Kind: store.VisitorTagged, At: c.At, Visitor: c.ID, Tags: added})
}

func (m *model) removeTags(c store.RemoveTags) verdict {
	v, there := m.visitors[c.ID]
	var removed []tag.ID
	v = v.Clone()
	v.Tags = slices.DeleteFunc(v.Tags, func(a tag.Assignment) bool {
		hit := slices.Contains(c.Tags, keyOf(m.tags[a.Tag].Name))
		if hit {
			removed = append(removed, a.Tag)
		}
		return hit
	})
	return m.retag(there, v, store.Event{Kind: store.VisitorUntagged, At: c.At, Visitor: c.ID, Tags: removed})
}

func (m *model) retag(there bool, v visitor.Visitor, e store.Event) verdict {
	switch {
	case !there:
		return none(store.Missing)
	case e.Tags == nil:
		return none(store.Unchanged)
	}
	slices.Sort(e.Tags)
	m.visitors[v.ID] = v
	return verdict{outcome: store.Outcome{Effect: store.Updated}, event: e}
}

func (m *model) tagNamed(key string) (tag.Tag, bool) {
	for _, t := range m.tags {
		if keyOf(t.Name) == key {
			return t, true
		}
	}
	return tag.Tag{}, false
}

func (m *model) groupNamed(key string) (group.Group, bool) {
	for _, g := range m.groups {
		if keyOf(g.Name) == key {
			return g, true
		}
	}
	return group.Group{}, false
}

// read returns v as a store returns it.
func (m *model) read(v visitor.Visitor) visitor.Visitor {
	v = v.Clone()
	for i, a := range v.Tags {
		v.Tags[i].Name, v.Tags[i].Color = m.tags[a.Tag].Name, m.tags[a.Tag].Color
	}
	slices.SortFunc(v.Tags, tag.Assignment.Compare)
	if len(v.Tags) == 0 {
		v.Tags = nil
	}
	return v
}

// dump is what a dump of a workspace like m has to be.
func (m *model) dump() dump {
	d := dump{Count: int64(len(m.visitors)), Events: m.events}
	for _, v := range m.visitors {
		d.Visitors = append(d.Visitors, m.read(v))
	}
	arrange(store.OldestFirst, d.Visitors)
	for _, t := range m.tags {
		d.Tags = append(d.Tags, t)
	}
	slices.SortFunc(d.Tags, func(a, b tag.Tag) int { return cmp.Compare(keyOf(a.Name), keyOf(b.Name)) })
	for _, g := range m.groups {
		d.Groups = append(d.Groups, g)
	}
	slices.SortFunc(d.Groups, func(a, b group.Group) int { return cmp.Compare(keyOf(a.Name), keyOf(b.Name)) })
	return d
}
