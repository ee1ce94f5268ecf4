package visitor

import (
	"maps"
	"strings"
	"time"
)

// Origins tell where the fields of a profile come from, by the names that Changed gives
// them. A field that has a value and no origin was given by hand.
type Origins map[string]Origin

// Origin is what a channel told of a field, and when. One with a time alone says that the
// field was cleared by hand.
type Origin struct {
	At          time.Time `json:"at"` // when it happened on the channel
	Source      Source    `json:"source,omitempty"`
	Account     string    `json:"account,omitempty"`
	ExternalID  string    `json:"external_id,omitempty"`
	Claimed     bool      `json:"claimed,omitempty"`     // nobody has proven it
	Changed     bool      `json:"changed,omitempty"`     // told as what replaces the value before
	Placeholder bool      `json:"placeholder,omitempty"` // of a name that was made up until a real one is told
}

// Clone returns a copy; of none it is nil.
func (o Origins) Clone() Origins {
	if len(o) == 0 {
		return nil
	}
	return maps.Clone(o)
}

// Placeholder reports whether the name was made up, for want of one.
func (v Visitor) Placeholder() bool { return v.Origins["name"].Placeholder }

// byHand returns the origins after those fields of v were set or cleared by hand. That one
// was cleared is noted of those whom a channel knows: it may tell the value again.
func (o Origins) byHand(v Visitor, fields []string, at time.Time) Origins {
	next := maps.Clone(o)
	for _, field := range fields {
		if delete(next, field); v.has(field) || len(v.Identities) == 0 {
			continue
		}
		if next == nil {
			next = Origins{}
		}
		next[field] = Origin{At: at.UTC().Truncate(time.Microsecond)}
	}
	if len(next) == 0 {
		return nil
	}
	return next
}

// has reports whether a field of the profile has a value.
func (v Visitor) has(field string) bool {
	if name, ok := strings.CutPrefix(field, "attr."); ok {
		return v.Attributes[name].Kind() != ""
	}
	switch field {
	case "name":
		return v.Name != ""
	case "email":
		return v.Email != ""
	case "phone":
		return v.Phone != ""
	}
	return true
}

// identity is that through which the channel told.
func (o Origin) identity() Identity {
	return Identity{Source: o.Source, Account: o.Account, ExternalID: o.ExternalID}
}
