package driver

import (
	"bytes"
	"slices"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/tag"
)

func keyOf(t tag.Tag) string { return tag.Key(t.Name) }

// ensureTag creates a tag unless one with its key exists, and returns the one that exists.
func (b *batch) ensureTag(t tag.Tag, a Audit) (tag.Tag, Effect, error) {
	if err := b.readTags([]string{keyOf(t)}); err != nil {
		return t, "", err
	}
	if there := b.tags[keyOf(t)]; there != nil {
		return *there, Unchanged, nil
	}
	out, err := b.createTag(CreateTag{Audit: a, Tag: t})
	return out.Tag, out.Effect, err
}

func (b *batch) createTag(c CreateTag) (Outcome, error) {
	t := c.Tag
	t.CreatedAt = FromMicros(Micros(t.CreatedAt))
	if err := b.tagFree(keyOf(t), t.ID); err != nil {
		return Outcome{}, err
	}
	if err := b.tx.PutTag(nil, t); err != nil {
		return Outcome{}, err
	}
	b.tags[keyOf(t)] = &t
	b.event(c.Audit, Event{Kind: TagCreated, Tags: []tag.ID{t.ID}})
	return Outcome{Effect: Created, Tag: t}, nil
}

// tagFree refuses a new tag whose key or id is taken. The error names the tag that has
// the key, if one does.
func (b *batch) tagFree(key string, id tag.ID) error {
	taken, err := b.tx.Tags(List{Keys: []string{key}, IDs: []string{string(id)}})
	if err != nil || len(taken) == 0 {
		return err
	}
	n := max(slices.IndexFunc(taken, func(t tag.Tag) bool { return keyOf(t) == key }), 0)
	return AlreadyExists("tag", string(taken[n].ID))
}

func (b *batch) updateTag(c UpdateTag) (Outcome, error) {
	found, err := b.tx.Tags(List{IDs: []string{string(c.ID)}})
	if err != nil {
		return Outcome{}, err
	}
	if len(found) == 0 {
		return Outcome{}, NotFound("tag", string(c.ID))
	}
	before := found[0]
	after, err := c.Patch.Apply(before)
	if err != nil {
		return Outcome{}, err
	}
	fields := differing(map[string]bool{
		"name": after.Name != before.Name, "color": after.Color != before.Color, "description": after.Description != before.Description,
	})
	if len(fields) == 0 {
		return Outcome{Effect: Unchanged, Tag: after}, nil
	}
	if key := keyOf(after); key != keyOf(before) {
		if err := b.tagFree(key, ""); err != nil {
			return Outcome{}, err
		}
	}
	if err := b.tx.PutTag(&before, after); err != nil {
		return Outcome{}, err
	}
	b.event(c.Audit, Event{Kind: TagUpdated, Tags: []tag.ID{c.ID}, Fields: fields})
	return Outcome{Effect: Updated, Tag: after}, nil
}

// differing returns the names that are true, in order.
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

func (b *batch) deleteTag(c DeleteTag) (Outcome, error) {
	found, err := b.tx.Tags(List{IDs: []string{string(c.ID)}})
	if err != nil || len(found) == 0 {
		return Outcome{Effect: Missing}, err
	}
	key := keyOf(found[0])
	err = b.checkUnused("tag", func(r filter.Refs) bool {
		return slices.Contains(r.TagIDs, c.ID) || slices.ContainsFunc(r.Tags, func(name string) bool { return tag.Key(name) == key })
	})
	if err != nil {
		return Outcome{}, err
	}
	if err := b.tx.DeleteTag(c.ID); err != nil {
		return Outcome{}, err
	}
	b.event(c.Audit, Event{Kind: TagDeleted, Tags: []tag.ID{c.ID}})
	return Outcome{Effect: Deleted}, nil
}

// checkUnused returns an *InUseError if the rules of groups mention something.
func (b *batch) checkUnused(kind string, mentions func(filter.Refs) bool) error {
	groups, err := b.tx.Groups(List{})
	if err != nil {
		return err
	}
	var users []group.ID
	for _, g := range groups {
		if g.Rule != nil && mentions(filter.References(g.Rule)) {
			users = append(users, g.ID)
		}
	}
	if users == nil {
		return nil
	}
	return &InUseError{Kind: kind, Groups: users}
}

func (b *batch) checkGroupUnused(g group.Group) error {
	key := group.Key(g.Name)
	return b.checkUnused("group", func(r filter.Refs) bool {
		return slices.Contains(r.GroupIDs, g.ID) || slices.ContainsFunc(r.Groups, func(name string) bool { return group.Key(name) == key })
	})
}

