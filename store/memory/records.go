package memory

import (
	"bytes"
	"context"
	"crypto/rand"
	"slices"
	"strings"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

// records holds the driver.Records of a kind.
type records struct {
	values map[string][]byte
	blocks [][]string // the keys in order, in blocks, so that a new key moves few others
}

const maxKeyBlock = 512

// find returns the place of the first key that is not before k.
func (r *records) find(k string) (block, n int) {
	block, _ = slices.BinarySearchFunc(r.blocks, k, func(keys []string, k string) int {
		return strings.Compare(keys[len(keys)-1], k)
	})
	if block == len(r.blocks) {
		return block, 0
	}
	n, _ = slices.BinarySearch(r.blocks[block], k)
	return block, n
}

// put sets the value of a key, nil to delete it.
func (r *records) put(k string, value []byte) {
	_, known := r.values[k]
	switch {
	case value == nil && !known:
	case value == nil:
		delete(r.values, k)
		i, n := r.find(k)
		if r.blocks[i] = slices.Delete(r.blocks[i], n, n+1); len(r.blocks[i]) == 0 {
			r.blocks = slices.Delete(r.blocks, i, i+1)
		}
	default:
		r.values[k] = value
		if !known {
			r.insert(k)
		}
	}
}

func (r *records) insert(k string) {
	i, n := r.find(k)
	if i == len(r.blocks) { // after all others
		if i == 0 {
			r.blocks = [][]string{{k}}
			return
		}
		i, n = i-1, len(r.blocks[i-1])
	}
	keys := slices.Insert(r.blocks[i], n, k)
	r.blocks[i] = keys
	if len(keys) > maxKeyBlock {
		half := len(keys) / 2
		r.blocks = slices.Insert(r.blocks, i+1, slices.Clone(keys[half:]))
		r.blocks[i] = slices.Clip(keys[:half])
	}
}

// page returns what a query asks for.
func (r *records) page(q driver.RecordQuery) []driver.Record {
	var found []driver.Record
	add := func(k string) {
		found = append(found, driver.Record{Kind: q.Kind, Key: k, Value: bytes.Clone(r.values[k])})
	}
	if len(q.Keys) > 0 {
		for _, k := range q.Keys {
			if r.values[k] != nil {
				add(k)
			}
		}
		return found
	}
	block, n := r.find(max(q.After, q.Prefix))
	for ; block < len(r.blocks); block, n = block+1, 0 {
		for _, k := range r.blocks[block][n:] {
			switch {
			case !strings.HasPrefix(k, q.Prefix) || len(found) == q.Limit:
				return found
			case k > q.After:
				add(k)
			}
		}
	}
	return found
}

// recordsOf returns the records of a kind.
func (w *workspace) recordsOf(kind driver.RecordKind) *records {
	r := w.kept[kind]
	if r == nil {
		r = &records{values: map[string][]byte{}}
		w.kept[kind] = r
	}
	return r
}

// Records returns records. See driver.Store.
func (s *Store) Records(ctx context.Context, ws driver.WorkspaceID, q driver.RecordQuery) ([]driver.Record, error) {
	return read(ctx, s, ws, func(w *workspace) ([]driver.Record, error) {
		if r := w.kept[q.Kind]; r != nil {
			return r.page(q), nil
		}
		return nil, nil
	})
}

// Keys returns the suppression key of a workspace, which ends with the store. See driver.Store.
func (s *Store) Keys(ctx context.Context, ws driver.WorkspaceID) (consent.Keys, error) {
	return read(ctx, s, ws, func(*workspace) (consent.Keys, error) { return s.keys(ws), nil })
}

func (s *Store) keys(ws driver.WorkspaceID) consent.Keys {
	return consent.Keys{Live: [][]byte{consent.WorkspaceKey(s.key, string(ws))}}
}

// newKey returns a random key.
func newKey() []byte {
	key := make([]byte, 32)
	rand.Read(key) // never fails
	return key
}

// RuleCache returns where the bound rules of the workspace are kept.
func (t *tx) RuleCache() *driver.RuleCache { return &t.rules }

func (t *tx) Records(q driver.RecordQuery) ([]driver.Record, error) {
	return t.recordsOf(q.Kind).page(q), nil
}

func (t *tx) PutRecords(records []driver.Record) error {
	for _, r := range records {
		t.putRecord(r.Kind, r.Key, bytes.Clone(r.Value))
	}
	return nil
}

func (t *tx) DeleteRecords(kind driver.RecordKind, keys []string) error {
	for _, k := range keys {
		t.putRecord(kind, k, nil)
	}
	return nil
}

func (t *tx) putRecord(kind driver.RecordKind, key string, value []byte) {
	of := t.recordsOf(kind)
	before := of.values[key]
	t.onRollback(func() { of.put(key, before) })
	of.put(key, value)
}

func (t *tx) Keys() (consent.Keys, error) { return t.suppression, nil }

// ForgetCopies has nothing to do: there are no copies.
func (t *tx) ForgetCopies() error { return nil }

// WithAddresses finds visitors by the spellings that an address can have in a visitor.
func (t *tx) WithAddresses(subjects []consent.Subject) ([]visitor.ID, error) {
	found := map[visitor.ID]bool{}
	add := func(ids []visitor.ID, err error) error {
		for _, id := range ids {
			found[id] = true
		}
		return err
	}
	for _, s := range subjects {
		as := driver.SpellingsOf(s)
		for _, email := range as.Emails {
			if err := add(t.ByAddress(email, "", len(t.records))); err != nil {
				return nil, err
			}
		}
		for _, phone := range as.Phones {
			if err := add(t.ByAddress("", phone, len(t.records))); err != nil {
				return nil, err
			}
		}
		for _, id := range as.ExternalIDs {
			for _, owner := range t.owners.of(ownerKey{string(as.Source), id}) {
				found[formatID(owner)] = true
			}
		}
	}
	ids := make([]visitor.ID, 0, len(found))
	for id := range found {
		ids = append(ids, id)
	}
	return ids, nil
}
