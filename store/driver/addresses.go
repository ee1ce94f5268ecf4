package driver

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

// Limits of what is kept about an address. Beyond these, the oldest that make no difference are
// dropped.
const (
	maxEntries = 200
	maxReports = 200
)

// addressKey is an address on a channel in normalized form: a subject towards every sender.
type addressKey consent.Subject

func addressOf(s consent.Subject) addressKey {
	s.Sender = ""
	return addressKey(s)
}

// addressesOf returns the addresses of v, each once.
func addressesOf(v *visitor.Visitor) []addressKey {
	var all []addressKey
	for _, r := range v.Routes() {
		if a := addressOf(r.Subject); !slices.Contains(all, a) {
			all = append(all, a)
		}
	}
	return all
}

// addressEdit is what is known about an address.
type addressEdit struct {
	record   AddressRecord
	stored   []string // keys of the records that hold it
	changed  bool
	statuses []consent.Status
	health   []consent.Health
}

// fold sets what stands. Subjects get the address again.
func (e *addressEdit) fold(a addressKey) {
	e.statuses = consent.Fold(e.record.Entries)
	for n := range e.statuses {
		s := &e.statuses[n]
		s.Entry, s.Lapse = summary(s.Entry, a), summary(s.Lapse, a)
	}
	e.health = consent.FoldHealth(e.record.Reports)
	for n := range e.health {
		r := &e.health[n].Report
		r.Subject.Address, r.Actor, r.Cause = a.Address, "", ""
	}
}

// summary returns an entry as a visitor has it.
func summary(e consent.Entry, a addressKey) consent.Entry {
	if e.State == "" {
		return e
	}
	e.Subject.Address = a.Address
	e.Evidence, e.Actor, e.Cause = consent.Evidence{Kind: e.Evidence.Kind}, "", ""
	return e
}

// status returns what stands about a topic towards a sender, the zero Status if nothing does.
func (e *addressEdit) status(sender, topic string) (s consent.Status) {
	for _, s := range e.statuses {
		if s.Entry.Subject.Sender == sender && s.Entry.Topic == topic {
			return s
		}
	}
	return s
}

// healthOf returns what stands about a sender, the zero Health if nothing does.
func (e *addressEdit) healthOf(sender string) (h consent.Health) {
	for _, h := range e.health {
		if h.Report.Subject.Sender == sender {
			return h
		}
	}
	return h
}

// ReadAddresses returns what is recorded about the addresses of subjects, in their order: the zero
// AddressRecord where nothing is. read is the Records of a Tx or a Store.
func ReadAddresses(read func(RecordQuery) ([]Record, error), keys consent.Keys, subjects []consent.Subject) ([]AddressRecord, error) {
	found, _, err := readAddresses(read, keys, subjects)
	return found, err
}

