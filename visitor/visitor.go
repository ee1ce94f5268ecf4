package visitor

import (
	"fmt"
	"slices"
	"time"

	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/tag/id"
	"github.com/contactpipeline/visitors/tag/text"
)

// ErrInvalid is matched by every error that refuses input.
var ErrInvalid = text.ErrInvalid

// FieldError refuses the value of one field; it matches ErrInvalid.
type FieldError = text.FieldError

// ID identifies a visitor for ever. It is a UUIDv7 in the 36-character form, minted
// from the visitor's CreatedAt, so that the order of ids is the order of creation.
type ID string

// NewID mints an id for a visitor created at t.
func NewID(t time.Time) ID { return ID(id.New(t)) }

// ParseID reads an id in the 36-character form, or returns a *FieldError.
func ParseID(s string) (ID, error) {
	parsed, err := id.Parse("visitor id", s)
	return ID(parsed), err
}

// Time returns the time the id was minted for, to the microsecond, or false when it
// is not a UUIDv7.
func (i ID) Time() (time.Time, bool) { return id.Time(string(i)) }

// UnmarshalText reads what ParseID reads.
func (i *ID) UnmarshalText(b []byte) (err error) {
	*i, err = ParseID(string(b))
	return err
}

// GroupID identifies a contact group; group.ID is the same type.
type GroupID string

// NewGroupID mints an id for a group made at t.
func NewGroupID(t time.Time) GroupID { return GroupID(id.New(t)) }

// ParseGroupID reads an id in the 36-character form, or returns a *FieldError.
func ParseGroupID(s string) (GroupID, error) {
	parsed, err := id.Parse("group id", s)
	return GroupID(parsed), err
}

// UnmarshalText reads what ParseGroupID reads.
func (i *GroupID) UnmarshalText(b []byte) (err error) {
	*i, err = ParseGroupID(string(b))
	return err
}

// Visitor is one person who reached the business. Times are UTC, to the
// microsecond. Lists are sorted (Tags by name, Groups by id, Identities by source,
// account, external id) and nil when empty.
type Visitor struct {
	ID         ID               `json:"id"`
	Name       string           `json:"name"`
	Email      string           `json:"email,omitempty"`
	Phone      string           `json:"phone,omitempty"` // E.164: + and digits
	Source     Source           `json:"source"`          // where the person was first met
	Identities []Identity       `json:"identities,omitempty"`
	Tags       []tag.Assignment `json:"tags,omitempty"`
	Groups     []GroupID        `json:"groups,omitempty"`   // groups joined by hand; a group's rule adds none here
	Excluded   []GroupID        `json:"excluded,omitempty"` // groups with a rule that the visitor was taken out of by hand
	Attributes Attributes       `json:"attributes,omitempty"`
	Origins    Origins          `json:"origins,omitempty"` // of the fields that channels filled
	CreatedAt  time.Time        `json:"created_at"`
	UpdatedAt  time.Time        `json:"updated_at"`            // last change of the profile; tags and groups do not touch it
	LastSeenAt time.Time        `json:"last_seen_at,omitzero"` // last sign of life on a channel; zero: never
	Revision   int64            `json:"revision"`              // 1 when created, one more with each change of the profile
}

// Clone returns a copy that shares nothing with v.
func (v Visitor) Clone() Visitor {
	v.Identities = slices.Clone(v.Identities)
	v.Tags = slices.Clone(v.Tags)
	v.Groups = slices.Clone(v.Groups)
	v.Excluded = slices.Clone(v.Excluded)
	v.Attributes = v.Attributes.Clone()
	v.Origins = v.Origins.Clone()
	return v
}

// CheckLimits returns a *FieldError when v has more than MaxTags, MaxGroups,
// MaxIdentities or MaxAttributes: what Rules let through one by one may add up.
func (v Visitor) CheckLimits() error {
	for _, list := range []struct {
		field      string
		has, limit int
	}{
		{"tags", len(v.Tags), MaxTags},
		{"groups", len(v.Groups) + len(v.Excluded), MaxGroups},
		{"identities", len(v.Identities), MaxIdentities},
		{"attributes", len(v.Attributes), MaxAttributes},
	} {
		if err := CheckLimit(list.field, list.has, list.limit); err != nil {
			return err
		}
	}
	return nil
}

// CheckLimit returns a *FieldError when there is more of a field than its limit.
func CheckLimit(field string, has, limit int) error {
	if has > limit {
		return text.Refuse(field, fmt.Sprintf("more than %d", limit))
	}
	return nil
}
