package filter

import (
	"bytes"
	"encoding/json"
	"math"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/contactpipeline/visitors/filter/bound"
	"github.com/contactpipeline/visitors/tag/id"
	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

// maxFolded is the most bytes of a folded operand: one byte can fold to eighteen.
const maxFolded = 18 * MaxText

// UnmarshalJSON reads the form that MarshalJSON writes. It does not trust its input: it
// returns an *Error for a tree that Bind cannot return, for example one with an operand that
// is not folded, an operator that the field does not have, or more than MaxBound nodes.
func (b *Bound) UnmarshalJSON(in []byte) error {
	var form boundForm
	dec := json.NewDecoder(bytes.NewReader(in))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&form); err != nil {
		return refuse("not a bound filter")
	}
	root, err := new(boundSize).read(form, maxBoundDepth)
	if err != nil {
		return err
	}
	if again, _ := formOf(root, maxBoundDepth); !reflect.DeepEqual(again, form) {
		return refuse("a node with parts of another kind")
	}
	*b = Bound{&root}
	return nil
}

// read returns the node of f. It ignores parts that belong to another kind of node.
func (b *boundSize) read(f boundForm, levels int) (bound.Node, error) {
	if err := b.grow(max(1, len(f.Terms)), 0); err != nil {
		return nil, err
	}
	if levels == 0 {
		return nil, refuse("nested deeper than %d", maxBoundDepth)
	}
	nodes := make([]bound.Node, len(f.Of))
	for i, child := range f.Of {
		var err error
		if nodes[i], err = b.read(child, levels-1); err != nil {
			return nil, err
		}
		if isConstant(nodes[i]) || child.Kind == f.Kind {
			return nil, refuse("a node that is not simplified")
		}
	}
	switch {
	case f.Kind == boundEveryone, f.Kind == boundNobody:
		return bound.Constant(f.Kind == boundEveryone), nil
	case f.Kind == boundAll && len(nodes) >= 2:
		return bound.AllOf(nodes), nil
	case f.Kind == boundAny && len(nodes) >= 2:
		return bound.AnyOf(nodes), nil
	case f.Kind == boundNot && len(nodes) == 1:
		return bound.Negation{Of: nodes[0]}, nil
	case f.Kind == boundTerms && len(f.Terms) > 0:
		if !slices.ContainsFunc(f.Terms, func(t bound.Term) bool { return !isTerm(t) }) {
			return bound.Terms(f.Terms), nil
		}
		return nil, refuse("a term that is not folded")
	case f.Kind == boundTest:
		return b.test(f)
	case f.Kind == boundPermission:
		return b.permission(f)
	}
	return nil, refuse("an unknown kind of node, or one without its parts")
}

func isFolded(s string) bool {
	return s != "" && len(s) <= maxFolded && utf8.ValidString(s) && !strings.ContainsRune(s, 0) && text.Fold(s) == s
}

func (b *boundSize) test(f boundForm) (bound.Node, error) {
	field := bound.FieldNamed(f.Field)
	if field == nil || ofPermission(field.Kind) {
		return nil, refuse("unknown field")
	}
	t := &bound.Test{
		Field: field, Attr: f.Attr, Op: f.Op, Kind: f.As, Texts: f.Texts, Refs: f.Refs,
		Times:   rangesOf(f.Times, math.MinInt64, math.MaxInt64),
		Numbers: rangesOf(f.Numbers, math.Inf(-1), math.Inf(1)),
	}
	if (field.Kind == bound.AttrKind) != visitor.ValidAttributeName(f.Attr) || !hasOp(t) {
		return nil, refuse("the field has no such operator")
	}
	if !hasRanges(t) || !hasRefs(t) || !hasTexts(t) {
		return nil, refuse("operands that do not fit the operator")
	}
	size, values := sizeOf(t)
	return t, b.grow(size-1, values)
}

func (b *boundSize) permission(f boundForm) (bound.Node, error) {
	p := &bound.Permission{
		Field: bound.FieldNamed(f.Field), Channel: f.Channel, Topic: f.Topic, States: f.States, At: f.At,
	}
	if !isPermission(p) {
		return nil, refuse("a permission with parts that do not fit the field")
	}
	return p, b.grow(0, len(p.States))
}

