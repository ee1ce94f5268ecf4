package sqlstore

import (
	"maps"
	"reflect"
	"slices"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

const (
	seeVisitor     = "UPDATE " + visitorTable + " SET last_seen_at = ?2, origins = ?3 WHERE ws = ?1 AND id = ?4"
	updateIdentity = "UPDATE " + identityTable + " SET username = ?2, username_at = ?3, first_seen = ?4, last_seen = ?5" +
		" WHERE ws = ?1 AND source = ?6 AND account = ?7 AND external_id = ?8"
	deleteIdentity   = "DELETE FROM " + identityTable + " WHERE ws = ? AND source = ? AND account = ? AND external_id = ?"
	deleteMembership = "DELETE FROM " + visitorGroupTable + " WHERE ws = ? AND visitor_id = ? AND group_id = ?"
	insertCaptured   = "INSERT INTO " + capturedTable + " (ws, key, at) VALUES (?, ?, ?)"
	// mostPruned is enough, as it is done for one event of many.
	deleteCaptured = "DELETE FROM " + capturedTable + " WHERE ws = ? AND key IN" +
		" (SELECT c.key FROM " + capturedTable + " c WHERE c.ws = ? AND c.at < ? ORDER BY c.at LIMIT 1000)"
)

// flush writes what the drafts have become.
func (k *keeper) flush() error {
	var all []*difference
	for _, id := range slices.Sorted(maps.Keys(k.drafts)) {
		d := k.drafts[id]
		switch {
		case !d.dirty || d.stored == nil && d.now == nil:
		case d.now == nil:
			if _, err := k.remove(k.ctx, id); err != nil {
				return err
			}
		default:
			all = append(all, newDifference(d))
		}
	}
	// What goes may come back elsewhere.
	for _, d := range all {
		if err := k.drop(d); err != nil {
			return err
		}
	}
	if err := k.write(all); err != nil {
		return err
	}
	return k.note()
}

// difference is what has to be written of a visitor: the profile, and of what hangs on it
// what is new or other.
type difference struct {
	creation
	stored *record // nil: all is new
	now    *visitor.Visitor
}

func newDifference(d *draft) *difference {
	was := &visitor.Visitor{}
	if d.stored != nil {
		was = &d.stored.Visitor
	}
	v := *d.now
	v.Identities = missing(v.Identities, was.Identities)
	v.Tags = missing(v.Tags, was.Tags)
	v.Groups = missing(v.Groups, was.Groups)
	v.Excluded = missing(v.Excluded, was.Excluded)
	return &difference{creation{Visitor: v, words: searchable(v)}, d.stored, d.now}
}

// missing returns those of a list that another one does not have just so.
func missing[T comparable](list, other []T) []T {
	var more []T
	for _, item := range list {
		if !slices.Contains(other, item) {
			more = append(more, item)
		}
	}
	return more
}

// drop deletes what hangs on a visitor and is no more so.
func (k *keeper) drop(d *difference) (err error) {
	if d.stored == nil {
		return nil
	}
	was, id := &d.stored.Visitor, k.d.ID(string(d.ID))
	for _, i := range was.Identities {
		if d.now.Identified(i) < 0 {
			if _, err := k.exec(k.ctx, deleteIdentity, string(i.Source), i.Account, i.ExternalID); err != nil {
				return err
			}
		}
	}
	for _, t := range missing(was.Tags, d.now.Tags) {
		if _, err := k.exec(k.ctx, deleteTagged, id, k.d.ID(string(t.Tag))); err != nil {
			return err
		}
		k.counts.tag(t.Tag, -1)
	}
	groups, excluded := missing(was.Groups, d.now.Groups), missing(was.Excluded, d.now.Excluded)
	for _, g := range slices.Concat(groups, excluded) {
		if _, err := k.exec(k.ctx, deleteMembership, id, k.d.ID(string(g))); err != nil {
			return err
		}
	}
	for _, g := range groups {
		k.counts.group(g, -1)
	}
	d.Attributes, err = k.dropAttributes(k.ctx, id, *was, *d.now)
	return err
}

func (k *keeper) write(all []*difference) error {
	if _, ok := k.d.(Server); ok {
		return k.writeTogether(all)
	}
	for _, d := range all {
		if err := k.writeOne(d); err != nil {
			return err
		}
	}
	return nil
}

func (k *keeper) writeOne(d *difference) error {
	id := k.d.ID(string(d.ID))
	if err := k.writeProfile(id, d); err != nil {
		return err
	}
	for _, i := range d.Identities {
		var err error
		if d.stored == nil || d.stored.Identified(i) < 0 {
			err = k.putIdentity(k.ctx, id, i)
		} else {
			_, err = k.exec(k.ctx, updateIdentity, i.Username, store.Micros(i.UsernameAt), store.Micros(i.FirstSeen), store.Micros(i.LastSeen),
				string(i.Source), i.Account, i.ExternalID)
		}
		if err != nil {
			return err
		}
	}
	for _, t := range d.Tags {
		if _, err := k.exec(k.ctx, insertTagged, id, k.d.ID(string(t.Tag)), store.Micros(t.At), t.By, t.Cause); err != nil {
			return err
		}
		k.counts.tag(t.Tag, 1)
	}
	for _, g := range d.Groups {
		if _, err := k.putMember(k.ctx, g, id); err != nil {
			return err
		}
	}
	for _, g := range d.Excluded {
		if _, err := k.exec(k.ctx, insertExcluded, id, k.d.ID(string(g))); err != nil {
			return err
		}
	}
	return k.putAttributes(k.ctx, id, d.Attributes)
}

// writeProfile leaves the indexes alone where somebody was only seen.
func (k *keeper) writeProfile(id any, d *difference) error {
	if d.stored == nil {
		return k.putProfile(k.ctx, id, d.Visitor)
	}
	was := d.stored.Visitor
	switch {
	case was.Revision != d.Revision || len(visitor.Changed(was, *d.now)) > 0 || !was.UpdatedAt.Equal(d.UpdatedAt):
		return k.changeProfile(k.ctx, id, *d.stored, d.Visitor)
	case was.LastSeenAt.Equal(d.LastSeenAt) && reflect.DeepEqual(was.Origins, d.Origins):
		return nil
	}
	origins, err := originsText(d.Origins)
	if err != nil {
		return err
	}
	_, err = k.exec(k.ctx, seeVisitor, store.Micros(d.LastSeenAt), origins, id)
	return err
}

func (k *keeper) writeTogether(all []*difference) error {
	for some := range slices.Chunk(all, mostTogether) {
		made := make([]creation, len(some))
		for i, d := range some {
			made[i] = d.creation
		}
		if err := k.writeAll(k.ctx, made, k.replaceAll); err != nil {
			return err
		}
	}
	return nil
}

// note remembers events, and at times forgets some that need not be remembered any more.
func (k *keeper) note() error {
	prune := int64(0)
	for _, n := range k.noted {
		if at := store.Micros(n.at); n.key[0] == 0 && at > prune {
			prune = at
		}
	}
	if _, ok := k.d.(Server); ok && len(k.noted) > 0 {
		err := k.insertAll(k.ctx, capturedTable,
			ids("key", k.noted, func(n noted) tag.ID { return tag.ID(keyText(n.key)) }),
			col("at", "bigint", k.noted, func(n noted) int64 { return store.Micros(n.at) }))
		if err != nil {
			return err
		}
	} else {
		for _, n := range k.noted {
			if _, err := k.exec(k.ctx, insertCaptured, n.key[:], store.Micros(n.at)); err != nil {
				return err
			}
		}
	}
	if prune == 0 {
		return nil
	}
	_, err := k.exec(k.ctx, deleteCaptured, k.ws, prune-store.RememberFor.Microseconds())
	return err
}
