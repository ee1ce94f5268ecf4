package memory

import (
	"iter"
	"slices"
	"sync"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/google/uuid"

	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// workspace holds the visitors of one workspace. What is found by position has an entry
// for every position, also for those of deleted visitors.
type workspace struct {
	mu sync.RWMutex

	records                []*record // nil where the visitor was deleted
	created, updated, seen []int64   // the times of the records, 0 for none
	text                   textIndex

	// fence is the largest id up to each position. It is the visitor's own unless it was
	// late, that is smaller than one before, or was deleted.
	fence []uuid.UUID
	late  *roaring.Bitmap
	calm  int // how many may be late before settle looks again

	ids    map[uuid.UUID]uint32
	owners owners

	live                                     *roaring.Bitmap
	mailed, phoned, tagged, grouped, channel *roaring.Bitmap // those that have one

	sources, channels, attributes index
	tags                          shelf[tag.Tag]
	groups                        shelf[group.Group]

	events journal
	merges merges
	taken  taken // events of channels

	before, after []*roaring.Bitmap // of place, kept for the next time
}

func newWorkspace() *workspace {
	return &workspace{
		late: roaring.New(), calm: minCalm,
		ids: map[uuid.UUID]uint32{}, owners: newOwners(),
		live: roaring.New(), mailed: roaring.New(), phoned: roaring.New(),
		tagged: roaring.New(), grouped: roaring.New(), channel: roaring.New(),
		sources: index{}, channels: index{}, attributes: index{},
		tags: newShelf[tag.Tag](), groups: newShelf[group.Group](),
		merges: newMerges(), taken: taken{at: map[store.EventKey]int64{}},
	}
}

// lookup returns the visitor with that id and its position, or a nil record.
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
	if p > 0 && compareIDs(w.fence[p-1], id) > 0 {
		id = w.fence[p-1]
	}
	w.records = append(w.records, nil)
	w.fence = append(w.fence, id)
	w.created, w.updated, w.seen = append(w.created, 0), append(w.updated, 0), append(w.seen, 0)
	return uint32(p)
}

// truncate drops the positions from p on, which hold nobody.
func (w *workspace) truncate(p int) {
	clear(w.records[p:])
	w.records, w.fence = w.records[:p], w.fence[:p]
	w.created, w.updated, w.seen = w.created[:p], w.updated[:p], w.seen[:p]
	w.text.truncate(p)
}

// put makes next the visitor at p, or nobody, with all that is known of it elsewhere.
func (w *workspace) put(p uint32, next *record) {
	old := w.records[p]
	w.place(p, next)
	if old != nil && next != nil && slices.Equal(old.identities, next.identities) {
		return
	}
	if old != nil {
		delete(w.ids, old.id)
		for _, i := range old.identities {
			w.owners.drop(i, old.id)
		}
	}
	if next != nil {
		w.ids[next.id] = p
		for _, i := range next.identities {
			w.owners.add(i, next.id)
		}
	}
}

// place makes next the visitor at p, or nobody, in all that goes by position.
func (w *workspace) place(p uint32, next *record) {
	old := w.records[p]
	w.before, w.after = w.sets(w.before[:0], p, old), w.sets(w.after[:0], p, next)
	before, after := uncommon(w.before, w.after)
	for _, set := range before {
		if !slices.Contains(after, set) {
			set.Remove(p)
		}
	}
	for _, set := range after {
		if !slices.Contains(before, set) {
			set.Add(p)
		}
	}
	w.records[p] = next
	if next == nil {
		w.created[p], w.updated[p], w.seen[p] = 0, 0, 0
		w.text.set(p, nil)
		return
	}
	w.created[p], w.updated[p], w.seen[p] = next.created, next.updated, next.seen
	if old == nil || old.name != next.name || old.email != next.email || old.phone != next.phone {
		w.text.set(p, next)
	}
}

// sets appends every bitmap that r belongs to at p.
func (w *workspace) sets(to []*roaring.Bitmap, p uint32, r *record) []*roaring.Bitmap {
	if r == nil {
		return to
	}
	to = append(to, w.live, r.source.members)
	for _, has := range [...]struct {
		set *roaring.Bitmap
		it  bool
	}{
		{w.late, w.fence[p] != r.id}, {w.mailed, r.email != ""}, {w.phoned, r.phone != ""},
		{w.tagged, len(r.tags) > 0}, {w.grouped, len(r.groups) > 0}, {w.channel, len(r.identities) > 0},
	} {
		if has.it {
			to = append(to, has.set)
		}
	}
	for i, known := range r.identities {
		if i == 0 || r.identities[i-1].channel != known.channel {
			to = append(to, known.channel.members)
		}
	}
	for _, a := range r.attributes {
		to = append(to, a.name.members)
	}
	for _, a := range r.tags {
		to = append(to, a.tag.members)
	}
	for _, g := range r.groups {
		to = append(to, g.members)
	}
	for _, g := range r.excluded {
		to = append(to, g.excluded)
	}
	return to
}

// uncommon cuts off what two lists begin and end with alike.
func uncommon(a, b []*roaring.Bitmap) (_, _ []*roaring.Bitmap) {
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	return a, b
}

// bitmaps iterates over every bitmap there is.
func (w *workspace) bitmaps() iter.Seq[*roaring.Bitmap] {
	all := []*roaring.Bitmap{w.live, w.late, w.mailed, w.phoned, w.tagged, w.grouped, w.channel}
	for _, x := range []index{w.sources, w.channels, w.attributes} {
		for _, m := range x {
			all = append(all, m.members)
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
