package driver

import (
	"cmp"
	"slices"
	"time"

	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// Names of types that make the table of needs readable.
type (
	idOrNone     = visitor.ID
	identityList = []visitor.Identity
	groupIDs     = []group.ID
)

// batch holds the rows that some changes work on: read before, written afterwards.
type batch struct {
	tx       Tx
	parts    Parts // of the visitors
	visitors map[visitor.ID]*edit
	order    []*edit // of visitors, as they were read
	slab     []edit  // memory for edits, of which used are in use
	used     int
	aliases  map[visitor.ID]visitor.ID // "" for ids that are no aliases
	owners   map[identityKey]visitor.ID
	tags     map[string]*tag.Tag // by key; nil for those that do not exist
	groups   map[group.ID]*group.Group
	events   map[DedupKey]bool // whether processed before

	processed   []DedupKey // to be recorded
	processedAt time.Time
	deleted     []visitor.ID // whose merges are to be forgotten
	log         []Event
	size        int // number of changes
}

// edit is a visitor as it was read and as it is now.
type edit struct {
	before, now *visitor.Visitor // nil if it does not exist
	changed     bool
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

func newBatch(tx Tx) *batch {
	return &batch{
		tx: tx, visitors: map[visitor.ID]*edit{}, aliases: map[visitor.ID]visitor.ID{}, owners: map[identityKey]visitor.ID{},
		tags: map[string]*tag.Tag{}, groups: map[group.ID]*group.Group{}, events: map[DedupKey]bool{},
	}
}

// reset makes b ready for another batch. Allocating its maps and lists again for each batch
// would take a third of the time of a large Apply in memory.
func (b *batch) reset() {
	clear(b.visitors)
	clear(b.aliases)
	clear(b.owners)
	clear(b.tags)
	clear(b.groups)
	clear(b.events)
	clear(b.order)
	clear(b.slab[:b.used])
	*b = batch{
		tx: b.tx, visitors: b.visitors, order: b.order[:0], slab: b.slab,
		aliases: b.aliases, owners: b.owners,
		tags: b.tags, groups: b.groups, events: b.events, log: b.log[:0],
	}
}

// read reads all rows that the changes are known to need.
func (b *batch) read(changes []Change) error {
	b.size = len(changes)
	var visitors []visitor.ID
	var identities []visitor.Identity
	var keys []string
	var groups []group.ID
	var events []DedupKey
	var created []needs
	var last needs
	for i, c := range changes {
		n := needsOf(c)
		b.parts |= n.parts
		left := len(changes) - i // room for one item of each change avoids most copying
		if n.target != "" {
			visitors = collect(visitors, left, n.target)
		}
		if n.created != "" {
			created = collect(created, left, n)
		}
		identities = collect(identities, left, n.identities...)
		if !slices.Equal(n.tags, last.tags) { // many changes about the same tags are common
			keys = append(keys, n.tags...)
		}
		groups = append(groups, n.groups...)
		if n.event != nil {
			events = append(events, *n.event)
		}
		last = n
	}
	if len(b.owners) == 0 {
		b.owners = make(map[identityKey]visitor.ID, len(identities))
	}
	if err := b.readOwners(identities); err != nil {
		return err
	}
	for _, n := range created {
		if owners := b.ownersOf(n.identities); n.mayExist && len(owners) > 0 {
			visitors = append(visitors, owners...)
		} else {
			visitors = collect(visitors, len(created), n.created)
		}
	}
	slices.Sort(visitors) // so that engines lock rows in the order in which they are written
	if err := b.readVisitors(visitors); err != nil {
		return err
	}
	if slices.ContainsFunc(b.order, func(e *edit) bool { return e.now == nil }) {
		if err := b.readAliases(visitors); err != nil {
			return err
		}
	}
	if err := b.readTags(keys); err != nil {
		return err
	}
	if err := b.readGroups(groups); err != nil {
		return err
	}
	return b.readEvents(events)
}

// collect appends items to a list, which gets room for n if it is new.
func collect[T any](list []T, n int, items ...T) []T {
	if list == nil && len(items) > 0 {
		list = make([]T, 0, max(n, len(items)))
	}
	return append(list, items...)
}

// unknown returns the keys that a map does not hold, each once, and enters them with a
// zero value.
func unknown[K comparable, V any](known map[K]V, keys []K) []K {
	var missing []K
	for _, k := range keys {
		if _, ok := known[k]; !ok {
			var zero V
			known[k] = zero
			missing = append(missing, k)
		}
	}
	return missing
}

// readVisitors reads visitors that were not read before.
func (b *batch) readVisitors(ids []visitor.ID) error {
	unread := make([]visitor.ID, 0, len(ids))
	for _, id := range ids {
		if b.visitors[id] == nil {
			b.visitors[id] = b.newEdit(len(ids))
			unread = append(unread, id)
		}
	}
	for ids := range slices.Chunk(unread, maxBatch) {
		found, err := b.tx.Visitors(ids, b.parts)
		if err != nil {
			return err
		}
		for i := range found {
			e := b.visitors[found[i].ID]
			e.before, e.now = &found[i], &found[i]
		}
	}
	return nil
}

// newEdit returns the edit of a visitor that is one of n.
func (b *batch) newEdit(n int) *edit {
	if b.used == len(b.slab) {
		b.slab, b.used = make([]edit, n), 0
	}
	e := &b.slab[b.used]
	b.used++
	b.order = append(b.order, e)
	return e
}

// readAliases follows ids that no visitor has to the visitors they were merged into.
func (b *batch) readAliases(ids []visitor.ID) error {
	for len(ids) > 0 {
		ids = slices.DeleteFunc(slices.Clone(ids), func(id visitor.ID) bool { return b.visitors[id].now != nil })
		ids = unknown(b.aliases, ids)
		var next []visitor.ID
		for ids := range slices.Chunk(ids, maxBatch) {
			found, err := b.tx.Aliases(ids)
			if err != nil {
				return err
			}
			for from, to := range found {
				b.aliases[from] = to
				next = append(next, to)
			}
		}
		if err := b.readVisitors(next); err != nil {
			return err
		}
		ids = next
	}
	return nil
}

func (b *batch) readOwners(identities []visitor.Identity) error {
	asked := make([]visitor.Identity, 0, len(identities))
	for _, i := range identities {
		if _, known := b.owners[identityKeyOf(i)]; !known {
			b.owners[identityKeyOf(i)] = ""
			asked = append(asked, i)
		}
	}
	for asked := range slices.Chunk(asked, maxBatch) {
		owners, err := b.tx.Owners(asked)
		if err != nil {
			return err
		}
		for n, i := range asked {
			b.owners[identityKeyOf(i)] = owners[n]
		}
	}
	return nil
}

func (b *batch) ownersOf(identities []visitor.Identity) []visitor.ID {
	var owners []visitor.ID
	for _, i := range identities {
		if owner := b.owners[identityKeyOf(i)]; owner != "" {
			owners = append(owners, owner)
		}
	}
	return owners
}

func (b *batch) readTags(keys []string) error {
	for keys := range slices.Chunk(unknown(b.tags, keys), maxBatch) {
		found, err := b.tx.Tags(List{Keys: keys})
		if err != nil {
			return err
		}
		for _, t := range found {
			b.tags[keyOf(t)] = &t
		}
	}
	return nil
}

func (b *batch) readGroups(ids []group.ID) error {
	for ids := range slices.Chunk(unknown(b.groups, ids), maxBatch) {
		found, err := b.tx.Groups(List{IDs: textsOf(ids)})
		if err != nil {
			return err
		}
		for _, g := range found {
			b.groups[g.ID] = &g
		}
	}
	return nil
}

func (b *batch) readEvents(keys []DedupKey) error {
	for keys := range slices.Chunk(unknown(b.events, keys), maxBatch) {
		processed, err := b.tx.Processed(keys)
		if err != nil {
			return err
		}
		for _, key := range keys {
			b.events[key] = processed[key]
		}
	}
	return nil
}

func textsOf[T ~string](ids []T) []string {
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = string(id)
	}
	return texts
}

// visitor returns the visitor with that very id, nil if there is none.
func (b *batch) visitor(id visitor.ID) (*visitor.Visitor, error) {
	if e := b.visitors[id]; e != nil {
		return e.now, nil
	}
	if err := b.readVisitors([]visitor.ID{id}); err != nil {
		return nil, err
	}
	return b.visitors[id].now, nil
}

// checkFree returns ErrExists if an id stands for a visitor: its own, or one that it was
// merged into. Deletions by earlier changes of the batch are written first, so that a new
// visitor with a deleted id inherits nothing.
func (b *batch) checkFree(id visitor.ID) error {
	if len(b.deleted) > 0 {
		if err := b.write(); err != nil {
			return err
		}
		parts, size := b.parts, b.size
		b.reset()
		b.parts, b.size = parts, size
	}
	there, err := b.target(id)
	if err == nil && there != nil {
		err = AlreadyExists("visitor", string(id))
	}
	return err
}

// target returns the visitor that an id stands for: its own, or the one it was merged
// into. It is nil if there is none.
func (b *batch) target(id visitor.ID) (*visitor.Visitor, error) {
	if found, err := b.visitor(id); found != nil || err != nil {
		return found, err
	}
	if _, known := b.aliases[id]; !known {
		if err := b.readAliases([]visitor.ID{id}); err != nil {
			return nil, err
		}
	}
	for n := 0; id != "" && n <= len(b.aliases); n++ { // older data may hold a cycle
		if e := b.visitors[id]; e != nil && e.now != nil {
			return e.now, nil
		}
		id = b.aliases[id]
	}
	return nil, nil
}

// owner returns the id of the visitor that has an identity, "" for none.
func (b *batch) owner(i visitor.Identity) (visitor.ID, error) {
	if owner, known := b.owners[identityKeyOf(i)]; known {
		return owner, nil
	}
	err := b.readOwners([]visitor.Identity{i})
	return b.owners[identityKeyOf(i)], err
}

// set replaces a visitor that was read, or adds it. It takes over the lists of v.
func (b *batch) set(v visitor.Visitor) {
	normalize(&v)
	e := b.visitors[v.ID]
	sameIdentities := e.now != nil && slices.EqualFunc(e.now.Identities, v.Identities, visitor.Identity.Is)
	if !sameIdentities && (b.parts.Has(Identities) || e.before == nil) {
		b.release(e.now)
		for _, i := range v.Identities {
			b.owners[identityKeyOf(i)] = v.ID
		}
	}
	e.after = v
	e.now, e.changed = &e.after, true
}

// remove deletes a visitor.
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
		b.owners[identityKeyOf(i)] = ""
	}
}

// normalize gives v the form in which stores return visitors.
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
	b.log = collect(b.log, b.size, e)
}

// write writes what has changed.
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
	if len(b.log) == 0 {
		return nil
	}
	return b.tx.AppendEvents(b.log)
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
