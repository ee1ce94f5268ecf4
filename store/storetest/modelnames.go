package storetest

import (
	"reflect"
	"slices"

	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/tag"
)

func (m *model) createTag(t tag.Tag) verdict {
	var faults []store.Error
	if other, taken := m.tagNamed(keyOf(t.Name)); taken {
		faults = append(faults, fault(store.ErrExists, "tag", string(other.ID)))
	}
	if _, taken := m.tags[t.ID]; taken {
		faults = append(faults, fault(store.ErrExists, "tag", string(t.ID)))
	}
	if faults != nil {
		return failed(faults...)
	}
	m.tags[t.ID] = t
	v := did(store.Created, store.TagCreated)
	v.outcome.Tag, v.event.At, v.event.Tags = t, t.CreatedAt, []tag.ID{t.ID}
	return v
}

func (m *model) updateTag(c store.UpdateTag) verdict {
	old, ok := m.tags[c.ID]
	if !ok {
		return failed(fault(store.ErrNotFound, "tag", string(c.ID)))
	}
	t, err := c.Patch.Apply(old)
	if err != nil {
		return verdict{open: true}
	}
	if other, taken := m.tagNamed(keyOf(t.Name)); taken && other.ID != t.ID {
		return failed(fault(store.ErrExists, "tag", string(other.ID)))
	}
	if t == old {
		return verdict{outcome: store.Outcome{Effect: store.Unchanged, Tag: t}}
	}
	m.tags[t.ID] = t
	v := did(store.Updated, store.TagUpdated)
	v.outcome.Tag, v.event.At, v.event.Tags = t, c.At, []tag.ID{t.ID}
	v.event.Fields = differing(map[string]bool{"name": t.Name != old.Name, "color": t.Color != old.Color, "description": t.Description != old.Description})
	return v
}

func (m *model) deleteTag(c store.DeleteTag) verdict {
	if _, ok := m.tags[c.ID]; !ok {
		return none(store.Missing)
	}
	delete(m.tags, c.ID)
	for id, v := range m.visitors {
		v = v.Clone()
		v.Tags = slices.DeleteFunc(v.Tags, func(a tag.Assignment) bool { return a.Tag == c.ID })
		m.visitors[id] = v
	}
	v := did(store.Deleted, store.TagDeleted)
	v.event.At, v.event.Tags = c.At, []tag.ID{c.ID}
	return v
}

func (m *model) createGroup(g group.Group) verdict {
	var faults []store.Error
	if other, taken := m.groupNamed(keyOf(g.Name)); taken {
		faults = append(faults, fault(store.ErrExists, "group", string(other.ID)))
	}
	if _, taken := m.groups[g.ID]; taken {
		faults = append(faults, fault(store.ErrExists, "group", string(g.ID)))
	}
	if faults != nil {
		return failed(faults...)
	}
	m.groups[g.ID] = g
	v := did(store.Created, store.GroupCreated)
	v.outcome.Group, v.event.At, v.event.Groups = g, g.CreatedAt, []group.ID{g.ID}
	return v
}

func (m *model) updateGroup(c store.UpdateGroup) verdict {
	old, ok := m.groups[c.ID]
	if !ok {
		return failed(fault(store.ErrNotFound, "group", string(c.ID)))
	}
	g, err := c.Patch.Apply(old)
	if err != nil {
		return verdict{open: true}
	}
	if other, taken := m.groupNamed(keyOf(g.Name)); taken && other.ID != g.ID {
		return failed(fault(store.ErrExists, "group", string(other.ID)))
	}
	fields := differing(map[string]bool{"name": g.Name != old.Name, "description": g.Description != old.Description, "rule": !reflect.DeepEqual(g.Rule, old.Rule)})
	if fields == nil {
		return verdict{outcome: store.Outcome{Effect: store.Unchanged, Group: g}}
	}
	m.groups[g.ID] = g
	v := did(store.Updated, store.GroupUpdated)
	v.outcome.Group, v.event.At, v.event.Groups, v.event.Fields = g, c.At, []group.ID{g.ID}, fields
	return v
}

func (m *model) deleteGroup(c store.DeleteGroup) verdict {
	if _, ok := m.groups[c.ID]; !ok {
		return none(store.Missing)
	}
	delete(m.groups, c.ID)
	for id, v := range m.visitors {
		v.Groups, v.Excluded = without(v.Groups, c.ID), without(v.Excluded, c.ID)
		m.visitors[id] = v
	}
	v := did(store.Deleted, store.GroupDeleted)
	v.event.At, v.event.Groups = c.At, []group.ID{c.ID}
	return v
}

func (m *model) joinGroup(c store.JoinGroup) verdict {
	v, there := m.visitors[c.ID]
	_, known := m.groups[c.Group]
	switch {
	case !there && !known:
		return verdict{open: true}
	case !there:
		return none(store.Missing)
	case !known:
		return failed(fault(store.ErrNotFound, "group", string(c.Group)))
	case slices.Contains(v.Groups, c.Group):
		return none(store.Unchanged)
	}
	v.Groups, v.Excluded = including(v.Groups, c.Group), without(v.Excluded, c.Group)
	m.visitors[c.ID] = v
	result := did(store.Updated, store.VisitorJoined)
	result.event.At, result.event.Visitor, result.event.Groups = c.At, c.ID, []group.ID{c.Group}
	return result
}

func (m *model) leaveGroup(c store.LeaveGroup) verdict {
	v, there := m.visitors[c.ID]
	g, known := m.groups[c.Group]
	member, excluded := slices.Contains(v.Groups, c.Group), slices.Contains(v.Excluded, c.Group)
	switch {
	case !there && !known:
		return verdict{open: true}
	case !there:
		return none(store.Missing)
	case !known:
		return failed(fault(store.ErrNotFound, "group", string(c.Group)))
	case !member && (excluded || g.Rule == nil):
		return none(store.Unchanged)
	}
	v.Groups = without(v.Groups, c.Group)
	if g.Rule != nil {
		v.Excluded = including(v.Excluded, c.Group)
	}
	m.visitors[c.ID] = v
	result := did(store.Updated, store.VisitorLeft)
	result.event.At, result.event.Visitor, result.event.Groups = c.At, c.ID, []group.ID{c.Group}
	return result
}

// including and without return new lists; the old ones may be shared.
func including(list []group.ID, id group.ID) []group.ID {
	return sorted(append(slices.Clone(list), id))
}

func without(list []group.ID, id group.ID) []group.ID {
	var rest []group.ID
	for _, other := range list {
		if other != id {
			rest = append(rest, other)
		}
	}
	return rest
}
