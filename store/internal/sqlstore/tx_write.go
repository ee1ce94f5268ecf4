package sqlstore

import (
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
	var w visitorWrite
	for _, e := range edits {
		if err := w.add(e, parts); err != nil {
			return err
		}
	}
	for _, write := range []func(*visitorWrite) error{
		t.deleteVisitors, t.deleteChildren, t.writeProfiles, t.writeIdentities, t.writeTags, t.writeGroups, t.writeAttributes,
	} {
		if err := write(&w); err != nil {
			return err
		}
	}
	return nil
}

// deleteVisitors deletes visitors with all of their rows. Apply deletes stored merges.
func (t *tx) deleteVisitors(w *visitorWrite) error {
	for ids := range slices.Chunk(w.deleted, 1_000) {
		if err := t.deleteProfiles(ids); err != nil {
			return err
		}
		err := t.deleteOf(visitorTagTable, ids, "tag_id, 0", func(r row) error {
			var tag tag.ID
			var zero int64
			err := r.Scan(into(&tag), &zero)
			t.counts.tag(tag, -1)
			return err
		})
		if err != nil {
			return err
		}
		err = t.deleteOf(visitorGroupTable, ids, "group_id, excluded", func(r row) error {
			var group visitor.GroupID
			var excluded int64
			err := r.Scan(into(&group), &excluded)
			t.counts.group(group, excluded-1)
			return err
		})
		if err != nil {
			return err
		}
		for _, table := range []string{identityTable, visitorInboxTable, attributeTable} {
			if err := t.deleteOf(table, ids, "", nil); err != nil {
				return err
			}
		}
	}
	return nil
}

// deleteProfiles deletes rows of the visitor table, and their text from the search index.
func (t *tx) deleteProfiles(ids []visitor.ID) error {
	if t.d.Index() == nil {
		return t.deleteWhere(visitorTable, "id", ids, "", nil)
	}
	return t.deleteWhere(visitorTable, "id", ids, "source, name_fold, email_fold, phone, rowkey", func(r row) error {
		var source visitor.Source
		var old Searchable
		var rowkey int64
		if err := r.Scan(&source, &old.Name, &old.Email, &old.Phone, &rowkey); err != nil {
			return err
		}
		t.counts.source(source, -1)
		t.texts.drop(rowkey, old)
		return nil
	})
}

// deleteOf deletes the rows that a table has of visitors. If the engine keeps counters, it calls
// each with the returned columns.
func (t *tx) deleteOf(table string, ids []visitor.ID, returning string, each func(row) error) error {
	if t.d.Index() == nil {
		returning = ""
	}
	return t.deleteWhere(table, "visitor_id", ids, returning, each)
}

func (t *tx) deleteWhere(table, column string, ids []visitor.ID, returning string, each func(row) error) error {
	q := t.delete(table).Where(t.d.InIDs(column, textsOf(ids)))
	if returning == "" {
		_, err := t.do(t.ctx, q)
		return err
	}
	return t.queryByKey(t.ctx, q.Suffix("RETURNING "+returning), each)
}

// deleteChildren deletes the rows that visitors no longer have.
func (t *tx) deleteChildren(w *visitorWrite) error {
	for _, r := range w.tag.deleted {
		t.counts.tag(r.row.Tag, -1)
	}
	for _, r := range w.group.deleted {
		t.counts.group(r.row.Group, int64(r.row.excluded)-1)
	}
	if err := t.deleteRows(t.ctx, identityTable, identityKeys(w.identity.deleted)...); err != nil {
		return err
	}
	if err := t.deleteRows(t.ctx, visitorInboxTable, inboxColumns(t.scope, w.inbox.deleted)...); err != nil {
		return err
	}
	if err := deleteLinks(t, visitorTagTable, "tag_id", w.tag.deleted, tagOf); err != nil {
		return err
	}
	if err := deleteLinks(t, visitorGroupTable, "group_id", w.group.deleted, groupOf); err != nil {
		return err
	}
	rows := w.attr.deleted
	return t.deleteRows(t.ctx, attributeTable, owners(t.scope, rows), col("name", "text", rows, func(c child[string]) string { return c.row }))
}

// deleteLinks deletes rows that link visitors with tags or groups. SQLite does so fastest with a
// statement for each tag.
func deleteLinks[T any, K ~string](t *tx, table, column string, rows []child[T], of func(child[T]) K) error {
	if !t.oneByOne() {
		return t.deleteRows(t.ctx, table, owners(t.scope, rows), idCol(t.scope, column, rows, of))
	}
	for _, rows := range lo.PartitionBy(rows, of) {
		ids := lo.Map(rows, func(c child[T], _ int) string { return string(c.visitor) })
		q := t.delete(table).Where(column+" = ?", t.d.ID(string(of(rows[0])))).Where(t.d.InIDs("visitor_id", ids))
		if _, err := t.do(t.ctx, q); err != nil {
			return err
		}
	}
	return nil
}

func owners[T any](s scope, rows []child[T]) column {
	return idCol(s, "visitor_id", rows, func(c child[T]) visitor.ID { return c.visitor })
}

func tagOf(c child[tag.Assignment]) tag.ID      { return c.row.Tag }
func groupOf(c child[groupRow]) visitor.GroupID { return c.row.Group }

func identityKeys(rows []child[visitor.Identity]) []column {
	type identity = child[visitor.Identity]
	return []column{
		col("source", "text", rows, func(c identity) string { return string(c.row.Source) }),
		col("account", "text", rows, func(c identity) string { return c.row.Account }),
		col("external_id", "text", rows, func(c identity) string { return c.row.ExternalID }),
	}
}

