package memory

import (
	"cmp"
	"slices"
	"time"
	"unique"

	"github.com/google/uuid"

	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

var _ store.Keeper = (*batch)(nil)

// Visitor is store.Keeper's.
func (b *batch) Visitor(id visitor.ID) (visitor.Visitor, bool, error) {
	_, r := b.lookup(id)
	if r == nil {
		return visitor.Visitor{}, false, nil
	}
	return r.visitor(), true, nil
}

// Owner is store.Keeper's.
func (b *batch) Owner(i visitor.Identity) (visitor.ID, bool, error) {
	id, found := b.owner(i)
	if !found {
		return "", false, nil
	}
	return visitor.ID(id.String()), true, nil
}

// Reachable is store.Keeper's.
func (b *batch) Reachable(email, phone string, limit int) ([]visitor.ID, error) {
	var ids []visitor.ID
	has, folded := b.phoned, text.Fold(email)
	if email != "" {
		has = b.mailed
	}
	for all := has.Iterator(); all.HasNext(); {
		r := b.records[all.Next()]
		if email != "" && text.Fold(r.email) == folded || email == "" && r.phone == phone {
			ids = append(ids, visitor.ID(r.id.String()))
		}
	}
	slices.Sort(ids)
	return ids[:min(limit, len(ids))], nil
}

// Put is store.Keeper's.
func (b *batch) Put(before *visitor.Visitor, v visitor.Visitor) error {
	id, ok := parseID(v.ID)
	if !ok {
		return text.Refuse("visitor id", "not an id")
	}
	p, there := b.ids[id]
	switch {
	case before == nil && there:
		return store.Taken("visitor", string(v.ID))
	case before == nil:
		p = b.open(id)
	}
	r := b.newRecord(id, v)
	for _, a := range v.Tags {
		if t := b.tags.byID[string(a.Tag)]; t != nil {
			r.tags = append(r.tags, assignment{t, store.Micros(a.At), unique.Make(a.By), unique.Make(a.Cause)})
		}
	}
	slices.SortFunc(r.tags, func(a, b assignment) int { return cmp.Compare(a.tag.value.Name, b.tag.value.Name) })
	r.groups, r.excluded = b.labels(v.Groups), b.labels(v.Excluded)
	b.put(p, r)
	return nil
}

// labels returns those of the groups that are there.
func (b *batch) labels(ids []group.ID) []*label[group.Group] {
	var labels []*label[group.Group]
	for _, id := range ids {
		if g := b.groups.byID[string(id)]; g != nil {
			labels = append(labels, g)
		}
	}
	slices.SortFunc(labels, compareID)
	return labels
}

// Remove is store.Keeper's.
func (b *batch) Remove(v visitor.Visitor) error {
	p, _ := b.lookup(v.ID)
	b.put(p, nil)
	return nil
}

// EnsureTag is store.Keeper's.
func (b *batch) EnsureTag(t tag.Tag) (tag.Tag, error) {
	out, err := b.ensureTag(store.EnsureTag{Tag: t})
	return out.Tag, err
}

// Emit is store.Keeper's.
func (b *batch) Emit(e store.Event) error {
	b.events.add(e)
	return nil
}

// taken are the events of channels that were taken in, in the order in which they came.
type taken struct {
	at    map[store.EventKey]int64
	queue []store.EventKey
}

// Remember is store.Keeper's.
func (b *batch) Remember(key store.EventKey, at time.Time) (bool, error) {
	if _, before := b.taken.at[key]; before {
		return true, nil
	}
	b.taken.at[key] = store.Micros(at)
	b.taken.queue = append(b.taken.queue, key)
	b.undo = append(b.undo, func() {
		delete(b.taken.at, key)
		b.taken.queue = b.taken.queue[:len(b.taken.queue)-1]
	})
	return false, nil
}

// prune forgets what is older than has to be remembered.
func (t *taken) prune() {
	if len(t.queue) == 0 {
		return
	}
	oldest := t.at[t.queue[len(t.queue)-1]] - store.RememberFor.Microseconds()
	n := 0
	for n < len(t.queue) && t.at[t.queue[n]] < oldest {
		delete(t.at, t.queue[n])
		n++
	}
	t.queue = t.queue[n:]
}

// merges are the visitors who were merged into others.
type merges struct {
	from map[uuid.UUID]visitor.Merged
	into map[uuid.UUID][]uuid.UUID // who was merged into whom
}

func newMerges() merges {
	return merges{map[uuid.UUID]visitor.Merged{}, map[uuid.UUID][]uuid.UUID{}}
}

// Merged is store.Keeper's.
func (b *batch) Merged(id visitor.ID) (visitor.Merged, bool, error) {
	parsed, _ := parseID(id)
	m, ok := b.merges.from[parsed]
	if ok {
		m = visitor.Merged{Into: m.Into.Clone(), From: m.From.Clone(), Result: m.Result.Clone()}
	}
	return m, ok, nil
}

// PutMerged is store.Keeper's.
func (b *batch) PutMerged(m visitor.Merged) error {
	b.keepMerged(visitor.Merged{Into: m.Into.Clone(), From: m.From.Clone(), Result: m.Result.Clone()})
	id, _ := parseID(m.From.ID)
	b.undo = append(b.undo, func() { b.dropMerged(id) })
	return nil
}

// DropMerged is store.Keeper's.
func (b *batch) DropMerged(id visitor.ID) error {
	parsed, _ := parseID(id)
	b.forget(parsed)
	return nil
}

// forget drops what is kept of a merge, if there is any.
func (b *batch) forget(id uuid.UUID) {
	if m, ok := b.merges.from[id]; ok {
		b.dropMerged(id)
		b.undo = append(b.undo, func() { b.keepMerged(m) })
	}
}

// forgetMerged drops what is kept of all who were merged into that one, by whatever way.
func (b *batch) forgetMerged(into uuid.UUID) {
	for _, id := range slices.Clone(b.merges.into[into]) {
		b.forget(id)
		b.forgetMerged(id)
	}
}

func (w *workspace) keepMerged(m visitor.Merged) {
	from, _ := parseID(m.From.ID)
	into, _ := parseID(m.Into.ID)
	w.merges.from[from] = m
	w.merges.into[into] = append(w.merges.into[into], from)
}

func (w *workspace) dropMerged(from uuid.UUID) {
	into, _ := parseID(w.merges.from[from].Into.ID)
	delete(w.merges.from, from)
	all := w.merges.into[into]
	if at := slices.Index(all, from); at >= 0 {
		all = slices.Delete(all, at, at+1)
	}
	if w.merges.into[into] = all; len(all) == 0 {
		delete(w.merges.into, into)
	}
}
