package driver

import (
	"slices"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

func keyOf(t tag.Tag) string { return tag.Key(t.Name) }

func (b *batch) tagCatalog() catalog[tag.Tag, tag.ID] {
	return catalog[tag.Tag, tag.ID]{
		kind: "tag", tx: b.tx, list: b.tx.Tags, put: b.tx.PutTag, remove: b.tx.DeleteTag,
		id:       func(t tag.Tag) tag.ID { return t.ID },
		key:      keyOf,
		mentions: func(r filter.Refs) ([]string, []tag.ID) { return keysOf(r.Tags, tag.Key), r.TagIDs },
	}
}

func (c EnsureTag) apply(b *batch) (Outcome, error) {
	key := keyOf(c.Tag)
	if err := b.readTags(key); err != nil {
		return Outcome{}, err
	}
	if t := b.tags.get(key); t != nil {
		existing := *t
		return Outcome{Effect: Unchanged, Tag: &existing}, nil
	}
	return CreateTag(c).apply(b)
}

func (c CreateTag) apply(b *batch) (Outcome, error) {
	t := c.Tag
	t.CreatedAt = FromMicros(Micros(t.CreatedAt))
	if err := b.tagCatalog().checkFree(keyOf(t), t.ID); err != nil {
		return Outcome{}, err
	}
	kept := t
	b.tags.set(keyOf(t), &kept)
	b.event(c.Audit, Event{Kind: TagCreated, Tags: []tag.ID{t.ID}})
	return Outcome{Effect: Created, Tag: &t}, b.tx.PutTag(nil, t)
}

func (c UpdateTag) apply(b *batch) (Outcome, error) {
	compare := func(before, after tag.Tag) ([]string, error) {
		return differing(map[string]bool{
			"name": after.Name != before.Name, "color": after.Color != before.Color,
			"description": after.Description != before.Description,
		}), nil
	}
	t, fields, err := b.tagCatalog().update(c.ID, c.Patch.Apply, compare)
	if len(fields) == 0 {
		return Outcome{Effect: Unchanged, Tag: &t}, err
	}
	b.event(c.Audit, Event{Kind: TagUpdated, Tags: []tag.ID{c.ID}, Fields: fields})
	return Outcome{Effect: Updated, Tag: &t}, err
}

func (c DeleteTag) apply(b *batch) (Outcome, error) {
	err := b.lose("tag", func(after visitor.ID) ([]visitor.ID, error) { return b.tx.Tagged(c.ID, after, maxBatch) }, func(v *visitor.Visitor) {
		v.Tags = slices.DeleteFunc(slices.Clone(v.Tags), func(a tag.Assignment) bool { return a.Tag == c.ID })
	})
	if err != nil {
		return Outcome{}, err
	}
	effect, err := b.tagCatalog().delete(c.ID)
	if effect == Deleted {
		b.event(c.Audit, Event{Kind: TagDeleted, Tags: []tag.ID{c.ID}})
	}
	return Outcome{Effect: effect}, err
}
