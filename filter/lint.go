package filter

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/contactpipeline/visitors/filter/bound"
)

// Issue is what is probably wrong with a part of an expression.
type Issue string

// The issues that Lint reports.
const (
	IssueInvalid       Issue = "invalid"       // it is refused
	IssueUnknown       Issue = "unknown"       // a tag, a group or a topic that does not exist
	IssueContradiction Issue = "contradiction" // it can match no visitor
	IssueTautology     Issue = "tautology"     // it matches every visitor
	IssueShadowed      Issue = "shadowed"      // it has no effect, because of another condition
	IssueMismatch      Issue = "mismatch"      // the attribute is probably of another kind
)

// Warning is about a part of an expression that is probably a mistake.
type Warning struct {
	Issue   Issue  `json:"issue"`
	Path    string `json:"path,omitempty"` // the node, as in Error
	Pointer string `json:"pointer"`        // the node, as in Error
	Message string `json:"message"`
}

// String returns "path: message".
func (w Warning) String() string {
	if w.Path == "" {
		return w.Message
	}
	return w.Path + ": " + w.Message
}

// Lint returns warnings about parts of e, bound in env, that are probably mistakes. It does not
// find every mistake. If Bind returns an error, Lint returns a warning, except for a bound
// tree over the limits.
func Lint(e Expr, env *Env) []Warning {
	l := &linter{binder: newBinder(env), kinds: map[string]ValueKind{}}
	if err := Validate(e); err != nil {
		l.refused(place{}, err)
		return l.warnings
	}
	l.binder.Unknown = UnknownIsNobody
	l.lint(e, place{pointer: "/filter"}, nil)
	return l.warnings
}

type linter struct {
	binder   *binder
	warnings []Warning
	kinds    map[string]ValueKind // of each attribute, as it was first compared
}

// place is the path and the pointer of a node.
type place struct{ path, pointer string }

// child returns the place of child i of e, which is at p.
func (p place) child(e Expr, i int) place {
	path, pointer := stepTo(e, i)
	return place{join(p.path, path), p.pointer + pointer}
}

func (p place) value(i int) place { return place{p.path, fmt.Sprintf("%s/values/%d", p.pointer, i)} }

func (l *linter) warn(issue Issue, at place, format string, args ...any) {
	l.warnings = append(l.warnings, Warning{issue, at.path, at.pointer, fmt.Sprintf(format, args...)})
}

// refused warns of an error below at.
func (l *linter) refused(at place, err error) {
	var refused *Error
	if errors.As(err, &refused) {
		l.warn(IssueInvalid, place{join(at.path, refused.Path), at.pointer + refused.Pointer}, "%s", refused.Reason)
	}
}

// lint returns the bound e. The assumed nodes match every visitor that reaches e.
func (l *linter) lint(e Expr, at place, assumed []bound.Node) bound.Node {
	switch e := e.(type) {
	case AndExpr, OrExpr:
		return l.list(e, at, assumed)
	case NotExpr:
		return inverse(l.lint(e.Of, at.child(e, 0), nil))
	case Condition:
		return l.condition(e, at)
	}
	l.binder.boundSize = boundSize{}
	n, err := l.binder.bind(e)
	if err != nil {
		return opaque()
	}
	return n
}

// list compares the parts of an And or Or with each other, and those of an Or with the assumed
// nodes.
func (l *linter) list(e Expr, at place, assumed []bound.Node) bound.Node {
	nodes := l.parts(e, at, assumed)
	p, and := &prover{proofSteps}, opOf(e) == formAnd
	clash, clashText := IssueContradiction, "cannot match together with %s"
	sameText, moreText := "changes nothing: %s is as strict or stricter", "changes nothing: %s is stricter"
	if !and {
		clash, clashText = IssueTautology, "matches every visitor together with %s"
		sameText, moreText = "changes nothing: %s matches as many or more", "changes nothing: %s matches more"
	}
	for i, n := range nodes {
		here := at.child(e, i)
		for _, holds := range assumed {
			switch {
			case and || isConstant(n):
			case p.excludes(holds, n):
				l.warn(IssueShadowed, here, "never matches here: another condition rules it out")
			case p.implies(holds, n):
				l.warn(IssueTautology, here, "always matches here: another condition asks for it")
			}
		}
		for j, other := range nodes[:i] {
			there := at.child(e, j)
			switch {
			case isConstant(n) || isConstant(other):
			case p.clash(other, n, and):
				l.warn(clash, here, clashText, there.path)
			case p.covers(other, n, and):
				l.warn(IssueShadowed, here, sameText, there.path)
			case p.covers(n, other, and):
				l.warn(IssueShadowed, there, moreText, here.path)
			}
		}
	}
	return nodeOf(e, nodes)
}

