package visitor

import (
	"maps"
	"time"
)

// Origins tell where the fields of a profile come from, by the names that Changed gives
// them. A field that has a value and no origin was given by hand.
type Provenances map[string]Provenance

// Origin is what a channel told of a field, and when. One with a time alone says that the
// field was cleared by hand.
type Provenance struct {
	At          time.Time `json:"at"` // when it happened on the channel
	Source      Source    `json:"source,omitempty"`
	Account     string    `json:"account,omitempty"`
	ExternalID  string    `json:"external_id,omitempty"`
	Unverified  bool      `json:"unverified,omitempty"`  // nobody has proven it
	Changed     bool      `json:"changed,omitempty"`     // told as what replaces the value before
	Placeholder bool      `json:"placeholder,omitempty"` // of a name that was made up until a real one is told
}

// Clone returns a copy; of none it is nil.
func (o Provenances) Clone() Provenances {
	if len(o) == 0 {
		return nil
	}
	return maps.Clone(o)
}

// Placeholder reports whether the name was made up, for want of one.
func (v Visitor) Placeholder() bool { return v.Provenance["name"].Placeholder }

// byHand returns the origins after those fields of v were set or cleared by hand. If a
// channel knows v, that a field was cleared is recorded: the channel may send the old value
// again.
func (o Provenances) byHand(v Visitor, fields []*profileField, at time.Time) Provenances {
	next := maps.Clone(o)
	for _, f := range fields {
		if delete(next, f.name); f.of(&v).kind != "" || len(v.Identities) == 0 {
			continue
		}
		if next == nil {
			next = Provenances{}
		}
		next[f.name] = Provenance{At: at.UTC().Truncate(time.Microsecond)}
	}
	if len(next) == 0 {
		return nil
	}
	return next
}

// identity is that through which the channel told.
func (o Provenance) identity() Identity {
	return Identity{Source: o.Source, Account: o.Account, ExternalID: o.ExternalID}
}
