package sqlstore

import (
	"context"
	"fmt"
	"reflect"
	"slices"

	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// mostTogether is how many changes are made at once.
const mostTogether = 1_000

// together makes the first of the changes in a few statements, where several of a kind
// follow one another and the database is a server or they are captures, and returns how many
// these were. It takes only what surely succeeds: the rest is for change, one by one.
func (a *applier) together(ctx context.Context, changes []store.Change, outcomes []store.Outcome) (int, error) {
	if len(changes) < 2 || !alike(changes[0], changes[1]) {
		return 0, nil
	}
	changes = changes[:min(len(changes), mostTogether)]
	if _, ok := changes[0].(store.CaptureContact); ok {
		return a.captureTogether(ctx, changes, outcomes)
	}
	if _, ok := a.d.(Server); !ok {
		return 0, nil
	}
	changes, err := a.redirected(ctx, changes)
	if err != nil {
		return 0, err
	}
	if err := a.lookUp(ctx, changes); err != nil {
		return 0, err
	}
	switch changes[0].(type) {
	case store.CreateVisitor, store.EnsureTag:
		return a.createTogether(ctx, changes, outcomes)
	case store.AddTags:
		return a.addTagsTogether(ctx, changes, outcomes)
	case store.RemoveTags:
		return a.removeTagsTogether(ctx, changes, outcomes)
	case store.JoinGroup:
		return a.joinTogether(ctx, changes, outcomes)
	case store.LeaveGroup:
		return a.leaveTogether(ctx, changes, outcomes)
	case store.DeleteVisitor:
		return a.deleteTogether(ctx, changes, outcomes)
	}
	return 0, nil
}

// alike reports whether two changes are of one kind; visitors come with their tags.
func alike(a, b store.Change) bool {
	kind := func(c store.Change) reflect.Type {
		if _, ok := c.(store.EnsureTag); ok {
			c = store.CreateVisitor{}
		}
		return reflect.TypeOf(c)
	}
	return kind(a) == kind(b)
}

// at moves the place that an error names, which counts from the change at i.
func at(i int, err error) error {
	if failed, ok := err.(*store.ChangeError); ok {
		failed.Index += i
	}
	return err
}

// creation is a visitor to be made, and the place of its change.
type creation struct {
	visitor.Visitor
	index int
	words Searchable
}

func (a *applier) createTogether(ctx context.Context, changes []store.Change, outcomes []store.Outcome) (int, error) {
	made, n := a.creations(changes, outcomes)
	if len(made) < 2 {
		return 0, nil
	}
	first, err := a.firstTaken(ctx, made)
	if err != nil {
		return 0, err
	}
	if first >= 0 {
		// Those before it would do, but in vain: this one fails, and with it all.
		if _, err = a.change(ctx, changes[first]); err == nil {
			err = fmt.Errorf("create visitor: what was taken is free")
		}
		return 0, &store.ChangeError{Index: first, Err: err}
	}
	if err := a.insertCreations(ctx, made); err != nil {
		return 0, err
	}
	for _, c := range made {
		v := c.Visitor
		a.event(store.Event{Kind: store.VisitorCreated, At: v.UpdatedAt, Visitor: v.ID, Tags: tagIDs(v.Tags), Groups: slices.Clone(v.Groups)})
		outcomes[c.index] = store.Outcome{Effect: store.Created, Visitor: asRead(v)}
	}
	return n, nil
}

// creations prepares the visitors of the first changes, up to one that is of another kind
// or may fail for a reason that is seen without asking; n is where that is. Tags that are
// there need not be made.
func (a *applier) creations(changes []store.Change, outcomes []store.Outcome) (made []creation, n int) {
	ids, identities := map[visitor.ID]bool{}, map[identityKey]bool{}
	for n = range changes {
		switch c := changes[n].(type) {
		case store.EnsureTag:
			t := a.tags[tag.Key(c.Tag.Name)]
			if t == nil {
				return made, n
			}
			outcomes[n] = store.Outcome{Effect: store.Unchanged, Tag: *t}
		case store.CreateVisitor:
			v, ok := a.creation(c)
			for _, i := range v.Identities {
				ok = ok && !identities[keyOf(i)]
				identities[keyOf(i)] = true
			}
			if !ok || ids[v.ID] {
				return made, n
			}
			ids[v.ID] = true
			made = append(made, creation{v, n, searchable(v)})
		default:
			return made, n
		}
	}
	return made, n + 1
}

// creation is the visitor as it will be, if all that it needs is known to be there.
func (a *applier) creation(c store.CreateVisitor) (v visitor.Visitor, ok bool) {
	v = c.Visitor.Clone()
	if minted, ok := v.ID.Time(); !ok || !minted.Equal(v.CreatedAt) {
		return v, false
	}
	v.Tags, v.Excluded, v.Revision = nil, nil, 1
	for _, key := range c.Tags {
		t := a.tags[key]
		if t == nil {
			return v, false
		}
		if !slices.ContainsFunc(v.Tags, func(put tag.Assignment) bool { return put.Tag == t.ID }) {
			v.Tags = append(v.Tags, tag.Assignment{Tag: t.ID, Name: t.Name, Color: t.Color, At: v.UpdatedAt, By: c.By, Cause: c.Cause})
		}
	}
	slices.Sort(v.Groups)
	v.Groups = slices.Compact(v.Groups)
	for _, g := range v.Groups {
		if _, known := a.rules[g]; !known {
			return v, false
		}
	}
	slices.SortFunc(v.Identities, visitor.Identity.Compare)
	return v, true
}

// lookUp reads the tags and groups that changes name and that are not known yet.
func (a *applier) lookUp(ctx context.Context, changes []store.Change) error {
	keys, ids := map[string]bool{}, map[group.ID]bool{}
	for _, c := range changes {
		switch c := c.(type) {
		case store.EnsureTag:
			keys[tag.Key(c.Tag.Name)] = true
		case store.CreateVisitor:
			for _, key := range c.Tags {
				keys[key] = true
			}
			for _, g := range c.Visitor.Groups {
				ids[g] = true
			}
		case store.AddTags:
			for _, key := range c.Tags {
				keys[key] = true
			}
		case store.RemoveTags:
			for _, key := range c.Tags {
				keys[key] = true
			}
		case store.JoinGroup:
			ids[c.Group] = true
		case store.LeaveGroup:
			ids[c.Group] = true
		}
	}
	var list store.List
	for key := range keys {
		if a.tags[key] == nil {
			list.Keys = append(list.Keys, key)
		}
	}
	for id := range ids {
		if _, known := a.rules[id]; !known {
			list.IDs = append(list.IDs, string(id))
		}
	}
	if err := a.lookUpTags(ctx, list.Keys); err != nil {
		return err
	}
	return a.lookUpGroups(ctx, list.IDs)
}

func (a *applier) lookUpTags(ctx context.Context, keys []string) error {
	if len(keys) == 0 {
		return nil
	}
	found, err := a.scope.tags(ctx, store.List{Keys: keys})
	if a.tags == nil {
		a.tags = map[string]*tag.Tag{}
	}
	for _, t := range found {
		a.tags[tag.Key(t.Name)] = &t
	}
	return err
}

func (a *applier) lookUpGroups(ctx context.Context, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	found, err := a.scope.groups(ctx, store.List{IDs: ids})
	if a.rules == nil {
		a.rules = map[group.ID]hasRule{}
	}
	for _, g := range found {
		a.rules[g.ID] = g.Rule != nil
	}
	return err
}

// firstTaken returns the place of the first change whose visitor's id or identity is taken,
// -1 where there is none.
func (a *applier) firstTaken(ctx context.Context, made []creation) (int, error) {
	places := map[visitor.ID]int{}
	owners := map[identityKey]int{}
	var ids []string
	var sources, accounts, externals []string
	for _, c := range made {
		places[c.ID] = c.index
		ids = append(ids, string(c.ID))
		for _, i := range c.Identities {
			owners[keyOf(i)] = c.index
			sources, accounts, externals = append(sources, string(i.Source)), append(accounts, i.Account), append(externals, i.ExternalID)
		}
	}
	first := -1
	note := func(place int) {
		if first < 0 || place < first {
			first = place
		}
	}
	err := a.query(ctx, a.from(visitorTable, "v", "v.id").Where(a.d.InIDs("v.id", ids)), func(r row) error {
		var id visitor.ID
		err := r.Scan(into(&id))
		note(places[id])
		return err
	})
	if err != nil || len(owners) == 0 {
		return first, err
	}
	err = a.find(ctx, selectTaken, func(r row) error {
		var k identityKey
		err := r.Scan(&k.source, &k.account, &k.external)
		note(owners[k])
		return err
	}, sources, accounts, externals)
	return first, err
}

const selectTaken = "SELECT i.source, i.account, i.external_id FROM " + identityTable + " i WHERE i.ws = ? AND" +
	" (i.source, i.account, i.external_id) IN (SELECT u.source, u.account, u.external_id" +
	" FROM unnest(?::text[], ?::text[], ?::text[]) AS u (source, account, external_id))"

// identityKey is what is unique of an identity.
type identityKey struct{ source, account, external string }

func keyOf(i visitor.Identity) identityKey {
	return identityKey{string(i.Source), i.Account, i.ExternalID}
}
