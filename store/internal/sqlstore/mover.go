package sqlstore

import (
	"context"
	"math/rand/v2"
	"strings"

	sq "github.com/Masterminds/squirrel"
	"github.com/samber/lo"

	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// movedAtOnce is how many rows of a table are moved in a transaction.
const movedAtOnce = 1_000

// mover moves rows to the tables of schema version 6. In a database that runs in this process,
// all tables of version 5 have got other names, and rows are moved out of them. A server's tables
// of lists have got other names, and the lists are packed in new columns of visitors.
//
// Version 8 of a database that runs in this process has new tables by which visitors are found. They
// are filled from the rows of visitors.
type mover struct {
	// Where a server goes on: in the workspace ws, all visitors up to this one are packed.
	ws    string
	after visitor.ID
}

// move moves some rows, and reports whether there may be more.
func (mv *mover) move(ctx context.Context, s scope, version int) (more bool, err error) {
	if s.d.server != nil {
		return mv.packSome(ctx, s)
	}
	if version == 8 {
		return fillLookups(ctx, s)
	}
	for _, move := range []func(context.Context, scope) (int, error){moveVisitors, moveEvents, moveCaptured, moveMerged} {
		if n, err := move(ctx, s); err != nil || n >= movedAtOnce {
			return err == nil, err
		}
	}
	return false, nil
}

// packSome packs the lists of the next visitors on a server.
func (mv *mover) packSome(ctx context.Context, s scope) (more bool, err error) {
	for packed := 0; packed < movedAtOnce; {
		s.ws = mv.ws
		// This also locks the workspace, as its writers do first, so that no two wait for each other.
		if _, err := s.run(ctx, changeCatalog, []any{rand.Int64(), mv.ws}); err != nil {
			return false, err
		}
		q := s.from(visitorTable, "v", "v.id").Where("v.id > ? AND NOT v.packed", s.d.ID(string(mv.after))).OrderBy("v.id").Limit(movedAtOnce)
		ids, err := list(ctx, s.queryByKey, q, scanID[visitor.ID])
		if err != nil {
			return false, err
		}
		if len(ids) == 0 {
			next := s.fromName(workspaceTable, "ws").Where("ws > ?", mv.ws).OrderBy("ws").Limit(1)
			found, err := list(ctx, s.queryByKey, next, func(r row) (ws string, err error) {
				err = r.Scan(&ws)
				return ws, err
			})
			if err != nil || len(found) == 0 {
				return false, err
			}
			mv.ws, mv.after = found[0], ""
			continue
		}
		rows := lo.Map(ids, func(id visitor.ID, _ int) record { return record{Visitor: visitor.Visitor{ID: id}} })
		if err := s.fillLists(ctx, rows, oldLists{identityTable, visitorTagTable, visitorGroupTable, attributeTable}); err != nil {
			return false, err
		}
		var w visitorWrite
		for i := range rows {
			rows[i].packed = w.pack(&rows[i].Visitor, movedParts)
		}
		id := idCol(s, "id", rows, func(r record) visitor.ID { return r.ID })
		columns := []column{col("packed", "boolean", rows, func(record) bool { return true })}
		for _, p := range listParts {
			if !movedParts.Has(p.part) {
				continue
			}
			columns = append(columns, col(p.column, "bytea", rows, func(r record) []byte { return *p.of(&r.packed) }))
		}
		if err := s.updateRows(ctx, visitorTable, []column{id}, columns); err != nil {
			return false, err
		}
		packed += len(ids)
		mv.after = ids[len(ids)-1]
	}
	return true, nil
}

// fillLookups fills the tables of version 8 from the next visitors.
func fillLookups(ctx context.Context, s scope) (more bool, err error) {
	after, err := s.number(ctx, s.fromName(movingTable, "rowkey"))
	if err != nil {
		return false, err
	}
	q := s.fromName(visitorTable+" v", "v.ws", "v.rowkey", "v.id", "v.email", "v.phone", "v.identities", "v.attributes")
	q = q.Where("v.rowkey > ?", after).OrderBy("v.rowkey").Limit(movedAtOnce)
	byWorkspace, n := map[int64][]record{}, 0
	err = s.queryByKey(ctx, q, func(r row) error {
		var ws int64
		var rec record
		err := r.Scan(&ws, &rec.rowkey, into(&rec.ID), &rec.Email, &rec.Phone, &rec.packed.identities, &rec.packed.attributes)
		if err == nil {
			err = rec.unpack(nil, driver.Identities|driver.Attributes)
		}
		byWorkspace[ws], after, n = append(byWorkspace[ws], rec), rec.rowkey, n+1
		return err
	})
	if err != nil {
		return false, err
	}
	for ws, rows := range byWorkspace {
		s.ws = ws
		t := &tx{scope: s, ctx: ctx, rowkeys: map[visitor.ID]int64{}}
		w := &visitorWrite{lookups: t.lookups()}
		for i := range rows {
			t.rowkeys[rows[i].ID] = rows[i].rowkey
			w.addLookups(&visitor.Visitor{}, &rows[i].Visitor, driver.Profile|driver.Identities|driver.Attributes)
		}
		for _, write := range []func(*visitorWrite) error{t.writeAddresses, t.writeIdentities, t.writeAttributes} {
			if err := write(w); err != nil {
				return false, err
			}
		}
	}
	_, err = s.run(ctx, "UPDATE visitors_moving SET rowkey = ?", []any{after})
	return n == movedAtOnce, err
}

// movedParts are the parts that visitors have in schema version 6.
const movedParts = driver.AllParts &^ driver.Consents

// The tables of version 5 in a database that runs in this process.
const (
	oldVisitorTable  = "visitors_old_visitor"
	oldEventTable    = "visitors_old_event"
	oldCapturedTable = "visitors_old_captured"
	oldMergedTable   = "visitors_old_merged"
)

// oldRow is a row of a workspace.
type oldRow[T any] struct {
	ws  string
	row T
}

// moveOld reads rows, whose first column is the name of the workspace, and calls write with those
// of each workspace, which then deletes them.
func moveOld[T any](ctx context.Context, s scope, q sq.SelectBuilder, scan func(row, *oldRow[T]) error, write func(scope, []T) error) (int, error) {
	rows, err := list(ctx, s.queryByKey, q.Limit(movedAtOnce), func(r row) (o oldRow[T], err error) {
		err = scan(r, &o)
		return o, err
	})
	if err != nil {
		return 0, err
	}
	for ws, some := range lo.GroupBy(rows, func(o oldRow[T]) string { return o.ws }) {
		s.name, s.moving = ws, true
		in, err := s.create(ctx)
		if err != nil {
			return 0, err
		}
		if err := write(in, lo.Map(some, func(o oldRow[T], _ int) T { return o.row })); err != nil {
			return 0, err
		}
	}
	return len(rows), nil
}

// old starts a SELECT of rows of all workspaces.
func old(s scope, table, key string, columns ...string) sq.SelectBuilder {
	return s.fromName(table+" o", append([]string{"o.ws"}, columns...)...).OrderBy(key)
}

// deleteOld deletes the workspace's rows with some ids from a table of version 5.
func (s scope) deleteOld(ctx context.Context, table, column string, ids []string) error {
	s.ws = s.name
	_, err := s.do(ctx, s.delete(table).Where(s.d.InIDs(column, ids)))
	return err
}

func moveVisitors(ctx context.Context, s scope) (int, error) {
	q := old(s, oldVisitorTable, "o.rowkey", "o.rowkey", "o.id", "o.name", "o.email", "o.phone", "o.source", "o.created_at", "o.updated_at",
		"o.last_seen_at", "o.revision", "o.origins")
	return moveOld(ctx, s, q, func(r row, o *oldRow[record]) error {
		v := &o.row.Visitor
		return r.Scan(&o.ws, &o.row.rowkey, into(&v.ID), &v.Name, &v.Email, &v.Phone, &v.Source, timeInto{&v.CreatedAt}, timeInto{&v.UpdatedAt},
			timeInto{&v.LastSeenAt}, &v.Revision, originsInto{&v.Provenance})
	}, func(s scope, rows []record) error {
		lists, from := oldLists{"visitors_old_identity", "visitors_old_visitor_tag", "visitors_old_visitor_group", "visitors_old_attribute"}, s
		from.ws = s.name
		if err := from.fillLists(ctx, rows, lists); err != nil {
			return err
		}
		t := &tx{scope: s, pending: newPending(), ctx: ctx, rowkeys: map[visitor.ID]int64{}}
		edits := make([]driver.VisitorEdit, len(rows))
		for i := range rows {
			edits[i].After = &rows[i].Visitor
		}
		if err := t.WriteVisitors(edits, driver.AllParts); err != nil {
			return err
		}
		if err := t.pending.write(ctx, s); err != nil {
			return err
		}
		ids := lo.Map(rows, func(r record, _ int) string { return string(r.ID) })
		for _, table := range []string{lists.identity, lists.tag, lists.group, lists.attribute} {
			if err := s.deleteOld(ctx, table, "visitor_id", ids); err != nil {
				return err
			}
		}
		s.ws = s.name
		// By row key, as the table has no other index any more.
		_, err := s.do(ctx, s.delete(oldVisitorTable).Where("rowkey <= ?", rows[len(rows)-1].rowkey))
		return err
	})
}

func moveEvents(ctx context.Context, s scope) (int, error) {
	q := old(s, oldEventTable, "o.ws, o.seq", "o.seq", "o.kind", "o.at", "o.visitor_id", "o.other_id", "o.tag_ids", "o.group_ids",
		"o.fields", "o.actor", "o.cause")
	return moveOld(ctx, s, q, func(r row, o *oldRow[driver.Event]) error {
		var tags, groups []byte
		var fields string
		e := &o.row
		err := r.Scan(&o.ws, &e.Seq, &e.Kind, timeInto{&e.At}, into(&e.Visitor), into(&e.Other), &tags, &groups, &fields, &e.Actor, &e.Cause)
		if err != nil {
			return err
		}
		if fields != "" {
			e.Fields = strings.Split(fields, " ")
		}
		if e.Tags, err = unpackIDs[tag.ID](tags, false, nil); err != nil {
			return err
		}
		e.Groups, err = unpackIDs[group.ID](groups, false, nil)
		return err
	}, func(s scope, events []driver.Event) error {
		// Tags and groups that were deleted have no number yet.
		var ids []string
		for _, e := range events {
			ids = append(append(ids, textsOf(e.Tags)...), textsOf(e.Groups)...)
		}
		t := &tx{scope: s, ctx: ctx}
		for _, id := range lo.Uniq(ids) {
			if err := t.giveNumber(id); err != nil {
				return err
			}
		}
		if err := t.insertEvents(ctx, events, 0); err != nil {
			return err
		}
		s.ws = s.name
		_, err := s.do(ctx, s.delete(oldEventTable).Where("seq <= ?", events[len(events)-1].Seq))
		return err
	})
}

func moveCaptured(ctx context.Context, s scope) (int, error) {
	type captured struct {
		key string
		at  int64
	}
	q := old(s, oldCapturedTable, "o.ws, o.key", "o.key", "o.at")
	return moveOld(ctx, s, q, func(r row, o *oldRow[captured]) error {
		return r.Scan(&o.ws, into(&o.row.key), &o.row.at)
	}, func(s scope, rows []captured) error {
		err := s.insertRows(ctx, capturedTable,
			idCol(s, "key", rows, func(c captured) string { return c.key }),
			col("at", "", rows, func(c captured) int64 { return c.at }))
		if err != nil {
			return err
		}
		return s.deleteOld(ctx, oldCapturedTable, "key", lo.Map(rows, func(c captured, _ int) string { return c.key }))
	})
}

func moveMerged(ctx context.Context, s scope) (int, error) {
	type merged struct {
		id, into string
		at       int64
		state    string
	}
	q := old(s, oldMergedTable, "o.ws, o.id", "o.id", "o.into_id", "o.at", "o.state")
	return moveOld(ctx, s, q, func(r row, o *oldRow[merged]) error {
		return r.Scan(&o.ws, into(&o.row.id), into(&o.row.into), &o.row.at, &o.row.state)
	}, func(s scope, rows []merged) error {
		err := s.insertRows(ctx, mergedTable,
			idCol(s, "id", rows, func(m merged) string { return m.id }),
			idCol(s, "into_id", rows, func(m merged) string { return m.into }),
			col("at", "", rows, func(m merged) int64 { return m.at }),
			col("state", "", rows, func(m merged) string { return m.state }))
		if err != nil {
			return err
		}
		return s.deleteOld(ctx, oldMergedTable, "id", lo.Map(rows, func(m merged, _ int) string { return m.id }))
	})
}
