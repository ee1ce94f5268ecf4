package filter

// Expr is an expression: one of ConstExpr, AndExpr, OrExpr, NotExpr, SearchExpr,
// Condition, and Bound. The set is closed. Expressions are values; do not change one
// that is shared.
type Expr interface{ expr() }

type (
	// ConstExpr matches everyone or nobody.
	ConstExpr struct{ Everyone bool }
	// AndExpr matches when each of its children does.
	AndExpr struct{ Of []Expr }
	// OrExpr matches when one of its children does.
	OrExpr struct{ Of []Expr }
	// NotExpr matches when its child does not.
	NotExpr struct{ Of Expr }
	// SearchExpr matches when each of the white-space-separated words of Text is found in
	// the folded name or e-mail or, for a word of digits and phone punctuation with three
	// digits or more, its digits in those of the phone. Consecutive words of that kind are
	// also found together, as the digits of the phone: the 1 of "+1 (555) 123-4567" alone
	// has too few.
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

// All matches every visitor. It must be said; nothing else means it.
func All() Expr { return ConstExpr{Everyone: true} }

// None matches no visitor.
func None() Expr { return ConstExpr{} }

// And matches the visitors that every one of the expressions matches. An And of
// nothing is an error when it is used.
func And(of ...Expr) Expr { return AndExpr{Of: of} }

// Or matches the visitors that at least one of the expressions matches. An Or of
// nothing is an error when it is used.
func Or(of ...Expr) Expr { return OrExpr{Of: of} }

// Not matches exactly the visitors that e does not match.
func Not(e Expr) Expr { return NotExpr{Of: e} }

// Search finds text in name, e-mail and phone; see SearchExpr. A text without a term is
// an error when it is used.
func Search(text string) Expr { return SearchExpr{Text: text} }

// Op is an operator.
type Op string

// The operators. A text operator compares folded text; on a list it asks for one item.
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

// Ops returns every operator.
func Ops() []Op {
	return []Op{OpIn, OpAll, OpContains, OpPrefix, OpSuffix, OpExists, OpLess, OpAtMost, OpGreater, OpAtLeast, OpBetween}
}
