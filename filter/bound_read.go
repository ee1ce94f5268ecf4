package filter

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/contactpipeline/visitors/tag/id"
	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

// maxFolded is the bytes of a folded operand: one character may fold to eighteen.
const maxFolded = 18 * MaxText

// UnmarshalJSON reads what MarshalJSON writes. It trusts nobody: it refuses with an
// *Error what Bind could not have made, such as an operand that is not folded, an operator
// that the field does not have, or a tree of more than MaxBound nodes.
func (b *Bound) UnmarshalJSON(in []byte) error {
	var form boundForm
	dec := json.NewDecoder(bytes.NewReader(in))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&form); err != nil {
		return refuse("not a bound filter")
	}
	r := boundReader{nodes: MaxBound, values: MaxBoundValues}
	root, err := r.node(form, maxBoundDepth)
	if err != nil {
		return err
	}
	*b = Bound{&root}
	return nil
}

// boundReader counts how many more nodes and values may come.
type boundReader struct{ nodes, values int }

func (r *boundReader) node(f boundForm, levels int) (Node, error) {
	if r.nodes -= max(1, len(f.Terms)); r.nodes < 0 {
		return nil, refuse("more than %d conditions, with those of groups and lists", MaxBound)
	}
	if levels == 0 {
		return nil, refuse("nested deeper than %d", maxBoundDepth)
	}
	if err := f.only(); err != nil {
		return nil, err
	}
	switch f.Kind {
	case boundEveryone, boundNobody:
		return Constant(f.Kind == boundEveryone), nil
	case boundTerms:
		return f.terms()
	case boundTest:
		return r.test(f)
	}
	nodes := make([]Node, len(f.Of))
	for i, child := range f.Of {
		var err error
		if nodes[i], err = r.node(child, levels-1); err != nil {
			return nil, err
		}
	}
	return joined(f.Kind, nodes)
}

// joined refuses nodes that Bind would have simplified.
func joined(kind boundKind, nodes []Node) (Node, error) {
	for _, n := range nodes {
		simpler := false
		switch n.(type) {
		case Constant:
			simpler = true
		case AllOf:
			simpler = kind == boundAll
		case AnyOf:
			simpler = kind == boundAny
		case Negation:
			simpler = kind == boundNot
		}
		if simpler {
			return nil, refuse("a node that is not simplified")
		}
	}
	switch kind {
	case boundAll:
		return AllOf(nodes), nil
	case boundAny:
		return AnyOf(nodes), nil
	}
	return Negation{nodes[0]}, nil
}

// only refuses a kind that is unknown, and parts that are not of the kind.
func (f boundForm) only() error {
	isTest := f.Field != "" || f.Attr != "" || f.Op != "" || f.As != "" || f.Texts != nil || f.Refs != nil ||
		f.Times != nil || f.Numbers != nil
	ok := false
	switch f.Kind {
	case boundEveryone, boundNobody:
		ok = len(f.Of) == 0 && len(f.Terms) == 0 && !isTest
	case boundAll, boundAny:
		ok = len(f.Of) >= 2 && len(f.Terms) == 0 && !isTest
	case boundNot:
		ok = len(f.Of) == 1 && len(f.Terms) == 0 && !isTest
	case boundTerms:
		ok = len(f.Of) == 0 && len(f.Terms) >= 1 && !isTest
	case boundTest:
		ok = len(f.Of) == 0 && len(f.Terms) == 0
	default:
		return refuse("unknown kind of node")
	}
	if !ok {
		return refuse("a node with parts of another kind")
	}
	return nil
}

func (f boundForm) terms() (Node, error) {
	terms := make(Terms, len(f.Terms))
	for i, t := range f.Terms {
		if !Term(t).valid() {
			return nil, refuse("a term that is not folded")
		}
		terms[i] = Term(t)
	}
	return terms, nil
}

func isFolded(s string) bool {
	return s != "" && len(s) <= maxFolded && utf8.ValidString(s) && !strings.ContainsRune(s, 0) && text.Fold(s) == s
}

