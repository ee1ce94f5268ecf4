package sqlstore

import (
	"context"
	"math"
	"slices"
	"strings"

	"github.com/samber/lo"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

// Records reads records. See driver.Store.
func (e *Engine) Records(ctx context.Context, ws driver.WorkspaceID, q driver.RecordQuery) ([]driver.Record, error) {
	return result(ctx, e.readOnce, ws, func(s scope) ([]driver.Record, error) { return s.keptRecords(ctx, q) })
}

func (s scope) keptRecords(ctx context.Context, q driver.RecordQuery) ([]driver.Record, error) {
	b := s.from(recordTable, "r", "r.key", "r.value").Where("r.kind = ?", string(q.Kind))
	if len(q.Keys) > 0 {
		b = b.Where(s.d.InTexts("r.key", q.Keys))
	} else {
		b = b.Where("r.key > ?", q.After).OrderBy("r.key").Limit(uint64(q.Limit))
		if q.Prefix != "" {
			b = b.Where("r.key >= ? AND r.key < ?", q.Prefix, q.Prefix+"\x7f") // keys are printable ASCII
		}
	}
	query := s.queryByKey
	if len(q.Keys) > 1 { // a plan from when the table was small reads all of its rows
		query = s.query
	}
	return list(ctx, query, b, func(r row) (driver.Record, error) {
		found := driver.Record{Kind: q.Kind}
		err := r.Scan(&found.Key, &found.Value)
		return found, err
	})
}

// recordedKinds are kinds of records that Apply looks for in every call, as bits of the column
// has_records of workspaceTable. A workspace that never had any is not asked for them.
type recordedKinds int64

func recordedKind(k driver.RecordKind) recordedKinds {
	switch k {
	case driver.AddressRecords:
		return 1
	case driver.WatchRecords:
		return 2
	}
	return 0
}

// Records reads records.
func (t *tx) Records(q driver.RecordQuery) ([]driver.Record, error) {
	if kind := recordedKind(q.Kind); kind&^t.recorded != 0 {
		return nil, nil
	}
	return t.keptRecords(t.ctx, q)
}

const (
	putRecord = "INSERT INTO " + recordTable + " (ws, kind, key, value) VALUES (?, ?, ?, ?)" +
		" ON CONFLICT (ws, kind, key) DO UPDATE SET value = excluded.value"
	noteRecorded = "UPDATE " + workspaceTable + " SET has_records = has_records | ?2 WHERE ws = ?1"
)

// PutRecords writes records.
func (t *tx) PutRecords(records []driver.Record) error {
	kinds := t.recorded
	for _, r := range records {
		kinds |= recordedKind(r.Kind)
	}
	if kinds != t.recorded {
		note := noteRecorded
		if t.d.server != nil {
			note = strings.ReplaceAll(note, "?", "$")
		}
		if _, err := t.exec(t.ctx, note, int64(kinds)); err != nil {
			return err
		}
		t.recorded = kinds
	}
	if t.oneByOne() {
		for _, r := range records {
			if _, err := t.exec(t.ctx, putRecord, string(r.Kind), r.Key, r.Value); err != nil {
				return err
			}
		}
		return nil
	}
	for _, some := range lo.PartitionBy(records, func(r driver.Record) driver.RecordKind { return r.Kind }) {
		if err := t.DeleteRecords(some[0].Kind, lo.Map(some, func(r driver.Record, _ int) string { return r.Key })); err != nil {
			return err
		}
	}
	return t.insertRows(t.ctx, recordTable,
		col("kind", "text", records, func(r driver.Record) string { return string(r.Kind) }),
		col("key", "text", records, func(r driver.Record) string { return r.Key }),
		col("value", "bytea", records, func(r driver.Record) []byte { return r.Value }),
	)
}

// DeleteRecords deletes records.
func (t *tx) DeleteRecords(kind driver.RecordKind, keys []string) error {
	text, args, err := t.delete(recordTable).Where("kind = ?", string(kind)).Where(t.d.InTexts("key", keys)).ToSql()
	if err != nil {
		return err
	}
	if len(keys) > 1 { // as for Records
		args = t.planned(args)
	}
	_, err = t.run(t.ctx, text, args)
	return err
}

// WithAddresses looks up each spelling of each address.
func (t *tx) WithAddresses(subjects []consent.Subject) (ids []visitor.ID, err error) {
	add := func(some []visitor.ID, err error) error {
		ids = append(ids, some...)
		return err
	}
	for _, s := range subjects {
		as := driver.SpellingsOf(s)
		for _, email := range as.Emails {
			if err := add(t.ByAddress(email, "", maxHolders)); err != nil {
				return nil, err
			}
		}
		for _, phone := range as.Phones {
			if err := add(t.ByAddress("", phone, maxHolders)); err != nil {
				return nil, err
			}
		}
		for _, external := range as.ExternalIDs {
			if err := add(t.withExternalID(as.Source, external)); err != nil {
				return nil, err
			}
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

// maxHolders is more than all visitors of a workspace.
const maxHolders = math.MaxInt32

// accountsWithExternalID finds an identity on any account: the accounts of a source are few, and the
// index has them in order.
const accountsWithExternalID = "WITH RECURSIVE a (account) AS (" +
	"SELECT (SELECT min(i.account) FROM " + identityTable + " i WHERE i.ws = ?1 AND i.source = ?2)" +
	" UNION ALL SELECT (SELECT min(i.account) FROM " + identityTable + " i WHERE i.ws = ?1 AND i.source = ?2 AND i.account > a.account)" +
	" FROM a WHERE a.account IS NOT NULL)"

func (t *tx) withExternalID(source visitor.Source, external string) (ids []visitor.ID, err error) {
	text := accountsWithExternalID + " SELECT " + t.ownerID("i") + " FROM a CROSS JOIN " + identityTable + " i" +
		" WHERE i.ws = ?1 AND i.source = ?2 AND i.account = a.account AND i.external_id = ?3"
	if t.d.server != nil {
		text = strings.ReplaceAll(text, "?", "$")
	}
	err = t.queryText(t.ctx, text, func(r row) error {
		id, err := scanID[visitor.ID](r)
		ids = append(ids, id)
		return err
	}, string(source), external)
	return ids, err
}

const forgetBefore = "UPDATE " + workspaceTable + " SET forgotten = seq + 1 WHERE ws = ?"

// ForgetCopies deletes the stored index, and keeps copies from before this transaction from being
// stored.
func (t *tx) ForgetCopies() error {
	if _, err := t.do(t.ctx, t.delete(IndexTable)); err != nil {
		return err
	}
	_, err := t.exec(t.ctx, forgetBefore)
	return err
}
