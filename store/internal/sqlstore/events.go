package sqlstore

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	sq "github.com/Masterminds/squirrel"
	"github.com/google/uuid"

	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

const takeNumbers = "INSERT INTO " + workspaceTable + " (ws, seq) VALUES (?, ?)" +
	" ON CONFLICT (ws) DO UPDATE SET seq = " + workspaceTable + ".seq + excluded.seq RETURNING seq"

// writeEvents numbers events and writes them. The last one gets a random stamp, by which a
// liveIndex recognises the event that it has followed up to.
func (s scope) writeEvents(ctx context.Context, events []driver.Event) error {
	if len(events) == 0 {
		return nil
	}
	var last int64
	if err := s.queryText(ctx, takeNumbers, func(r row) error { return r.Scan(&last) }, len(events)); err != nil {
		return err
	}
	for i := range events {
		events[i].Seq = driver.Seq(last) - driver.Seq(len(events)-1-i)
	}
	stamp := 1 + rand.Int64N(1<<47-1) // six bytes in SQLite
	for rows := range slices.Chunk(events, 1_000) {
		err := s.insertRows(ctx, eventTable,
			col("seq", "bigint", rows, func(e driver.Event) int64 { return int64(e.Seq) }),
			col("kind", "text", rows, func(e driver.Event) string { return string(e.Kind) }),
			col("at", "bigint", rows, func(e driver.Event) int64 { return driver.Micros(e.At) }),
			idCol(s, "visitor_id", rows, func(e driver.Event) visitor.ID { return e.Visitor }),
			idCol(s, "other_id", rows, func(e driver.Event) visitor.ID { return e.Other }),
			col("tag_ids", "bytea", rows, func(e driver.Event) []byte { return packIDs(e.Tags) }),
			col("group_ids", "bytea", rows, func(e driver.Event) []byte { return packIDs(e.Groups) }),
			col("fields", "text", rows, func(e driver.Event) string { return strings.Join(e.Fields, " ") }),
			col("actor", "text", rows, func(e driver.Event) string { return e.Actor }),
			col("cause", "text", rows, func(e driver.Event) string { return e.Cause }),
			col("stamp", "bigint", rows, func(e driver.Event) int64 {
				if int64(e.Seq) == last {
					return stamp
				}
				return 0
			}),
		)
		if err != nil {
			return err
		}
	}
	return nil
}

var eventColumns = []string{"e.seq", "e.kind", "e.at", "e.visitor_id", "e.other_id", "e.tag_ids", "e.group_ids", "e.fields", "e.actor", "e.cause"}

// eventsOf selects events. Those about one visitor are read by the indexes on the two columns
// of visitors, which SQLite does not choose by itself.
func (s scope) eventsOf(q driver.EventQuery) sq.Sqlizer {
	events := s.from(eventTable, "e", eventColumns...).Where("e.seq > ?", int64(q.After)).OrderBy("e.seq").Limit(uint64(max(q.Limit, 0)))
	if q.Visitor == "" {
		return events
	}
	by := func(index, condition string) sq.SelectBuilder {
		b := events.From(s.tableBy(index, eventTable, "e")).Where(condition, s.d.ID(string(q.Visitor)))
		return s.fromQuery(b, "e", eventColumns...)
	}
	return sq.Expr("? UNION ALL ? ORDER BY 1 LIMIT ?", by("visitors_event_visitor", "e.visitor_id = ?"),
		by("visitors_event_other", "e.other_id = ? AND e.other_id <> "+s.d.NoID()), max(q.Limit, 0))
}

func scanEvent(r row) (e driver.Event, err error) {
	var tags, groups []byte
	var fields string
	err = r.Scan(&e.Seq, &e.Kind, timeInto{&e.At}, into(&e.Visitor), into(&e.Other), &tags, &groups, &fields, &e.Actor, &e.Cause)
	if err != nil {
		return e, err
	}
	if e.Tags, err = unpackIDs[tag.ID](tags); err != nil {
		return e, err
	}
	if e.Groups, err = unpackIDs[group.ID](groups); err != nil {
		return e, err
	}
	if fields != "" {
		e.Fields = strings.Split(fields, " ")
	}
	return e, nil
}

// packIDs writes ids of 16 bytes each. Like Dialect.ID, it makes a malformed id the nil id.
func packIDs[T ~string](ids []T) []byte {
	packed := make([]byte, 0, 16*len(ids))
	for _, id := range ids {
		u, _ := uuid.Parse(string(id)) // the nil id with an error
		packed = append(packed, u[:]...)
	}
	return packed
}

// unpackIDs reads ids of 16 bytes each.
func unpackIDs[T ~string](b []byte) ([]T, error) {
	if len(b)%16 != 0 {
		return nil, fmt.Errorf("scan ids: %d bytes", len(b))
	}
	var ids []T
	for ; len(b) > 0; b = b[16:] {
		ids = append(ids, T(formatID([16]byte(b[:16]))))
	}
	return ids, nil
}
