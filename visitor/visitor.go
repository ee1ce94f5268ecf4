package visitor

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/tag/id"
	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor/consent"
)

// ErrInvalid matches, with errors.Is, every error about input that is not valid.
var ErrInvalid = text.ErrInvalid

// FieldError is the error for the value of one field. It matches ErrInvalid.
type FieldError = text.FieldError

// ID is the permanent id of a visitor: a UUIDv7 in the 36-character form, generated from
// CreatedAt, so that ids are in the order of creation.
type ID string

// NewID generates an id for a visitor created at t.
func NewID(t time.Time) ID { return ID(id.New(t)) }

// ParseID parses an id in the 36-character form, or returns a *FieldError.
func ParseID(s string) (ID, error) {
	parsed, err := id.Parse("visitor id", s)
	return ID(parsed), err
}

// Time returns the time that the id was generated from, to the microsecond. It returns false if
// i is not a UUIDv7.
func (i ID) Time() (time.Time, bool) { return id.Time(string(i)) }

// UnmarshalText parses an id as ParseID does.
func (i *ID) UnmarshalText(b []byte) (err error) {
	*i, err = ParseID(string(b))
	return err
}

// GroupID is the id of a group. group.ID is the same type.
type GroupID string

// NewGroupID generates an id for a group created at t.
func NewGroupID(t time.Time) GroupID { return GroupID(id.New(t)) }

// ParseGroupID parses an id in the 36-character form, or returns a *FieldError.
func ParseGroupID(s string) (GroupID, error) {
	parsed, err := id.Parse("group id", s)
	return GroupID(parsed), err
}

// UnmarshalText parses an id as ParseGroupID does.
func (i *GroupID) UnmarshalText(b []byte) (err error) {
	*i, err = ParseGroupID(string(b))
	return err
}

// Visitor is a person who contacted the business. Times are in UTC, to the microsecond. Lists
// are sorted (Tags by name, Memberships and Excluded by group id, Identities by source, account
// and external id), and nil if empty.
type Visitor struct {
	ID          ID               `json:"id"`
	Name        string           `json:"name"`
	Email       string           `json:"email,omitempty"`
	Phone       string           `json:"phone,omitempty"` // E.164: + and digits
	Source      Source           `json:"source"`          // channel of the first contact
	Identities  []Identity       `json:"identities,omitempty"`
	Tags        []tag.Assignment `json:"tags,omitempty"`
	Memberships []Membership     `json:"memberships,omitempty"` // groups it was added to by hand; not those whose rule it matches
	Excluded    []GroupID        `json:"excluded,omitempty"`    // groups with a rule from which it was removed by hand
	Attributes  Attributes       `json:"attributes,omitempty"`
	Provenance  Provenances      `json:"provenance,omitempty"` // of the fields filled from channels
	// Consents and Health are what stands about the addresses of Routes, towards any sender, in
	// the order of subjects and topics. Of the evidence they have only the kind. They come from the
	// store, and are ignored where a visitor is written.
	Consents   []consent.Status `json:"consents,omitempty"`
	Health     []consent.Health `json:"health,omitempty"`
	CreatedAt  time.Time        `json:"created_at"`
	UpdatedAt  time.Time        `json:"updated_at"`            // last change of the profile; tags and groups do not change it
	LastSeenAt time.Time        `json:"last_seen_at,omitzero"` // last event on a channel; zero: never
	Revision   int64            `json:"revision"`              // 1 when created, incremented by each change of the profile
}

// Membership is a group that a visitor was added to, with when, by whom and why. Memberships
// older than schema version 3 have only the group.
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
	for n, i := range v.Identities {
		v.Identities[n] = i.Clone()
	}
	v.Tags = slices.Clone(v.Tags)
	v.Memberships = slices.Clone(v.Memberships)
	v.Excluded = slices.Clone(v.Excluded)
	v.Attributes = v.Attributes.Clone()
	v.Provenance = v.Provenance.Clone()
	v.Consents = slices.Clone(v.Consents)
	v.Health = slices.Clone(v.Health)
	return v
}

// Sorted returns v with its lists sorted as in stores, nil if empty. It sorts in place.
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

// CheckLimits returns a *FieldError if v has more than MaxTags, MaxGroups, MaxIdentities or
// MaxAttributes, which several valid changes together can exceed.
func (v Visitor) CheckLimits() error {
	return cmp.Or(
		CheckLimit("tags", len(v.Tags), MaxTags),
		CheckLimit("groups", len(v.Memberships)+len(v.Excluded), MaxGroups),
		CheckLimit("identities", len(v.Identities), MaxIdentities),
		CheckLimit("attributes", len(v.Attributes), MaxAttributes))
}

// CheckLimit returns a *FieldError if the count of a field is above its limit.
func CheckLimit(field string, has, limit int) error {
	if has > limit {
		return text.Refuse(field, fmt.Sprintf("more than %d", limit))
	}
	return nil
}
