package memory

import (
	"reflect"

	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/tag"
)

func (b *batch) ensureTag(c store.EnsureTag) (store.Outcome, error) {
	if t := b.tags.at(tag.Key(c.Tag.Name)); t != nil {
		return store.Outcome{Effect: store.Unchanged, Tag: t.value}, nil
	}
	return b.createTag(c.Tag)
}

func (b *batch) createTag(t tag.Tag) (store.Outcome, error) {
	t.CreatedAt = stored(t.CreatedAt)
	key := tag.Key(t.Name)
	if there := b.tags.holder(string(t.ID), key); there != nil {
		return store.Outcome{}, store.Taken("tag", there.id)
	}
	shelve(b, &b.tags, newLabel(string(t.ID), key, t))
	b.events.add(store.Event{Kind: store.TagCreated, At: t.CreatedAt, Tags: []tag.ID{t.ID}})
	return store.Outcome{Effect: store.Created, Tag: t}, nil
}

func (b *batch) updateTag(c store.UpdateTag) (store.Outcome, error) {
	l := b.tags.byID[string(c.ID)]
	if l == nil {
		return store.Outcome{}, store.Missed("tag", string(c.ID))
	}
	was := l.value
	t, err := c.Patch.Apply(was)
	if err != nil {
		return store.Outcome{}, err
	}
	if t == was {
		return store.Outcome{Effect: store.Unchanged, Tag: t}, nil
	}
	if err := relabel(b, &b.tags, "tag", l, tag.Key(t.Name), t); err != nil {
		return store.Outcome{}, err
	}
	b.events.add(store.Event{Kind: store.TagUpdated, At: c.At, Tags: []tag.ID{t.ID}, Fields: named(map[string]bool{
		"name": t.Name != was.Name, "color": t.Color != was.Color, "description": t.Description != was.Description,
	})})
	return store.Outcome{Effect: store.Updated, Tag: t}, nil
}

func (b *batch) deleteTag(c store.DeleteTag) (store.Outcome, error) {
	l := b.tags.byID[string(c.ID)]
	if l == nil {
		return store.Outcome{Effect: store.Missing}, nil
	}
	for _, p := range l.members.ToArray() {
		next := *b.records[p]
		next.tags = without(next.tags, next.carries(l))
		b.put(p, &next)
	}
	unshelve(b, &b.tags, l)
	b.events.add(store.Event{Kind: store.TagDeleted, At: c.At, Tags: []tag.ID{l.value.ID}})
	return store.Outcome{Effect: store.Deleted}, nil
}

func (b *batch) createGroup(c store.CreateGroup) (store.Outcome, error) {
	if err := group.CheckRule(c.Group.Rule); err != nil {
		return store.Outcome{}, err
	}
	g := cloneGroup(c.Group)
	g.CreatedAt = stored(g.CreatedAt)
	key := group.Key(g.Name)
	if there := b.groups.holder(string(g.ID), key); there != nil {
		return store.Outcome{}, store.Taken("group", there.id)
	}
	shelve(b, &b.groups, newLabel(string(g.ID), key, g))
	b.events.add(store.Event{Kind: store.GroupCreated, At: g.CreatedAt, Groups: []group.ID{g.ID}})
	return store.Outcome{Effect: store.Created, Group: cloneGroup(g)}, nil
}

func (b *batch) updateGroup(c store.UpdateGroup) (store.Outcome, error) {
	l := b.groups.byID[string(c.ID)]
	if l == nil {
		return store.Outcome{}, store.Missed("group", string(c.ID))
	}
	was := l.value
	g, err := c.Patch.Apply(was)
	if err != nil {
		return store.Outcome{}, err
	}
	fields := named(map[string]bool{
		"name": g.Name != was.Name, "description": g.Description != was.Description, "rule": !reflect.DeepEqual(g.Rule, was.Rule),
	})
	if len(fields) == 0 {
		return store.Outcome{Effect: store.Unchanged, Group: cloneGroup(was)}, nil
	}
	if err := relabel(b, &b.groups, "group", l, group.Key(g.Name), cloneGroup(g)); err != nil {
		return store.Outcome{}, err
	}
	b.events.add(store.Event{Kind: store.GroupUpdated, At: c.At, Groups: []group.ID{g.ID}, Fields: fields})
	return store.Outcome{Effect: store.Updated, Group: cloneGroup(g)}, nil
}

func (b *batch) deleteGroup(c store.DeleteGroup) (store.Outcome, error) {
	l := b.groups.byID[string(c.ID)]
	if l == nil {
		return store.Outcome{Effect: store.Missing}, nil
	}
	for _, p := range append(l.members.ToArray(), l.excluded.ToArray()...) {
		next := *b.records[p]
		next.groups, _ = with(next.groups, l, false)
		next.excluded, _ = with(next.excluded, l, false)
		b.put(p, &next)
	}
	unshelve(b, &b.groups, l)
	b.events.add(store.Event{Kind: store.GroupDeleted, At: c.At, Groups: []group.ID{l.value.ID}})
	return store.Outcome{Effect: store.Deleted}, nil
}

func shelve[T any](b *batch, s *shelf[T], l *label[T]) {
	s.put(l)
	b.undo = append(b.undo, func() { s.drop(l) })
}

func unshelve[T any](b *batch, s *shelf[T], l *label[T]) {
	s.drop(l)
	b.undo = append(b.undo, func() { s.put(l) })
}

// relabel gives l another value and key, unless the key is another one's.
func relabel[T any](b *batch, s *shelf[T], kind string, l *label[T], key string, value T) error {
	if there := s.at(key); there != nil && there != l {
		return store.Taken(kind, there.id)
	}
	oldKey, old := l.key, l.value
	s.change(l, key, value)
	b.undo = append(b.undo, func() { s.change(l, oldKey, old) })
	return nil
}
