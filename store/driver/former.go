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
