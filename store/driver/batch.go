package driver

import (
	"cmp"
	"slices"
	"time"

	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// batch holds the rows that some changes work on: read before the first of them and written
// after the last.
type batch struct {
	tx       Tx
	parts    Parts                      // of visitors that are read and written
	visitors map[visitor.ID]*edit       // also by ids that no visitor has
	order    []*edit                    // visitors in the order in which they were read
	aliases  map[visitor.ID]visitor.ID  // "" for ids that are not aliases
	owners   map[identityKey]visitor.ID // "" for identities that no visitor has
	tags     map[string]*tag.Tag        // by key; nil for those that do not exist
	groups   map[group.ID]*group.Group  // nil for those that do not exist
	events   map[DedupKey]bool          // whether processed before

	// To be written, besides the visitors that changed:
	processed   []DedupKey
	processedAt time.Time
	deleted     []visitor.ID // the merges into these are deleted
	log         []Event
}

// edit is a visitor as it was read and as it is now.
type edit struct {
	before, now *visitor.Visitor // nil if it does not exist
	changed     bool
	returned    bool            // its lists are part of an outcome
	after       visitor.Visitor // what now points to after a change
}

// identityKey is the part of an identity that is unique in a workspace.
type identityKey struct {
	source              visitor.Source
	account, externalID string
}

func identityKeyOf(i visitor.Identity) identityKey {
	return identityKey{i.Source, i.Account, i.ExternalID}
}

// reset forgets all rows. It keeps the memory of the maps and lists: allocating them again
// for each batch would take a third of the time of a large Apply in memory.
func (b *batch) reset() {
	clear(b.visitors)
	clear(b.aliases)
	clear(b.owners)
	clear(b.tags)
	clear(b.groups)
	clear(b.events)
	clear(b.order)
	b.order, b.processed, b.deleted, b.log = b.order[:0], nil, nil, b.log[:0]
}

// set replaces a visitor that was read, or creates one whose id was looked up. The caller
// does not use the lists of v afterwards, since they are sorted and kept.
func (b *batch) set(v visitor.Visitor) {
	normalize(&v)
	e := b.visitors[v.ID]
	sameIdentities := e.now != nil && slices.EqualFunc(e.now.Identities, v.Identities, visitor.Identity.Is)
	if !sameIdentities && (b.parts.Has(Identities) || e.before == nil) {
		b.release(e.now)
		for _, i := range v.Identities {
			put(&b.owners, identityKeyOf(i), v.ID)
		}
	}
	e.after = v
	e.now, e.changed = &e.after, true
}

// remove deletes a visitor that was read.
func (b *batch) remove(id visitor.ID) {
	e := b.visitors[id]
	b.release(e.now)
	e.now, e.changed = nil, true
}

// release makes the identities of a visitor free.
func (b *batch) release(v *visitor.Visitor) {
	if v == nil {
		return
	}
	for _, i := range v.Identities {
		put(&b.owners, identityKeyOf(i), "")
	}
}

// normalize gives v the form in which stores return visitors: times in microseconds, lists
// in order.
func normalize(v *visitor.Visitor) {
	cut := func(t *time.Time) { *t = FromMicros(Micros(*t)) }
	cut(&v.CreatedAt)
	cut(&v.UpdatedAt)
	cut(&v.LastSeenAt)
	for n := range v.Identities {
		i := &v.Identities[n]
		cut(&i.UsernameAt)
		cut(&i.FirstSeen)
		cut(&i.LastSeen)
	}
	for n := range v.Tags {
		cut(&v.Tags[n].At)
	}
	for n := range v.Memberships {
		cut(&v.Memberships[n].At)
	}
	*v = v.Sorted()
}

// event adds an event of a change.
func (b *batch) event(a Audit, e Event) {
	e.At, e.Actor, e.Cause = FromMicros(Micros(a.At)), a.Actor, a.Cause
	b.log = append(b.log, e)
}

// write writes what has changed. The rows must not be used afterwards.
func (b *batch) write() error {
	edits := make([]VisitorEdit, 0, len(b.order))
	for _, e := range b.order {
		if e.changed && (e.before != nil || e.now != nil) {
			edits = append(edits, VisitorEdit{e.before, e.now})
		}
	}
	slices.SortFunc(edits, compareIDs)
	if len(edits) > 0 {
		if err := b.tx.WriteVisitors(edits, b.parts); err != nil {
			return err
		}
	}
	if err := b.forgetMerges(b.deleted); err != nil {
		return err
	}
	if len(b.processed) > 0 {
		if err := b.tx.PutProcessed(b.processed, b.processedAt); err != nil {
			return err
		}
	}
	if len(b.log) > 0 {
		if err := b.tx.AppendEvents(b.log); err != nil {
			return err
		}
	}
	return nil
}

func compareIDs(a, b VisitorEdit) int {
	id := func(e VisitorEdit) visitor.ID {
		if e.After != nil {
			return e.After.ID
		}
		return e.Before.ID
	}
	return cmp.Compare(id(a), id(b))
}

// forgetMerges deletes the stored states of the merges that led to deleted visitors, since
// they hold their data too.
func (b *batch) forgetMerges(deleted []visitor.ID) error {
	for len(deleted) > 0 {
		var from []visitor.ID
		for ids := range slices.Chunk(deleted, maxBatch) {
			some, err := b.tx.MergedInto(ids)
			if err != nil {
				return err
			}
			from = append(from, some...)
		}
		if len(from) == 0 {
			return nil
		}
		for ids := range slices.Chunk(from, maxBatch) {
			if err := b.tx.DeleteMerges(ids); err != nil {
				return err
			}
		}
		deleted = from
	}
	return nil
}
