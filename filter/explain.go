package filter

import (
	"time"

	"github.com/contactpipeline/visitors/visitor"
)

// Explanation tells why an expression matches a visitor or does not. It holds what the
// visitor's fields hold: treat it as personal data.
type Explanation struct {
	Matches bool    `json:"matches"`
	Root    Verdict `json:"root"`
}

// Verdict is what one node of an expression says of a visitor.
type Verdict struct {
	Text     string    `json:"text"` // the condition in the text form; "and", "or" or "not" for a node with nodes below
	Matches  bool      `json:"matches"`
	Actual   []string  `json:"actual,omitempty"`   // what the visitor has there; none: nothing
	Windows  []Window  `json:"windows,omitempty"`  // of a condition on a time: the time it asks for
	Constant bool      `json:"constant,omitempty"` // it says the same of every visitor
	Change   bool      `json:"change,omitempty"`   // one of the fewest conditions that would have to turn out otherwise to match
	Children []Verdict `json:"children,omitempty"`
}

// Window is a stretch of time, from its first instant to the first one after it. A zero
// end is open.
type Window struct {
	From  time.Time `json:"from,omitzero"`
	Until time.Time `json:"until,omitzero"`
}

// Explain tells why e, bound in env, matches v or does not: what each node says, what it
// saw, which time it asks for. Where v does not match, Change marks the fewest conditions
// that would have to turn out otherwise, each taken for itself. Of a group with a rule, the
// rule is told below it. The errors are those of Bind.
func Explain(e Expr, env *Env, v visitor.Visitor) (Explanation, error) {
	bound, err := Bind(e, env)
	if err != nil {
		return Explanation{}, err
	}
	x := &explainer{binder: newBinder(env), v: &v}
	root := x.explain(e)
	root.mark()
	return Explanation{Matches: match(bound.Node(), &v), Root: root.finish()}, nil
}

type explainer struct {
	binder *binder
	v      *visitor.Visitor
}

func (x *explainer) explain(e Expr) *finding {
	switch e := e.(type) {
	case AndExpr:
		return joinFindings(foundAll, "and", x.explainAll(e.Of))
	case OrExpr:
		return joinFindings(foundAny, "or", x.explainAll(e.Of))
	case NotExpr:
		return joinFindings(foundNot, "not", []*finding{x.explain(e.Of)})
	case Bound:
		return x.explainNode(e.Node())
	case Condition:
		if e.Field == "group" && e.Op != OpExists {
			return x.groups(e)
		}
	}
	return x.leaf(e)
}

func (x *explainer) explainAll(of []Expr) []*finding {
	findings := make([]*finding, len(of))
	for i, child := range of {
		findings[i] = x.explain(child)
	}
	return findings
}

// leaf tells of an expression without others in it, which Bind has found no error in.
func (x *explainer) leaf(e Expr) *finding {
	x.binder.size, x.binder.values = 0, 0
	n, err := x.binder.bind(e)
	if err != nil {
		n = Constant(false)
	}
	text, _ := Format(e)
	found := x.test(text, n)
	if c, ok := e.(Condition); ok {
		found.verdict.Actual = saw(&Test{Field: fieldNamed(c.Field), Attr: c.Attr, Op: c.Op}, x.v)
	}
	return found
}

// groups tells of the groups with a rule one by one.
func (x *explainer) groups(c Condition) *finding {
	var of []*finding
	hasRule := false
	for _, v := range c.Values {
		one := Condition{Field: c.Field, Op: OpIn, Values: []Value{v}}
		if ref, _ := x.binder.group(v); ref.Rule != nil {
			of, hasRule = append(of, x.rule(one, ref)), true
		} else {
			of = append(of, x.leaf(one))
		}
	}
	text, _ := Format(c)
	switch {
	case !hasRule:
		return x.leaf(c)
	case len(of) == 1:
		return of[0]
	case c.Op == OpAll:
		return joinFindings(foundAll, text, of)
	}
	return joinFindings(foundAny, text, of)
}

// rule tells of a group with a rule: put in by hand, or matched and not taken out.
func (x *explainer) rule(c Condition, ref GroupRef) *finding {
	text, _ := Format(c)
	f, ids := fieldNamed(c.Field), []string{string(ref.ID)}
	takenOut := x.test("taken out by hand", &Test{Field: f, Op: OpExcluded, Texts: ids})
	return joinFindings(foundAny, text, []*finding{
		x.test("put in by hand", &Test{Field: f, Op: OpIn, Texts: ids}),
		joinFindings(foundAll, "by rule", []*finding{
			x.explain(ref.Rule),
			joinFindings(foundNot, "not", []*finding{takenOut}),
		}),
	})
}

// explainNode tells of what is bound already, and has no text form.
func (x *explainer) explainNode(n Node) *finding {
	nodes := func(of []Node) []*finding {
		findings := make([]*finding, len(of))
		for i, child := range of {
			findings[i] = x.explainNode(child)
		}
		return findings
	}
	switch n := n.(type) {
	case AllOf:
		return joinFindings(foundAll, "and", nodes(n))
	case AnyOf:
		return joinFindings(foundAny, "or", nodes(n))
	case Negation:
		return joinFindings(foundNot, "not", nodes([]Node{n.Of}))
	}
	return x.test(describe(n), n)
}

func (x *explainer) test(text string, n Node) *finding {
	return &finding{verdict: Verdict{
		Text: text, Matches: match(n, x.v), Actual: saw(n, x.v), Windows: windows(n), Constant: isConstant(n),
	}}
}
