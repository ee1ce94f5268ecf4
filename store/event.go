package store

import (
	"context"
	"iter"
	"time"

	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// Seq numbers the events of a workspace: 1, 2, 3 … without a gap, in the order in which
// the changes became visible.
type Seq int64

// Event tells of one change that had an effect. It holds ids and names of fields, never
// what was in them, so it may outlive the visitor.
type Event struct {
	Seq     Seq        `json:"seq"`
	Kind    EventKind  `json:"kind"`
	At      time.Time  `json:"at"`
	Visitor visitor.ID `json:"visitor,omitempty"`
	Other   visitor.ID `json:"other,omitempty"`  // of a merge: the id that is no visitor's own any more; of an unmerge: that is again
	Tags    []tag.ID   `json:"tags,omitempty"`   // put on, taken off, or made, in the order of ids
	Groups  []group.ID `json:"groups,omitempty"` // joined, left, or made, in the order of ids
	Fields  []string   `json:"fields,omitempty"` // of an update: the fields that changed, sorted
}

// EventKind says what happened.
type EventKind string

// The kinds of events.
const (
	VisitorCreated  EventKind = "visitor.created"
	VisitorUpdated  EventKind = "visitor.updated"
	VisitorDeleted  EventKind = "visitor.deleted"
	VisitorTagged   EventKind = "visitor.tagged"
	VisitorUntagged EventKind = "visitor.untagged"
	VisitorSeen     EventKind = "visitor.seen" // a sign of life that told nothing new of the profile
	VisitorMerged   EventKind = "visitor.merged"
	VisitorUnmerged EventKind = "visitor.unmerged"
	VisitorJoined   EventKind = "visitor.joined"
	VisitorLeft     EventKind = "visitor.left"
	TagCreated      EventKind = "tag.created"
	TagUpdated      EventKind = "tag.updated"
	TagDeleted      EventKind = "tag.deleted"
	GroupCreated    EventKind = "group.created"
	GroupUpdated    EventKind = "group.updated"
	GroupDeleted    EventKind = "group.deleted"
)

// Events iterates over the events after the one with that number (0: from the first), in
// order, up to the last one there is. An error ends it.
func (w *Workspace) Events(ctx context.Context, after Seq) iter.Seq2[Event, error] {
	start := after
	return pages("read events", func(after Seq, limit int) ([]Event, error) {
		return w.store.Events(ctx, w.id, max(after, start), limit)
	}, func(e Event) Seq { return e.Seq })
}
