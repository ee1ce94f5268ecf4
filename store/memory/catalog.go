package memory

import (
	"slices"
	"strings"

	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/internal/index"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// catalog holds the tags or the groups of a workspace, by id and ordered by key.
type catalog[T any] struct {
	byID  map[string]*entry[T]
	byKey []*entry[T]
	index *index.Index
	kind  index.Kind
}

// entry is a tag or a group. Visitors point to it, so a new name costs nothing for them.
type entry[T any] struct {
	id, key  string
	value    T
	members  *index.Set // visitors that have the tag or were added to the group
	excluded *index.Set // of a group: visitors that were removed from it although its rule matches
}

func newCatalog[T any](x *index.Index, kind index.Kind) catalog[T] {
	return catalog[T]{byID: map[string]*entry[T]{}, index: x, kind: kind}
}

func compareKeys[T any](a, b *entry[T]) int { return strings.Compare(a.key, b.key) }

// search returns the index of a key in byKey, or where it would be inserted.
func (c *catalog[T]) search(key string) (int, bool) {
	return slices.BinarySearchFunc(c.byKey, key, func(e *entry[T], key string) int { return strings.Compare(e.key, key) })
}

// insert adds an entry, and its sets to the index.
func (c *catalog[T]) insert(e *entry[T]) {
	i, _ := c.search(e.key)
	c.byID[e.id], c.byKey = e, slices.Insert(c.byKey, i, e)
	if e.members = c.index.Set(c.kind, e.id); c.kind == index.Group {
		e.excluded = c.index.Set(index.Excluded, e.id)
	}
}

// remove removes an entry that no visitor has.
func (c *catalog[T]) remove(e *entry[T]) {
	i, _ := c.search(e.key)
	c.byKey = slices.Delete(c.byKey, i, i+1)
	delete(c.byID, e.id)
	if c.index.Remove(e.members); e.excluded != nil {
		c.index.Remove(e.excluded)
	}
}

// replace gives an entry another value and key.
func (c *catalog[T]) replace(e *entry[T], key string, value T) {
	from, _ := c.search(e.key)
	c.byKey = slices.Delete(c.byKey, from, from+1)
	to, _ := c.search(key)
	c.byKey = slices.Insert(c.byKey, to, e)
	e.key, e.value = key, value
}

// existing returns the entries with those ids that exist.
func (c *catalog[T]) existing(ids []string) (entries []*entry[T]) {
	for _, id := range ids {
		if e := c.byID[id]; e != nil {
			entries = append(entries, e)
		}
	}
	return entries
}

// list returns the values of a list, ordered by key.
func (c *catalog[T]) list(l driver.List) []T {
	var chosen []*entry[T]
	if len(l.Keys)+len(l.IDs) > 0 {
		for _, key := range l.Keys {
			if i, found := c.search(key); found {
				chosen = append(chosen, c.byKey[i])
			}
		}
		chosen = append(chosen, c.existing(l.IDs)...)
		slices.SortFunc(chosen, compareKeys)
		chosen = slices.Compact(chosen)
	} else {
		from, found := c.search(l.After)
		if found {
			from++
		}
		chosen = c.byKey[from:]
		if l.Limit > 0 {
			chosen = chosen[:min(l.Limit, len(chosen))]
		}
	}
	var values []T
	for _, e := range chosen {
		values = append(values, e.value)
	}
	return values
}

// listGroups returns copies: the rule of a group is a tree that a caller may modify.
func (w *workspace) listGroups(l driver.List) []group.Group {
	groups := w.groups.list(l)
	for i := range groups {
		groups[i].Rule = cloneRule(groups[i].Rule)
	}
	return groups
}

func (t *tx) Tags(l driver.List) ([]tag.Tag, error) { return t.tags.list(l), nil }

func (t *tx) Groups(l driver.List) ([]group.Group, error) { return t.listGroups(l), nil }

func (t *tx) PutTag(before *tag.Tag, after tag.Tag) error {
	put(t, &t.tags, before == nil, string(after.ID), tag.Key(after.Name), after)
	return nil
}

func (t *tx) PutGroup(before *group.Group, after group.Group) error {
	after.Rule = cloneRule(after.Rule)
	put(t, &t.groups, before == nil, string(after.ID), group.Key(after.Name), after)
	return nil
}

func put[T any](t *tx, c *catalog[T], isNew bool, id, key string, value T) {
	if isNew {
		e := &entry[T]{id: id, key: key, value: value}
		c.insert(e)
		t.onRollback(func() { c.remove(e) })
		return
	}
	e := c.byID[id]
	oldKey, old := e.key, e.value
	c.replace(e, key, value)
	t.onRollback(func() { c.replace(e, oldKey, old) })
}

// Tagged returns visitors with a tag. See driver.Tx.
func (t *tx) Tagged(id tag.ID, after visitor.ID, limit int) ([]visitor.ID, error) {
	return having(t, t.tags.byID[string(id)], after, limit), nil
}

// InGroup returns visitors that were added to a group or removed from it. See driver.Tx.
func (t *tx) InGroup(id group.ID, after visitor.ID, limit int) ([]visitor.ID, error) {
	return having(t, t.groups.byID[string(id)], after, limit), nil
}

func having[T any](t *tx, e *entry[T], after visitor.ID, limit int) []visitor.ID {
	if e == nil {
		return nil
	}
	linked := e.members.Members().ToArray()
	if e.excluded != nil {
		linked = append(linked, e.excluded.Members().ToArray()...)
	}
	var ids []visitor.ID
	for _, p := range linked {
		if id := formatID(t.records[p].id); id > after {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	return ids[:min(limit, len(ids))]
}

func (t *tx) DeleteTag(id tag.ID) error {
	remove(t, &t.tags, t.tags.byID[string(id)], func(r *record, e *entry[tag.Tag]) { r.tags = unlink(r.tags, e) })
	return nil
}

func (t *tx) DeleteGroup(id group.ID) error {
	remove(t, &t.groups, t.groups.byID[string(id)], func(r *record, e *entry[group.Group]) {
		r.memberships, r.excluded = unlink(r.memberships, e), unlink(r.excluded, e)
	})
	return nil
}

func remove[T any](t *tx, c *catalog[T], e *entry[T], unlink func(*record, *entry[T])) {
	linked := e.members.Members().ToArray()
	if e.excluded != nil {
		linked = append(linked, e.excluded.Members().ToArray()...)
	}
	for _, p := range linked {
		next := *t.records[p]
		unlink(&next, e)
		t.put(p, &next)
	}
	c.remove(e)
	t.onRollback(func() { c.insert(e) })
}

func unlink[T any](links []link[T], e *entry[T]) []link[T] {
	return without(links, func(l link[T]) bool { return l.to == e })
}

// without returns a copy without the items that drop reports, nil if nothing is left.
func without[T any](list []T, drop func(T) bool) []T {
	var rest []T
	for _, item := range list {
		if !drop(item) {
			rest = append(rest, item)
		}
	}
	return rest
}
