package sqlstore

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

var _ store.Keeper = (*keeper)(nil)

// keeper lends store.Keep the rows of a workspace. It reads a thing once, and writes what
// has come out when it is told to: so of many changes of one visitor the last alone is
// written, and to a server those of many visitors go together.
type keeper struct {
	*applier
	ctx    context.Context
	drafts map[visitor.ID]*draft
	owners map[identityKey]visitor.ID // "" for nobody
	known  map[store.EventKey]bool    // whether the event was taken in before
	noted  []noted                    // the events to be remembered
	many   bool                       // of several changes; what fails must fail in its own
}

// draft is a visitor as it will be.
type draft struct {
	stored *record          // as it is in the database, nil where it is not there
	now    *visitor.Visitor // nil where it will not be there
	dirty  bool
}

// noted is an event of a channel and when it was taken in.
type noted struct {
	key store.EventKey
	at  time.Time
}

func (a *applier) keeper(ctx context.Context) *keeper {
	return &keeper{
		applier: a, ctx: ctx, drafts: map[visitor.ID]*draft{},
		owners: map[identityKey]visitor.ID{}, known: map[store.EventKey]bool{},
	}
}

// keep makes a change that looks before it writes.
func (a *applier) keep(ctx context.Context, c store.Change) (store.Outcome, error) {
	k := a.keeper(ctx)
	out, err := store.Keep(k, c)
	if err != nil {
		return store.Outcome{}, err
	}
	return out, k.flush()
}

// reroute makes a change anew, which led to out or err, about the visitor that its own was
// merged into.
func (a *applier) reroute(ctx context.Context, c store.Change, out store.Outcome, err error) (store.Outcome, error) {
	next, ok, failed := store.Rerouted(a.keeper(ctx), c, out, err)
	switch {
	case failed != nil:
		return store.Outcome{}, failed
	case ok:
		return a.change(ctx, next)
	}
	return out, err
}

// Visitor is store.Keeper's.
func (k *keeper) Visitor(id visitor.ID) (visitor.Visitor, bool, error) {
	d, err := k.draft(id)
	if err != nil || d.now == nil {
		return visitor.Visitor{}, false, err
	}
	return d.now.Clone(), true, nil
}

func (k *keeper) draft(id visitor.ID) (*draft, error) {
	if d := k.drafts[id]; d != nil {
		return d, nil
	}
	err := k.read([]visitor.ID{id})
	return k.drafts[id], err
}

// read reads visitors of whom nothing is known yet.
func (k *keeper) read(ids []visitor.ID) error {
	if len(ids) == 0 {
		return nil
	}
	found, err := k.visitors(k.ctx, textsOf(ids))
	for _, id := range ids {
		k.drafts[id] = &draft{}
	}
	for i := range found {
		k.drafts[found[i].ID] = &draft{stored: &found[i], now: &found[i].Visitor}
	}
	return err
}

// Owner is store.Keeper's.
func (k *keeper) Owner(i visitor.Identity) (visitor.ID, bool, error) {
	owner, known := k.owners[keyOf(i)]
	if !known {
		err := k.find(k.ctx, selectOwner, func(r row) error { return r.Scan(into(&owner)) }, string(i.Source), i.Account, i.ExternalID)
		if err != nil {
			return "", false, err
		}
		k.owners[keyOf(i)] = owner
	}
	return owner, owner != "", nil
}

// Put is store.Keeper's.
func (k *keeper) Put(before *visitor.Visitor, v visitor.Visitor) error {
	d := k.drafts[v.ID]
	if _, server := k.d.(Server); d == nil && (before != nil || server || k.many) {
		var err error
		if d, err = k.draft(v.ID); err != nil {
			return err
		}
	}
	if d == nil { // that the id is free, inserting it tells
		d = &draft{}
		k.drafts[v.ID] = d
	}
	if before == nil && d.now != nil {
		return store.Taken("visitor", string(v.ID))
	}
	v, err := k.fitting(d.now, v)
	if err != nil {
		return err
	}
	k.disown(d.now)
	for _, i := range v.Identities {
		k.owners[keyOf(i)] = v.ID
	}
	d.now, d.dirty = &v, true
	return nil
}

// Remove is store.Keeper's.
func (k *keeper) Remove(v visitor.Visitor) error {
	d, err := k.draft(v.ID)
	if err != nil {
		return err
	}
	k.disown(d.now)
	d.now, d.dirty = nil, true
	return nil
}

func (k *keeper) disown(v *visitor.Visitor) {
	if v == nil {
		return
	}
	for _, i := range v.Identities {
		k.owners[keyOf(i)] = ""
	}
}

