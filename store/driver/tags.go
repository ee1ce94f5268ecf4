package driver

import (
	"slices"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/tag"
)

func keyOf(t tag.Tag) string { return tag.Key(t.Name) }

func (b *batch) ensureTag(c EnsureTag) (Outcome, error) {
	key := keyOf(c.Tag)
	if err := b.readTags([]string{key}); err != nil {
		return Outcome{}, err
	}
	if t := b.tags[key]; t != nil {
		existing := *t
		return Outcome{Effect: Unchanged, Tag: &existing}, nil
	}
	return b.createTag(CreateTag(c))
}

func (b *batch) createTag(c CreateTag) (Outcome, error) {
	t := c.Tag
	t.CreatedAt = FromMicros(Micros(t.CreatedAt))
	if err := b.tagFree(List{Keys: []string{keyOf(t)}, IDs: []string{string(t.ID)}}); err != nil {
		return Outcome{}, err
	}
	if err := b.tx.PutTag(nil, t); err != nil {
		return Outcome{}, err
	}
	kept := t
	b.tags[keyOf(t)] = &kept
	b.event(c.Audit, Event{Kind: TagCreated, Tags: []tag.ID{t.ID}})
	return Outcome{Effect: Created, Tag: &t}, nil
}

// tagFree returns ErrExists if a tag has the key or the id that l asks for. The error names
// the tag that has the key, if one does.
func (b *batch) tagFree(l List) error {
	taken, err := b.tx.Tags(l)
	if err != nil || len(taken) == 0 {
		return err
	}
	n := max(slices.IndexFunc(taken, func(t tag.Tag) bool { return keyOf(t) == l.Keys[0] }), 0)
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
		return Outcome{Effect: Unchanged, Tag: &after}, nil
	}
	if key := keyOf(after); key != keyOf(before) {
		if err := b.tagFree(List{Keys: []string{key}}); err != nil {
			return Outcome{}, err
		}
	}
	if err := b.tx.PutTag(&before, after); err != nil {
		return Outcome{}, err
	}
	b.event(c.Audit, Event{Kind: TagUpdated, Tags: []tag.ID{c.ID}, Fields: fields})
	return Outcome{Effect: Updated, Tag: &after}, nil
}

// differing returns the names of fields that differ, in order.
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
