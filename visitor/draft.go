package visitor

import "time"

// Draft is what a caller gives to make a visitor. Name and Source are required.
type Draft struct {
	Name       string     `json:"name"`
	Email      string     `json:"email,omitempty"`
	Phone      string     `json:"phone,omitempty"`
	Source     Source     `json:"source"`
	Tags       []string   `json:"tags,omitempty"`   // names; a tag that is not there yet is made
	Groups     []GroupID  `json:"groups,omitempty"` // groups to join, which must exist
	Identities []Identity `json:"identities,omitempty"`
	Attributes Attributes `json:"attributes,omitempty"`
	CreatedAt  time.Time  `json:"created_at,omitzero"` // default: now; from 1970 to a day from now
}

// Patch changes a profile; nil and empty leave a field as it is. A pointer to ""
// clears the e-mail or the phone; the name cannot be cleared.
type Patch struct {
	Name   *string    `json:"name,omitempty"`
	Email  *string    `json:"email,omitempty"`
	Phone  *string    `json:"phone,omitempty"`
	Source *Source    `json:"source,omitempty"`
	Set    Attributes `json:"set,omitempty"`   // attributes to add or replace
	Unset  []string   `json:"unset,omitempty"` // attributes to remove
	// IfRevision applies the patch only to that revision (optimistic locking);
	// 0 applies it to any.
	IfRevision int64 `json:"if_revision,omitempty"`
}

// Apply returns v changed by p, which Rules have normalised, and whether anything
// differs. It touches neither UpdatedAt nor Revision, nor looks at IfRevision.
func (p Patch) Apply(v Visitor) (Visitor, bool) {
	changed := set(&v.Name, p.Name)
	changed = set(&v.Email, p.Email) || changed
	changed = set(&v.Phone, p.Phone) || changed
	changed = set(&v.Source, p.Source) || changed
	if len(p.Set)+len(p.Unset) > 0 {
		next := v.Attributes.Merge(p.Set, p.Unset)
		if !next.Equal(v.Attributes) {
			v.Attributes, changed = next, true
		}
	}
	return v, changed
}

func set[T comparable](field *T, value *T) bool {
	if value == nil || *value == *field {
		return false
	}
	*field = *value
	return true
}

// Contact is what one event on a channel tells of a person.
type Contact struct {
	Source     Source     `json:"source"`
	Account    string     `json:"account,omitempty"`
	ExternalID string     `json:"external_id"`
	Name       string     `json:"name,omitempty"`
	Username   string     `json:"username,omitempty"`
	Email      string     `json:"email,omitempty"`
	Phone      string     `json:"phone,omitempty"`
	Tags       []string   `json:"tags,omitempty"`
	Attributes Attributes `json:"attributes,omitempty"`
	EventID    string     `json:"event_id,omitempty"`
	OccurredAt time.Time  `json:"occurred_at,omitzero"`
}
