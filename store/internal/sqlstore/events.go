package sqlstore

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	sq "github.com/Masterminds/squirrel"
	"github.com/google/uuid"
	"github.com/samber/lo"

	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

const takeNumbers = "UPDATE " + workspaceTable + " SET seq = seq + ? WHERE ws = ? RETURNING seq"

// kinds are the kinds of events by the number that stands for them in a database that runs in
// this process. The order must not change.
var kinds = []driver.EventKind{
	"", driver.VisitorCreated, driver.VisitorUpdated, driver.VisitorDeleted, driver.VisitorTagged, driver.VisitorUntagged,
	driver.VisitorSeen, driver.VisitorMerged, driver.VisitorUnmerged, driver.VisitorJoined, driver.VisitorLeft,
	driver.TagCreated, driver.TagUpdated, driver.TagDeleted, driver.GroupCreated, driver.GroupUpdated, driver.GroupDeleted,
	driver.ConsentRecorded, driver.HealthReported, driver.TopicChanged, driver.AudienceCreated, driver.AudienceDeleted,
	driver.JobChanged,
	driver.GroupEntered, driver.GroupLeft, driver.GroupWatched,
}

// writeEvents numbers events and writes them. The last one gets a random stamp, by which a
// liveIndex recognises the event that it has followed up to.
func (s scope) writeEvents(ctx context.Context, events []driver.Event) error {
	if len(events) == 0 {
		return nil
	}
	var last int64
	err := s.rows(ctx, takeNumbers, []any{len(events), s.ws}, func(r row) error { return r.Scan(&last) })
	if err != nil {
		return err
	}
	for i := range events {
		events[i].Seq = driver.Seq(last) - driver.Seq(len(events)-1-i)
	}
	return s.insertEvents(ctx, events, 1+rand.Int64N(1<<47-1)) // six bytes in SQLite
}

