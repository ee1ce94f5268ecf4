package visitor

import (
	"maps"
	"time"
)

// Provenances holds the provenance of profile fields, by the field names of Changed. A field
// with a value and without a provenance was set by hand.
type Provenances map[string]Provenance

// Provenance is the event on a channel that a field was filled from. A Provenance with only a
// time means that the field was cleared by hand.
type Provenance struct {
	At          time.Time `json:"at"` // when the event occurred
	Source      Source    `json:"source,omitempty"`
	Account     string    `json:"account,omitempty"`
	ExternalID  string    `json:"external_id,omitempty"`
	Unverified  bool      `json:"unverified,omitempty"`  // typed by the person and not verified
	Changed     bool      `json:"changed,omitempty"`     // the event replaced the previous value, as a WhatsApp number change does
	Placeholder bool      `json:"placeholder,omitempty"` // a generated name, until a real one is known
}

// Clone returns a copy, nil if p is empty.
func (p Provenances) Clone() Provenances {
	if len(p) == 0 {
		return nil
	}
	return maps.Clone(p)
}

// Placeholder reports whether the name is a placeholder, generated because none was known.
func (v Visitor) Placeholder() bool { return v.Provenance["name"].Placeholder }

// edited removes the provenance of fields that were set or cleared by hand. If v has
// identities, clearing a field is recorded, so that a channel which sends the old value again
// does not fill it.
func (v *Visitor) edited(fields []string, at time.Time) {
	v.Provenance = v.Provenance.Clone()
	for _, name := range fields {
		delete(v.Provenance, name)
		if f := (profileField{name: name}); f.get(v).kind == "" && len(v.Identities) > 0 {
			v.setProvenance(name, Provenance{At: at.UTC().Truncate(time.Microsecond)})
		}
	}
	if len(v.Provenance) == 0 {
		v.Provenance = nil
	}
}

// identity returns the identity that the event was about.
func (p Provenance) identity() Identity {
	return Identity{Source: p.Source, Account: p.Account, ExternalID: p.ExternalID}
}
