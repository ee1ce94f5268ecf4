package sqlstore

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

const (
	insertVisitor = "INSERT INTO " + visitorTable + " (ws, id, name, name_fold, email, email_fold, phone, source," +
		" created_at, updated_at, last_seen_at, revision, origins) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)" +
		" ON CONFLICT (ws, id) DO NOTHING"
	insertIdentity = "INSERT INTO " + identityTable + " (ws, source, account, external_id, visitor_id, username," +
		" username_at, first_seen, last_seen) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (ws, source, account, external_id) DO NOTHING"
	selectOwner = "SELECT visitor_id FROM " + identityTable +
		" WHERE ws = ? AND source = ? AND account = ? AND external_id = ?"
	insertAttribute = "INSERT INTO " + attributeTable + " (ws, visitor_id, name, ord, kind, text, text_fold," +
		" number, micros) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
	deleteAttribute = "DELETE FROM " + attributeTable + " WHERE ws = ? AND visitor_id = ? AND name = ?"
)

func (a *applier) createVisitor(ctx context.Context, c store.CreateVisitor) (store.Outcome, error) {
	v := c.Visitor.Clone()
	if minted, ok := v.ID.Time(); !ok || !minted.Equal(v.CreatedAt) {
		return store.Outcome{}, text.Refuse("id", "not minted from the time of creation")
	}
	v.Tags, v.Excluded, v.Revision = nil, nil, 1
	id := a.d.ID(string(v.ID))
	if err := a.putProfile(ctx, id, v); err != nil {
		return store.Outcome{}, err
	}
	for _, i := range v.Identities {
		if err := a.putIdentity(ctx, id, i); err != nil {
			return store.Outcome{}, err
		}
	}
	slices.SortFunc(v.Identities, visitor.Identity.Compare)
	if err := a.putAttributes(ctx, id, v.Attributes); err != nil {
		return store.Outcome{}, err
	}
	var err error
	if v.Tags, err = a.putTags(ctx, id, c.Tags, tag.Assignment{At: v.UpdatedAt, By: c.By, Cause: c.Cause}); err != nil {
		return store.Outcome{}, err
	}
	slices.Sort(v.Groups)
	v.Groups = slices.Compact(v.Groups)
	for _, g := range v.Groups {
		if _, err := a.ruleOf(ctx, g); err != nil {
			return store.Outcome{}, err
		}
		if _, err := a.putMember(ctx, g, id); err != nil {
			return store.Outcome{}, err
		}
	}
	a.event(store.Event{Kind: store.VisitorCreated, At: v.UpdatedAt, Visitor: v.ID, Tags: tagIDs(v.Tags), Groups: slices.Clone(v.Groups)})
	return store.Outcome{Effect: store.Created, Visitor: asRead(v)}, nil
}

// putProfile inserts a profile.
func (a *applier) putProfile(ctx context.Context, id any, v visitor.Visitor) error {
	origins, err := originsText(v.Origins)
	if err != nil {
		return err
	}
	words := searchable(v)
	result, err := a.exec(ctx, insertVisitor, id, v.Name, words.Name, v.Email, words.Email, v.Phone, string(v.Source),
		store.Micros(v.CreatedAt), store.Micros(v.UpdatedAt), store.Micros(v.LastSeenAt), v.Revision, origins)
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return orTaken(err, "visitor", string(v.ID))
	}
	if a.d.Index() != nil {
		rowkey, err := result.LastInsertId()
		if err != nil {
			return err
		}
		a.texts.put(rowkey, words)
	}
	a.counts.source(v.Source, 1)
	return nil
}

// asRead returns v as it would be read: what is empty is nil.
func asRead(v visitor.Visitor) visitor.Visitor {
	slices.SortFunc(v.Tags, tag.Assignment.Compare)
	for _, empty := range []func(){
		func() { v.Identities = orNil(v.Identities) },
		func() { v.Tags = orNil(v.Tags) },
		func() { v.Groups = orNil(v.Groups) },
	} {
		empty()
	}
	return v
}

func orNil[T any](s []T) []T {
	if len(s) == 0 {
		return nil
	}
	return s
}

func orTaken(err error, kind, key string) error {
	if err != nil {
		return err
	}
	return store.Taken(kind, key)
}

