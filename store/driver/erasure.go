package driver

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"slices"
	"time"

	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

// ErasureOf returns the erasure that a record of the kind ErasureRecords holds.
func ErasureOf(r Record) (e Erasure, err error) {
	return e, decode("erasure", r.Key, r.Value, &e)
}

// Sign returns the signature of e with the key of a workspace: an HMAC-SHA-256 over its JSON
// without a signature.
func (e Erasure) Sign(key []byte) ([]byte, error) {
	e.MAC, e.At = nil, FromMicros(Micros(e.At))
	message, err := json.Marshal(e)
	if err != nil {
		return nil, err
	}
	h := hmac.New(sha256.New, key)
	h.Write([]byte("erasure\n"))
	h.Write(message)
	return h.Sum(nil), nil
}

// Verify returns a *text.FieldError if e was not signed with one of the keys.
func (e Erasure) Verify(keys consent.Keys) error {
	for _, key := range keys.Live {
		sum, err := e.Sign(key)
		if err != nil {
			return err
		}
		if hmac.Equal(sum, e.MAC) {
			return nil
		}
	}
	return text.Refuse("signature", "not made with a key of this store")
}

// fieldErased is in the event of a visitor that was deleted with all data about the person.
const fieldErased = "erased"

func (c EraseVisitor) apply(b *batch) (Outcome, error) {
	v, err := b.target(c.ID)
	if err != nil || v == nil {
		return Outcome{Effect: Missing}, err
	}
	e := Erasure{Visitor: v.ID, At: FromMicros(Micros(c.At)), Reason: c.Reason, Actor: c.Actor, Deleted: map[string]int64{}}
	addresses, err := b.erase(c.Audit, v, &e)
	if err != nil {
		return Outcome{}, err
	}
	keys, err := b.suppressionKeys()
	if err != nil {
		return Outcome{}, err
	}
	for _, a := range addresses {
		e.Hashes = append(e.Hashes, ErasedAddress{a.Channel, consent.Subject(a).Hash(keys.Live[0])})
		known := b.addresses.get(a)
		e.Deleted["entries"] += int64(len(known.record.Entries))
		e.Deleted["reports"] += int64(len(known.record.Reports))
		known.record = known.record.erased(a.Channel, e.At)
		b.change(a, known)
		for _, other := range b.holders(a) {
			if !slices.Contains(e.Others, other.ID) {
				e.Others = append(e.Others, other.ID)
			}
		}
		if err := b.spread(c.Audit, a, Event{Kind: ConsentRecorded, Fields: []string{string(a.Channel)}}); err != nil {
			return Outcome{}, err
		}
	}
	slices.Sort(e.Others)
	e.Key = consent.KeyID(keys.Live[0])
	if e.MAC, err = e.Sign(keys.Live[0]); err != nil {
		return Outcome{}, err
	}
	b.erasures = append(b.erasures, e)
	return Outcome{Effect: Deleted, Erasure: &e}, nil
}

// erase deletes a visitor and its stored merges, and returns the addresses that it had in any of
// them, and those that it gave up and nobody has now. What is known about these was read, and the other
// visitors that have them.
func (b *batch) erase(a Audit, v *visitor.Visitor, e *Erasure) ([]addressKey, error) {
	p, err := b.pastOf(v)
	if err != nil {
		return nil, err
	}
	slices.Sort(p.merges)
	e.Aliases, e.Deleted["merges"] = p.merges, int64(len(p.merges))
	e.Deleted["visitors"]++
	e.Deleted["identities"] += int64(len(v.Identities))
	b.remove(v.ID)
	b.deleted = append(b.deleted, v.ID)
	b.event(a, Event{Kind: VisitorDeleted, Visitor: v.ID, Fields: []string{fieldErased}})
	if err := b.readHolders(append(slices.Clone(p.addresses), p.givenUp...)...); err != nil {
		return nil, err
	}
	for _, a := range p.givenUp { // somebody else can have it now, for whom it was corrected
		if len(b.holders(a)) == 0 {
			p.addresses = append(p.addresses, a)
		}
	}
	return p.addresses, nil
}

func (c ReapplyErasure) apply(b *batch) (Outcome, error) {
	keys, err := b.suppressionKeys()
	if err != nil {
		return Outcome{}, err
	}
	if err := c.Erasure.Verify(keys); err != nil {
		return Outcome{}, err
	}
	e, out := c.Erasure, Outcome{Effect: Unchanged}
	var addresses []addressKey
	for _, id := range append([]visitor.ID{e.Visitor}, e.Aliases...) {
		v, err := b.target(id)
		if err != nil {
			return Outcome{}, err
		}
		if v == nil {
			continue
		}
		again := Erasure{Deleted: map[string]int64{}}
		some, err := b.erase(c.Audit, v, &again)
		if err != nil {
			return Outcome{}, err
		}
		addresses, out.Effect = append(addresses, some...), Updated
	}
	for _, a := range addresses {
		known := b.addresses.get(a)
		known.record = known.record.erased(a.Channel, e.At)
		b.change(a, known)
		if err := b.spread(c.Audit, a, Event{Kind: ConsentRecorded, Fields: []string{string(a.Channel)}}); err != nil {
			return Outcome{}, err
		}
	}
	if err := b.writeAddresses(); err != nil {
		return Outcome{}, err
	}
	b.addresses.clear()
	written, err := b.restoreTombstones(e)
	if err != nil {
		return Outcome{}, err
	}
	if written {
		if err := b.attachAgain(c.Audit, e.Others); err != nil {
			return Outcome{}, err
		}
	}
	known, err := b.tx.Records(RecordQuery{Kind: ErasureRecords, Keys: []string{string(e.Visitor)}})
	if err != nil {
		return Outcome{}, err
	}
	if written || len(known) == 0 {
		out.Effect = Updated
	}
	if out.Effect == Updated {
		b.erasures = append(b.erasures, e)
		out.Erasure = &e
	}
	return out, nil
}

