package memory

import (
	"sync"

	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/internal/index"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

// workspace holds the visitors of one workspace: the index what many of them share, the rest
// by position in the index. Positions of deleted visitors are empty.
type workspace struct {
	mu sync.RWMutex

	index   *index.Index
	records []*record // nil if the visitor was deleted
	text    textIndex
	owners  owners

	withName, withEmail, withPhone *index.Set
	sets                           []*index.Set // buffer of place

	tags   catalog[tag.Tag]
	groups catalog[group.Group]

	events    journal
	merges    merges
	processed processed

	permissions permissions
	kept        map[driver.RecordKind]*records
	suppression consent.Keys
	rules       driver.RuleCache
}

func newWorkspace(keys consent.Keys) *workspace {
	w := &workspace{
		owners: newOwners(), merges: newMerges(), processed: processed{at: map[driver.DedupKey]int64{}},
		kept: map[driver.RecordKind]*records{}, suppression: keys,
	}
	x := index.New(w)
	w.index = x
	w.withName, w.withEmail = x.Set(index.Text, "name"), x.Set(index.Text, "email")
	w.withPhone = x.Set(index.Text, "phone")
	w.tags, w.groups = newCatalog[tag.Tag](x, index.Tag), newCatalog[group.Group](x, index.Group)
	return w
}

// lookup returns the visitor with that id and its position. The record is nil if none has it.
func (w *workspace) lookup(id visitor.ID) (uint32, *record) {
	parsed, ok := parseID(id)
	if !ok {
		return 0, nil
	}
	p, ok := w.index.Position(parsed)
	if !ok {
		return 0, nil
	}
	return p, w.records[p]
}

// truncate removes the positions from p on, which have no visitors.
func (w *workspace) truncate(p int) {
	clear(w.records[p:])
	w.records = w.records[:p]
	w.text.truncate(p)
	w.index.Truncate(p)
}

// put replaces the visitor at p, which is the number of positions for a new one. next is nil to
// delete it.
func (w *workspace) put(p uint32, next *record) {
	if int(p) == len(w.records) {
		w.records = append(w.records, nil)
	}
	old := w.records[p]
	w.records[p] = next
	if old == nil || next == nil || old.name != next.name || old.email != next.email || old.phone != next.phone {
		w.text.set(p, next)
	}
	w.permissions.put(p, next)
	if next == nil {
		w.index.Delete(p)
	} else {
		w.index.Put(p, w.indexed(next))
	}
	if old != nil && next != nil && old.name != next.name {
		w.index.Renamed(p)
	}
	if old != nil && next != nil && sameIdentities(old, next) {
		return
	}
	if old != nil {
		for _, i := range old.identities {
			w.owners.remove(i.ownerKey(), old.id)
		}
	}
	if next != nil {
		for _, i := range next.identities {
			w.owners.add(i.ownerKey(), next.id)
		}
	}
}

// sameIdentities reports whether two records share one list of identities.
func sameIdentities(a, b *record) bool {
	return len(a.identities) == len(b.identities) && (len(a.identities) == 0 || &a.identities[0] == &b.identities[0])
}

// indexed returns what the index has of a visitor, which is valid until the next call.
func (w *workspace) indexed(r *record) index.Visitor {
	sets := append(w.sets[:0], r.source)
	if r.name != "" {
		sets = append(sets, w.withName)
	}
	if r.email != "" {
		sets = append(sets, w.withEmail)
	}
	if r.phone != "" {
		sets = append(sets, w.withPhone)
	}
	for _, i := range r.identities {
		sets = append(sets, i.channel)
		for _, in := range i.inboxes {
			sets = append(sets, in.name)
		}
	}
	for _, a := range r.attributes {
		sets = append(sets, a.name)
	}
	for _, l := range r.tags {
		sets = append(sets, l.to.members)
	}
	for _, l := range r.memberships {
		sets = append(sets, l.to.members)
	}
	for _, l := range r.excluded {
		sets = append(sets, l.to.excluded)
	}
	w.sets = sets
	return index.Visitor{ID: r.id, Updated: r.updated, Seen: r.seen, Sets: sets}
}

// renumber follows the index when positions have changed.
func (w *workspace) renumber() {
	from, before := w.index.Renumber()
	if len(before) == 0 {
		return
	}
	w.permissions.byKey = nil
	moved := make([]*record, len(before))
	for i, p := range before {
		moved[i] = w.records[p]
	}
	clear(w.records[from:])
	w.records = append(w.records[:from], moved...)
	w.text.truncate(from)
	for i, r := range moved {
		w.text.set(uint32(from+i), r)
	}
}