// isPermission reports whether p has the parts that Bind gives to a permission.
func isPermission(p *bound.Permission) bool {
	if p.Field == nil || !ofPermission(p.Field.Kind) || p.Field.Kind == HealthKind && p.At != 0 {
		return false
	}
	topic, states := consent.Topic{Key: p.Topic.Key}, p.States
	if p.Field.Kind == CanKind {
		if states = append(states, ""); topic.Key != "" {
			topic.Default, topic.DoubleOptIn = p.Topic.Default, p.Topic.DoubleOptIn
			if topic.Default != consent.OptIn && topic.Default != consent.OptOut {
				return false
			}
		}
	}
	for i, s := range states {
		ref := PermissionRef{Channel: p.Channel, Topic: topic.Key, State: s}
		if badPermission(p.Field.Kind, ref) != "" || i > 0 && states[i-1] >= s {
			return false
		}
	}
	return len(states) > 0 && reflect.DeepEqual(topic, p.Topic)
}

// hasOp reports whether the field has the operator, and the operator the kind of value.
func hasOp(t *bound.Test) bool {
	if t.Op == bound.OpExcluded {
		return t.Field.Kind == bound.GroupKind && t.Kind == ""
	}
	if !slices.Contains(kindOps[t.Field.Kind], Op(t.Op)) {
		return false
	}
	switch {
	case t.Field.Kind == bound.TimeKind:
		return t.Kind == "" && (t.Op == bound.OpBetween || t.Op == bound.OpExists)
	case t.Field.Kind != bound.AttrKind || t.Op == bound.OpExists:
		return t.Kind == ""
	case t.Op == bound.OpBetween:
		return t.Kind == visitor.NumberKind || t.Kind == visitor.BoolKind || t.Kind == visitor.TimeKind
	}
	return t.Kind == visitor.TextKind && slices.Contains(textOps, Op(t.Op))
}

// hasRanges reports whether the ranges fit the operator: sorted, and apart from each other.
func hasRanges(t *bound.Test) bool {
	isBool := t.Kind == visitor.BoolKind
	isNumber := isBool || t.Kind == visitor.NumberKind
	switch {
	case t.Op != bound.OpBetween:
		return len(t.Times)+len(t.Numbers) == 0
	case isNumber != (len(t.Numbers) > 0) || isNumber == (len(t.Times) > 0):
		return false
	case isBool && slices.ContainsFunc(t.Numbers, func(r bound.Range[float64]) bool {
		return r.Min != r.Max || r.Min != 0 && r.Min != 1
	}):
		return false
	}
	return slices.Equal(t.Times, union(t.Times, 1)) && slices.Equal(t.Numbers, union(t.Numbers, 0))
}

// hasRefs reports whether the identities fit the field and the operator: valid and sorted.
func hasRefs(t *bound.Test) bool {
	if t.Field.Kind != bound.IdentityKind || t.Op != bound.OpIn {
		return len(t.Refs) == 0
	}
	bad := slices.ContainsFunc(t.Refs, func(ref IdentityRef) bool { return badIdentity(ref) != "" })
	return !bad && len(t.Refs) > 0 && slices.Equal(t.Refs, sortedRefs(slices.Clone(t.Refs)))
}

// hasTexts reports whether the texts fit the operator: sorted, and in the form that Bind
// returns.
func hasTexts(t *bound.Test) bool {
	if t.Op == bound.OpExists || t.Op == bound.OpBetween || t.Field.Kind == bound.IdentityKind {
		return len(t.Texts) == 0
	}
	if len(t.Texts) == 0 || t.Op == bound.OpAll && len(t.Texts) == 1 {
		return false
	}
	for i, s := range t.Texts {
		if i > 0 && t.Texts[i-1] >= s || !isNormal(t, s) {
			return false
		}
	}
	return true
}

// isNormal reports whether s is an operand in the form that Bind returns.
func isNormal(t *bound.Test, s string) bool {
	switch t.Field.Kind {
	case bound.IDKind, bound.TagKind, bound.GroupKind:
		parsed, err := id.Parse("id", s)
		return err == nil && parsed == s
	case bound.InboxKind:
		return badText(s) == ""
	case bound.PhoneKind:
		return phoneDigits(s) != "" && normalFor(PhoneKind, Op(t.Op))(s) == s
	}
	return isFolded(s) && strings.TrimSpace(s) != "" && (t.Op != bound.OpIn || strings.TrimSpace(s) == s)
}
