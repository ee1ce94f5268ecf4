package filter

import "github.com/contactpipeline/visitors/visitor"

// Bound is an expression that is ready to run: its names are ids, its dates instants,
// its texts folded. Only Bind makes one, and UnmarshalJSON of what Bind could have made, so
// whoever holds one need not check it. The zero Bound matches nobody.
type Bound struct {
	root *Node // a pointer, so that a Bound becomes an Expr without an allocation
}

// Node returns the tree that engines run.
func (b Bound) Node() Node {
	if b.root == nil {
		return Constant(false)
	}
	return *b.root
}

// Match is the function Match, without a copy of v.
func (b Bound) Match(v *visitor.Visitor) bool { return match(b.Node(), v) }

// Node is a node of a bound tree: Constant, AllOf, AnyOf, Inverse, Terms or *Test.
type Node interface{ node() }

type (
	// Constant matches everyone or nobody.
	Constant bool
	// AllOf matches when each of its two or more nodes does.
	AllOf []Node
	// AnyOf matches when at least one of its two or more nodes does.
	AnyOf []Node
	// Inverse matches when its node does not.
	Negation struct{ Of Node }
	// Terms is a search: it matches when each of its terms is found.
	Terms []Term
	// Term is a folded word to find in the folded name or the folded e-mail or, where
	// Digits is not empty, Digits to find in the digits of the phone. Digits are those of
	// Text or, where these are too few, those of the phone words that Text stands among.
	Term struct{ Text, Digits string }
	// Test is a condition on one field.
	Test struct {
		Field *Field
		Attr  string // the attribute's name, of an AttrKind field
		// Op is OpIn, OpAll, OpContains, OpPrefix, OpSuffix, OpExists, OpBetween or
		// OpExcluded. All but OpAll ask for one of the operands.
		Op Op
		// Kind is what an attribute is tested as: TextValue (a text, or an item of a
		// list), NumberValue, BoolValue or TimeValue. "" for other fields.
		Kind ValueKind
		// Texts are the operands of OpIn on texts, sources and ids, of OpAll (two or more
		// ids), and of OpContains, OpPrefix and OpSuffix. They are sorted, without
		// repeats, and folded; a phone's are digits, with + in front for OpIn and
		// OpPrefix.
		Texts []string
		// Times are the ranges of OpBetween on a time, in microseconds since 1970;
		// math.MinInt64 and math.MaxInt64 leave a side open. They are in order and do
		// not overlap or touch.
		Times []Range[int64]
		// Numbers are the ranges of OpBetween on a number or a bool, which is 0 or 1;
		// infinities leave a side open. They are in order and do not overlap.
		Numbers []Range[float64]
		// Refs are the operands of OpIn on identities, sorted and without repeats.
		Refs []IdentityRef
	}
)

// OpExcluded stands only in bound trees: the visitor was taken out, by hand, of one of
// the groups (whose ids are Texts).
const OpExcluded Op = "excluded"

func (Constant) node() {}
func (AllOf) node()    {}
func (AnyOf) node()    {}
func (Negation) node() {}
func (Terms) node()    {}
func (*Test) node()    {}

// allOf joins nodes, without what adds nothing; nested ones are taken in.
func allOf(nodes []Node) Node {
	list := joinTests(flat[AllOf](nodes, true), true)
	keep, clash := reduceAll(list)
	switch {
	case clash:
		return Constant(false)
	case len(keep) == 0:
		return Constant(true)
	case len(keep) == 1:
		return list[keep[0]]
	}
	return AllOf(at(list, keep))
}

// anyOf joins nodes, without what adds nothing; nested ones are taken in.
func anyOf(nodes []Node) Node {
	list := joinTests(flat[AnyOf](nodes, false), false)
	keep, clash := reduceAny(list)
	switch {
	case clash:
		return Constant(true)
	case len(keep) == 0:
		return Constant(false)
	case len(keep) == 1:
		return list[keep[0]]
	}
	return AnyOf(at(list, keep))
}

// flat takes in nested lists of the kind L and leaves out the constant that changes nothing.
func flat[L ~[]Node](nodes []Node, neutral Constant) []Node {
	list := make([]Node, 0, len(nodes))
	for _, n := range nodes {
		nested, isNested := any(n).(L)
		switch {
		case isNested:
			list = append(list, nested...)
		case n == !neutral:
			return []Node{n}
		case n != neutral:
			list = append(list, n)
		}
	}
	return list
}

func at[T any](list []T, indexes []int) []T {
	picked := make([]T, len(indexes))
	for i, index := range indexes {
		picked[i] = list[index]
	}
	return picked
}

func inverse(n Node) Node {
	switch n := n.(type) {
	case Constant:
		return !n
	case Negation:
		return n.Of
	}
	return Negation{n}
}

func isConstant(n Node) bool {
	_, ok := n.(Constant)
	return ok
}

// valuesOf counts the values of a tree.
func valuesOf(n Node) int {
	values := 0
	switch n := n.(type) {
	case AllOf:
		for _, child := range n {
			values += valuesOf(child)
		}
	case AnyOf:
		for _, child := range n {
			values += valuesOf(child)
		}
	case Negation:
		return valuesOf(n.Of)
	case *Test:
		return len(n.Texts) + len(n.Times) + len(n.Numbers) + len(n.Refs)
	}
	return values
}

// sizeOf counts the nodes of a tree, as MaxBound does.
func sizeOf(n Node) int {
	size := 1
	switch n := n.(type) {
	case *Test:
		if n.Op != OpIn && n.Op != OpExcluded {
			size = max(1, len(n.Texts)+len(n.Times)+len(n.Numbers))
		}
	case AllOf:
		for _, child := range n {
			size += sizeOf(child)
		}
	case AnyOf:
		for _, child := range n {
			size += sizeOf(child)
		}
	case Negation:
		size += sizeOf(n.Of)
	case Terms:
		size = len(n)
	}
	return size
}
