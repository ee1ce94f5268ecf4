package bound

import (
	"slices"
	"strings"

	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

// Match reports whether a node matches v.
func Match(n Node, v *visitor.Visitor) bool {
	switch n := n.(type) {
	case *Test:
		return n.match(v)
	case *Permission:
		return n.match(v)
	case AllOf:
		for _, child := range n {
			if !Match(child, v) {
				return false
			}
		}
		return true
	case AnyOf:
		for _, child := range n {
			if Match(child, v) {
				return true
			}
		}
		return false
	case Negation:
		return !Match(n.Of, v)
	case Terms:
		for _, t := range n {
			if !t.match(v) {
				return false
			}
		}
		return true
	case Constant:
		return bool(n)
	}
	return false
}

func (t Term) match(v *visitor.Visitor) bool {
	return text.Contains(v.Name, t.Text) ||
		text.Contains(v.Email, t.Text) ||
		t.Digits != "" && strings.Contains(v.Phone, t.Digits)
}

func (t *Test) match(v *visitor.Visitor) bool {
	switch t.Field.Kind {
	case EnumKind, IDKind:
		return t.has(t.Field.Text(v))
	case TextKind:
		s := t.Field.Text(v)
		return s != "" && t.matchText(s)
	case PhoneKind:
		s := t.Field.Text(v)
		return s != "" && (t.Op == OpExists || t.matchFolded(s))
	case TimeKind:
		at := t.Field.Time(v)
		return !at.IsZero() && (t.Op == OpExists || t.HasTime(at.UnixMicro()))
	case TagKind:
		return t.matchTags(v)
	case GroupKind:
		return t.matchGroups(v)
	case IdentityKind:
		return t.matchIdentities(v.Identities)
	case InboxKind:
		return t.matchInboxes(v.Identities)
	case AttrKind:
		value, ok := v.Attributes[t.Attr]
		return ok && t.matchAttribute(value)
	}
	return false
}

func (t *Test) has(s string) bool {
	if len(t.Texts) <= 8 {
		return slices.Contains(t.Texts, s)
	}
	_, found := slices.BinarySearch(t.Texts, s)
	return found
}

// HasTime reports whether a time, in microseconds since 1970, is in one of the ranges.
func (t *Test) HasTime(micros int64) bool { return in(micros, t.Times) }

// manyTexts is the number of operands from which the text is folded once, before it is
// compared. Fewer are compared with the text as it is, without an allocation.
const manyTexts = 5

func (t *Test) matchText(s string) bool {
	if t.Op == OpExists {
		return true
	}
	if len(t.Texts) >= manyTexts {
		return t.matchFolded(text.Fold(s))
	}
	switch t.Op {
	case OpContains:
		return t.fits(s, text.Contains)
	case OpPrefix:
		return t.fits(s, text.HasPrefix)
	case OpSuffix:
		return t.fits(s, text.HasSuffix)
	}
	return t.fits(s, text.Equal)
}

// matchFolded tests a folded text, or a phone.
func (t *Test) matchFolded(s string) bool {
	switch t.Op {
	case OpIn:
		return t.has(s)
	case OpPrefix:
		return t.fits(s, strings.HasPrefix)
	case OpSuffix:
		return t.fits(s, strings.HasSuffix)
	}
	return t.fits(s, strings.Contains)
}

func (t *Test) fits(s string, is func(s, operand string) bool) bool {
	for _, operand := range t.Texts {
		if is(s, operand) {
			return true
		}
	}
	return false
}

func (t *Test) matchTags(v *visitor.Visitor) bool {
	if t.Op == OpExists {
		return len(v.Tags) > 0
	}
	return t.matchIDs(len(v.Tags), func(i int) string { return string(v.Tags[i].Tag) })
}

func (t *Test) matchGroups(v *visitor.Visitor) bool {
	switch t.Op {
	case OpExists:
		return len(v.Memberships) > 0
	case OpExcluded:
		return t.matchIDs(len(v.Excluded), func(i int) string { return string(v.Excluded[i]) })
	}
	return t.matchIDs(len(v.Memberships), func(i int) string { return string(v.Memberships[i].Group) })
}

// matchIDs looks for one of the operands, or for all of them, among n ids.
func (t *Test) matchIDs(n int, id func(int) string) bool {
	if t.Op != OpAll {
		for i := range n {
			if t.has(id(i)) {
				return true
			}
		}
		return false
	}
	if len(t.Texts) > n {
		return false
	}
	for _, wanted := range t.Texts {
		i := 0
		for i < n && id(i) != wanted {
			i++
		}
		if i == n {
			return false
		}
	}
	return true
}

func (t *Test) matchIdentities(identities []visitor.Identity) bool {
	if t.Op == OpExists {
		return len(identities) > 0
	}
	for _, i := range identities {
		for _, ref := range [...]IdentityRef{
			{Source: i.Source}, {i.Source, i.Account, ""}, {i.Source, "", i.ExternalID}, {i.Source, i.Account, i.ExternalID},
		} {
			if _, found := slices.BinarySearchFunc(t.Refs, ref, IdentityRef.Compare); found {
				return true
			}
		}
	}
	return false
}

func (t *Test) matchInboxes(identities []visitor.Identity) bool {
	return slices.ContainsFunc(identities, func(i visitor.Identity) bool {
		return t.Op == OpExists && len(i.Inboxes) > 0 || slices.ContainsFunc(i.Inboxes, t.has)
	})
}

func (t *Test) matchAttribute(value visitor.Value) bool {
	if t.Op == OpExists {
		return true
	}
	switch value.Kind() {
	case visitor.TextKind:
		return t.Kind == visitor.TextKind && t.matchText(value.Text())
	case visitor.ListKind:
		if t.Kind != visitor.TextKind {
			return false
		}
		for item := range value.Items {
			if t.matchText(item) {
				return true
			}
		}
		return false
	case visitor.NumberKind:
		return t.Kind == visitor.NumberKind && in(value.Number(), t.Numbers)
	case visitor.BoolKind:
		return t.Kind == visitor.BoolKind && in(numberOfBool(value.Bool()), t.Numbers)
	case visitor.TimeKind:
		return t.Kind == visitor.TimeKind && t.HasTime(value.Micros())
	}
	return false
}

func numberOfBool(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