// readAddresses also returns the keys of the records in which it found something. What is recorded
// under several keys is put together.
func readAddresses(read func(RecordQuery) ([]Record, error), keys consent.Keys, subjects []consent.Subject) ([]AddressRecord, [][]string, error) {
	wanted := make([]string, 0, len(subjects)*len(keys.Live))
	for _, s := range subjects {
		for _, key := range keys.Live {
			wanted = append(wanted, s.Hash(key).String())
		}
	}
	values := map[string][]byte{}
	err := inChunks(distinct(wanted), func(keys []string) error {
		found, err := read(RecordQuery{Kind: AddressRecords, Keys: keys})
		for _, r := range found {
			values[r.Key] = r.Value
		}
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	all, stored := make([]AddressRecord, len(subjects)), make([][]string, len(subjects))
	for n := range subjects {
		for _, key := range wanted[n*len(keys.Live) : (n+1)*len(keys.Live)] {
			value, ok := values[key]
			if !ok {
				continue
			}
			var r AddressRecord
			if err := decode("address record", "", value, &r); err != nil {
				return nil, nil, err
			}
			to := &all[n]
			to.Channel, to.Entries, to.Reports = r.Channel, append(to.Entries, r.Entries...), append(to.Reports, r.Reports...)
			if r.Erased.After(to.Erased) {
				to.Erased = r.Erased
			}
			stored[n] = append(stored[n], key)
		}
		all[n].lift()
	}
	return all, stored, nil
}

// lift ends the erasure if the person granted messages on the channel after it.
func (r *AddressRecord) lift() {
	lifts := func(e consent.Entry) bool {
		return (e.State == consent.Granted || e.State == consent.Lifted) && e.Origin == consent.Person && e.Topic == "" &&
			e.Evidence.Kind.FromAddress() && e.At.After(r.Erased)
	}
	if slices.ContainsFunc(r.Entries, lifts) {
		r.Erased = time.Time{}
	}
}

// suppressionKeys returns the keys of the workspace.
func (b *batch) suppressionKeys() (consent.Keys, error) {
	if b.keys == nil {
		keys, err := b.tx.Keys()
		if err != nil {
			return keys, err
		}
		b.keys = &keys
	}
	return *b.keys, nil
}

// readAddresses reads what is known about addresses that were not read before.
func (b *batch) readAddresses(addresses ...addressKey) error {
	b.addresses.want(addresses...)
	unread := b.addresses.unread()
	if len(unread) == 0 {
		return nil
	}
	keys, err := b.suppressionKeys()
	if err != nil {
		return err
	}
	subjects := make([]consent.Subject, len(unread))
	for n, a := range unread {
		subjects[n] = consent.Subject(a)
	}
	records, stored, err := readAddresses(b.tx.Records, keys, subjects)
	if err != nil {
		return err
	}
	for n, a := range slices.Clone(unread) {
		e := &addressEdit{record: records[n], stored: stored[n]}
		e.fold(a)
		b.addresses.set(a, e)
	}
	return nil
}

// readAddressesOf reads what is known about the addresses of visitors that changes delete, and of
// those to which they add one or from which they take one, and who else has the addresses of the deleted.
func (b *batch) readAddressesOf(changes []Change) error {
	var deleted []visitor.ID
	for _, c := range changes {
		switch c := c.(type) {
		case DeleteVisitor:
			if !b.recorded { // need looked
				continue
			}
			v, err := b.target(c.ID)
			if err != nil {
				return err
			}
			if v != nil {
				deleted = append(deleted, v.ID)
				b.addresses.want(addressesOf(v)...)
			}
		case UpdateVisitor, UnlinkIdentity:
			if recorded, err := b.anyAddresses(); err != nil {
				return err
			} else if recorded && len(changes) > 1 {
				if err := b.wantAddressesOf(c); err != nil {
					return err
				}
			}
		case CaptureContact:
			if len(changes) == 1 { // attach reads them
				continue
			}
			if recorded, err := b.anyAddresses(); err != nil {
				return err
			} else if recorded {
				b.needNewAddresses(c.Contact)
			}
		}
	}
	if err := b.readFormer(deleted); err != nil {
		return err
	}
	for _, id := range deleted {
		b.addresses.want(b.former[id]...)
	}
	if err := b.readAddresses(); err != nil || len(deleted) == 0 {
		return err
	}
	for _, id := range deleted {
		for _, a := range append(addressesOf(b.visitors.get(id).now), b.former[id]...) {
			if b.addresses.get(a).known() {
				b.held.want(a)
			}
		}
	}
	b.mergedInto = map[visitor.ID]bool{}
	err := inChunks(distinct(deleted), func(ids []visitor.ID) error {
		from, err := b.tx.MergedInto(ids)
		for _, id := range ids {
			b.mergedInto[id] = len(from) > 0
		}
		return err
	})
	if err != nil {
		return err
	}
	return b.readHolders()
}

// wantAddressesOf adds the addresses that a visitor gives up or gets by an UpdateVisitor or
// UnlinkIdentity.
func (b *batch) wantAddressesOf(c Change) error {
	var id visitor.ID
	var gets visitor.Visitor
	switch c := c.(type) {
	case UpdateVisitor:
		if c.Patch.Email == nil && c.Patch.Phone == nil {
			return nil
		}
		id = c.ID
		if c.Patch.Email != nil {
			gets.Email = *c.Patch.Email
		}
		if c.Patch.Phone != nil {
			gets.Phone = *c.Patch.Phone
		}
	case UnlinkIdentity:
		id = c.ID
	}
	v, err := b.target(id)
	if err == nil && v != nil {
		b.addresses.want(append(addressesOf(v), addressesOf(&gets)...)...)
	}
	return err
}

// known reports whether anything was said about the address.
func (e *addressEdit) known() bool { return len(e.record.Entries)+len(e.record.Reports) > 0 }

func (b *batch) address(a addressKey) (*addressEdit, error) {
	err := b.readAddresses(a)
	return b.addresses.get(a), err
}

// change notes that what is known about an address has changed.
func (b *batch) change(a addressKey, e *addressEdit) {
	e.record.Channel, e.changed = a.Channel, true
	e.record.Entries = consent.TrimEntries(e.record.Entries, maxEntries)
	e.record.Reports = consent.TrimReports(e.record.Reports, maxReports)
	e.fold(a)
}

// attach sets what stands about the addresses of v.
func (b *batch) attach(v *visitor.Visitor) error {
	v.Consents, v.Health = nil, nil
	if recorded, err := b.anyAddresses(); err != nil || !recorded {
		return err
	}
	addresses := addressesOf(v)
	if err := b.readAddresses(addresses...); err != nil {
		return err
	}
	for _, a := range addresses {
		e := b.addresses.get(a)
		v.Consents = append(v.Consents, e.statuses...)
		v.Health = append(v.Health, e.health...)
	}
	return nil
}

// checkSuppressed returns ErrSuppressed if v has an address of a person who was erased that before,
// which can be nil, does not have.
func (b *batch) checkSuppressed(v, before *visitor.Visitor) error {
	if before != nil && v.SameAddresses(before) {
		return nil
	}
	if recorded, err := b.anyAddresses(); err != nil || !recorded {
		return err
	}
	addresses := addressesOf(v)
	if err := b.readAddresses(addresses...); err != nil {
		return err
	}
	var had []addressKey
	if before != nil {
		had = addressesOf(before)
	}
	for _, a := range addresses {
		if !b.addresses.get(a).record.Erased.IsZero() && !slices.Contains(had, a) {
			return &Error{Kind: "address", Err: ErrSuppressed}
		}
	}
	return nil
}

// anyAddresses reports whether the workspace has a record of an address.
func (b *batch) anyAddresses() (bool, error) {
	if !b.looked {
		found, err := b.tx.Records(RecordQuery{Kind: AddressRecords, Limit: 1})
		if err != nil {
			return false, err
		}
		b.looked, b.recorded = true, len(found) > 0
	}
	if b.recorded {
		return true, nil
	}
	return slices.ContainsFunc(b.addresses.values, func(e *addressEdit) bool { return e != nil && e.changed }), nil
}

// writeAddresses writes what has changed, under the newest key.
func (b *batch) writeAddresses() error {
	var put []Record
	var drop []string
	for n, e := range b.addresses.values {
		if e == nil || !e.changed {
			continue
		}
		keys, err := b.suppressionKeys()
		if err != nil {
			return err
		}
		key := consent.Subject(b.addresses.keys[n]).Hash(keys.Live[0]).String()
		stays := e.known() || !e.record.Erased.IsZero()
		for _, old := range e.stored {
			if old != key || !stays {
				drop = append(drop, old)
			}
		}
		e.changed, e.stored = false, nil
		if !stays {
			continue
		}
		e.stored = []string{key}
		e.record.Key = consent.KeyID(keys.Live[0])
		value, err := json.Marshal(e.record)
		if err != nil {
			return err
		}
		put = append(put, Record{AddressRecords, key, value})
	}
	err := inChunks(drop, func(keys []string) error { return b.tx.DeleteRecords(AddressRecords, keys) })
	if err != nil {
		return err
	}
	return inChunks(put, b.tx.PutRecords)
}
