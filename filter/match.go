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
	case Inverse:
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
		return !at.IsZero() && (t.Op == OpExists || t.between(at.UnixMicro()))
	case TagKind:
		if t.Op == OpExists {
			return len(v.Tags) > 0
		}
		for i := range v.Tags {
			if t.has(string(v.Tags[i].Tag)) {
				return true
			}
		}
		return false
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

func (t *Test) between(micros int64) bool { return micros >= t.Min && micros <= t.Max }

func (t *Test) matchText(s string) bool {
	switch t.Op {
	case OpExists:
		return true
	case OpContains:
		return text.Contains(s, t.Texts[0])
	case OpPrefix:
		return text.HasPrefix(s, t.Texts[0])
	case OpSuffix:
		return text.HasSuffix(s, t.Texts[0])
	}
	if len(t.Texts) > 4 {
		return t.has(text.Fold(s))
	}
	for _, wanted := range t.Texts {
		if text.Equal(s, wanted) {
			return true
		}
	}
	return false
}

func (t *Test) matchPhone(s string) bool {
	switch t.Op {
	case OpExists:
		return s != ""
	case OpContains:
		return strings.Contains(s, t.Texts[0])
	case OpPrefix:
		return strings.HasPrefix(s, t.Texts[0])
	case OpSuffix:
		return strings.HasSuffix(s, t.Texts[0])
	}
	return t.has(s)
}

func (t *Test) matchGroups(v *visitor.Visitor) bool {
	groups := v.Groups
	switch t.Op {
	case OpExists:
		return len(groups) > 0
	case OpExcluded:
		groups = v.Excluded
	}
	for _, g := range groups {
		if t.has(string(g)) {
			return true
		}
	}
	return false
}

func (t *Test) matchIdentities(identities []visitor.Identity) bool {
	if t.Op == OpExists {
		return len(identities) > 0
	}
	for i := range identities {
		for _, ref := range t.Refs {
			if ref.Source == identities[i].Source &&
				(ref.Account == "" || ref.Account == identities[i].Account) &&
				(ref.ExternalID == "" || ref.ExternalID == identities[i].ExternalID) {
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
		return t.Kind == NumberValue && value.Number() >= t.MinNumber && value.Number() <= t.MaxNumber
	case visitor.BoolKind:
		return t.Kind == BoolValue && value.Bool() == (t.MinNumber == 1)
	case visitor.TimeKind:
		return t.Kind == TimeValue && t.between(value.Micros())
	}
	return false
}
