package memory

import (
	"context"
	"slices"
	"sync"
	"unique"

	"github.com/google/uuid"

	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// journal holds the events of a workspace, in parts so that it grows without being copied.
type journal struct {
	parts [][]event
	last  driver.Seq // number of the last event, which is the number of events
	index eventIndex
}

const partSize = 1_024

// event is a driver.Event in less memory. Its number follows from its place.
type event struct {
	at      int64 // in microseconds
	head    unique.Handle[eventHead]
	visitor uuid.UUID     // zero: it is not about a visitor
	details *eventDetails // nil if it has none
}

// eventHead is what many events have in common.
type eventHead struct {
	kind driver.EventKind
	by   author
}

// eventDetails is never modified, so that events can share one.
type eventDetails struct {
	other  uuid.UUID
	tags   []tag.ID
	groups []group.ID
	fields []string
}

func (j *journal) at(seq driver.Seq) *event { return &j.parts[(seq-1)/partSize][(seq-1)%partSize] }

// add numbers an event and appends it. Consecutive events share details that are equal, for
// example if many visitors get one tag.
func (j *journal) add(e driver.Event) {
	var previous event
	if j.last > 0 {
		previous = *j.at(j.last)
	}
	added := event{at: driver.Micros(e.At), head: previous.head}
	added.visitor, _ = parseID(e.Visitor)
	if head := (eventHead{e.Kind, author{e.Actor, e.Cause}}); j.last == 0 || previous.head.Value() != head {
		added.head = unique.Make(head)
	}
	switch d := previous.details; {
	case len(e.Other)+len(e.Tags)+len(e.Groups)+len(e.Fields) == 0:
	case d != nil && d.other == uuid.Nil && e.Other == "" &&
		slices.Equal(d.tags, e.Tags) && slices.Equal(d.groups, e.Groups) && slices.Equal(d.fields, e.Fields):
		added.details = d
	default:
		added.details = &eventDetails{tags: slices.Clone(e.Tags), groups: slices.Clone(e.Groups), fields: slices.Clone(e.Fields)}
		added.details.other, _ = parseID(e.Other)
	}
	if int(j.last) == len(j.parts)*partSize {
		// Only the first part grows, so that few events take little memory.
		j.parts = append(j.parts, make([]event, 0, min(int(j.last), partSize)))
	}
	part := &j.parts[len(j.parts)-1]
	*part = append(*part, added)
	j.last++
}

// truncate drops the events after that number.
func (j *journal) truncate(last driver.Seq) {
	for ; j.last > last; j.last-- {
		*j.at(j.last) = event{}
		n := len(j.parts) - 1
		if j.parts[n] = j.parts[n][:(j.last-1)%partSize]; len(j.parts[n]) == 0 {
			j.parts = j.parts[:n]
		}
	}
}

// read returns the events of a query.
func (j *journal) read(ctx context.Context, q driver.EventQuery) ([]driver.Event, error) {
	var events []driver.Event
	if q.Visitor != "" {
		numbers, err := j.index.about(ctx, j, q.Visitor)
		first, _ := slices.BinarySearch(numbers, q.After+1)
		for _, seq := range numbers[first:] {
			if len(events) == q.Limit {
				break
			}
			events = append(events, j.event(seq))
		}
		return events, err
	}
	for seq := max(q.After, 0) + 1; seq <= j.last && len(events) < q.Limit; seq++ {
		events = append(events, j.event(seq))
	}
	return events, nil
}

// event returns a copy of the event with that number.
func (j *journal) event(seq driver.Seq) driver.Event {
	e := j.at(seq)
	head := e.head.Value()
	copied := driver.Event{
		Seq: seq, Kind: head.kind, At: driver.FromMicros(e.at), Visitor: formatID(e.visitor), Actor: head.by.actor, Cause: head.by.cause,
	}
	if d := e.details; d != nil {
		copied.Other = formatID(d.other)
		copied.Tags, copied.Groups, copied.Fields = slices.Clone(d.tags), slices.Clone(d.groups), slices.Clone(d.fields)
	}
	return copied
}

// eventIndex finds the events about a visitor. It is brought up to date when it is read, so
// that it costs nothing, neither time nor memory, until the first visitor's history is read.
// After that it takes about 8 bytes for each event and 60 for each visitor.
type eventIndex struct {
	mu      sync.Mutex // several calls may read at a time
	numbers map[uuid.UUID][]driver.Seq
	last    driver.Seq // of the events in numbers
}

// about returns the numbers of all events about a visitor, in order.
func (x *eventIndex) about(ctx context.Context, j *journal, id visitor.ID) ([]driver.Seq, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.numbers == nil {
		x.numbers = map[uuid.UUID][]driver.Seq{}
	}
	for ; x.last < j.last; x.last++ {
		if x.last%65_536 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		e := j.at(x.last + 1)
		x.add(e.visitor, x.last+1)
		if e.details != nil {
			x.add(e.details.other, x.last+1)
		}
	}
	parsed, _ := parseID(id)
	return x.numbers[parsed], nil
}

func (x *eventIndex) add(id uuid.UUID, seq driver.Seq) {
	if id != uuid.Nil {
		x.numbers[id] = append(x.numbers[id], seq)
	}
}

func (t *tx) AppendEvents(events []driver.Event) error {
	for _, e := range events {
		t.events.add(e)
	}
	return nil
}