func inboxColumns(s scope, rows []child[string]) []column {
	return []column{owners(s, rows), col("inbox", "text", rows, func(c child[string]) string { return c.row })}
}

// micros makes a column of times.
func micros[R any](name string, rows []R, of func(R) time.Time) column {
	return col(name, "bigint", rows, func(r R) int64 { return driver.Micros(of(r)) })
}

func (t *tx) writeProfiles(w *visitorWrite) error {
	if err := t.insertProfiles(w.created); err != nil {
		return err
	}
	ids := idCol(t.scope, "id", w.updated, func(u profileUpdate) visitor.ID { return u.ID })
	columns := profileColumns(w.updated, func(u profileUpdate) profile { return u.profile })
	if err := t.updateRows(t.ctx, visitorTable, []column{ids}, columns); err != nil {
		return err
	}
	for _, u := range w.updated {
		t.counts.source(u.before.Source, -1)
		t.counts.source(u.Source, 1)
		if old := searchable(u.before); t.d.Index() != nil && old != u.words {
			t.texts.drop(t.rowkeys[u.ID], old)
			t.texts.put(t.rowkeys[u.ID], u.words)
		}
	}
	rows := w.touched
	return t.updateRows(t.ctx, visitorTable, []column{idCol(t.scope, "id", rows, func(p profile) visitor.ID { return p.ID })}, []column{
		micros("last_seen_at", rows, func(p profile) time.Time { return p.LastSeenAt }),
		col("origins", "text", rows, func(p profile) string { return p.origins }),
	})
}

// profileColumns are the columns of a profile that can change.
func profileColumns[R any](rows []R, of func(R) profile) []column {
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
		text("email_fold", func(p profile) string { return p.words.Email }),
		text("phone", func(p profile) string { return p.Phone }),
		text("source", func(p profile) string { return string(p.Source) }),
		at("updated_at", func(p profile) time.Time { return p.UpdatedAt }),
		at("last_seen_at", func(p profile) time.Time { return p.LastSeenAt }),
		col("revision", "bigint", rows, func(r R) int64 { return of(r).Revision }),
		text("origins", func(p profile) string { return p.origins }),
	}
}

func (t *tx) insertProfiles(rows []profile) error {
	columns := append(profileColumns(rows, func(p profile) profile { return p }),
		idCol(t.scope, "id", rows, func(p profile) visitor.ID { return p.ID }),
		micros("created_at", rows, func(p profile) time.Time { return p.CreatedAt }))
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

func (t *tx) writeIdentities(w *visitorWrite) error {
	type identity = child[visitor.Identity]
	values := func(rows []identity) []column {
		return []column{
			col("username", "text", rows, func(c identity) string { return c.row.Username }),
			micros("username_at", rows, func(c identity) time.Time { return c.row.UsernameAt }),
			micros("first_seen", rows, func(c identity) time.Time { return c.row.FirstSeen }),
			micros("last_seen", rows, func(c identity) time.Time { return c.row.LastSeen }),
			col("inboxes", "text", rows, func(c identity) string { return inboxesText(c.row) }),
		}
	}
	rows := w.identity.updated
	if err := t.updateRows(t.ctx, identityTable, identityKeys(rows), values(rows)); err != nil {
		return err
	}
	if err := t.insertRows(t.ctx, visitorInboxTable, inboxColumns(t.scope, w.inbox.created)...); err != nil {
		return err
	}
	rows = w.identity.created
	return t.insertRows(t.ctx, identityTable, slices.Concat(identityKeys(rows), []column{owners(t.scope, rows)}, values(rows))...)
}

func (t *tx) writeTags(w *visitorWrite) error {
	rows := w.tag.created
	for _, r := range rows {
		t.counts.tag(r.row.Tag, 1)
	}
	type assignment = child[tag.Assignment]
	return t.insertRows(t.ctx, visitorTagTable,
		owners(t.scope, rows),
		idCol(t.scope, "tag_id", rows, tagOf),
		micros("put_at", rows, func(c assignment) time.Time { return c.row.At }),
		col("put_by", "text", rows, func(c assignment) string { return c.row.Actor }),
		col("cause", "text", rows, func(c assignment) string { return c.row.Cause }),
	)
}

func (t *tx) writeGroups(w *visitorWrite) error {
	rows := w.group.created
	for _, r := range rows {
		t.counts.group(r.row.Group, 1-int64(r.row.excluded))
	}
	type membership = child[groupRow]
	return t.insertRows(t.ctx, visitorGroupTable,
		owners(t.scope, rows),
		idCol(t.scope, "group_id", rows, groupOf),
		col("excluded", "smallint", rows, func(c membership) int16 { return c.row.excluded }),
		micros("at", rows, func(c membership) time.Time { return c.row.At }),
		col("actor", "text", rows, func(c membership) string { return c.row.Actor }),
		col("cause", "text", rows, func(c membership) string { return c.row.Cause }),
	)
}

func (t *tx) writeAttributes(w *visitorWrite) error {
	rows := w.attr.created
	type attribute = child[attributeRow]
	return t.insertRows(t.ctx, attributeTable,
		owners(t.scope, rows),
		col("name", "text", rows, func(a attribute) string { return a.row.name }),
		col("ord", "integer", rows, func(a attribute) int32 { return a.row.ord }),
		col("kind", "smallint", rows, func(a attribute) int16 { return int16(a.row.kind) }),
		col("text", "text", rows, func(a attribute) string { return a.row.text }),
		col("text_fold", "text", rows, func(a attribute) string { return text.Fold(a.row.text) }),
		col("number", "double precision", rows, func(a attribute) float64 { return a.row.number }),
		col("micros", "bigint", rows, func(a attribute) int64 { return a.row.micros }),
	)
}