// fitting returns v as it can be read once it is written: its tags and groups are there,
// its times to the microsecond.
func (k *keeper) fitting(before *visitor.Visitor, v visitor.Visitor) (visitor.Visitor, error) {
	v = v.Clone()
	for _, at := range []*time.Time{&v.CreatedAt, &v.UpdatedAt, &v.LastSeenAt} {
		*at = kept(*at)
	}
	for n := range v.Identities {
		i := &v.Identities[n]
		i.UsernameAt, i.FirstSeen, i.LastSeen = kept(i.UsernameAt), kept(i.FirstSeen), kept(i.LastSeen)
	}
	if before == nil {
		before = &visitor.Visitor{}
	}
	var err error
	if v.Tags, err = k.tagsThere(before.Tags, v.Tags); err != nil {
		return v, err
	}
	if v.Groups, err = k.groupsThere(before, v.Groups); err != nil {
		return v, err
	}
	v.Excluded, err = k.groupsThere(before, v.Excluded)
	return v, err
}

func kept(t time.Time) time.Time { return store.FromMicros(store.Micros(t)) }

// tagsThere returns the assignments of tags that are there, as these are now. Those that the
// visitor carries are.
func (k *keeper) tagsThere(before, wanted []tag.Assignment) ([]tag.Assignment, error) {
	there := map[tag.ID]tag.Tag{}
	var ids []string
	for _, a := range wanted {
		is := func(b tag.Assignment) bool { return a.Tag == b.Tag }
		if at := slices.IndexFunc(before, is); at >= 0 {
			there[a.Tag] = tag.Tag{ID: a.Tag, Name: before[at].Name, Color: before[at].Color}
		} else if t := k.applier.tags[tag.Key(a.Name)]; t != nil && t.ID == a.Tag {
			there[a.Tag] = *t
		} else {
			ids = append(ids, string(a.Tag))
		}
	}
	if len(ids) > 0 {
		found, err := k.scope.tags(k.ctx, store.List{IDs: ids})
		if err != nil {
			return nil, err
		}
		for _, t := range found {
			there[t.ID] = t
		}
	}
	var tags []tag.Assignment
	for _, a := range wanted {
		if t, ok := there[a.Tag]; ok {
			a.Name, a.Color, a.At = t.Name, t.Color, kept(a.At)
			tags = append(tags, a)
		}
	}
	slices.SortFunc(tags, tag.Assignment.Compare)
	return tags, nil
}

func (k *keeper) groupsThere(before *visitor.Visitor, wanted []group.ID) ([]group.ID, error) {
	var groups []group.ID
	for _, g := range wanted {
		if !slices.Contains(before.Groups, g) && !slices.Contains(before.Excluded, g) {
			_, err := k.ruleOf(k.ctx, g)
			if errors.Is(err, store.ErrNotFound) {
				continue
			}
			if err != nil {
				return nil, err
			}
		}
		groups = append(groups, g)
	}
	return groups, nil
}

// EnsureTag is store.Keeper's.
func (k *keeper) EnsureTag(t tag.Tag) (tag.Tag, error) {
	out, err := k.ensureTag(k.ctx, store.EnsureTag{Tag: t})
	if out.Effect == store.Created {
		k.know(tag.Key(t.Name), &out.Tag)
	}
	return out.Tag, err
}

// Remember is store.Keeper's.
func (k *keeper) Remember(key store.EventKey, at time.Time) (bool, error) {
	before, known := k.known[key]
	if !known {
		q := k.from(capturedTable, "c", "c.at").Where(k.d.InIDs("c.key", []string{keyText(key)}))
		if err := k.fetch(k.ctx, q, func(row) error { before = true; return nil }); err != nil {
			return false, err
		}
	}
	k.known[key] = true
	if !before {
		k.noted = append(k.noted, noted{key, at})
	}
	return before, nil
}

// keyText spells a key like an id, which has as many bytes.
func keyText(key store.EventKey) string { return uuid.UUID(key).String() }

// Merged is store.Keeper's.
func (k *keeper) Merged(id visitor.ID) (visitor.Merged, bool, error) { return k.merged(k.ctx, id) }

// PutMerged is store.Keeper's.
func (k *keeper) PutMerged(m visitor.Merged) error { return k.putMerged(k.ctx, m) }

// DropMerged is store.Keeper's.
func (k *keeper) DropMerged(id visitor.ID) error {
	_, err := k.exec(k.ctx, deleteMerged, k.d.ID(string(id)))
	return err
}

// Emit is store.Keeper's.
func (k *keeper) Emit(e store.Event) error {
	k.event(e)
	return nil
}
