package driver

import (
	"encoding/json"
	"slices"

	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

// A visitor that gives up an address, as its e-mail changes, can be deleted or erased later, and then
// nothing must stay that the person said there. So the addresses that a visitor gave up are kept in a
// record, as far as something is recorded about them, until the visitor is deleted.

// readFormer reads the addresses that visitors gave up.
func (b *batch) readFormer(ids []visitor.ID) error {
	return inChunks(distinct(ids), func(ids []visitor.ID) error {
		found, err := b.tx.Records(RecordQuery{Kind: FormerAddresses, Keys: textsOf(ids)})
		if err != nil {
			return err
		}
		if b.former == nil {
			b.former = map[visitor.ID][]addressKey{}
		}
		for _, id := range ids {
			b.former[id] = nil
		}
		for _, r := range found {
			var subjects []consent.Subject
			if err := decode("former addresses", r.Key, r.Value, &subjects); err != nil {
				return err
			}
			for _, s := range subjects {
				b.former[visitor.ID(r.Key)] = append(b.former[visitor.ID(r.Key)], addressKey(s))
			}
		}
		return nil
	})
}

// formerOf returns the addresses that a visitor gave up.
func (b *batch) formerOf(id visitor.ID) ([]addressKey, error) {
	if _, read := b.former[id]; !read {
		if recorded, err := b.anyAddresses(); err != nil || !recorded {
			return nil, err
		}
		if err := b.readFormer([]visitor.ID{id}); err != nil {
			return nil, err
		}
	}
	return append(slices.Clone(b.former[id]), b.gaveUp[id]...), nil
}

// giveUp notes the addresses that a visitor gives up, if something is recorded about them.
func (b *batch) giveUp(before, after *visitor.Visitor) error {
	if recorded, err := b.anyAddresses(); err != nil || !recorded {
		return err
	}
	has := addressesOf(after)
	for _, a := range addressesOf(before) {
		if slices.Contains(has, a) {
			continue
		}
		e, err := b.address(a)
		if err != nil {
			return err
		}
		if e.known() {
			if b.gaveUp == nil {
				b.gaveUp = map[visitor.ID][]addressKey{}
			}
			b.gaveUp[after.ID] = append(b.gaveUp[after.ID], a)
		}
	}
	return nil
}

// writeFormer writes the addresses that visitors gave up.
func (b *batch) writeFormer() error {
	var ids []visitor.ID
	for id := range b.gaveUp {
		if !slices.Contains(b.deleted, id) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	if err := b.readFormer(ids); err != nil {
		return err
	}
	put := make([]Record, len(ids))
	for n, id := range ids {
		var subjects []consent.Subject
		for _, a := range append(b.former[id], b.gaveUp[id]...) {
			if s := consent.Subject(a); !slices.Contains(subjects, s) {
				subjects = append(subjects, s)
			}
		}
		value, err := json.Marshal(subjects)
		if err != nil {
			return err
		}
		put[n] = Record{FormerAddresses, string(id), value}
	}
	return inChunks(put, b.tx.PutRecords)
}

// forgetFormer deletes the notes of visitors that were deleted.
func (b *batch) forgetFormer(deleted []visitor.ID) error {
	if recorded, err := b.anyAddresses(); err != nil || !recorded || len(deleted) == 0 {
		return err
	}
	return b.tx.DeleteRecords(FormerAddresses, textsOf(deleted))
}

// past is what a visitor had before.
type past struct {
	addresses []addressKey // those that it has, and those that it or a visitor merged into it had at the time of a merge
	givenUp   []addressKey // others, which one of these visitors gave up
	merges    []visitor.ID // that were merged into it
}

func (p *past) add(addresses []addressKey) {
	for _, a := range addresses {
		if !slices.Contains(p.addresses, a) {
			p.addresses = append(p.addresses, a)
		}
	}
}

// pastOf reads what is known about a visitor and its addresses.
func (b *batch) pastOf(v *visitor.Visitor) (p past, err error) {
	p.add(addressesOf(v))
	if some, read := b.mergedInto[v.ID]; some || !read {
		for into := []visitor.ID{v.ID}; len(into) > 0; {
			from, err := b.tx.MergedInto(into)
			if err != nil {
				return past{}, err
			}
			for _, id := range from {
				m, _, err := b.tx.Merge(id)
				if err != nil {
					return past{}, err
				}
				for _, v := range []*visitor.Visitor{&m.From, &m.Into, &m.Result} {
					p.add(addressesOf(v))
				}
			}
			p.merges, into = append(p.merges, from...), from
		}
	}
	for _, id := range append([]visitor.ID{v.ID}, p.merges...) {
		givenUp, err := b.formerOf(id)
		if err != nil {
			return past{}, err
		}
		for _, a := range givenUp {
			if !slices.Contains(p.addresses, a) && !slices.Contains(p.givenUp, a) {
				p.givenUp = append(p.givenUp, a)
			}
		}
	}
	return p, b.readAddresses(append(slices.Clone(p.addresses), p.givenUp...)...)
}

// retain keeps of the addresses of a visitor that was deleted only what must stay, unless another
// visitor has them.
func (b *batch) retain(v *visitor.Visitor) error {
	p, err := b.pastOf(v)
	if err != nil {
		return err
	}
	for _, a := range append(p.addresses, p.givenUp...) {
		e := b.addresses.get(a)
		if !e.known() {
			continue
		}
		if err := b.readHolders(a); err != nil {
			return err
		}
		if len(b.holders(a)) > 0 {
			continue
		}
		e.record.Entries, e.record.Reports = consent.Retain(e.record.Entries), consent.RetainReports(e.record.Reports)
		b.change(a, e)
	}
	return nil
}
