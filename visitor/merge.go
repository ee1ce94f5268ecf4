package visitor

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/contactpipeline/visitors/tag"
)

// Merge returns into with all that from has: every identity, tag, group and attribute. Of
// a field that both have, what was given by hand goes before what a channel told, a real
// name before one that was made up; of two given by hand into's stays, of two that were
// told the one that the policy prefers. The source is that of the visitor who was made
// first. Of a tag that both carry the earlier assignment stays, of a group what was done
// with into. CreatedAt, UpdatedAt and Revision are into's.
func (p Policy) Merge(into, from Visitor) Visitor {
	v := into.Clone()
	for _, field := range profileFields(into, from) {
		if p.prefers(field, from, into) {
			v.copyField(field, from)
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
	for _, g := range from.Groups {
		if !slices.Contains(v.Groups, g) && !slices.Contains(v.Excluded, g) {
			v.Groups = append(v.Groups, g)
		}
	}
	for _, g := range from.Excluded {
		if !slices.Contains(v.Groups, g) && !slices.Contains(v.Excluded, g) {
			v.Excluded = append(v.Excluded, g)
		}
	}
	if from.LastSeenAt.After(v.LastSeenAt) {
		v.LastSeenAt = from.LastSeenAt
	}
	if v.Placeholder() {
		v.callSomehow(v.Origins["name"])
	}
	return v.sorted()
}

// sorted puts the lists of v in their order; what is empty is nil.
func (v Visitor) sorted() Visitor {
	slices.SortFunc(v.Identities, Identity.Compare)
	slices.SortFunc(v.Tags, tag.Assignment.Compare)
	slices.Sort(v.Groups)
	slices.Sort(v.Excluded)
	for _, empty := range []func(){
		func() { v.Identities = orNil(v.Identities) },
		func() { v.Tags = orNil(v.Tags) },
		func() { v.Groups = orNil(v.Groups) },
		func() { v.Excluded = orNil(v.Excluded) },
	} {
		empty()
	}
	if len(v.Attributes) == 0 {
		v.Attributes = nil
	}
	if len(v.Origins) == 0 {
		v.Origins = nil
	}
	return v
}

func orNil[T any](list []T) []T {
	if len(list) == 0 {
		return nil
	}
	return list
}

// profileFields are the names of the fields that any of the visitors may have a value of
// its own in, in order.
func profileFields(visitors ...Visitor) []string {
	names := map[string]bool{"name": true, "email": true, "phone": true}
	for _, v := range visitors {
		for name := range v.Attributes {
			names[attrField(name)] = true
		}
		for field := range v.Origins {
			names[field] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// prefers reports whether a's value of a field goes over b's.
func (p Policy) prefers(field string, a, b Visitor) bool {
	new, told := a.word(field)
	old, known := b.word(field)
	byHand, wasByHand := !told && new.value != "", !known && old.value != ""
	switch {
	case new.value == "" || wasByHand:
		return false
	case byHand || old.value == "":
		return true
	}
	return p.fillOf(field).beats(new, old)
}

func (p Policy) fillOf(field string) Fill {
	switch field {
	case "name":
		return p.Name.or(IfNewer)
	case "email":
		return p.Email.or(IfEmpty)
	case "phone":
		return p.Phone.or(IfEmpty)
	}
	return p.Attributes.or(IfEmpty)
}

// word returns the value of a field and its origin, if it has one.
func (v Visitor) word(field string) (w word, told bool) {
	w.Origin, told = v.Origins[field]
	switch field {
	case "name":
		w.value = v.Name
	case "email":
		w.value = v.Email
	case "phone":
		w.value = v.Phone
	default:
		w.value = v.Attributes[attributeOf(field)].word()
	}
	return w, told
}

func attributeOf(field string) string { return field[len("attr."):] }

// copyField makes a field of v what it is of u, with its origin.
func (v *Visitor) copyField(field string, u Visitor) {
	switch field {
	case "name":
		v.Name = u.Name
	case "email":
		v.Email = u.Email
	case "phone":
		v.Phone = u.Phone
	default:
		name := attributeOf(field)
		if value, ok := u.Attributes[name]; ok {
			v.Attributes = v.Attributes.Merge(Attributes{name: value}, nil)
		} else {
			v.Attributes = v.Attributes.Merge(nil, []string{name})
		}
	}
	if o, ok := u.Origins[field]; ok {
		v.setOrigin(field, o)
	} else {
		delete(v.Origins, field)
	}
}

// Rival reports whether v and u have ids that cannot be one person's, so that nothing but
// a decision by hand makes one visitor of them.
func (v Visitor) Rival(u Visitor) bool { return rivals(v.Identities, u.Identities) }

// Merged is what a merge made of two visitors, kept so that it can be undone.
type Merged struct {
	Into   Visitor `json:"into"`   // before
	From   Visitor `json:"from"`   // before
	Result Visitor `json:"result"` // right after
}

// Undo returns the two visitors of a merge again, out of what has become of the one. What
// came from one of them alone goes back to it as it is now; what both had, each gets as it
// was. What has changed since stays with the survivor, unless a channel told it through an
// identity that goes back.
func (m Merged) Undo(now Visitor) (into, from Visitor) {
	into, from = now.Clone(), m.From.Clone()
	for _, field := range profileFields(now, m.Into, m.From) {
		current, told := now.word(field)
		after, _ := m.Result.word(field)
		switch {
		case current == after:
			into.copyField(field, m.Into)
		case told && m.From.Identified(current.identity()) >= 0:
			from.copyField(field, now)
			into.copyField(field, m.Into)
		}
	}
	if now.Source == m.Result.Source {
		into.Source = m.Into.Source
	}
	into.Identities = slices.DeleteFunc(into.Identities, func(i Identity) bool { return m.From.Identified(i) >= 0 })
	from.Identities = slices.DeleteFunc(slices.Clone(now.Identities), func(i Identity) bool { return m.From.Identified(i) < 0 })
	into.Tags, from.Tags = parted(now.Tags, m.Into.Tags, m.From.Tags, m.Result.Tags,
		func(a tag.Assignment) tag.ID { return a.Tag },
		func(a, b tag.Assignment) bool { return a.At.Equal(b.At) && a.By == b.By && a.Cause == b.Cause })
	group := func(g GroupID) GroupID { return g }
	equal := func(a, b GroupID) bool { return a == b }
	into.Groups, from.Groups = parted(now.Groups, m.Into.Groups, m.From.Groups, m.Result.Groups, group, equal)
	into.Excluded, from.Excluded = parted(now.Excluded, m.Into.Excluded, m.From.Excluded, m.Result.Excluded, group, equal)
	into.LastSeenAt, from.LastSeenAt = m.Into.lastSeen(into.Identities), m.From.lastSeen(from.Identities)
	return into.sorted(), from.sorted()
}

// lastSeen is when v was last seen, given that it has those identities now.
func (v Visitor) lastSeen(identities []Identity) (last time.Time) {
	last = v.LastSeenAt
	for _, i := range identities {
		if i.LastSeen.After(last) {
			last = i.LastSeen
		}
	}
	return last
}

// parted parts a list again that was merged of two. An item that is not as the merge left
// it was put on since.
func parted[T any, K comparable](now, into, from, result []T, key func(T) K, equal func(a, b T) bool) (a, b []T) {
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
		if in(into, item) >= 0 || in(now, item) >= 0 {
			b = append(b, item)
		}
	}
	return a, b
}

// Choice is what a merge makes of one field.
type Choice struct {
	Field  string `json:"field"` // as Changed names it
	Into   string `json:"into,omitempty"`
	From   string `json:"from,omitempty"`
	Result string `json:"result,omitempty"`
}

// Choices returns what a merge makes of each field that not both have alike.
func (m Merged) Choices() []Choice {
	var choices []Choice
	for _, field := range append(profileFields(m.Into, m.From), "source") {
		c := Choice{field, m.Into.shown(field), m.From.shown(field), m.Result.shown(field)}
		if c.Into != c.From {
			choices = append(choices, c)
		}
	}
	slices.SortFunc(choices, func(a, b Choice) int { return cmp.Compare(a.Field, b.Field) })
	return choices
}

// shown is a field for a person to read.
func (v Visitor) shown(field string) string {
	switch field {
	case "name":
		return v.Name
	case "email":
		return v.Email
	case "phone":
		return v.Phone
	case "source":
		return string(v.Source)
	}
	value := v.Attributes[attributeOf(field)]
	if value.kind == "" {
		return ""
	}
	return value.String()
}