// parts lints the parts of an And or Or. An Or in an And can assume the other conditions.
func (l *linter) parts(e Expr, at place, assumed []bound.Node) []bound.Node {
	of := childrenOf(e)
	nodes := make([]bound.Node, len(of))
	waits := func(child Expr) bool { return opOf(e) == formAnd && opOf(child) == formOr }
	for i, child := range of {
		if !waits(child) {
			nodes[i] = l.lint(child, at.child(e, i), assumed)
		}
	}
	for i, child := range of {
		if waits(child) {
			others := slices.DeleteFunc(slices.Clone(nodes), func(n bound.Node) bool { return n == nil })
			nodes[i] = l.lint(child, at.child(e, i), append(others, assumed...))
		}
	}
	return nodes
}

func (l *linter) condition(c Condition, at place) bound.Node {
	l.binder.boundSize = boundSize{}
	n, err := l.binder.bind(c)
	if err != nil {
		l.refused(at, err)
		return opaque()
	}
	at.path = join(at.path, c.Field)
	f := fieldNamed(c.Field)
	unknown := l.unknown(c, f, at)
	switch {
	case ofPermission(f.Kind):
		l.permissions(c, f, at)
	case n == bound.Constant(false) && !unknown && f.Kind != JobKind: // a job can have no visitors
		l.warn(IssueContradiction, at, "matches no visitor: the range is empty")
	case c.Op == OpExists && slices.Contains([]string{"name", "created", "updated"}, c.Field):
		l.warn(IssueTautology, at, "matches every visitor: none lacks it")
	case f.Kind == AttrKind:
		l.kind(c, at)
	}
	return n
}

// unknown warns about unknown names, and reports whether there are any.
func (l *linter) unknown(c Condition, f *Field, at place) bool {
	found := false
	for i, v := range c.Values {
		known := true
		kind, name := f.Kind, v
		switch {
		case f.Kind == TagKind, f.Kind == GroupKind:
			_, known = l.binder.id(f.Kind, v)
		case f.Kind == JobKind:
			_, known = l.binder.Jobs[strings.ToLower(v.Text)]
		case v.Permission.Topic != "":
			kind, name = TopicKind, textOf(v.Permission.Topic)
			_, known = l.binder.Topics[v.Permission.Topic]
		}
		if !known {
			found = true
			l.warn(IssueUnknown, at.value(i), "%s", l.binder.unknown(kind, name))
		}
	}
	return found
}

// permissions warns about operands of can that allow nothing.
func (l *linter) permissions(c Condition, f *Field, at place) {
	if f.Kind != CanKind {
		return
	}
	for i, v := range c.Values {
		topic, known := l.binder.Topics[v.Permission.Topic]
		if known && !topic.On(v.Permission.Channel) {
			l.warn(IssueContradiction, at.value(i), "matches no visitor: the topic is not sent on this channel")
		}
	}
	if l.binder.KeyMissing {
		l.warn(IssueContradiction, at, "matches no visitor: a suppression key is missing")
	}
}

// kind warns about values whose kind differs from that of the same attribute elsewhere, and
// about texts that look like another kind.
func (l *linter) kind(c Condition, at place) {
	for i, v := range c.Values {
		kind := v.Kind
		if slices.Contains(timeOperands, kind) {
			kind = TimeValue
		}
		if typed, _ := unquoted(v.Text); kind == TextValue && c.Op == OpIn && typed.Kind != TextValue {
			l.warn(IssueMismatch, at.value(i), "a text that looks like a %s matches texts only", typed.Kind)
		}
		switch first, again := l.kinds[c.Attr]; {
		case !again:
			l.kinds[c.Attr] = kind
		case first != kind:
			l.warn(IssueMismatch, at.value(i), "a %s, where attr.%s is compared as a %s elsewhere", kind, c.Attr, first)
			return
		}
	}
}
