package memory

import (
	"slices"
	"sync"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/google/uuid"

	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// workspace holds the visitors of one workspace. What is indexed by position has an entry
// for every position, also for those of deleted visitors.
type workspace struct {
	mu sync.RWMutex

	records                []*record // nil if the visitor was deleted
	created, updated, seen []int64   // the times of the records, 0 for none
	text                   textIndex

	// maxIDs is the largest id up to each position, so that a position can be found by
	// binary search. A visitor whose own id is smaller is out of order.
	maxIDs        []uuid.UUID
	outOfOrder    *roaring.Bitmap
	maxOutOfOrder int // with more of them, renumbering is considered again

	ids    map[uuid.UUID]uint32 // positions
	owners owners

	live                                                             *roaring.Bitmap // positions that have a visitor
	withEmail, withPhone, withTag, withGroup, withChannel, withInbox *roaring.Bitmap

	sources, channels, inboxes, attributes nameTable
	tags                                   catalog[tag.Tag]
	groups                                 catalog[group.Group]

	events    journal
	merges    merges
	processed processed
}

func newWorkspace() *workspace {
	return &workspace{
		outOfOrder: roaring.New(), maxOutOfOrder: minOutOfOrder,
		ids: map[uuid.UUID]uint32{}, owners: newOwners(),
		live: roaring.New(), withEmail: roaring.New(), withPhone: roaring.New(),
		withTag: roaring.New(), withGroup: roaring.New(), withChannel: roaring.New(), withInbox: roaring.New(),
		sources: nameTable{}, channels: nameTable{}, inboxes: nameTable{}, attributes: nameTable{},
		tags: newCatalog[tag.Tag](), groups: newCatalog[group.Group](),
		merges: newMerges(), processed: processed{at: map[driver.DedupKey]int64{}},
	}
}

// lookup returns the visitor with that id and its position. The record is nil if none has it.
func (w *workspace) lookup(id visitor.ID) (uint32, *record) {
	parsed, ok := parseID(id)
	if !ok {
		return 0, nil
	}
	p, ok := w.ids[parsed]
	if !ok {
		return 0, nil
	}
	return p, w.records[p]
}

// open adds an empty position at the end, for a visitor with that id.
func (w *workspace) open(id uuid.UUID) uint32 {
	p := len(w.records)
	if p > 0 && compareIDs(w.maxIDs[p-1], id) > 0 {
		id = w.maxIDs[p-1]
	}
	w.records = append(w.records, nil)
	w.maxIDs = append(w.maxIDs, id)
	w.created, w.updated, w.seen = append(w.created, 0), append(w.updated, 0), append(w.seen, 0)
	return uint32(p)
}

// truncate removes the positions from p on, which have no visitors.
func (w *workspace) truncate(p int) {
	clear(w.records[p:])
	w.records, w.maxIDs = w.records[:p], w.maxIDs[:p]
	w.created, w.updated, w.seen = w.created[:p], w.updated[:p], w.seen[:p]
	w.text.truncate(p)
}

// put replaces the visitor at p. next is nil to delete it.
func (w *workspace) put(p uint32, next *record) {
	old := w.records[p]
	w.place(p, next)
	if old != nil && next != nil && sameIdentities(old, next) {
		return
	}
	if old != nil {
		delete(w.ids, old.id)
		for _, i := range old.identities {
			w.owners.remove(i.ownerKey(), old.id)
		}
	}
	if next != nil {
		w.ids[next.id] = p
		for _, i := range next.identities {
			w.owners.add(i.ownerKey(), next.id)
		}
	}
}

// sameIdentities reports whether two records share one list of identities.
func sameIdentities(a, b *record) bool {
	return len(a.identities) == len(b.identities) && (len(a.identities) == 0 || &a.identities[0] == &b.identities[0])
}

// place is the part of put that concerns what is indexed by position.
func (w *workspace) place(p uint32, next *record) {
	old := w.records[p]
	w.records[p] = next
	var before, after [24]*roaring.Bitmap // mostly enough
	moveMember(p, w.appendSets(before[:0], p, old), w.appendSets(after[:0], p, next))
	if next == nil {
		w.created[p], w.updated[p], w.seen[p] = 0, 0, 0
	} else {
		w.created[p], w.updated[p], w.seen[p] = next.created, next.updated, next.seen
	}
	if old == nil || next == nil || old.name != next.name || old.email != next.email || old.phone != next.phone {
		w.text.set(p, next)
	}
}

// appendSets appends the bitmaps that contain p while r is the visitor there, some of them
// several times.
func (w *workspace) appendSets(to []*roaring.Bitmap, p uint32, r *record) []*roaring.Bitmap {
	if r == nil {
		return to
	}
	to = append(to, w.live, r.source.members)
	if w.maxIDs[p] != r.id {
		to = append(to, w.outOfOrder)
	}
	if r.email != "" {
		to = append(to, w.withEmail)
	}
	if r.phone != "" {
		to = append(to, w.withPhone)
	}
	for _, i := range r.identities {
		to = append(to, w.withChannel, i.channel.members)
		for _, in := range i.inboxes {
			to = append(to, w.withInbox, in.name.members)
		}
	}
	for _, a := range r.attributes {
		to = append(to, a.name.members)
	}
	for _, l := range r.tags {
		to = append(to, w.withTag, l.to.members)
	}
	for _, l := range r.memberships {
		to = append(to, w.withGroup, l.to.members)
	}
	for _, l := range r.excluded {
		to = append(to, l.to.excluded)
	}
	return to
}

// moveMember removes p from the bitmaps that are only in before and adds it to those that
// are only in after.
func moveMember(p uint32, before, after []*roaring.Bitmap) {
	// Most bitmaps are at the same place in both lists, from the start or from the end.
	start, end := 0, 0
	for n := min(len(before), len(after)); start < n && before[start] == after[start]; {
		start++
	}
	for n := min(len(before), len(after)) - start; end < n && before[len(before)-1-end] == after[len(after)-1-end]; {
		end++
	}
	for _, set := range before[start : len(before)-end] {
		if !slices.Contains(after, set) {
			set.Remove(p)
		}
	}
	for _, set := range after[start : len(after)-end] {
		if !slices.Contains(before, set) {
			set.Add(p)
		}
	}
}

// bitmaps returns every bitmap of the workspace.
func (w *workspace) bitmaps() []*roaring.Bitmap {
	all := []*roaring.Bitmap{w.live, w.outOfOrder, w.withEmail, w.withPhone, w.withTag, w.withGroup, w.withChannel, w.withInbox}
	for _, names := range []nameTable{w.sources, w.channels, w.inboxes, w.attributes} {
		for _, n := range names {
			all = append(all, n.members)
		}
	}
	for _, t := range w.tags.byKey {
		all = append(all, t.members)
	}
	for _, g := range w.groups.byKey {
		all = append(all, g.members, g.excluded)
	}
	return all
}
