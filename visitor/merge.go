package visitor

import (
	"cmp"
	"slices"
	"time"

	"github.com/contactpipeline/visitors/tag"
)

// Merge returns into with everything that from has as well: identities, tags, memberships
// and attributes. Where both have a value, one that was set by hand wins over one from a
// channel, and a real name over a placeholder; of two set by hand into's stays, of two from
// channels the one that the policy prefers. The source is that of the visitor who was
// created first. If both have a tag, the earlier assignment stays; if both have a group,
// into's membership or exclusion. CreatedAt, UpdatedAt and Revision are into's.
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
			v.Identities = append(v.Identities, i)
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
		v.callSomehow(v.Provenance["name"])
	}
	return v.Sorted()
}

// prefers reports whether a's value of a field wins over b's.
func (p Policy) prefers(f *profileField, a, b Visitor) bool {
	new, told := f.word(&a)
	old, known := f.word(&b)
	byHand, wasByHand := !told && new.value != "", !known && old.value != ""
	switch {
	case f.fill == nil || new.value == "" || wasByHand:
		return false
	case byHand || old.value == "":
		return true
	}
	return f.fill(p).beats(new, old)
}

// Rival reports whether v and u have ids that one person cannot have at the same time. Such
// visitors are only merged by hand.
func (v Visitor) Conflicts(u Visitor) bool { return rivals(v.Identities, u.Identities) }

// Merged is the state of two visitors before and after a merge, with which it can be undone.
type Merged struct {
	Into   Visitor `json:"into"`   // before
	From   Visitor `json:"from"`   // before
	Result Visitor `json:"result"` // right after
}

// Undo splits the result of a merge, as it is now, into the two visitors that were merged.
// What only one of them had goes back to it as it is now; where both had something, each
// gets back its own. What has changed since the merge stays with into, unless it came from
// a channel through an identity that goes back to from.
func (m Merged) Undo(now Visitor) (into, from Visitor) {
	into, from = now.Clone(), m.From.Clone()
	for _, f := range fieldsOf(now, m.Into, m.From) {
		current, told := f.word(&now)
		after, _ := f.word(&m.Result)
		switch {
		case current == after:
			f.copy(&into, &m.Into)
		case told && m.From.Identified(current.identity()) >= 0:
			f.copy(&from, &now)
			f.copy(&into, &m.Into)
		}
	}
	into.Identities = slices.DeleteFunc(into.Identities, func(i Identity) bool { return m.From.Identified(i) >= 0 })
	from.Identities = slices.DeleteFunc(slices.Clone(now.Identities), func(i Identity) bool { return m.From.Identified(i) < 0 })
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

// lastSeen returns when v, which has those identities now, was last seen.
func (v Visitor) lastSeen(identities []Identity) (last time.Time) {
	last = v.LastSeenAt
	for _, i := range identities {
		if i.LastSeen.After(last) {
			last = i.LastSeen
		}
	}
	return last
}

// split splits the items of a list that was merged. An item that is not as the merge left
// it was added or changed since, and stays with into.
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
		removed := in(result, item) >= 0 && in(into, item) < 0 && in(now, item) < 0 // since the merge
		if !removed {
			b = append(b, item)
		}
	}
	return a, b
}

// Choice says which value a merge gives one field.
type Choice struct {
	Field  string `json:"field"` // as Changed names it
	Into   string `json:"into,omitempty"`
	From   string `json:"from,omitempty"`
	Result string `json:"result,omitempty"`
}

// Choices returns the fields in which the merged visitors differ, ordered by name.
func (m Merged) Choices() []Choice {
	var choices []Choice
	for _, f := range fieldsOf(m.Into, m.From) {
		c := Choice{f.name, f.of(&m.Into).String(), f.of(&m.From).String(), f.of(&m.Result).String()}
		if c.Into != c.From {
			choices = append(choices, c)
		}
	}
	slices.SortFunc(choices, func(a, b Choice) int { return cmp.Compare(a.Field, b.Field) })
	return choices
}