// insertEvents writes events that have numbers, and the stamp of the last one.
func (s scope) insertEvents(ctx context.Context, events []driver.Event, stamp int64) error {
	var ids []string
	for _, e := range events {
		ids = append(append(ids, textsOf(e.Tags)...), textsOf(e.Groups)...)
	}
	numbers := map[string]int64{}
	if err := s.numbersOf(ctx, numbers, lo.Uniq(ids)); err != nil {
		return err
	}
	if s.d.server != nil {
		numbers = nil
	}
	for rows := range slices.Chunk(events, 1_000) {
		kind := col("kind", "text", rows, func(e driver.Event) string { return string(e.Kind) })
		person, other := idCol(s, "visitor_id", rows, visitorOf), idCol(s, "other_id", rows, otherOf)
		if s.d.server == nil {
			kind = col("kind", "", rows, func(e driver.Event) int64 { return int64(slices.Index(kinds, e.Kind)) })
			person, other = s.shortIDCol("visitor_id", rows, visitorOf), s.shortIDCol("other_id", rows, otherOf)
		}
		err := s.insertRows(ctx, eventTable,
			col("seq", "bigint", rows, func(e driver.Event) int64 { return int64(e.Seq) }),
			kind,
			col("at", "bigint", rows, func(e driver.Event) int64 { return driver.Micros(e.At) }),
			person, other,
			col("tag_ids", "bytea", rows, func(e driver.Event) []byte { return packIDs(e.Tags, numbers) }),
			col("group_ids", "bytea", rows, func(e driver.Event) []byte { return packIDs(e.Groups, numbers) }),
			col("fields", "text", rows, func(e driver.Event) string { return strings.Join(e.Fields, " ") }),
			col("actor", "text", rows, func(e driver.Event) string { return e.Actor }),
			col("cause", "text", rows, func(e driver.Event) string { return e.Cause }),
			col("stamp", "bigint", rows, func(e driver.Event) int64 {
				if e.Seq == events[len(events)-1].Seq {
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

func visitorOf(e driver.Event) visitor.ID { return e.Visitor }
func otherOf(e driver.Event) visitor.ID   { return e.Other }

// shortIDCol is a column of ids that is empty for no visitor.
func (s scope) shortIDCol(name string, rows []driver.Event, of func(driver.Event) visitor.ID) column {
	return col(name, "", rows, func(e driver.Event) any {
		if of(e) == "" {
			return []byte{}
		}
		return s.d.ID(string(of(e)))
	})
}

var eventColumns = []string{"e.seq", "e.kind", "e.at", "e.visitor_id", "e.other_id", "e.tag_ids", "e.group_ids", "e.fields", "e.actor", "e.cause"}

// eventsOf selects events. Those about one visitor are read by the indexes on the two columns
// of visitors, which SQLite does not choose by itself.
func (s scope) eventsOf(q driver.EventQuery) sq.Sqlizer {
	events := s.from(eventTable, "e", eventColumns...).Where("e.seq > ?", int64(q.After)).OrderBy("e.seq").Limit(uint64(max(q.Limit, 0)))
	if q.Visitor == "" {
		return events
	}
	id := s.d.ID(string(q.Visitor))
	by := func(index, condition string) sq.SelectBuilder {
		b := events.From(s.tableBy(index, eventTable, "e")).Where(condition, id)
		if s.d.server == nil && index == "visitors_event_visitor" {
			b = b.Where("substr(e.visitor_id, 1, 8) = substr(?, 1, 8)", id)
		}
		return s.fromQuery(b, "e", eventColumns...)
	}
	return sq.Expr("? UNION ALL ? ORDER BY 1 LIMIT ?", by("visitors_event_visitor", "e.visitor_id = ?"),
		by("visitors_event_other", "e.other_id = ? AND e.other_id <> "+s.noVisitor()), max(q.Limit, 0))
}

// noVisitor is what an event about no visitor has in the columns of visitors.
func (s scope) noVisitor() string {
	if s.d.server == nil {
		return "x''"
	}
	return s.d.NoID()
}

// readEvents reads events.
func (s scope) readEvents(ctx context.Context, q driver.EventQuery) ([]driver.Event, error) {
	rows, err := list(ctx, s.queryByKey, s.eventsOf(q), s.scanEvent)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	var numbers []int64
	if s.d.server == nil {
		for _, r := range rows {
			for _, packed := range [][]byte{r.tags, r.groups} {
				if numbers, err = appendNumbers(numbers, packed); err != nil {
					return nil, err
				}
			}
		}
		slices.Sort(numbers)
	}
	ids, err := s.numberedIDs(ctx, slices.Compact(numbers))
	if err != nil {
		return nil, err
	}
	events := make([]driver.Event, len(rows))
	for i, r := range rows {
		if r.Tags, err = unpackIDs[tag.ID](r.tags, s.d.server == nil, ids); err != nil {
			return nil, err
		}
		if r.Groups, err = unpackIDs[group.ID](r.groups, s.d.server == nil, ids); err != nil {
			return nil, err
		}
		events[i] = r.Event
	}
	return events, nil
}

// eventRow is an event whose tags and groups are still packed.
type eventRow struct {
	driver.Event
	tags, groups []byte
}

func (s scope) scanEvent(r row) (e eventRow, err error) {
	var fields string
	var number int
	kind := any(&e.Kind)
	if s.d.server == nil {
		kind = &number
	}
	err = r.Scan(&e.Seq, kind, timeInto{&e.At}, into(&e.Visitor), into(&e.Other), &e.tags, &e.groups, &fields, &e.Actor, &e.Cause)
	if err != nil {
		return e, err
	}
	if number < 0 || number >= len(kinds) {
		return e, fmt.Errorf("read event %d: kind %d is not known", e.Seq, number)
	}
	e.Kind += kinds[number]
	if fields != "" {
		e.Fields = strings.Split(fields, " ")
	}
	return e, nil
}

// packIDs writes ids of 16 bytes each, or the number of each as a varint. Like Dialect.ID, it
// makes a malformed id the nil id.
func packIDs[T ~string](ids []T, numbers map[string]int64) []byte {
	packed := make([]byte, 0, 16*len(ids))
	for _, id := range ids {
		if numbers != nil {
			packed = binary.AppendUvarint(packed, uint64(numbers[string(id)]))
			continue
		}
		u, _ := uuid.Parse(string(id)) // the nil id with an error
		packed = append(packed, u[:]...)
	}
	return packed
}

// appendNumbers appends the varints of packed.
func appendNumbers(to []int64, packed []byte) ([]int64, error) {
	for len(packed) > 0 {
		number, n := binary.Uvarint(packed)
		if n <= 0 {
			return nil, fmt.Errorf("read ids of an event: %w", errPacked)
		}
		to, packed = append(to, int64(number)), packed[n:]
	}
	return to, nil
}

// unpackIDs reads what packIDs wrote; ids finds an id by its number.
func unpackIDs[T ~string](b []byte, numbered bool, id func(int64) string) (ids []T, err error) {
	if numbered {
		numbers, err := appendNumbers(nil, b)
		for _, n := range numbers {
			ids = append(ids, T(id(n)))
		}
		return ids, err
	}
	if len(b)%16 != 0 {
		return nil, fmt.Errorf("read ids of an event: %w", errPacked)
	}
	for ; len(b) > 0; b = b[16:] {
		ids = append(ids, T(formatID([16]byte(b[:16]))))
	}
	return ids, nil
}
