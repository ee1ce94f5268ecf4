package bound

import (
	"slices"
	"time"

	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

// Permission is a condition on what people said about messages on one channel, or on whether
// messages arrive there. It matches by the kind of Field:
//
//   - CanKind: consent.Decide allows a Marketing message about Topic from any sender.
//   - ConsentKind: at least one of the visitor's Consents is about the channel and Topic, and has
//     one of States.
//   - HealthKind: at least one of the visitor's Health is of the channel and has one of States.
type Permission struct {
	Field   *Field
	Channel consent.Channel
	// Topic is the topic as it was defined when the filter was bound; the zero Topic means the whole
	// channel. Only what a decision depends on is set: for CanKind the Key, Default and DoubleOptIn
	// of a topic that is sent on the channel, for ConsentKind the Key, for HealthKind nothing.
	Topic consent.Topic
	// States are values of consent.State or consent.HealthState, sorted and without repeats; of
	// CanKind none.
	States []string
	// At is the time at which the condition is tested, in microseconds since 1970 UTC; for
	// HealthKind it is 0.
	At int64
}

func (p *Permission) match(v *visitor.Visitor) bool {
	switch p.Field.Kind {
	case CanKind:
		return p.allows(v)
	case ConsentKind:
		return p.has(v, p.Topic.Key, p.States)
	case HealthKind:
		return slices.ContainsFunc(v.Health, func(h consent.Health) bool {
			return h.Report.Subject.Channel == p.Channel && slices.Contains(p.States, string(h.Report.State))
		})
	}
	return false
}

var granted = []string{string(consent.Granted)}

// allows is consent.Decide. For a visitor without a grant it is not called if the topic needs one,
// as the routes of a visitor take time.
func (p *Permission) allows(v *visitor.Visitor) bool {
	if p.Topic.Default != consent.OptOut && !p.has(v, p.Topic.Key, granted) && !p.has(v, "", granted) {
		return false
	}
	request := consent.Request{Channel: p.Channel, Topic: p.Topic.Key, Purpose: consent.Marketing}
	facts := consent.Facts{Topic: p.Topic, Routes: v.RoutesOn(p.Channel), Statuses: v.Consents, Health: v.Health}
	return consent.Decide(request, facts, time.UnixMicro(p.At)).Allowed
}

// has reports whether something was said about the topic, or with "" about the whole channel, that
// has one of the states.
func (p *Permission) has(v *visitor.Visitor, topic string, states []string) bool {
	return slices.ContainsFunc(v.Consents, func(s consent.Status) bool {
		return s.Entry.Subject.Channel == p.Channel && s.Entry.Topic == topic &&
			slices.Contains(states, string(s.State(time.UnixMicro(p.At))))
	})
}

// AtTime returns the condition for another time, in microseconds since 1970 UTC.
func (p *Permission) AtTime(micros int64) *Permission {
	q := *p
	q.At = micros
	return &q
}

// NeedsStatement reports whether only visitors match about whose addresses something was said.
func (p *Permission) NeedsStatement() bool {
	return p.Field.Kind != CanKind || p.Topic.Default != consent.OptOut
}

// Instants returns the times at which the answer for a visitor can change without anything being
// recorded, since a statement expires: in microseconds since 1970 UTC, in order, without repeats.
func (p *Permission) Instants(v *visitor.Visitor) (all []int64) {
	if p.Field.Kind == HealthKind {
		return nil
	}
	for _, s := range v.Consents {
		if e := s.Entry; e.Subject.Channel == p.Channel && !e.Expires.IsZero() {
			all = append(all, e.Expires.UnixMicro())
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
