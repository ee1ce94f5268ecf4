package visitor

import (
	"cmp"
	"slices"
	"time"

	"github.com/contactpipeline/visitors/tag"
)

// Merge returns into with the identities, tags, memberships and attributes of from added.
// Where both have a value, a value set by hand is kept rather than one from a channel, and a
// real name rather than a placeholder. Of two values set by hand, that of into is kept; of two
// from channels, the one that the policy prefers. The source is that of the visitor created
// first. If both have a tag, the earlier assignment is kept; if both have a group, the
// membership or exclusion of into. CreatedAt, UpdatedAt and Revision are those of into.
func (p Policy) Merge(into, from Visitor) Visitor {
	v := into.Clone()
	for _, f := range fieldsOf(into, from) {
		if p.prefers(f, from, into) {
			f.copy(&v, &from)
		}
	}
	if from.ID < into.ID {
		v.Source = from.Source
	}
	for _, i := range from.Identities {
		if v.Identified(i) < 0 {
			v.Identities = append(v.Identities, i.Clone())
		}
	}
	for _, a := range from.Tags {
		switch at := slices.IndexFunc(v.Tags, func(b tag.Assignment) bool { return a.Tag == b.Tag }); {
		case at < 0:
			v.Tags = append(v.Tags, a)
		case a.At.Before(v.Tags[at].At):
			v.Tags[at] = a
		}
	}
	for _, m := range from.Memberships {
		if !v.MemberOf(m.Group) && !slices.Contains(v.Excluded, m.Group) {
			v.Memberships = append(v.Memberships, m)
		}
	}
	for _, g := range from.Excluded {
		if !v.MemberOf(g) && !slices.Contains(v.Excluded, g) {
			v.Excluded = append(v.Excluded, g)
		}
	}
	if from.LastSeenAt.After(v.LastSeenAt) {
		v.LastSeenAt = from.LastSeenAt
	}
	if v.Placeholder() {
		v.setPlaceholderName(v.Provenance["name"].At)
	}
	return v.Sorted()
}

// prefers reports whether the value of a field in a is kept rather than that in b.
func (p Policy) prefers(f *profileField, a, b Visitor) bool {
	new, captured := f.current(&a)
	old, wasCaptured := f.current(&b)
	byHand, wasByHand := !captured && new.value != "", !wasCaptured && old.value != ""
	switch {
	case f.fill == nil || new.value == "" || wasByHand:
		return false
	case byHand || old.value == "":
		return true
	}
	return f.fill(p).prefers(new, old)
}

// Conflicts reports whether v and u have ids that one person cannot have at the same time.
// Such visitors are merged only by hand.
func (v Visitor) Conflicts(u Visitor) bool { return anyConflict(v.Identities, u.Identities) }

// Merged holds two visitors before and after a merge, so that it can be undone.
type Merged struct {
	Into   Visitor `json:"into"`   // before
	From   Visitor `json:"from"`   // before
	Result Visitor `json:"result"` // right after
}

// Undo splits now, the current state of the result, into the two visitors that were merged.
// What only one of them had returns to it as it is now; where both had a value, each gets
// its own back. What changed after the merge stays with into, except for values captured
// through an identity that returns to from.
func (m Merged) Undo(now Visitor) (into, from Visitor) {
	into, from = now.Clone(), m.From.Clone()
	for _, f := range fieldsOf(now, m.Into, m.From) {
		current, captured := f.current(&now)
		after, _ := f.current(&m.Result)
		switch {
		case current == after:
			f.copy(&into, &m.Into)
		case captured && m.From.Identified(current.identity()) >= 0:
			f.copy(&from, &now)
			f.copy(&into, &m.Into)
		}
	}
	into.Identities = slices.DeleteFunc(into.Identities, func(i Identity) bool { return m.From.Identified(i) >= 0 })
	from.Identities = slices.DeleteFunc(now.Clone().Identities, func(i Identity) bool { return m.From.Identified(i) < 0 })
	into.Tags, from.Tags = split(now.Tags, m.Into.Tags, m.From.Tags, m.Result.Tags,
		func(a tag.Assignment) tag.ID { return a.Tag },
		func(a, b tag.Assignment) bool { return a.At.Equal(b.At) && a.Actor == b.Actor && a.Cause == b.Cause })
	into.Memberships, from.Memberships = split(now.Memberships, m.Into.Memberships, m.From.Memberships, m.Result.Memberships,
		func(m Membership) GroupID { return m.Group },
		func(a, b Membership) bool { return a.At.Equal(b.At) && a.Actor == b.Actor && a.Cause == b.Cause })
	into.Excluded, from.Excluded = split(now.Excluded, m.Into.Excluded, m.From.Excluded, m.Result.Excluded,
		func(g GroupID) GroupID { return g }, func(a, b GroupID) bool { return a == b })
	into.LastSeenAt, from.LastSeenAt = m.Into.lastSeen(into.Identities), m.From.lastSeen(from.Identities)
	return into.Sorted(), from.Sorted()
}

// lastSeen returns when v was last seen, given its current identities.
func (v Visitor) lastSeen(identities []Identity) (last time.Time) {
	last = v.LastSeenAt
	for _, i := range identities {
		if i.LastSeen.After(last) {
			last = i.LastSeen
		}
	}
	return last
}

// split divides the items of a merged list between the two visitors. An item that was added or
// changed after the merge stays with into.
func split[T any, K comparable](now, into, from, result []T, key func(T) K, equal func(a, b T) bool) (a, b []T) {
	in := func(list []T, item T) int {
		return slices.IndexFunc(list, func(other T) bool { return key(item) == key(other) })
	}
	for _, item := range now {
		was := in(into, item)
		switch after := in(result, item); {
		case after < 0 || !equal(result[after], item):
			a = append(a, item)
		case was >= 0:
			a = append(a, into[was])
		}
	}
	for _, item := range from {
		removed := in(result, item) >= 0 && in(into, item) < 0 && in(now, item) < 0 // after the merge
		if !removed {
			b = append(b, item)
		}
	}
	return a, b
}

// Choice is the value of one field in both visitors, and the one that the merge keeps.
type Choice struct {
	Field  string `json:"field"` // a name as in Changed
	Into   string `json:"into,omitempty"`
	From   string `json:"from,omitempty"`
	Result string `json:"result,omitempty"`
}

// Choices returns the fields in which the two visitors differ, ordered by name.
func (m Merged) Choices() []Choice {
	var choices []Choice
	for _, f := range fieldsOf(m.Into, m.From) {
		c := Choice{f.name, f.get(&m.Into).String(), f.get(&m.From).String(), f.get(&m.Result).String()}
		if c.Into != c.From {
			choices = append(choices, c)
		}
	}
	slices.SortFunc(choices, func(a, b Choice) int { return cmp.Compare(a.Field, b.Field) })
	return choices
}
