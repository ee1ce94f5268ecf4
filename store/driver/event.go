package driver

import (
	"time"

	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// Seq is the number of an event in its workspace: 1, 2, 3 … without gaps, in commit order.
type Seq int64

// Event records one effective change. See store.Event, which has the same fields.
type Event struct {
	Seq     Seq        `json:"seq"`
	Kind    EventKind  `json:"kind"`
	At      time.Time  `json:"at"`
	Visitor visitor.ID `json:"visitor,omitempty"`
	Other   visitor.ID `json:"other,omitempty"`
	Tags    []tag.ID   `json:"tags,omitempty"`
	Groups  []group.ID `json:"groups,omitempty"`
	Fields  []string   `json:"fields,omitempty"`
	Actor   string     `json:"actor,omitempty"`
	Cause   string     `json:"cause,omitempty"`
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
	VisitorSeen     EventKind = "visitor.seen"
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
	// Of consents. The events of an address that several visitors have are one for each of them; one
	// that no visitor has: one without a visitor. Fields is the channel and, after a slash, the topic.
	ConsentRecorded EventKind = "consent.recorded"
	HealthReported  EventKind = "health.reported" // only if what stands has changed; Fields is the channel
	TopicChanged    EventKind = "topic.changed"   // created, replaced or deleted; Fields is its key
	AudienceCreated EventKind = "audience.created"
	AudienceDeleted EventKind = "audience.deleted"
	JobChanged      EventKind = "job.changed" // Fields is its id and its new state, or "deleted"
	// Of watched groups. At is the instant from which the visitor is a member, or not any more. Fields
	// are the FlipCause, "rule:" with the version of the rule, and "bulk" for an import.
	GroupEntered EventKind = "group.entered"
	GroupLeft    EventKind = "group.left"
	GroupWatched EventKind = "group.watched" // or not any more: Fields is "on" or "off"
)
