package sqlstore

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/samber/lo"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

// WriteVisitors writes the differences of visitors, table by table. It deletes first, since an
// identity may move to another visitor.
func (t *tx) WriteVisitors(edits []driver.VisitorEdit, parts driver.Parts) error {
	w := &visitorWrite{newParts: driver.AllParts, lookups: t.lookups(), numbers: map[string]int64{}}
	if t.moving {
		w.newParts = movedParts
	}
	for _, e := range edits {
		for _, v := range []*visitor.Visitor{e.Before, e.After} {
			w.note(v)
		}
	}
	if err := t.numbersOf(t.ctx, w.numbers, slices.Collect(maps.Keys(w.numbers))); err != nil {
		return err
	}
	for _, e := range edits {
		if err := w.add(e, parts); err != nil {
			return err
		}
	}
	for ids := range slices.Chunk(w.deleted, 1_000) {
		if err := t.deleteVisitors(w, ids); err != nil {
			return err
		}
	}
	for _, write := range []func(*visitorWrite) error{
		t.deleteChildren, t.writeProfiles, t.writeAddresses, t.writeIdentities, t.writeTags, t.writeGroups, t.writeAttributes,
	} {
		if err := write(w); err != nil {
			return err
		}
	}
	return nil
}

// lookups returns the parts of visitors that have rows in tables by which they are found. While rows
// are moved to the tables of schema version 6, those of version 8 are not there yet.
func (s scope) lookups() driver.Parts {
	switch {
	case s.moving:
		return driver.Tags | driver.Groups
	case s.d.server != nil:
		return driver.AllParts &^ driver.Profile // which has indexes of addresses
	}
	return driver.AllParts
}

// deleteVisitors deletes visitors: their rows, and the rows that they have in other tables. Apply
// deletes stored merges.
func (t *tx) deleteVisitors(w *visitorWrite, ids []visitor.ID) error {
	deleted, err := t.deleteProfiles(ids)
	if err != nil {
		return err
	}
	for i := range deleted {
		v := &deleted[i].Visitor
		w.note(v)
		w.addLookups(v, &visitor.Visitor{ID: v.ID}, driver.Profile|driver.Tags|driver.Groups)
		w.inbox.deleted = append(w.inbox.deleted, children(v.ID, inboxesOf(v))...)
	}
	if err := t.numbersOf(t.ctx, w.numbers, slices.Collect(maps.Keys(w.numbers))); err != nil {
		return err
	}
	owned := t.d.InIDs(t.owner(), textsOf(ids))
	if t.d.server == nil {
		owned = t.d.InMicros(t.owner(), lo.Map(deleted, func(r record, _ int) int64 { return r.rowkey }))
	}
	for _, table := range []string{identityTable, attributeTable} {
		if _, err := t.do(t.ctx, t.delete(table).Where(owned)); err != nil {
			return err
		}
	}
	return nil
}

