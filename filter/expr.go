package filter

import "fmt"

// Expr is an expression: ConstExpr, AndExpr, OrExpr, NotExpr, SearchExpr, Condition or Bound.
// The set is closed. Expressions are values: do not change one that is shared.
type Expr interface{ expr() }

type (
	// ConstExpr matches every visitor or none.
	ConstExpr struct{ Everyone bool }
	// AndExpr matches when each of its children does.
	AndExpr struct{ Of []Expr }
	// OrExpr matches when at least one of its children does.
	OrExpr struct{ Of []Expr }
	// NotExpr matches when its child does not.
	NotExpr struct{ Of Expr }
	// SearchExpr matches when each word of Text, separated by white space, is found in the
	// folded name or e-mail. A word of digits and phone punctuation with three digits or more
	// is also searched for in the digits of the phone. Consecutive words of that kind are also
	// searched for together: the 1 of "+1 (555) 123-4567" alone has too few digits.
	SearchExpr struct{ Text string }
	// Condition tests one field.
	Condition struct {
		Field  string  // a name of the field table
		Attr   string  // the attribute's name, when Field is "attr"
		Op     Op      // one of the field's operators
		Values []Value // one or more for OpIn and OpAll, two for OpBetween, none for OpExists, else one
	}
)

func (ConstExpr) expr()  {}
func (AndExpr) expr()    {}
func (OrExpr) expr()     {}
func (NotExpr) expr()    {}
func (SearchExpr) expr() {}
func (Condition) expr()  {}
func (Bound) expr()      {}

// All matches every visitor. No other expression means this by default: an empty And is an
// error.
func All() Expr { return ConstExpr{Everyone: true} }

// None matches no visitor.
func None() Expr { return ConstExpr{} }

// And matches the visitors that all of the expressions match. An And without expressions is
// refused by Validate and Bind.
func And(of ...Expr) Expr { return AndExpr{Of: of} }

// Or matches the visitors that at least one of the expressions matches. An Or without
// expressions is refused by Validate and Bind.
func Or(of ...Expr) Expr { return OrExpr{Of: of} }

// Not matches exactly the visitors that e does not match.
func Not(e Expr) Expr { return NotExpr{Of: e} }

// Search finds text in name, e-mail and phone; see SearchExpr. A text without a word is
// refused by Validate and Bind.
func Search(text string) Expr { return SearchExpr{Text: text} }

// Op is the operator of a condition. A field has only some of them: see Field.
type Op string

// The operators. Texts are compared folded. On a list, one item that fits is enough.
const (
	OpIn       Op = "in"       // equals one of the values; of tags and groups: has one of them
	OpAll      Op = "all"      // has all of the tags or groups
	OpContains Op = "contains" // contains the text
	OpPrefix   Op = "prefix"   // starts with the text
	OpSuffix   Op = "suffix"   // ends with the text
	OpExists   Op = "exists"   // has a value
	OpLess     Op = "lt"       // before, or less than
	OpAtMost   Op = "le"       // not after, or at most
	OpGreater  Op = "gt"       // after, or greater than
	OpAtLeast  Op = "ge"       // not before, or at least
	OpBetween  Op = "between"  // from the first to the second value, both included
)

// Ops returns all operators.
func Ops() []Op {
	return []Op{OpIn, OpAll, OpContains, OpPrefix, OpSuffix, OpExists, OpLess, OpAtMost, OpGreater, OpAtLeast, OpBetween}
}

// childrenOf returns the direct parts of e; none of a leaf.
func childrenOf(e Expr) []Expr {
	switch e := e.(type) {
	case AndExpr:
		return e.Of
	case OrExpr:
		return e.Of
	case NotExpr:
		return []Expr{e.Of}
	}
	return nil
}

// opOf returns "and", "or" or "not", the op of e in the JSON form; "" for a leaf.
func opOf(e Expr) string {
	switch e.(type) {
	case AndExpr:
		return formAnd
	case OrExpr:
		return formOr
	case NotExpr:
		return formNot
	}
	return ""
}

// exprOf returns the expression with that op, as of opOf, and those direct parts.
func exprOf(op string, of []Expr) Expr {
	switch op {
	case formAnd:
		return AndExpr{of}
	case formOr:
		return OrExpr{of}
	}
	return NotExpr{of[0]}
}

// stepTo returns the last part of the path and of the pointer of child i of e, as in Error.
func stepTo(e Expr, i int) (path, pointer string) {
	op := opOf(e)
	if op == formNot {
		return op, "/of"
	}
	return fmt.Sprintf("%s[%d]", op, i), fmt.Sprintf("/of/%d", i)
}

// mapChildren converts each direct part of e.
func mapChildren[T any](e Expr, convert func(Expr) (T, error)) ([]T, error) {
	of := childrenOf(e)
	converted := make([]T, len(of))
	for i, child := range of {
		var err error
		if converted[i], err = convert(child); err != nil {
			path, pointer := stepTo(e, i)
			return nil, under(err, path, pointer)
		}
	}
	return converted, nil
}
