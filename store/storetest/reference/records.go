package reference

import (
	"bytes"
	"context"
	"slices"
	"strings"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

// Records implements driver.Store.
func (s *Store) Records(ctx context.Context, id driver.WorkspaceID, q driver.RecordQuery) ([]driver.Record, error) {
	w, err := s.workspace(ctx, id)
	if err != nil {
		return nil, err
	}
	return w.listRecords(q), nil
}

func (w *workspace) listRecords(q driver.RecordQuery) []driver.Record {
	var found []driver.Record
	for k, value := range w.records {
		wanted := slices.Contains(q.Keys, k.key)
		if len(q.Keys) == 0 {
			wanted = strings.HasPrefix(k.key, q.Prefix) && k.key > q.After
		}
		if k.kind == q.Kind && wanted {
			found = append(found, driver.Record{Kind: k.kind, Key: k.key, Value: bytes.Clone(value)})
		}
	}
	slices.SortFunc(found, func(a, b driver.Record) int { return strings.Compare(a.Key, b.Key) })
	if len(q.Keys) == 0 {
		found = found[:min(q.Limit, len(found))]
	}
	return found
}

// key is the suppression key of every reference store: a copy must find what its original recorded.
var key = []byte("a key that everybody knows")

// Keys implements driver.Store.
func (s *Store) Keys(ctx context.Context, id driver.WorkspaceID) (consent.Keys, error) {
	_, err := s.workspace(ctx, id)
	return keysOf(id), err
}

func keysOf(id driver.WorkspaceID) consent.Keys {
	return consent.Keys{Live: [][]byte{consent.WorkspaceKey(key, string(id))}}
}

func (t tx) Records(q driver.RecordQuery) ([]driver.Record, error) { return t.w.listRecords(q), nil }

func (t tx) PutRecords(records []driver.Record) error {
	for _, r := range records {
		t.w.records[recordKey{r.Kind, r.Key}] = bytes.Clone(r.Value)
	}
	return nil
}

func (t tx) DeleteRecords(kind driver.RecordKind, keys []string) error {
	for _, k := range keys {
		delete(t.w.records, recordKey{kind, k})
	}
	return nil
}

func (t tx) Keys() (consent.Keys, error) { return keysOf(t.id), nil }

// WithAddresses looks at the routes of all visitors.
func (t tx) WithAddresses(subjects []consent.Subject) ([]visitor.ID, error) {
	var ids []visitor.ID
	for id, v := range t.w.visitors {
		has := slices.ContainsFunc(v.Routes(), func(r consent.Route) bool {
			return slices.ContainsFunc(subjects, func(s consent.Subject) bool {
				return s.Channel == r.Subject.Channel && s.Address == r.Subject.Address
			})
		})
		if has {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// ForgetCopies has nothing to do: there are no copies.
func (t tx) ForgetCopies() error { return nil }
