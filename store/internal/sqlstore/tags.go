package sqlstore

import (
	"context"
	"slices"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

const (
	insertTag = "INSERT INTO " + tagTable + " (ws, id, key, name, color, description, created_at)" +
		" VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
	selectTag    = "SELECT t.id, t.name, t.color, t.description, t.created_at FROM " + tagTable + " t WHERE t.ws = ?"
	insertTagged = "INSERT INTO " + visitorTagTable + " (ws, visitor_id, tag_id, put_at, put_by, cause)" +
		" VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (ws, visitor_id, tag_id) DO NOTHING"
	deleteTagged = "DELETE FROM " + visitorTagTable + " WHERE ws = ? AND visitor_id = ? AND tag_id = ?"
)

// tagByKey returns the tag with that key, nil when there is none.
func (a *applier) tagByKey(ctx context.Context, key string) (*tag.Tag, error) {
	if t := a.tags[key]; t != nil {
		return t, nil
	}
	t, err := a.oneTag(ctx, selectTag+" AND t.key = ?", key)
	if t != nil {
		a.know(key, t)
	}
	return t, err
}

func (a *applier) know(key string, t *tag.Tag) {
	if a.tags == nil {
		a.tags = map[string]*tag.Tag{}
	}
	a.tags[key] = t
}

func (a *applier) tagByID(ctx context.Context, id tag.ID) (*tag.Tag, error) {
	return a.oneTag(ctx, selectTag+" AND t.id = ?", a.d.ID(string(id)))
}

func (a *applier) oneTag(ctx context.Context, text string, args ...any) (found *tag.Tag, err error) {
	err = a.find(ctx, text, func(r row) error {
		t, err := scanTag(r)
		found = &t
		return err
	}, args...)
	return found, err
}

// putTags puts the tags with those keys on a visitor, and returns those it did not carry.
func (a *applier) putTags(ctx context.Context, id any, keys []string, how tag.Assignment) ([]tag.Assignment, error) {
	var put []tag.Assignment
	for _, key := range keys {
		t, err := a.tagByKey(ctx, key)
		if err != nil {
			return nil, err
		}
		if t == nil {
			return nil, store.Missed("tag", "")
		}
		n, err := a.affect(ctx, insertTagged, id, a.d.ID(string(t.ID)), store.Micros(how.At), how.By, how.Cause)
		if err != nil {
			return nil, err
		}
		if n > 0 {
			a.counts.tag(t.ID, 1)
			how.Tag, how.Name, how.Color = t.ID, t.Name, t.Color
			put = append(put, how)
		}
	}
	return put, nil
}

func tagIDs(assignments []tag.Assignment) []tag.ID {
	ids := make([]tag.ID, len(assignments))
	for i, a := range assignments {
		ids[i] = a.Tag
	}
	slices.Sort(ids)
	return ids
}

// limit checks that a visitor has at most that many rows of a table.
func (a *applier) limit(ctx context.Context, field, table, id string, most int) error {
	var has int
	err := a.find(ctx, "SELECT count(*) FROM "+table+" WHERE ws = ? AND visitor_id = ?", func(r row) error {
		return r.Scan(&has)
	}, a.d.ID(id))
	if err != nil {
		return err
	}
	return visitor.CheckLimit(field, has, most)
}

func (a *applier) addTags(ctx context.Context, c store.AddTags) (store.Outcome, error) {
	there, err := a.visitorThere(ctx, string(c.ID))
	if err != nil {
		return store.Outcome{}, err
	}
	if !there {
		return store.Outcome{Effect: store.Missing}, nil
	}
	put, err := a.putTags(ctx, a.d.ID(string(c.ID)), c.Tags, tag.Assignment{At: c.At, By: c.By, Cause: c.Cause})
	if err != nil {
		return store.Outcome{}, err
	}
	if len(put) == 0 {
		return store.Outcome{Effect: store.Unchanged}, nil
	}
	if err := a.limit(ctx, "tags", visitorTagTable, string(c.ID), visitor.MaxTags); err != nil {
		return store.Outcome{}, err
	}
	a.event(store.Event{Kind: store.VisitorTagged, At: c.At, Visitor: c.ID, Tags: tagIDs(put)})
	return store.Outcome{Effect: store.Updated}, nil
}

func (a *applier) removeTags(ctx context.Context, c store.RemoveTags) (store.Outcome, error) {
	there, err := a.visitorThere(ctx, string(c.ID))
	if err != nil {
		return store.Outcome{}, err
	}
	if !there {
		return store.Outcome{Effect: store.Missing}, nil
	}
	var taken []tag.ID
	for _, key := range c.Tags {
		t, err := a.tagByKey(ctx, key)
		if err != nil {
			return store.Outcome{}, err
		}
		if t == nil {
			continue
		}
		n, err := a.affect(ctx, deleteTagged, a.d.ID(string(c.ID)), a.d.ID(string(t.ID)))
		if err != nil {
			return store.Outcome{}, err
		}
		if n > 0 {
			a.counts.tag(t.ID, -1)
			taken = append(taken, t.ID)
		}
	}
	if len(taken) == 0 {
		return store.Outcome{Effect: store.Unchanged}, nil
	}
	slices.Sort(taken)
	a.event(store.Event{Kind: store.VisitorUntagged, At: c.At, Visitor: c.ID, Tags: taken})
	return store.Outcome{Effect: store.Updated}, nil
}

func (a *applier) ensureTag(ctx context.Context, c store.EnsureTag) (store.Outcome, error) {
	t, err := a.tagByKey(ctx, tag.Key(c.Tag.Name))
	if err != nil {
		return store.Outcome{}, err
	}
	if t != nil {
		return store.Outcome{Effect: store.Unchanged, Tag: *t}, nil
	}
	return a.createTag(ctx, store.CreateTag(c))
}

func (a *applier) createTag(ctx context.Context, c store.CreateTag) (store.Outcome, error) {
	t := c.Tag
	key := tag.Key(t.Name)
	n, err := a.affect(ctx, insertTag, a.d.ID(string(t.ID)), key, t.Name, string(t.Color), t.Description, store.Micros(t.CreatedAt))
	if err != nil {
		return store.Outcome{}, err
	}
	if n == 0 {
		return store.Outcome{}, a.tagTaken(ctx, key, t.ID)
	}
	a.event(store.Event{Kind: store.TagCreated, At: t.CreatedAt, Tags: []tag.ID{t.ID}})
	return store.Outcome{Effect: store.Created, Tag: t}, nil
}

// tagTaken names the tag that has the key, else the id.
func (a *applier) tagTaken(ctx context.Context, key string, id tag.ID) error {
	owner, err := a.oneTag(ctx, selectTag+" AND t.key = ?", key)
	if owner != nil {
		id = owner.ID
	}
	return orTaken(err, "tag", string(id))
}

func (a *applier) updateTag(ctx context.Context, c store.UpdateTag) (store.Outcome, error) {
	before, err := a.tagByID(ctx, c.ID)
	if err != nil {
		return store.Outcome{}, err
	}
	if before == nil {
		return store.Outcome{}, store.Missed("tag", string(c.ID))
	}
	after, err := c.Patch.Apply(*before)
	if err != nil {
		return store.Outcome{}, err
	}
	if after == *before {
		return store.Outcome{Effect: store.Unchanged, Tag: after}, nil
	}
	key := tag.Key(after.Name)
	owner, err := a.oneTag(ctx, selectTag+" AND t.key = ?", key)
	if err != nil {
		return store.Outcome{}, err
	}
	if owner != nil && owner.ID != c.ID {
		return store.Outcome{}, store.Taken("tag", string(owner.ID))
	}
	a.tags = nil
	err = a.update(ctx, tagTable, a.d.ID(string(c.ID)), map[string]any{
		"key": key, "name": after.Name, "color": string(after.Color), "description": after.Description,
	})
	if err != nil {
		return store.Outcome{}, err
	}
	var fields []string
	if after.Color != before.Color {
		fields = append(fields, "color")
	}
	if after.Description != before.Description {
		fields = append(fields, "description")
	}
	if after.Name != before.Name {
		fields = append(fields, "name")
	}
	a.event(store.Event{Kind: store.TagUpdated, At: c.At, Tags: []tag.ID{c.ID}, Fields: fields})
	return store.Outcome{Effect: store.Updated, Tag: after}, nil
}

func (a *applier) deleteTag(ctx context.Context, c store.DeleteTag) (store.Outcome, error) {
	id := a.d.ID(string(c.ID))
	a.tags = nil
	carried, err := a.affect(ctx, "DELETE FROM "+visitorTagTable+" WHERE ws = ? AND tag_id = ?", id)
	if err != nil {
		return store.Outcome{}, err
	}
	there, err := a.deleteCounted(ctx, "DELETE FROM "+tagTable+" WHERE ws = ? AND id = ?", "uses", counted{addToTag, string(c.ID)}, carried)
	if err != nil || !there {
		return store.Outcome{Effect: store.Missing}, err
	}
	a.event(store.Event{Kind: store.TagDeleted, At: c.At, Tags: []tag.ID{c.ID}})
	return store.Outcome{Effect: store.Deleted}, nil
}
