package main

import (
	"reflect"
	"slices"

	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/tag"
)

func (w *workspace) tagNamed(key string) (tag.Tag, bool) {
	for _, t := range w.tags {
		if tag.Key(t.Name) == key {
			return t, true
		}
	}
	return tag.Tag{}, false
}

func (w *workspace) createTag(t tag.Tag) (store.Outcome, store.Event, error) {
	if other, taken := w.tagNamed(tag.Key(t.Name)); taken {
		return refuse(store.Taken("tag", string(other.ID)))
	}
	if _, taken := w.tags[t.ID]; taken {
		return refuse(store.Taken("tag", string(t.ID)))
	}
	w.tags[t.ID] = t
	return store.Outcome{Effect: store.Created, Tag: t}, store.Event{Kind: store.TagCreated, At: t.CreatedAt, Tags: []tag.ID{t.ID}}, nil
}

func (w *workspace) updateTag(c store.UpdateTag) (store.Outcome, store.Event, error) {
	old, ok := w.tags[c.ID]
	if !ok {
		return refuse(store.Missed("tag", string(c.ID)))
	}
	t, err := c.Patch.Apply(old)
	if err != nil {
		return refuse(err)
	}
	if other, taken := w.tagNamed(tag.Key(t.Name)); taken && other.ID != t.ID {
		return refuse(store.Taken("tag", string(other.ID)))
	}
	fields := differing(map[string]bool{"name": t.Name != old.Name, "color": t.Color != old.Color, "description": t.Description != old.Description})
	if fields == nil {
		return store.Outcome{Effect: store.Unchanged, Tag: t}, store.Event{}, nil
	}
	w.tags[t.ID] = t
	return store.Outcome{Effect: store.Updated, Tag: t}, store.Event{Kind: store.TagUpdated, At: c.At, Tags: []tag.ID{t.ID}, Fields: fields}, nil
}

func (w *workspace) deleteTag(c store.DeleteTag) (store.Outcome, store.Event, error) {
	if _, ok := w.tags[c.ID]; !ok {
		return nothing(store.Missing)
	}
	delete(w.tags, c.ID)
	for id, v := range w.visitors {
		v.Tags = slices.DeleteFunc(slices.Clone(v.Tags), func(a tag.Assignment) bool { return a.Tag == c.ID })
		w.visitors[id] = v
	}
	return store.Outcome{Effect: store.Deleted}, store.Event{Kind: store.TagDeleted, At: c.At, Tags: []tag.ID{c.ID}}, nil
}

func (w *workspace) groupNamed(key string) (group.Group, bool) {
	for _, g := range w.groups {
		if group.Key(g.Name) == key {
			return g, true
		}
	}
	return group.Group{}, false
}

func (w *workspace) createGroup(g group.Group) (store.Outcome, store.Event, error) {
	if err := group.CheckRule(g.Rule); err != nil {
		return refuse(err)
	}
	if other, taken := w.groupNamed(group.Key(g.Name)); taken {
		return refuse(store.Taken("group", string(other.ID)))
	}
	if _, taken := w.groups[g.ID]; taken {
		return refuse(store.Taken("group", string(g.ID)))
	}
	w.groups[g.ID] = g
	return store.Outcome{Effect: store.Created, Group: g}, store.Event{Kind: store.GroupCreated, At: g.CreatedAt, Groups: []group.ID{g.ID}}, nil
}

func (w *workspace) updateGroup(c store.UpdateGroup) (store.Outcome, store.Event, error) {
	old, ok := w.groups[c.ID]
	if !ok {
		return refuse(store.Missed("group", string(c.ID)))
	}
	g, err := c.Patch.Apply(old)
	if err != nil {
		return refuse(err)
	}
	if other, taken := w.groupNamed(group.Key(g.Name)); taken && other.ID != g.ID {
		return refuse(store.Taken("group", string(other.ID)))
	}
	fields := differing(map[string]bool{"name": g.Name != old.Name, "description": g.Description != old.Description, "rule": !reflect.DeepEqual(g.Rule, old.Rule)})
	if fields == nil {
		return store.Outcome{Effect: store.Unchanged, Group: g}, store.Event{}, nil
	}
	w.groups[g.ID] = g
	return store.Outcome{Effect: store.Updated, Group: g}, store.Event{Kind: store.GroupUpdated, At: c.At, Groups: []group.ID{g.ID}, Fields: fields}, nil
}

func (w *workspace) deleteGroup(c store.DeleteGroup) (store.Outcome, store.Event, error) {
	if _, ok := w.groups[c.ID]; !ok {
		return nothing(store.Missing)
	}
	delete(w.groups, c.ID)
	for id, v := range w.visitors {
		v.Groups, v.Excluded = without(v.Groups, c.ID), without(v.Excluded, c.ID)
		w.visitors[id] = v
	}
	return store.Outcome{Effect: store.Deleted}, store.Event{Kind: store.GroupDeleted, At: c.At, Groups: []group.ID{c.ID}}, nil
}

// differing returns the names that are true, sorted; nil when there are none.
func differing(names map[string]bool) []string {
	var fields []string
	for name, differs := range names {
		if differs {
			fields = append(fields, name)
		}
	}
	slices.Sort(fields)
	return fields
}
