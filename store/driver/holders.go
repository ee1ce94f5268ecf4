package driver

import (
	"cmp"
	"slices"

	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

// holders returns the visitors that have an address, as they are now, in the order of ids. Those
// that are stored were read by readHolders.
func (b *batch) holders(a addressKey) []*visitor.Visitor {
	if b.holding == nil {
		b.holding, b.has = map[addressKey][]visitor.ID{}, map[visitor.ID][]addressKey{}
		for _, e := range b.visitors.values {
			if e != nil {
				b.hold(e.now)
			}
		}
	}
	var all []*visitor.Visitor
	for _, id := range b.holding[a] {
		if v := b.visitors.get(id).now; v != nil && slices.Contains(b.has[id], a) {
			all = append(all, v)
		}
	}
	slices.SortFunc(all, func(v, w *visitor.Visitor) int { return cmp.Compare(v.ID, w.ID) })
	return all
}

// hold notes the addresses of v, if holders was called before.
func (b *batch) hold(v *visitor.Visitor) {
	if v == nil || b.holding == nil {
		return
	}
	before := b.has[v.ID]
	b.has[v.ID] = addressesOf(v)
	for _, a := range b.has[v.ID] {
		if !slices.Contains(before, a) && !slices.Contains(b.holding[a], v.ID) {
			b.holding[a] = append(b.holding[a], v.ID)
		}
	}
}

// readHolders reads all visitors that have one of the addresses.
func (b *batch) readHolders(addresses ...addressKey) error {
	b.held.want(addresses...)
	return inChunks(b.held.unread(), func(some []addressKey) error {
		subjects := make([]consent.Subject, len(some))
		for n, a := range some {
			subjects[n] = consent.Subject(a)
		}
		ids, err := b.tx.WithAddresses(subjects)
		if err != nil {
			return err
		}
		if err := b.readVisitors(ids...); err != nil {
			return err
		}
		for _, id := range ids {
			if v := b.visitors.get(id).now; v != nil {
				b.hold(v)
				b.addresses.want(addressesOf(v)...) // attach needs all
			}
		}
		return nil
	})
}

// spread brings the visitors that have an address up to date, and adds an event for each, or one
// without a visitor.
func (b *batch) spread(a Audit, of addressKey, e Event) error {
	if err := b.readHolders(of); err != nil {
		return err
	}
	holders := b.holders(of)
	for _, v := range holders {
		after := *v
		if err := b.attach(&after); err != nil {
			return err
		}
		b.put(&after)
		e.Visitor = v.ID
		b.event(a, e)
	}
	if len(holders) == 0 {
		b.event(a, e)
	}
	return nil
}