// restoreTombstones writes those of an erasure that are missing, by their hashes: the addresses are
// not known.
func (b *batch) restoreTombstones(e Erasure) (written bool, err error) {
	err = inChunks(e.Hashes, func(some []ErasedAddress) error {
		keys := make([]string, len(some))
		for n, h := range some {
			keys[n] = h.Hash.String()
		}
		found, err := b.tx.Records(RecordQuery{Kind: AddressRecords, Keys: keys})
		if err != nil {
			return err
		}
		var put []Record
		for n, h := range some {
			var known AddressRecord
			for _, r := range found {
				if r.Key == keys[n] {
					err = decode("address record", "", r.Value, &known)
				}
			}
			if err != nil {
				return err
			}
			after := known.erasedAgain(h.Channel, e.At)
			after.Key = e.Key
			if known.Channel != "" && known.equal(after) {
				continue
			}
			value, err := json.Marshal(after)
			if err != nil {
				return err
			}
			put = append(put, Record{AddressRecords, keys[n], value})
		}
		written = written || len(put) > 0
		return inChunks(put, b.tx.PutRecords)
	})
	return written, err
}

// attachAgain brings visitors up to date after what is known about their addresses has changed.
func (b *batch) attachAgain(a Audit, ids []visitor.ID) error {
	if err := b.readVisitors(ids...); err != nil {
		return err
	}
	for _, id := range ids {
		v := b.visitors.get(id).now
		if v == nil {
			continue
		}
		after := *v
		if err := b.attach(&after); err != nil {
			return err
		}
		if !slices.EqualFunc(v.Consents, after.Consents, consent.Status.Equal) || !slices.EqualFunc(v.Health, after.Health, consent.Health.Equal) {
			b.put(&after)
			b.event(a, Event{Kind: ConsentRecorded, Visitor: id})
		}
	}
	return nil
}

// erased returns what stays about an address of a person who is erased at a time: a denial, and
// since when messages did not arrive, to the day.
func (r AddressRecord) erased(on consent.Channel, at time.Time) AddressRecord {
	stays := AddressRecord{Channel: on, Erased: at, Entries: []consent.Entry{{
		Subject: consent.Subject{Channel: on}, State: consent.Denied, Origin: consent.Person, At: at,
		Evidence: consent.Evidence{Kind: consent.ByErasure},
	}}}
	for _, report := range consent.RetainReports(r.Reports) {
		report.At, report.Code = report.At.Truncate(24*time.Hour), ""
		stays.Reports = append(stays.Reports, report)
	}
	return stays
}

// erasedAgain is erased for an erasure that was made before, and an address that nobody has who was
// erased: what was said after the erasure stays too.
func (r AddressRecord) erasedAgain(on consent.Channel, at time.Time) AddressRecord {
	before, after := AddressRecord{}, AddressRecord{}
	for _, e := range r.Entries {
		if e.At.After(at) {
			after.Entries = append(after.Entries, e)
		}
	}
	for _, report := range r.Reports {
		if report.At.After(at) {
			after.Reports = append(after.Reports, report)
		} else {
			before.Reports = append(before.Reports, report)
		}
	}
	stays := before.erased(on, at)
	stays.Entries, stays.Reports = append(stays.Entries, after.Entries...), append(stays.Reports, after.Reports...)
	if r.Erased.After(at) {
		stays.Erased = r.Erased
	}
	stays.lift()
	return stays
}

// equal reports whether r and s hold the same entries and reports, in any order.
func (r AddressRecord) equal(s AddressRecord) bool {
	sameEntries := len(r.Entries) == len(s.Entries) && !slices.ContainsFunc(r.Entries, func(e consent.Entry) bool {
		return !slices.ContainsFunc(s.Entries, e.Equal)
	})
	sameReports := len(r.Reports) == len(s.Reports) && !slices.ContainsFunc(r.Reports, func(h consent.HealthReport) bool {
		return !slices.ContainsFunc(s.Reports, h.Equal)
	})
	return sameEntries && sameReports && r.Channel == s.Channel && r.Erased.Equal(s.Erased)
}

// writeErasures stores the receipts of erasures, after the visitors were deleted.
func (b *batch) writeErasures() error {
	for _, e := range b.erasures {
		value, err := json.Marshal(e)
		if err != nil {
			return err
		}
		if err := b.tx.PutRecords([]Record{{ErasureRecords, string(e.Visitor), value}}); err != nil {
			return err
		}
	}
	if len(b.erasures) == 0 {
		return nil
	}
	return b.tx.ForgetCopies()
}
