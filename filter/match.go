package filter

import (
	"slices"
	"strings"

	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

// Match reports whether e matches v. It is the meaning of every expression: a store
// returns the visitors for which Match on the bound expression is true, and no other.
//
// Give it a Bound for speed. Another expression is bound on each call in a nil Env; one
// that needs more (a clock, names, a host's sources), or is not valid, matches nobody.
func Match(e Expr, v visitor.Visitor) bool {
	b, err := Bind(e, nil)
	return err == nil && match(b.Node(), &v)
}

// MatchNode is Match for a node of a bound tree: a back end that answers some nodes by
// other means asks it about the rest.
func MatchNode(n Node, v *visitor.Visitor) bool { return match(n, v) }

func match(n Node, v *visitor.Visitor) bool {
	switch n := n.(type) {
	case *Test:
		return n.match(v)
	case AllOf:
		for _, child := range n {
			if !match(child, v) {
				return false
			}
		}
		return true
	case AnyOf:
		for _, child := range n {
			if match(child, v) {
				return true
			}
		}
		return false
	case Negation:
		return !match(n.Of, v)
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
		return t.has(t.Field.text(v))
	case TextKind:
		s := t.Field.text(v)
		return s != "" && t.matchText(s)
	case PhoneKind:
		return t.matchPhone(t.Field.text(v))
	case TimeKind:
		at := t.Field.time(v)
		return !at.IsZero() && (t.Op == OpExists || t.HasTime(at.UnixMicro()))
	case TagKind:
		return t.matchTags(v)
	case GroupKind:
		return t.matchGroups(v)
	case IdentityKind:
		return t.matchIdentities(v.Identities)
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

// manyTexts is from how many operands on a text is folded before it is compared.
const manyTexts = 5

func (t *Test) matchText(s string) bool {
	if t.Op == OpExists {
		return true
	}
	if len(t.Texts) >= manyTexts {
		return t.matchFolded(text.Fold(s))
	}
	is := text.Equal
	switch t.Op {
	case OpContains:
		is = text.Contains
	case OpPrefix:
		is = text.HasPrefix
	case OpSuffix:
		is = text.HasSuffix
	}
	for _, wanted := range t.Texts {
		if is(s, wanted) {
			return true
		}
	}
	return false
}

// matchFolded tests a text that is folded, or a phone.
func (t *Test) matchFolded(s string) bool {
	is := strings.Contains
	switch t.Op {
	case OpIn:
		return t.has(s)
	case OpPrefix:
		is = strings.HasPrefix
	case OpSuffix:
		is = strings.HasSuffix
	}
	for _, wanted := range t.Texts {
		if is(s, wanted) {
			return true
		}
	}
	return false
}

func (t *Test) matchPhone(s string) bool {
	return s != "" && (t.Op == OpExists || t.matchFolded(s))
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
			if _, found := slices.BinarySearchFunc(t.Refs, ref, IdentityRef.compare); found {
				return true
			}
		}
	}
	return false
}

func (t *Test) matchAttribute(value visitor.Value) bool {
	if t.Op == OpExists {
		return true
	}
	switch value.Kind() {
	case visitor.TextKind:
		return t.Kind == TextValue && t.matchText(value.Text())
	case visitor.ListKind:
		if t.Kind != TextValue {
			return false
		}
		for item := range value.Items {
			if t.matchText(item) {
				return true
			}
		}
		return false
	case visitor.NumberKind:
		return t.Kind == NumberValue && in(value.Number(), t.Numbers)
	case visitor.BoolKind:
		return t.Kind == BoolValue && in(numberOfBool(value.Bool()), t.Numbers)
	case visitor.TimeKind:
		return t.Kind == TimeValue && t.HasTime(value.Micros())
	}
	return false
}

func numberOfBool(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