func (r *boundReader) test(f boundForm) (Node, error) {
	field := fieldNamed(f.Field)
	if field == nil {
		return nil, refuse("unknown field")
	}
	t := &Test{Field: field, Attr: f.Attr, Op: f.Op, Kind: f.As, Texts: f.Texts}
	if (field.Kind == AttrKind) != visitor.ValidAttributeName(f.Attr) || !t.hasOp() {
		return nil, refuse("the field has no such operator")
	}
	if !t.ranges(f) || !t.refers(f.Refs) || !t.hasTexts() {
		return nil, refuse("operands that do not fit the operator")
	}
	if r.nodes -= sizeOf(t) - 1; r.nodes < 0 {
		return nil, refuse("more than %d conditions, with those of groups and lists", MaxBound)
	}
	if r.values -= valuesOf(t); r.values < 0 {
		return nil, refuse("more than %d values, with those of groups", MaxBoundValues)
	}
	return t, nil
}

// hasOp reports whether the field has the operator, and an attribute the kind of value.
func (t *Test) hasOp() bool {
	if t.Op == OpExcluded {
		return t.Field.Kind == GroupKind && t.Kind == ""
	}
	if !slices.Contains(t.Field.Ops, t.Op) {
		return false
	}
	switch {
	case t.Field.Kind == TimeKind:
		return t.Kind == "" && (t.Op == OpBetween || t.Op == OpExists)
	case t.Field.Kind != AttrKind || t.Op == OpExists:
		return t.Kind == ""
	case t.Op == OpBetween:
		return t.Kind == NumberValue || t.Kind == BoolValue || t.Kind == TimeValue
	}
	return t.Kind == TextValue && slices.Contains([]Op{OpIn, OpContains, OpPrefix, OpSuffix}, t.Op)
}

// ranges takes over the ranges and reports whether the test has those that it should have.
func (t *Test) ranges(f boundForm) bool {
	t.Times = rangesOf(f.Times, math.MinInt64, math.MaxInt64)
	t.Numbers = rangesOf(f.Numbers, math.Inf(-1), math.Inf(1))
	isNumber := t.Kind == NumberValue || t.Kind == BoolValue
	switch {
	case t.Op != OpBetween:
		return len(t.Times)+len(t.Numbers) == 0
	case isNumber != (len(t.Numbers) > 0) || isNumber == (len(t.Times) > 0):
		return false
	case t.Kind == BoolValue && slices.ContainsFunc(t.Numbers, func(r Range[float64]) bool { return r.Min != r.Max || r.Min != 0 && r.Min != 1 }):
		return false
	}
	return slices.Equal(t.Times, union(t.Times, 1)) && slices.Equal(t.Numbers, union(t.Numbers, 0))
}

// refers takes over identities and reports whether the test asks for such.
func (t *Test) refers(refs []identityForm) bool {
	if t.Field.Kind != IdentityKind || t.Op != OpIn {
		return len(refs) == 0
	}
	for _, ref := range refs {
		read := IdentityRef{visitor.Source(ref.Source), ref.Account, ref.ExternalID}
		if badIdentity(read) != "" {
			return false
		}
		t.Refs = append(t.Refs, read)
	}
	return len(refs) > 0 && slices.Equal(t.Refs, sortedRefs(slices.Clone(t.Refs)))
}

// hasTexts reports whether the texts are sorted operands of the operator, spelled as Bind
// spells them.
func (t *Test) hasTexts() bool {
	if t.Op == OpExists || t.Op == OpBetween || t.Field.Kind == IdentityKind {
		return len(t.Texts) == 0
	}
	if len(t.Texts) == 0 || t.Op == OpAll && len(t.Texts) == 1 {
		return false
	}
	for i, s := range t.Texts {
		if i > 0 && t.Texts[i-1] >= s || !t.spelled(s) {
			return false
		}
	}
	return true
}

func (t *Test) spelled(s string) bool {
	switch t.Field.Kind {
	case IDKind, TagKind, GroupKind:
		parsed, err := id.Parse("id", s)
		return err == nil && parsed == s
	case PhoneKind:
		return phoneDigits(s) != "" && phoneFor(t.Op)(s) == s
	}
	return isFolded(s) && strings.TrimSpace(s) != "" && (t.Op != OpIn || strings.TrimSpace(s) == s)
}