func (a *applier) putIdentity(ctx context.Context, id any, i visitor.Identity) error {
	n, err := a.affect(ctx, insertIdentity, string(i.Source), i.Account, i.ExternalID, id, i.Username,
		store.Micros(i.UsernameAt), store.Micros(i.FirstSeen), store.Micros(i.LastSeen))
	if err != nil || n > 0 {
		return err
	}
	var owner string
	err = a.find(ctx, selectOwner, func(r row) error { return r.Scan(into(&owner)) }, string(i.Source), i.Account, i.ExternalID)
	return orTaken(err, "identity", owner)
}

func (a *applier) putAttributes(ctx context.Context, id any, attributes visitor.Attributes) error {
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		for ord, r := range attributeRows(name, attributes[name]) {
			if _, err := a.exec(ctx, insertAttribute, id, name, ord, r.kind, r.text, fold(r.text), r.number, r.micros); err != nil {
				return err
			}
		}
	}
	return nil
}

func (a *applier) updateVisitor(ctx context.Context, c store.UpdateVisitor) (store.Outcome, error) {
	found, err := a.visitors(ctx, []string{string(c.ID)})
	if err != nil {
		return store.Outcome{}, err
	}
	if len(found) == 0 {
		return store.Outcome{}, store.Missed("visitor", string(c.ID))
	}
	before := found[0].Visitor
	if c.Patch.IfRevision != 0 && c.Patch.IfRevision != before.Revision {
		return store.Outcome{}, &store.Error{Kind: "visitor", Key: string(c.ID), Err: store.ErrConflict}
	}
	after, changed := c.Patch.Apply(before, c.At)
	if !changed {
		return store.Outcome{Effect: store.Unchanged, Visitor: before}, nil
	}
	if err := after.CheckLimits(); err != nil {
		return store.Outcome{}, err
	}
	after.UpdatedAt, after.Revision = c.At, before.Revision+1
	id := a.d.ID(string(c.ID))
	if err := a.changeProfile(ctx, id, found[0], after); err != nil {
		return store.Outcome{}, err
	}
	set, err := a.dropAttributes(ctx, id, before, after)
	if err != nil {
		return store.Outcome{}, err
	}
	if err := a.putAttributes(ctx, id, set); err != nil {
		return store.Outcome{}, err
	}
	a.event(store.Event{Kind: store.VisitorUpdated, At: c.At, Visitor: c.ID, Fields: visitor.Changed(before, after)})
	return store.Outcome{Effect: store.Updated, Visitor: after}, nil
}

// changeProfile writes a profile in place of the one that is there.
func (a *applier) changeProfile(ctx context.Context, id any, before record, after visitor.Visitor) error {
	origins, err := originsText(after.Origins)
	if err != nil {
		return err
	}
	old, words := searchable(before.Visitor), searchable(after)
	err = a.update(ctx, visitorTable, id, map[string]any{
		"name": after.Name, "name_fold": words.Name, "email": after.Email, "email_fold": words.Email, "phone": after.Phone,
		"source": string(after.Source), "updated_at": store.Micros(after.UpdatedAt), "last_seen_at": store.Micros(after.LastSeenAt),
		"revision": after.Revision, "origins": origins,
	})
	a.counted(before, after, old, words)
	return err
}

// counted notes in the counters and in the search index that a profile has changed.
func (a *applier) counted(before record, after visitor.Visitor, old, words Searchable) {
	a.counts.source(before.Source, -1)
	a.counts.source(after.Source, 1)
	if a.d.Index() != nil && old != words {
		a.texts.drop(before.rowkey, old)
		a.texts.put(before.rowkey, words)
	}
}

// dropAttributes deletes the attributes that change, and returns the values that they are
// to have.
func (a *applier) dropAttributes(ctx context.Context, id any, before, after visitor.Visitor) (visitor.Attributes, error) {
	set := visitor.Attributes{}
	for _, field := range visitor.Changed(before, after) {
		name, ok := strings.CutPrefix(field, "attr.")
		if !ok {
			continue
		}
		if _, had := before.Attributes[name]; had {
			if _, err := a.exec(ctx, deleteAttribute, id, name); err != nil {
				return nil, err
			}
		}
		if value, has := after.Attributes[name]; has {
			set[name] = value
		}
	}
	return set, nil
}
