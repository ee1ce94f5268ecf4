package filter

import (
	"time"

	"github.com/contactpipeline/visitors/filter/bound"
	"github.com/contactpipeline/visitors/visitor"
)

// Explanation is why an expression matches a visitor or does not. It contains values of the
// visitor's fields: treat it as personal data.
type Explanation struct {
	Matches bool    `json:"matches"`
	Root    Verdict `json:"root"`
}

// Verdict is the result of one node of an expression.
type Verdict struct {
	Text     string    `json:"text"` // the condition in the text form; "and", "or" or "not" for a node with children
	Matches  bool      `json:"matches"`
	Actual   []string  `json:"actual,omitempty"`   // the visitor's values of the field; empty if it has none
	Windows  []Window  `json:"windows,omitempty"`  // of a condition on a time: the times it selects
	Constant bool      `json:"constant,omitempty"` // the result is the same for every visitor
	Change   bool      `json:"change,omitempty"`   // one of the fewest conditions whose result would have to differ for the visitor to match
	Children []Verdict `json:"children,omitempty"`
}

// Window is an interval of time: From is included, Until is not. A zero end means no limit.
type Window struct {
	From  time.Time `json:"from,omitzero"`
	Until time.Time `json:"until,omitzero"`
}

// Explain returns why e, bound in env, matches v or does not: the result of each node, the
// values it tested, and the times it selects. If v does not match, Change marks the fewest
// conditions whose result would have to differ, each on its own. A group with a rule has the
// rule below it. The errors are those of Bind.
func Explain(e Expr, env *Env, v visitor.Visitor) (Explanation, error) {
	b, err := Bind(e, env)
	if err != nil {
		return Explanation{}, err
	}
	x := &explainer{binder: newBinder(env), v: &v}
	root := x.explain(e)
	needed, _ := root.needed(true)
	for _, leaf := range needed {
		leaf.Change = true
	}
	return Explanation{Matches: b.Match(&v), Root: root.finish()}, nil
}

type explainer struct {
	binder *binder
	v      *visitor.Visitor
}

func (x *explainer) explain(e Expr) *finding {
	switch e := e.(type) {
	case AndExpr, OrExpr, NotExpr:
		return joinFindings(opOf(e), opOf(e), mapped(childrenOf(e), x.explain))
	case Bound:
		return x.explainNode(e.Node())
	case Condition:
		if e.Field == "group" && e.Op != OpExists {
			return x.groups(e)
		}
	}
	return x.leaf(e)
}

// explainNode explains a Bound, which has no text form.
func (x *explainer) explainNode(n bound.Node) *finding {
	op := formNot
	switch n.(type) {
	case bound.AllOf:
		op = formAnd
	case bound.AnyOf:
		op = formOr
	case bound.Negation:
	default:
		return x.test(describe(n), n)
	}
	return joinFindings(op, op, mapped(nodesOf(n), x.explainNode))
}

func mapped[T any](list []T, explain func(T) *finding) []*finding {
	findings := make([]*finding, len(list))
	for i, one := range list {
		findings[i] = explain(one)
	}
	return findings
}

// leaf explains an expression without children, which Bind has accepted.
func (x *explainer) leaf(e Expr) *finding {
	x.binder.boundSize = boundSize{}
	n, err := x.binder.bind(e)
	if err != nil {
		n = bound.Constant(false)
	}
	text, _ := Format(e)
	found := x.test(text, n)
	c, ok := e.(Condition)
	switch {
	case ok && ofPermission(fieldNamed(c.Field).Kind):
		found.Actual = x.sawPermissions(c)
	case ok && c.Field == "job":
		found.Actual = []string{string(x.v.ID)}
	case ok:
		found.Actual = sawField(&bound.Test{Field: bound.FieldNamed(c.Field), Attr: c.Attr, Op: bound.Op(c.Op)}, x.v)
	}
	return found
}

// groups explains each group of a condition, with its rule if it has one.
func (x *explainer) groups(c Condition) *finding {
	hasRule := false
	of := mapped(c.Values, func(v Value) *finding {
		one := Condition{Field: c.Field, Op: OpIn, Values: []Value{v}}
		ref, _ := x.binder.group(v)
		if ref.Rule == nil {
			return x.leaf(one)
		}
		hasRule = true
		return x.rule(one, ref)
	})
	text, _ := Format(c)
	switch {
	case !hasRule:
		return x.leaf(c)
	case len(of) == 1:
		return of[0]
	case c.Op == OpAll:
		return joinFindings(formAnd, text, of)
	}
	return joinFindings(formOr, text, of)
}

// rule explains a group with a rule: added by hand, or matched and not removed by hand.
func (x *explainer) rule(c Condition, ref GroupRef) *finding {
	text, _ := Format(c)
	f, ids := bound.FieldNamed(c.Field), []string{string(ref.ID)}
	removed := x.test("removed by hand", &bound.Test{Field: f, Op: bound.OpExcluded, Texts: ids})
	return joinFindings(formOr, text, []*finding{
		x.test("added by hand", &bound.Test{Field: f, Op: bound.OpIn, Texts: ids}),
		joinFindings(formAnd, "by rule", []*finding{
			x.explain(ref.Rule),
			joinFindings(formNot, "not", []*finding{removed}),
		}),
	})
}

func (x *explainer) test(text string, n bound.Node) *finding {
	return &finding{Verdict: Verdict{
		Text: text, Matches: bound.Match(n, x.v), Actual: saw(n, x.v), Windows: windows(n), Constant: isConstant(n),
	}}
}