// deleteProfiles deletes rows of the visitor table, and their text from the search index. It
// returns the tags, groups and identities of the visitors.
func (t *tx) deleteProfiles(ids []visitor.ID) (deleted []record, err error) {
	returning := "RETURNING id, tags, groups, identities"
	if t.d.Index() != nil {
		returning += ", source, email, name_fold, " + t.emailFold("") + ", phone, rowkey"
	}
	q := t.delete(visitorTable).Where(t.d.InIDs("id", textsOf(ids))).Suffix(returning)
	err = t.queryByKey(t.ctx, q, func(r row) error {
		rec := record{catalog: t.catalog}
		to := []any{into(&rec.ID), &rec.packed.tags, &rec.packed.groups, &rec.packed.identities}
		var old Searchable
		if t.d.Index() != nil {
			to = append(to, &rec.Source, &rec.Email, &old.Name, &old.Email, &old.Phone, &rec.rowkey)
		}
		if err := r.Scan(to...); err != nil {
			return err
		}
		if t.d.Index() != nil {
			rec.Phone, t.rowkeys[rec.ID] = old.Phone, rec.rowkey
			t.counts.source(rec.Source, -1)
			t.texts.drop(rec.rowkey, old)
		}
		deleted = append(deleted, rec)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return deleted, t.unpack(t.ctx, deleted, driver.Tags|driver.Groups|driver.Identities)
}

// deleteChildren deletes the rows that visitors no longer have.
func (t *tx) deleteChildren(w *visitorWrite) error {
	for _, r := range w.tag.deleted {
		t.counts.tag(r.row, -1)
	}
	for _, r := range w.group.deleted {
		t.counts.group(r.row.group, int64(r.row.excluded)-1)
	}
	if err := t.deleteRows(t.ctx, identityTable, identityKeys(w.identity.deleted)...); err != nil {
		return err
	}
	if err := t.deleteRows(t.ctx, visitorInboxTable, inboxColumns(t, w.inbox.deleted)...); err != nil {
		return err
	}
	if err := t.deleteRows(t.ctx, addressTable, addressColumns(t, w.address.deleted)...); err != nil {
		return err
	}
	if err := t.deleteTags(w); err != nil {
		return err
	}
	if err := t.deleteRows(t.ctx, visitorGroupTable, groupedColumns(t.scope, w, w.group.deleted)...); err != nil {
		return err
	}
	rows := w.attr.deleted
	return t.deleteRows(t.ctx, attributeTable, owners(t, rows), col("name", "text", rows, func(c child[string]) string { return c.row }))
}

// deleteTags deletes rows of tags. SQLite does so fastest with a statement for each tag.
func (t *tx) deleteTags(w *visitorWrite) error {
	if !t.oneByOne() {
		return t.deleteRows(t.ctx, visitorTagTable, taggedColumns(t.scope, w, w.tag.deleted)...)
	}
	for _, rows := range lo.PartitionBy(w.tag.deleted, func(c child[tag.ID]) tag.ID { return c.row }) {
		ids := lo.Map(rows, func(c child[tag.ID], _ int) string { return string(c.visitor) })
		q := t.delete(visitorTagTable).Where("tag_id = ?", w.numbers[string(rows[0].row)]).Where(t.d.InIDs("visitor_id", ids))
		if _, err := t.do(t.ctx, q); err != nil {
			return err
		}
	}
	return nil
}

func owners[T any](t *tx, rows []child[T]) column {
	if t.d.server == nil {
		return col(t.owner(), "", rows, func(c child[T]) int64 { return t.rowkeys[c.visitor] })
	}
	return visitorIDs(t.scope, rows)
}

func visitorIDs[T any](s scope, rows []child[T]) column {
	return idCol(s, "visitor_id", rows, func(c child[T]) visitor.ID { return c.visitor })
}

func taggedColumns(s scope, w *visitorWrite, rows []child[tag.ID]) []column {
	return []column{refCol(s, w, "tag_id", rows, func(c child[tag.ID]) tag.ID { return c.row }), visitorIDs(s, rows)}
}

func groupedColumns(s scope, w *visitorWrite, rows []child[groupRow]) []column {
	return []column{
		refCol(s, w, "group_id", rows, func(c child[groupRow]) visitor.GroupID { return c.row.group }),
		col("excluded", "smallint", rows, func(c child[groupRow]) int16 { return c.row.excluded }),
		visitorIDs(s, rows),
	}
}

// refCol is a column of tags or groups: of their numbers or, on a server, of their ids.
func refCol[R any, K ~string](s scope, w *visitorWrite, name string, rows []R, of func(R) K) column {
	if s.d.server == nil {
		return col(name, "", rows, func(r R) int64 { return w.numbers[string(of(r))] })
	}
	return idCol(s, name, rows, of)
}

func identityKeys(rows []child[visitor.Identity]) []column {
	type identity = child[visitor.Identity]
	return []column{
		col("source", "text", rows, func(c identity) string { return string(c.row.Source) }),
		col("account", "text", rows, func(c identity) string { return c.row.Account }),
		col("external_id", "text", rows, func(c identity) string { return c.row.ExternalID }),
	}
}

func inboxColumns(t *tx, rows []child[string]) []column {
	return []column{owners(t, rows), col("inbox", "text", rows, func(c child[string]) string { return c.row })}
}

// addressColumns sorts the rows by their keys: that is fastest.
func addressColumns(t *tx, rows []child[int64]) []column {
	slices.SortFunc(rows, func(a, b child[int64]) int { return cmp.Compare(a.row, b.row) })
	return []column{col("hash", "", rows, func(c child[int64]) int64 { return c.row }), owners(t, rows)}
}

// micros makes a column of times.
func micros[R any](name string, rows []R, of func(R) time.Time) column {
	return col(name, "bigint", rows, func(r R) int64 { return driver.Micros(of(r)) })
}

func (t *tx) writeProfiles(w *visitorWrite) error {
	if err := t.insertProfiles(w.created); err != nil {
		return err
	}
	for _, rows := range lo.PartitionBy(w.updated, profileUpdate.kind) {
		ids := idCol(t.scope, "id", rows, func(u profileUpdate) visitor.ID { return u.ID })
		if err := t.updateRows(t.ctx, visitorTable, []column{ids}, updateColumns(t.scope, rows)); err != nil {
			return err
		}
	}
	for _, u := range w.updated {
		if u.fields != everything {
			continue
		}
		t.counts.source(u.before.Source, -1)
		t.counts.source(u.Source, 1)
		if old := searchable(u.before); t.d.Index() != nil && old != u.words {
			t.texts.drop(t.rowkeys[u.ID], old)
			t.texts.put(t.rowkeys[u.ID], u.words)
		}
	}
	return nil
}

// kind is equal for updates of the same columns.
func (u profileUpdate) kind() (k [6]int) {
	k[0] = int(u.fields)
	for n, p := range listParts {
		if *p.of(&u.packed) != nil {
			k[n+1] = 1
		}
	}
	return k
}

// updateColumns are the columns of updates of the same kind.
func updateColumns(s scope, rows []profileUpdate) (columns []column) {
	of := func(u profileUpdate) profile { return u.profile }
	switch rows[0].fields {
	case everything:
		columns = profileColumns(s, rows, of)
	case contact:
		columns = []column{
			micros("last_seen_at", rows, func(u profileUpdate) time.Time { return u.LastSeenAt }),
			col("origins", "text", rows, func(u profileUpdate) string { return u.origins }),
		}
	}
	return append(columns, listColumns(rows, of)...)
}

// listColumns are the packed columns that rows have.
func listColumns[R any](rows []R, of func(R) profile) (columns []column) {
	for _, p := range listParts {
		value := func(r R) []byte {
			packed := of(r).packed
			return *p.of(&packed)
		}
		if len(rows) > 0 && value(rows[0]) != nil {
			columns = append(columns, col(p.column, "bytea", rows, value))
		}
	}
	return columns
}

// profileColumns are the columns of a profile that can change.
func profileColumns[R any](s scope, rows []R, of func(R) profile) []column {
	text := func(name string, value func(profile) string) column {
		return col(name, "text", rows, func(r R) string { return value(of(r)) })
	}
	at := func(name string, value func(profile) time.Time) column {
		return micros(name, rows, func(r R) time.Time { return value(of(r)) })
	}
	return []column{
		text("name", func(p profile) string { return p.Name }),
		text("name_fold", func(p profile) string { return p.words.Name }),
		text("email", func(p profile) string { return p.Email }),
		text("email_fold", s.storedEmail),
		text("phone", func(p profile) string { return p.Phone }),
		text("source", func(p profile) string { return string(p.Source) }),
		at("updated_at", func(p profile) time.Time { return p.UpdatedAt }),
		at("last_seen_at", func(p profile) time.Time { return p.LastSeenAt }),
		col("revision", "bigint", rows, func(r R) int64 { return of(r).Revision }),
		text("origins", func(p profile) string { return p.origins }),
	}
}

// storedEmail is what the column email_fold has: on a database in this process, which has no
// index on it, nothing if that is the e-mail itself.
func (s scope) storedEmail(p profile) string {
	if s.d.server == nil && p.words.Email == p.Email {
		return ""
	}
	return p.words.Email
}

// emailFold is the folded e-mail in SQL; alias is empty or ends with a dot.
func (s scope) emailFold(alias string) string {
	if s.d.server != nil {
		return alias + "email_fold"
	}
	return "iif(" + alias + "email_fold = '', " + alias + "email, " + alias + "email_fold)"
}

func (t *tx) insertProfiles(rows []profile) error {
	self := func(p profile) profile { return p }
	columns := append(profileColumns(t.scope, rows, self), listColumns(rows, self)...)
	columns = append(columns, idCol(t.scope, "id", rows, func(p profile) visitor.ID { return p.ID }))
	if t.d.server != nil {
		columns = append(columns, micros("created_at", rows, func(p profile) time.Time { return p.CreatedAt }))
	}
	for _, p := range rows {
		t.counts.source(p.Source, 1)
	}
	last, err := t.insertNumbered(t.ctx, visitorTable, columns...)
	if err != nil || t.d.Index() == nil {
		return err
	}
	for n, p := range rows {
		rowkey := last - int64(len(rows)-1-n)
		t.rowkeys[p.ID] = rowkey
		t.texts.put(rowkey, p.words)
	}
	return nil
}

func (t *tx) writeAddresses(w *visitorWrite) error {
	return t.insertRows(t.ctx, addressTable, addressColumns(t, w.address.created)...)
}

func (t *tx) writeIdentities(w *visitorWrite) error {
	if err := t.insertRows(t.ctx, visitorInboxTable, inboxColumns(t, w.inbox.created)...); err != nil {
		return err
	}
	rows := w.identity.created
	return t.insertRows(t.ctx, identityTable, append(identityKeys(rows), owners(t, rows))...)
}

// writeTags writes rows in the order of their keys, which is fastest.
func (t *tx) writeTags(w *visitorWrite) error {
	rows := w.tag.created
	slices.SortFunc(rows, func(a, b child[tag.ID]) int {
		return cmp.Or(cmp.Compare(w.numbers[string(a.row)], w.numbers[string(b.row)]), cmp.Compare(a.row, b.row), cmp.Compare(a.visitor, b.visitor))
	})
	for _, r := range rows {
		t.counts.tag(r.row, 1)
	}
	return t.insertRows(t.ctx, visitorTagTable, taggedColumns(t.scope, w, rows)...)
}

func (t *tx) writeGroups(w *visitorWrite) error {
	rows := w.group.created
	for _, r := range rows {
		t.counts.group(r.row.group, 1-int64(r.row.excluded))
	}
	return t.insertRows(t.ctx, visitorGroupTable, groupedColumns(t.scope, w, rows)...)
}

func (t *tx) writeAttributes(w *visitorWrite) error {
	rows := w.attr.created
	type attribute = child[attributeRow]
	return t.insertRows(t.ctx, attributeTable,
		owners(t, rows),
		col("name", "text", rows, func(a attribute) string { return a.row.name }),
		col("ord", "integer", rows, func(a attribute) int32 { return a.row.ord }),
		col("kind", "smallint", rows, func(a attribute) int16 { return int16(a.row.kind) }),
		col("text_fold", "text", rows, func(a attribute) string { return text.Fold(a.row.text) }),
		col("number", "double precision", rows, func(a attribute) float64 { return a.row.number }),
		col("micros", "bigint", rows, func(a attribute) int64 { return a.row.micros }),
	)
}