func (b *batch) createGroup(c CreateGroup) (Outcome, error) {
	g := c.Group
	g.CreatedAt = FromMicros(Micros(g.CreatedAt))
	if err := b.groupFree(group.Key(g.Name), g.ID); err != nil {
		return Outcome{}, err
	}
	if err := b.checkRule(g); err != nil {
		return Outcome{}, err
	}
	if err := b.tx.PutGroup(nil, g); err != nil {
		return Outcome{}, err
	}
	b.event(c.Audit, Event{Kind: GroupCreated, Groups: []group.ID{g.ID}})
	return Outcome{Effect: Created, Group: g}, nil
}

func (b *batch) groupFree(key string, id group.ID) error {
	taken, err := b.tx.Groups(List{Keys: []string{key}, IDs: []string{string(id)}})
	if err != nil || len(taken) == 0 {
		return err
	}
	n := max(slices.IndexFunc(taken, func(g group.Group) bool { return group.Key(g.Name) == key }), 0)
	return AlreadyExists("group", string(taken[n].ID))
}

// checkRule refuses a rule that mentions a tag or group that does not exist, or a group
// that has a rule itself. Names were replaced by ids before, where they exist.
func (b *batch) checkRule(g group.Group) error {
	if g.Rule == nil {
		return nil
	}
	if err := group.CheckRule(g.Rule); err != nil {
		return err
	}
	refs := filter.References(g.Rule)
	ids := slices.Compact(slices.Sorted(slices.Values(refs.TagIDs)))
	for ids := range slices.Chunk(ids, maxBatch) {
		tags, err := b.tx.Tags(List{IDs: textsOf(ids)})
		if err != nil {
			return err
		}
		if len(tags) < len(ids) {
			return &filter.Error{Path: "rule", Reason: "mentions a tag that does not exist"}
		}
	}
	groups := slices.Compact(slices.Sorted(slices.Values(refs.GroupIDs)))
	for ids := range slices.Chunk(groups, maxBatch) {
		groups, err := b.tx.Groups(List{IDs: textsOf(ids)})
		if err != nil {
			return err
		}
		if len(groups) < len(ids) {
			return &filter.Error{Path: "rule", Reason: "mentions a group that does not exist"}
		}
		if slices.ContainsFunc(groups, func(other group.Group) bool { return other.Rule != nil || other.ID == g.ID }) {
			return &filter.Error{Path: "rule", Reason: "mentions a group that has a rule"}
		}
	}
	return nil
}

func (b *batch) updateGroup(c UpdateGroup) (Outcome, error) {
	found, err := b.tx.Groups(List{IDs: []string{string(c.ID)}})
	if err != nil {
		return Outcome{}, err
	}
	if len(found) == 0 {
		return Outcome{}, NotFound("group", string(c.ID))
	}
	before := found[0]
	after, err := c.Patch.Apply(before)
	if err != nil {
		return Outcome{}, err
	}
	ruleChanged, err := rulesDiffer(before, after)
	if err != nil {
		return Outcome{}, err
	}
	fields := differing(map[string]bool{
		"name": after.Name != before.Name, "description": after.Description != before.Description, "rule": ruleChanged,
	})
	if len(fields) == 0 {
		return Outcome{Effect: Unchanged, Group: after}, nil
	}
	if key := group.Key(after.Name); key != group.Key(before.Name) {
		if err := b.groupFree(key, ""); err != nil {
			return Outcome{}, err
		}
	}
	if ruleChanged {
		if err := b.checkRule(after); err != nil {
			return Outcome{}, err
		}
	}
	if before.Rule == nil && after.Rule != nil {
		if err := b.checkGroupUnused(before); err != nil {
			return Outcome{}, err
		}
	}
	if err := b.tx.PutGroup(&before, after); err != nil {
		return Outcome{}, err
	}
	b.event(c.Audit, Event{Kind: GroupUpdated, Groups: []group.ID{c.ID}, Fields: fields})
	return Outcome{Effect: Updated, Group: after}, nil
}

func rulesDiffer(a, b group.Group) (bool, error) {
	if a.Rule == nil || b.Rule == nil {
		return (a.Rule == nil) != (b.Rule == nil), nil
	}
	x, err := filter.Marshal(a.Rule)
	if err != nil {
		return false, err
	}
	y, err := filter.Marshal(b.Rule)
	return !bytes.Equal(x, y), err
}

func (b *batch) deleteGroup(c DeleteGroup) (Outcome, error) {
	found, err := b.tx.Groups(List{IDs: []string{string(c.ID)}})
	if err != nil || len(found) == 0 {
		return Outcome{Effect: Missing}, err
	}
	if err := b.checkGroupUnused(found[0]); err != nil {
		return Outcome{}, err
	}
	if err := b.tx.DeleteGroup(c.ID); err != nil {
		return Outcome{}, err
	}
	b.event(c.Audit, Event{Kind: GroupDeleted, Groups: []group.ID{c.ID}})
	return Outcome{Effect: Deleted}, nil
}
