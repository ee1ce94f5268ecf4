package memory

import (
	"iter"
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

	live                                                  *roaring.Bitmap // positions that have a visitor
	withEmail, withPhone, withTag, withGroup, withChannel *roaring.Bitmap

	sources, channels, attributes nameTable
	tags                          catalog[tag.Tag]
	groups                        catalog[group.Group]

	events    journal
	merges    merges
	processed processed
}

func newWorkspace() *workspace {
	return &workspace{
		outOfOrder: roaring.New(), maxOutOfOrder: minOutOfOrder,
		ids: map[uuid.UUID]uint32{}, owners: newOwners(),
		live: roaring.New(), withEmail: roaring.New(), withPhone: roaring.New(),
		withTag: roaring.New(), withGroup: roaring.New(), withChannel: roaring.New(),
		sources: nameTable{}, channels: nameTable{}, attributes: nameTable{},
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
	if old != nil && next != nil && slices.Equal(old.identities, next.identities) {
		return
	}
	if old != nil {
		delete(w.ids, old.id)
		for _, i := range old.identities {
			w.owners.remove(i, old.id)
		}
	}
	if next != nil {
		w.ids[next.id] = p
		for _, i := range next.identities {
			w.owners.add(i, next.id)
		}
	}
}

// place is the part of put that concerns what is indexed by position.
func (w *workspace) place(p uint32, next *record) {
	old := w.records[p]
	w.records[p] = next
	before, after := old, next
	if before == nil {
		before = &record{}
	}
	if after == nil {
		after = &record{}
	}
	w.created[p], w.updated[p], w.seen[p] = after.created, after.updated, after.seen
	if old == nil || next == nil || before.name != next.name || before.email != next.email || before.phone != next.phone {
		w.text.set(p, next)
	}
	for _, has := range [...]struct {
		set         *roaring.Bitmap
		before, now bool
	}{
		{w.live, old != nil, next != nil},
		{w.outOfOrder, old != nil && w.maxIDs[p] != old.id, next != nil && w.maxIDs[p] != next.id},
		{w.withEmail, before.email != "", after.email != ""},
		{w.withPhone, before.phone != "", after.phone != ""},
		{w.withTag, len(before.tags) > 0, len(after.tags) > 0},
		{w.withGroup, len(before.memberships) > 0, len(after.memberships) > 0},
		{w.withChannel, len(before.identities) > 0, len(after.identities) > 0},
	} {
		switch {
		case has.now && !has.before:
			has.set.Add(p)
		case has.before && !has.now:
			has.set.Remove(p)
		}
	}
	if before.source != after.source {
		if before.source != nil {
			before.source.members.Remove(p)
		}
		if after.source != nil {
			after.source.members.Add(p)
		}
	}
	moveMember(p, before.identities, after.identities, func(i *identity) *roaring.Bitmap { return i.channel.members })
	moveMember(p, before.attributes, after.attributes, func(a *attribute) *roaring.Bitmap { return a.name.members })
	moveMember(p, before.tags, after.tags, func(l *link[tag.Tag]) *roaring.Bitmap { return l.to.members })
	moveMember(p, before.memberships, after.memberships, func(l *link[group.Group]) *roaring.Bitmap { return l.to.members })
	moveMember(p, before.excluded, after.excluded, func(g **entry[group.Group]) *roaring.Bitmap { return (*g).excluded })
}

// moveMember removes p from the bitmaps of the items of one list and adds it to those of
// another. Several items may have the same bitmap.
func moveMember[T any](p uint32, before, after []T, set func(*T) *roaring.Bitmap) {
	// Most items are at the same place in both lists, from the start or from the end.
	start, n := 0, min(len(before), len(after))
	for start < n && set(&before[start]) == set(&after[start]) {
		start++
	}
	end := 0
	for end < n-start && set(&before[len(before)-1-end]) == set(&after[len(after)-1-end]) {
		end++
	}
	in := func(list []T, wanted *roaring.Bitmap) bool {
		for i := range list {
			if set(&list[i]) == wanted {
				return true
			}
		}
		return false
	}
	for i := start; i < len(before)-end; i++ {
		if s := set(&before[i]); !in(after, s) {
			s.Remove(p)
		}
	}
	for i := start; i < len(after)-end; i++ {
		if s := set(&after[i]); !in(before, s) {
			s.Add(p)
		}
	}
}

// bitmaps iterates over every bitmap of the workspace.
func (w *workspace) bitmaps() iter.Seq[*roaring.Bitmap] {
	all := []*roaring.Bitmap{w.live, w.outOfOrder, w.withEmail, w.withPhone, w.withTag, w.withGroup, w.withChannel}
	for _, names := range []nameTable{w.sources, w.channels, w.attributes} {
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
	return slices.Values(all)
}
