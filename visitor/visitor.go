package visitor

import (
	"cmp"
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
// microsecond. Lists are sorted (Tags by name, Memberships and Excluded by group id,
// Identities by source, account, external id) and nil when empty.
type Visitor struct {
	ID          ID               `json:"id"`
	Name        string           `json:"name"`
	Email       string           `json:"email,omitempty"`
	Phone       string           `json:"phone,omitempty"` // E.164: + and digits
	Source      Source           `json:"source"`          // where the person was first met
	Identities  []Identity       `json:"identities,omitempty"`
	Tags        []tag.Assignment `json:"tags,omitempty"`
	Memberships []Membership     `json:"memberships,omitempty"` // groups it was added to, ordered by id; a group's rule adds none here
	Excluded    []GroupID        `json:"excluded,omitempty"`    // groups with a rule that it was removed from
	Attributes  Attributes       `json:"attributes,omitempty"`
	Provenance  Provenances      `json:"provenance,omitempty"` // of the fields that channels filled
	CreatedAt   time.Time        `json:"created_at"`
	UpdatedAt   time.Time        `json:"updated_at"`            // last change of the profile; tags and groups do not touch it
	LastSeenAt  time.Time        `json:"last_seen_at,omitzero"` // last sign of life on a channel; zero: never
	Revision    int64            `json:"revision"`              // 1 when created, one more with each change of the profile
}

// Membership says that a visitor was added to a group, when, by whom and why. Memberships
// from before schema version 3 have only the group.
type Membership struct {
	Group GroupID   `json:"group"`
	At    time.Time `json:"at,omitzero"`
	Actor string    `json:"actor,omitempty"` // who added the visitor, as the host names its users
	Cause string    `json:"cause,omitempty"` // a rule, a campaign, an import
}

// MemberOf reports whether the visitor was added to a group.
func (v Visitor) MemberOf(g GroupID) bool {
	return slices.ContainsFunc(v.Memberships, func(m Membership) bool { return m.Group == g })
}

// Groups returns the groups that the visitor was added to.
func (v Visitor) Groups() []GroupID {
	if len(v.Memberships) == 0 {
		return nil
	}
	groups := make([]GroupID, len(v.Memberships))
	for n, m := range v.Memberships {
		groups[n] = m.Group
	}
	return groups
}

// Clone returns a copy that shares nothing with v.
func (v Visitor) Clone() Visitor {
	v.Identities = slices.Clone(v.Identities)
	v.Tags = slices.Clone(v.Tags)
	v.Memberships = slices.Clone(v.Memberships)
	v.Excluded = slices.Clone(v.Excluded)
	v.Attributes = v.Attributes.Clone()
	v.Provenance = v.Provenance.Clone()
	return v
}

// Sorted returns v with its lists in the order in which stores return them; empty ones
// are nil. It sorts in place.
func (v Visitor) Sorted() Visitor {
	slices.SortFunc(v.Identities, Identity.Compare)
	slices.SortFunc(v.Tags, tag.Assignment.Compare)
	slices.SortFunc(v.Memberships, func(a, b Membership) int { return cmp.Compare(a.Group, b.Group) })
	slices.Sort(v.Excluded)
	v.Identities, v.Tags, v.Memberships, v.Excluded = nilIfEmpty(v.Identities), nilIfEmpty(v.Tags), nilIfEmpty(v.Memberships), nilIfEmpty(v.Excluded)
	if len(v.Attributes) == 0 {
		v.Attributes = nil
	}
	if len(v.Provenance) == 0 {
		v.Provenance = nil
	}
	return v
}

func nilIfEmpty[T any](list []T) []T {
	if len(list) == 0 {
		return nil
	}
	return list
}

// CheckLimits returns a *FieldError when v has more than MaxTags, MaxGroups,
// MaxIdentities or MaxAttributes: what Rules let through one by one may add up.
func (v Visitor) CheckLimits() error {
	for _, list := range []struct {
		field      string
		has, limit int
	}{
		{"tags", len(v.Tags), MaxTags},
		{"groups", len(v.Memberships) + len(v.Excluded), MaxGroups},
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
