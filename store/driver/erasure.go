package driver

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"slices"

	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

// ErasureOf returns the erasure that a record of the kind ErasureRecords holds.
func ErasureOf(r Record) (e Erasure, err error) {
	if err = json.Unmarshal(r.Value, &e); err != nil {
		err = &Error{Kind: "erasure", Key: r.Key, Err: err}
	}
	return e, err
}

// Sign returns the signature of e with the key of a workspace: an HMAC-SHA-256 over its JSON
// without a signature.
func (e Erasure) Sign(key []byte) ([]byte, error) {
	e.MAC = nil
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

// erased is the field in the event of a visitor that was deleted with all data about the person.
const erased = "erased"

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
		known.record = tombstone(a, known.record, e.At)
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
// them. What is known about these was read, and the other visitors that have them.
func (b *batch) erase(a Audit, v *visitor.Visitor, e *Erasure) ([]addressKey, error) {
	addresses, merges, err := b.formerAddresses(v)
	if err != nil {
		return nil, err
	}
	slices.Sort(merges)
	e.Aliases, e.Deleted["merges"] = merges, int64(len(merges))
	e.Deleted["visitors"]++
	e.Deleted["identities"] += int64(len(v.Identities))
	b.remove(v.ID)
	b.deleted = append(b.deleted, v.ID)
	b.event(a, Event{Kind: VisitorDeleted, Visitor: v.ID, Fields: []string{erased}})
	return addresses, b.readHolders(addresses...)
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
		known.record = tombstone(a, known.record, e.At)
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
	for _, h := range e.Hashes {
		key := h.Hash.String()
		found, err := b.tx.Records(RecordQuery{Kind: AddressRecords, Keys: []string{key}})
		if err != nil {
			return false, err
		}
		var known AddressRecord
		for _, r := range found {
			if err := json.Unmarshal(r.Value, &known); err != nil {
				return false, &Error{Kind: "address record", Err: err}
			}
		}
		if !known.Erased.Before(e.At) {
			continue
		}
		r := tombstone(addressKey{Channel: h.Channel}, known, e.At)
		r.Key = e.Key
		value, err := json.Marshal(r)
		if err != nil {
			return false, err
		}
		if err := b.tx.PutRecords([]Record{{AddressRecords, key, value}}); err != nil {
			return false, err
		}
		written = true
	}
	return written, nil
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
