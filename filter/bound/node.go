package bound

import "github.com/contactpipeline/visitors/visitor"

// Node is a node of a bound tree: Constant, AllOf, AnyOf, Negation, Terms, *Test or *Permission.
// The set is closed.
type Node interface{ node() }

type (
	// Constant matches every visitor if it is true, else none. Only the root of a tree is a
	// Constant.
	Constant bool
	// AllOf matches when each of its nodes does. It has two nodes or more, none of them an
	// AllOf.
	AllOf []Node
	// AnyOf matches when at least one of its nodes does. It has two nodes or more, none of
	// them an AnyOf.
	AnyOf []Node
	// Negation matches when its node does not. Its node is not a Negation.
	Negation struct{ Of Node }
	// Terms is a search: it matches when each of its terms is found. It has one term or more.
	Terms []Term
	// Term is found where the folded name or the folded e-mail contains Text, which is a
	// folded word. Where Digits is not empty, it is also found where the phone contains
	// Digits. Digits are those of Text or, if these are too few to search for, those of Text
	// and the phone words beside it.
	Term struct {
		Text   string `json:"text"`
		Digits string `json:"digits,omitempty"`
	}
	// Test is a condition on one field. A visitor that lacks the field does not match.
	Test struct {
		Field *Field
		Attr  string // name of the attribute; "" unless the field is an AttrKind
		// Op says how the value of the field is compared with the operands. For all but OpAll,
		// one operand that fits is enough.
		Op Op
		// Kind is the kind of the attribute's value that matches: visitor.TextKind (a text, or
		// an item of a list), NumberKind, BoolKind or TimeKind. It is "" for OpExists and for
		// other fields.
		Kind visitor.Kind
		// Texts are the operands of OpContains, OpPrefix, OpSuffix, OpAll, OpExcluded, and of
		// OpIn except on identities. They are sorted, without repeats. Texts are folded; inboxes
		// are as they were given; ids have the 36-character form in lower case; those of a phone are digits, after a +
		// for OpIn and OpPrefix. OpAll has two or more.
		Texts []string
		// Times are the ranges of OpBetween on a time, in microseconds since 1970 UTC;
		// math.MinInt64 and math.MaxInt64 mean no limit. They are sorted and neither overlap
		// nor touch.
		Times []Range[int64]
		// Numbers are the ranges of OpBetween on a number or a bool, which is 0 or 1;
		// infinities mean no limit. They are sorted and do not overlap.
		Numbers []Range[float64]
		// Refs are the operands of OpIn on identities, sorted by IdentityRef.Compare and
		// without repeats.
		Refs []IdentityRef
	}
)

func (Constant) node()    {}
func (AllOf) node()       {}
func (AnyOf) node()       {}
func (Negation) node()    {}
func (Terms) node()       {}
func (*Test) node()       {}
func (*Permission) node() {}

// Op is the operator of a Test. Comparisons with a date or a number are OpBetween.
type Op string

// The operators of a Test.
const (
	OpIn       Op = "in"       // equals one of the operands; of tags and groups: has one of them
	OpAll      Op = "all"      // has all of the tags or groups
	OpContains Op = "contains" // contains one of the texts
	OpPrefix   Op = "prefix"   // starts with one of the texts
	OpSuffix   Op = "suffix"   // ends with one of the texts
	OpExists   Op = "exists"   // has a value; of groups: was added to one by hand
	OpBetween  Op = "between"  // is in one of the ranges
	OpExcluded Op = "excluded" // was removed by hand from one of the groups
)
