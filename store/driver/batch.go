package driver

import (
	"cmp"
	"slices"
	"time"

	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

// batch holds the rows that some changes work on: read before the first of them and written
// after the last.
type batch struct {
	tx       Tx
	parts    Parts                          // of visitors that are read and written
	visitors table[visitor.ID, *edit]       // also by ids that no visitor has
	aliases  table[visitor.ID, visitor.ID]  // "" for ids that are not aliases
	owners   table[identityKey, visitor.ID] // "" for identities that no visitor has
	tags     table[string, *tag.Tag]        // by key; nil for those that do not exist
	groups   table[group.ID, *group.Group]  // nil for those that do not exist
	events   table[DedupKey, bool]          // whether processed before

	keys       *consent.Keys                   // nil: not read yet
	addresses  table[addressKey, *addressEdit] // what was said about addresses
	topics     table[string, *consent.Topic]   // nil for those that do not exist
	held       table[addressKey, bool]         // addresses whose visitors were read
	has        map[visitor.ID][]addressKey     // the addresses of visitors in holding
	holding    map[addressKey][]visitor.ID     // who may have an address; nil: not needed yet
	former     map[visitor.ID][]addressKey     // addresses that visitors gave up before
	gaveUp     map[visitor.ID][]addressKey     // and in this batch
	mergedInto map[visitor.ID]bool             // false: nothing was merged into a visitor that is deleted
	looked     bool                            // recorded was read
	recorded   bool                            // whether the workspace has records of addresses

	watching *Watching                           // nil if no groups are watched
	touched  table[visitor.ID, *visitor.Visitor] // visitors that a change has changed, as they were before it
	ahead    map[visitor.ID]int64                // WatchAhead records that were read or are to be written

	// To be written, besides the visitors that changed:
	processed   []DedupKey
	processedAt time.Time
	deleted     []visitor.ID // what is kept of them elsewhere is deleted
	erasures    []Erasure
	log         []Event
	watchMoved  bool         // watching.Watch has changed
	aheadOf     []visitor.ID // whose records in ahead are new
}

// edit is a visitor as it was read and as it is now.
type edit struct {
	before, now *visitor.Visitor // nil if it does not exist; equal until it changes
	returned    bool             // now, or an earlier visitor with its lists, is part of an outcome
	after       visitor.Visitor  // what now points to after a change, unless that was returned
}

// identityKey is the part of an identity that is unique in a workspace.
type identityKey struct {
	source              visitor.Source
	account, externalID string
}

func identityKeyOf(i visitor.Identity) identityKey {
	return identityKey{i.Source, i.Account, i.ExternalID}
}

// reset removes all rows. It keeps the memory of the tables: allocating it again for each batch
// would take a third of the time of a large Apply in memory.
func (b *batch) reset() {
	b.visitors.clear()
	b.aliases.clear()
	b.owners.clear()
	b.tags.clear()
	b.groups.clear()
	b.events.clear()
	b.addresses.clear()
	b.topics.clear()
	b.held.clear()
	b.holding, b.has, b.former, b.gaveUp, b.mergedInto, b.looked, b.recorded = nil, nil, nil, nil, nil, false, false
	b.processed, b.deleted, b.erasures, b.log = nil, nil, nil, b.log[:0]
	b.ahead, b.aheadOf = nil, nil
}

// save is set and event for a visitor that may exceed a limit.
func (b *batch) save(a Audit, v *visitor.Visitor, e Event) error {
	if err := v.CheckLimits(); err != nil {
		return err
	}
	if before := b.visitors.get(v.ID).now; before != nil && !before.SameAddresses(v) {
		if err := b.giveUp(before, v); err != nil {
			return err
		}
	}
	if err := b.set(v); err != nil {
		return err
	}
	e.Visitor = v.ID
	b.event(a, e)
	return nil
}

// set is put, with what was said about the addresses of v if these have changed.
func (b *batch) set(v *visitor.Visitor) error {
	if before := b.visitors.get(v.ID).now; before != nil && before.SameAddresses(v) {
		v.Consents, v.Health = before.Consents, before.Health
	} else if err := b.attach(v); err != nil {
		return err
	}
	b.put(v)
	return nil
}

// put replaces a visitor that was read, or creates one whose id was looked up. It normalizes v
// and keeps its lists, which must not be changed afterwards.
func (b *batch) put(v *visitor.Visitor) {
	normalize(v)
	b.touch(v.ID)
	b.hold(v)
	e := b.visitors.get(v.ID)
	sameIdentities := e.now != nil && slices.EqualFunc(e.now.Identities, v.Identities, visitor.Identity.Is)
	if !sameIdentities && (b.parts.Has(Identities) || e.before == nil) {
		b.setOwner(e.now, "")
		b.setOwner(v, v.ID)
	}
	if e.returned {
		after := *v
		e.now = &after
	} else {
		e.after = *v
		e.now = &e.after
	}
}

// remove deletes a visitor that was read.
func (b *batch) remove(id visitor.ID) {
	b.touch(id)
	e := b.visitors.get(id)
	b.setOwner(e.now, "")
	e.now = nil
}

// setOwner sets the owner of all identities of v.
func (b *batch) setOwner(v *visitor.Visitor, owner visitor.ID) {
	if v == nil {
		return
	}
	for _, i := range v.Identities {
		b.owners.set(identityKeyOf(i), owner)
	}
}

// result returns a visitor as it is now, for an outcome. Outcomes do not share lists: a
// visitor that was returned before is copied.
func (b *batch) result(id visitor.ID) *visitor.Visitor {
	e := b.visitors.get(id)
	if e.returned {
		v := e.now.Clone()
		return &v
	}
	e.returned = true
	return e.now
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
		for k := range i.InboxTimes {
			cut(&i.InboxTimes[k])
		}
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
	edits := make([]VisitorEdit, 0, len(b.visitors.values))
	for _, e := range b.visitors.values {
		if e.now != e.before {
			edits = append(edits, VisitorEdit{e.before, e.now})
		}
	}
	id := func(e VisitorEdit) visitor.ID { return cmp.Or(e.After, e.Before).ID }
	slices.SortFunc(edits, func(a, b VisitorEdit) int { return cmp.Compare(id(a), id(b)) })
	if len(edits) > 0 {
		if err := b.tx.WriteVisitors(edits, b.parts); err != nil {
			return err
		}
	}
	if err := b.forgetDeleted(b.deleted); err != nil {
		return err
	}
	if err := b.writeFormer(); err != nil {
		return err
	}
	if err := b.writeAddresses(); err != nil {
		return err
	}
	if err := b.writeErasures(); err != nil {
		return err
	}
	if len(b.processed) > 0 {
		if err := b.tx.PutProcessed(b.processed, b.processedAt); err != nil {
			return err
		}
	}
	if err := b.writeWatch(); err != nil {
		return err
	}
	if len(b.log) == 0 {
		return nil
	}
	return b.tx.AppendEvents(b.log)
}

// forgetDeleted deletes the data of deleted visitors that is kept elsewhere: what jobs keep to be
// undone, the addresses that they gave up, and the stored states of the visitors that were merged into
// them.
func (b *batch) forgetDeleted(deleted []visitor.ID) error {
	return inChunks(deleted, func(ids []visitor.ID) error {
		if err := b.tx.DeleteRecords(JobItems, textsOf(ids)); err != nil {
			return err
		}
		if err := b.forgetFormer(ids); err != nil {
			return err
		}
		from, err := b.tx.MergedInto(ids)
		if err != nil {
			return err
		}
		if err := inChunks(from, b.tx.DeleteMerges); err != nil {
			return err
		}
		return b.forgetDeleted(from)
	})
}
