package filter

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/contactpipeline/visitors/tag/id"
	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

// Limits of an expression.
const (
	MaxDepth  = 16        // nodes from the root to a leaf
	MaxNodes  = 256       // nodes in all
	MaxList   = 1_000     // values of a condition
	MaxText   = 512       // bytes of an operand
	MaxValues = 4_096     // values in all
	MaxSize   = 512 << 10 // bytes of all operands
	MaxForm   = 4 << 20   // bytes of a text or JSON form to read; every valid expression fits
	// MaxBound is the most nodes of a bound tree. A group's rule counts each time it is
	// mentioned; the tags and groups of OpAll, the numbers and times of OpIn, and the words
	// of a search count one by one.
	MaxBound = 5_000
	// MaxBoundValues is the most values of a bound tree. A group's rule counts each time it
	// is mentioned.
	MaxBoundValues = 50_000
)

// maxAge is the largest AgoValue.
const maxAge = 200 * 365 * 24 * time.Hour

// Validate checks that fields are known, operators and operands fit, no And or Or is empty, and
// the limits hold. It returns nil or an *Error. Sources, and names of tags and groups, are
// checked by Bind.
func Validate(e Expr) error {
	return under(new(census).check(e, 1), "", "/filter")
}

// validateForm is Validate for an expression to write, which a Bound cannot be a part of.
func validateForm(e Expr) error {
	return under((&census{noBound: true}).check(e, 1), "", "/filter")
}

// census counts what Validate has checked so far.
type census struct {
	nodes, values, size int
	noBound             bool // a Bound is refused
}

func (n *census) check(e Expr, depth int) error {
	if n.nodes++; n.nodes > MaxNodes {
		return refuse("more than %d conditions", MaxNodes)
	}
	if depth > MaxDepth {
		return refuse("nested deeper than %d", MaxDepth)
	}
	switch e := e.(type) {
	case ConstExpr:
		return nil
	case Bound:
		if n.noBound {
			return refuse("a bound expression cannot be written: give the expression that it was bound from")
		}
		return nil
	case AndExpr, OrExpr, NotExpr:
		if len(childrenOf(e)) == 0 {
			return under(refuse("empty: write all or none"), opOf(e), "/of")
		}
		_, err := mapChildren(e, func(child Expr) (struct{}, error) { return struct{}{}, n.check(child, depth+1) })
		return err
	case SearchExpr:
		return under(n.search(e), "search", "/text")
	case Condition:
		return n.condition(e)
	case nil:
		return refuse("missing expression")
	}
	return refuse("unknown expression %T", e)
}

func (n *census) search(e SearchExpr) error {
	if reason := badText(e.Text); reason != "" {
		return refuse("%s", reason)
	}
	if len(terms(e.Text)) == 0 {
		return refuse("nothing to search for")
	}
	return n.weigh(len(e.Text))
}

func (n *census) weigh(size int) error {
	if n.size += size; n.size > MaxSize {
		return refuse("more than %d bytes of operands", MaxSize)
	}
	return nil
}

func (n *census) condition(c Condition) error {
	f := fieldNamed(c.Field)
	if f == nil {
		return under(refuse("unknown field"), "", "/field")
	}
	switch {
	case f.Kind == AttrKind && !visitor.ValidAttributeName(c.Attr):
		return under(refuse("not the name of an attribute"), c.Field, "/attr")
	case f.Kind != AttrKind && c.Attr != "":
		return under(refuse("has no attributes"), c.Field, "/attr")
	case !slices.Contains(f.Ops, c.Op):
		return under(refuse("no operator %.20q here", string(c.Op)), c.Field, "/op")
	}
	if reason := badCount(c); reason != "" {
		return under(refuse("%s", reason), c.Field, "/values")
	}
	if n.values += len(c.Values); n.values > MaxValues {
		return under(refuse("more than %d values in all", MaxValues), c.Field, "/values")
	}
	for i, v := range c.Values {
		if reason := badValue(f, c.Op, v); reason != "" {
			return under(underValue(refuse("%s", reason), i), c.Field, "")
		}
		size := len(v.Text) + len(v.Identity.Source) + len(v.Identity.Account) + len(v.Identity.ExternalID)
		if err := n.weigh(size); err != nil {
			return under(underValue(err, i), c.Field, "")
		}
	}
	return nil
}

// counts returns how many values op needs.
func counts(op Op) (least, most int) {
	switch op {
	case OpExists:
		return 0, 0
	case OpBetween:
		return 2, 2
	case OpIn, OpAll:
		return 1, MaxList
	}
	return 1, 1
}

// badCount returns why c has too few or too many values, or "".
func badCount(c Condition) string {
	n := len(c.Values)
	least, most := counts(c.Op)
	switch {
	case n >= least && n <= most:
		if c.Op == OpBetween && (c.Values[0].Kind == NumberValue) != (c.Values[1].Kind == NumberValue) {
			return "between takes two values of one kind"
		}
		return ""
	case most == 0:
		return "exists takes no value"
	case most == 1:
		return fmt.Sprintf("%s takes one value, not %d", c.Op, n)
	case most == 2:
		return fmt.Sprintf("between takes two values, not %d", n)
	case n == 0:
		return "empty list of values"
	}
	return fmt.Sprintf("more than %d values", MaxList)
}

// badValue returns why v is no operand of op on f, or "".
func badValue(f *Field, op Op, v Value) string {
	if !slices.Contains(f.operandsOf(op), v.Kind) {
		return fmt.Sprintf("a %s does not fit %s", v.Kind, op)
	}
	switch v.Kind {
	case TextValue:
		if reason := badText(v.Text); reason != "" {
			return reason
		}
		if f.Kind == PhoneKind && phoneDigits(v.Text) == "" {
			return "not a part of a phone number"
		}
	case IDValue:
		if _, err := id.Parse("id", v.Text); err != nil {
			return "not an id in the 36-character form"
		}
	case NumberValue:
		if math.IsNaN(v.Number) || math.IsInf(v.Number, 0) {
			return "not a number"
		}
	case TimeValue:
		if y := v.Time.UTC().Year(); y < 1 || y > 9999 {
			return "a time outside the years 1 to 9999"
		}
	case DateValue:
		if _, err := time.Parse(time.DateOnly, v.Text); err != nil || v.Text < "0001" {
			return "not a date in the form 2026-01-31"
		}
	case PeriodValue:
		if !slices.Contains(Periods(), Period(v.Text)) {
			return "unknown period"
		}
	case AgoValue:
		if v.Ago < 0 || v.Ago > maxAge {
			return "an age outside 0 to 200 years"
		}
	case IdentityValue:
		return badIdentity(v.Identity)
	case PermissionValue:
		return badPermission(f.Kind, v.Permission)
	}
	return ""
}

func badIdentity(i IdentityRef) string {
	if i.Source == "" {
		return "an identity needs a source"
	}
	for _, part := range []string{string(i.Source), i.Account, i.ExternalID} {
		if part == "" {
			continue
		}
		if reason := badText(part); reason != "" {
			return reason
		}
	}
	return ""
}

func badText(s string) string {
	switch {
	case len(s) > MaxText:
		return fmt.Sprintf("a text longer than %d bytes", MaxText)
	case !utf8.ValidString(s):
		return "a text that is not valid UTF-8"
	case strings.ContainsRune(s, 0):
		return "a text with a NUL character"
	case strings.TrimSpace(text.Fold(s)) == "":
		return "an empty text"
	}
	return ""
}
