package filter

import (
	"github.com/contactpipeline/visitors/filter/bound"
	"github.com/contactpipeline/visitors/visitor"
)

// Bound is an expression that is ready to run: its names are ids, its dates are instants,
// its texts are folded. It is an Expr: it can be a part of another expression, and binding it
// again changes nothing. Only Bind and UnmarshalJSON return one, so it is always valid. The
// zero Bound matches no visitor.
type Bound struct {
	root *bound.Node // a pointer, so that a Bound becomes an Expr without an allocation
}

// Node returns the tree that an engine compiles; see package bound.
func (b Bound) Node() bound.Node {
	if b.root == nil {
		return bound.Constant(false)
	}
	return *b.root
}

// Match is the function Match without a copy of v.
func (b Bound) Match(v *visitor.Visitor) bool { return bound.Match(b.Node(), v) }
