package store

import (
	"context"
	"iter"
	"time"

	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// Seq is the number of an event in its workspace: 1, 2, 3 … without gaps, in commit order.
type Seq = driver.Seq

// Event records one change that had an effect. It holds ids and names of fields, never
// values, so it can be kept after the visitor was deleted.
type Event struct {
	Seq     Seq        `json:"seq"`
	Kind    EventKind  `json:"kind"`
	At      time.Time  `json:"at"` // when the change was made; of GroupEntered and GroupLeft: from when on it is so
	Visitor visitor.ID `json:"visitor,omitempty"`
	Other   visitor.ID `json:"other,omitempty"`  // merge: the id that became an alias; unmerge: the restored visitor
	Tags    []tag.ID   `json:"tags,omitempty"`   // added, removed, created, changed or deleted; ordered
	Groups  []group.ID `json:"groups,omitempty"` // likewise
	Fields  []string   `json:"fields,omitempty"` // update: the fields that changed, ordered; others: see their kinds
	Actor   string     `json:"actor,omitempty"`  // who made the change; see Workspace.WithActor
	Cause   string     `json:"cause,omitempty"`  // why; "" for events from before schema version 3, as for Actor
}

// EventKind says what happened.
type EventKind = driver.EventKind

// The kinds of events.
const (
	VisitorCreated  EventKind = driver.VisitorCreated
	VisitorUpdated  EventKind = driver.VisitorUpdated
	VisitorDeleted  EventKind = driver.VisitorDeleted // with the field "erased": by Erase
	VisitorTagged   EventKind = driver.VisitorTagged
	VisitorUntagged EventKind = driver.VisitorUntagged
	VisitorSeen     EventKind = driver.VisitorSeen // a contact that changed only the times of last contact
	VisitorMerged   EventKind = driver.VisitorMerged
	VisitorUnmerged EventKind = driver.VisitorUnmerged
	VisitorJoined   EventKind = driver.VisitorJoined // added to a group
	VisitorLeft     EventKind = driver.VisitorLeft   // removed from a group
	TagCreated      EventKind = driver.TagCreated
	TagUpdated      EventKind = driver.TagUpdated
	TagDeleted      EventKind = driver.TagDeleted
	GroupCreated    EventKind = driver.GroupCreated
	GroupUpdated    EventKind = driver.GroupUpdated
	GroupDeleted    EventKind = driver.GroupDeleted
	// An entry about an address: one event for each visitor that has it, or one without a visitor.
	// Fields is the channel and, after a slash, the topic.
	ConsentRecorded EventKind = driver.ConsentRecorded
	HealthReported  EventKind = driver.HealthReported  // what stands has changed; Fields is the channel
	TopicChanged    EventKind = driver.TopicChanged    // created, replaced or deleted; Fields is its key
	AudienceCreated EventKind = driver.AudienceCreated // Fields is its id
	AudienceDeleted EventKind = driver.AudienceDeleted
	JobChanged      EventKind = driver.JobChanged // Fields is its id and its new state, or "deleted"
	// A visitor became a member of a watched group, or ceased to be one: see Workspace.WatchGroup. Flip
	// returns what Fields holds. The events of a change come right after its own.
	GroupEntered EventKind = driver.GroupEntered
	GroupLeft    EventKind = driver.GroupLeft
	GroupWatched EventKind = driver.GroupWatched // Fields is "on" or "off"
)

// Events iterates over the events after a number (0: from the first), in order, up to the
// last. An error ends the iteration.
func (w *Workspace) Events(ctx context.Context, after Seq) iter.Seq2[Event, error] {
	return w.events(ctx, driver.EventQuery{After: after})
}

// EventsOf iterates over the events about one visitor, in order: its history. An event is
// about the visitor that it names as Visitor or Other; ids are not followed to the visitor
// that they were merged into. An error ends the iteration; it matches ErrInvalid for a
// malformed id.
func (w *Workspace) EventsOf(ctx context.Context, id visitor.ID) iter.Seq2[Event, error] {
	id, err := visitor.ParseID(string(id))
	if err != nil {
		return func(yield func(Event, error) bool) { yield(Event{}, fail("read events", err)) }
	}
	return w.events(ctx, driver.EventQuery{Visitor: id})
}

func (w *Workspace) events(ctx context.Context, q driver.EventQuery) iter.Seq2[Event, error] {
	start := q.After
	found := pages("read events", func(after Seq, limit int) ([]driver.Event, error) {
		q.After, q.Limit = max(after, start), limit
		return w.store.Events(ctx, w.id, q)
	}, func(e driver.Event) Seq { return e.Seq })
	return func(yield func(Event, error) bool) {
		for e, err := range found {
			if !yield(Event(e), err) {
				return
			}
		}
	}
}
