package visitor

import "time"

// Draft is the data to create a visitor from. Name and Source are required.
type Draft struct {
	Name       string     `json:"name"`
	Email      string     `json:"email,omitempty"`
	Phone      string     `json:"phone,omitempty"`
	Source     Source     `json:"source"`
	Tags       []string   `json:"tags,omitempty"`   // names; tags that do not exist are created
	Groups     []GroupID  `json:"groups,omitempty"` // ids of groups to add it to, which must exist
	Identities []Identity `json:"identities,omitempty"`
	Attributes Attributes `json:"attributes,omitempty"`
	CreatedAt  time.Time  `json:"created_at,omitzero"` // default: now; from 1970 to a day from now
}

// Visitor returns the visitor that d, which Rules.Draft has normalized, creates at that time
// with that id. It has neither tags nor groups, which are stored separately.
func (d Draft) Visitor(id ID, at time.Time) Visitor {
	return Visitor{
		ID: id, Name: d.Name, Email: d.Email, Phone: d.Phone, Source: d.Source,
		Identities: d.Identities, Attributes: d.Attributes,
		CreatedAt: d.CreatedAt, UpdatedAt: at, LastSeenAt: Visitor{}.lastSeen(d.Identities), Revision: 1,
	}
}

// Patch changes a profile. A nil field is not changed. A pointer to "" clears the e-mail or
// the phone; the name cannot be cleared.
type Patch struct {
	Name   *string    `json:"name,omitempty"`
	Email  *string    `json:"email,omitempty"`
	Phone  *string    `json:"phone,omitempty"`
	Source *Source    `json:"source,omitempty"`
	Set    Attributes `json:"set,omitempty"`   // attributes to add or replace
	Unset  []string   `json:"unset,omitempty"` // attributes to remove
	// IfRevision applies the patch only to that revision (optimistic locking); 0 applies it
	// to any revision.
	IfRevision int64 `json:"if_revision,omitempty"`
}

// Apply returns v changed by p, which Rules.Patch has normalized, and the names of the fields
// that differ, as Changed returns them. These fields count as set by hand at that time. It does not change UpdatedAt and
// Revision, and does not check IfRevision.
func (p Patch) Apply(v Visitor, at time.Time) (Visitor, []string) {
	before := v
	set(&v.Name, p.Name)
	set(&v.Email, p.Email)
	set(&v.Phone, p.Phone)
	set(&v.Source, p.Source)
	if len(p.Set)+len(p.Unset) > 0 {
		v.Attributes = v.Attributes.Merge(p.Set, p.Unset)
	}
	changed := Changed(before, v)
	if len(changed) > 0 {
		v.edited(changed, at)
	}
	return v, changed
}

func set[T any](field *T, value *T) {
	if value != nil {
		*field = *value
	}
}
