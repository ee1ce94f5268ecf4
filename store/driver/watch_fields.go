package driver

import (
	"maps"
	"slices"

	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

// fieldSet is a set of fields that rules read, as bits.
type fieldSet uint32

const (
	otherField fieldSet = 1 << 31 // one that is not in watchedFields
	everyField          = ^fieldSet(0)
)

// watchedFields are the fields that a rule can read: how to tell whether they differ, and the part of
// a visitor that they are in. Those that a rule cannot read when it is watched are left out.
var watchedFields = []struct {
	name   string
	part   Parts
	differ func(a, b *visitor.Visitor) bool
}{
	{"seen", Profile, func(a, b *visitor.Visitor) bool { return !a.LastSeenAt.Equal(b.LastSeenAt) }},
	{"updated", Profile, func(a, b *visitor.Visitor) bool { return !a.UpdatedAt.Equal(b.UpdatedAt) }},
	{"created", Profile, func(a, b *visitor.Visitor) bool { return !a.CreatedAt.Equal(b.CreatedAt) }},
	{"id", 0, func(a, b *visitor.Visitor) bool { return a.ID != b.ID }},
	{"name", Profile, func(a, b *visitor.Visitor) bool { return a.Name != b.Name }},
	{"email", Profile, func(a, b *visitor.Visitor) bool { return a.Email != b.Email }},
	{"phone", Profile, func(a, b *visitor.Visitor) bool { return a.Phone != b.Phone }},
	{"source", Profile, func(a, b *visitor.Visitor) bool { return a.Source != b.Source }},
	{"tag", Tags, func(a, b *visitor.Visitor) bool {
		return !slices.EqualFunc(a.Tags, b.Tags, func(x, y tag.Assignment) bool { return x.Tag == y.Tag })
	}},
	{"group", Groups, func(a, b *visitor.Visitor) bool {
		same := func(x, y visitor.Membership) bool { return x.Group == y.Group }
		return !slices.EqualFunc(a.Memberships, b.Memberships, same) ||
			!slices.EqualFunc(a.Excluded, b.Excluded, func(x, y group.ID) bool { return x == y })
	}},
	{"identity", Identities, func(a, b *visitor.Visitor) bool {
		return !slices.EqualFunc(a.Identities, b.Identities, visitor.Identity.Is)
	}},
	{"inbox", Identities, func(a, b *visitor.Visitor) bool {
		same := func(x, y visitor.Identity) bool { return slices.Equal(x.Inboxes, y.Inboxes) }
		return !slices.EqualFunc(a.Identities, b.Identities, same)
	}},
	{"attr", Attributes, func(a, b *visitor.Visitor) bool {
		return !maps.EqualFunc(a.Attributes, b.Attributes, visitor.Value.Equal)
	}},
	{"health", Consents, func(a, b *visitor.Visitor) bool { return !slices.EqualFunc(a.Health, b.Health, consent.Health.Equal) }},
}

// fieldNamed returns the set with one field.
func fieldNamed(name string) fieldSet {
	for n, f := range watchedFields {
		if f.name == name {
			return 1 << n
		}
	}
	return otherField
}

// parts returns the parts of a visitor in which fields are.
func (s fieldSet) parts() (p Parts) {
	for n, f := range watchedFields {
		if s&(1<<n) != 0 {
			p |= f.part
		}
	}
	if s&otherField != 0 {
		return AllParts
	}
	return p
}

// differing returns those of the fields that differ between two states of a visitor, nil if it does
// not exist.
func (s fieldSet) differing(before, after *visitor.Visitor) (changed fieldSet) {
	if before == nil || after == nil {
		return everyField
	}
	changed = s & otherField
	for n, f := range watchedFields {
		if s&(1<<n) != 0 && f.differ(before, after) {
			changed |= 1 << n
		}
	}
	return changed
}
