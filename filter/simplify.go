package filter

import (
	"slices"
	"strings"
	"time"

	"github.com/contactpipeline/visitors/filter/bound"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

// Simplify returns an expression that matches the same visitors in every Env and has no
// more nodes. It flattens nested lists and removes double negations, repetitions, and
// conditions that another condition implies; a contradiction becomes None, a tautology All.
// An invalid expression is returned unchanged.
func Simplify(e Expr) Expr {
	if Validate(e) != nil {
		return e
	}
	s := &simplifier{
		binder: newBinder(&Env{Now: time.Date(2000, 1, 1, 12, 0, 0, 0, time.UTC)}),
		fields: map[string]*bound.Field{},
	}
	return s.simplify(e).e
}

// simplifier compares bound nodes, although it has no workspace's Env. To conclude only what
// holds in every Env, it gives conditions that cannot be compared fields of their own.
type simplifier struct {
	binder *binder
	fields map[string]*bound.Field
}

// item is a simplified expression.
type item struct {
	e  Expr
	n  bound.Node
	of []item // the children of a list, or the one of a negation
}

func (s *simplifier) simplify(e Expr) item {
	i := item{e: e}
	switch e := e.(type) {
	case AndExpr, OrExpr:
		var items []item
		for _, child := range childrenOf(e) {
			items = append(items, s.simplify(child))
		}
		return s.list(items, opOf(e))
	case NotExpr:
		return s.negate(s.simplify(e.Of))
	case Condition:
		return s.condition(e)
	case ConstExpr:
		i.n = bound.Constant(e.Everyone)
	case SearchExpr:
		i.n = bound.Terms(terms(e.Text))
	case Bound:
		i.n = e.Node()
	}
	return i
}

func (s *simplifier) negate(i item) item {
	switch e := i.e.(type) {
	case ConstExpr:
		return s.simplify(ConstExpr{!e.Everyone})
	case NotExpr:
		return i.of[0]
	case AndExpr, OrExpr: // -(-a OR -b) is a AND b
		var inner []item
		for _, child := range i.of {
			if opOf(child.e) == formNot {
				inner = append(inner, child.of[0])
			}
		}
		if len(inner) == len(i.of) {
			return s.list(inner, map[string]string{formAnd: formOr, formOr: formAnd}[opOf(e)])
		}
	}
	return item{e: NotExpr{i.e}, n: inverse(i.n), of: []item{i}}
}

// list returns the conjunction or the disjunction, as op says, of simplified items.
func (s *simplifier) list(items []item, op string) item {
	and := op == formAnd
	var flat []item
	for _, i := range items {
		if opOf(i.e) == op {
			flat = append(flat, i.of...)
		} else {
			flat = append(flat, i)
		}
	}
	flat = s.mergeLists(flat, and)
	flat = slices.DeleteFunc(flat, func(i item) bool { return i.n == bound.Constant(and) })
	nodes := make([]bound.Node, len(flat))
	for k, i := range flat {
		nodes[k] = i.n
	}
	keep, clash := reduce(nodes, and)
	flat = at(flat, keep)
	switch {
	case clash || len(flat) == 0:
		return s.simplify(ConstExpr{and != clash})
	case len(flat) == 1:
		return flat[0]
	}
	of := make([]Expr, len(flat))
	for k, i := range flat {
		of[k] = i.e
	}
	e := exprOf(op, of)
	return item{e: e, n: nodeOf(e, at(nodes, keep)), of: flat}
}

// mergeLists merges conditions on one field into one condition: alternatives of a
// disjunction, or the tags or groups of a conjunction. Negated conditions are merged the other
// way round.
func (s *simplifier) mergeLists(items []item, and bool) []item {
	type group struct {
		field, attr string
		negated     bool
	}
	first := map[group]int{}
	var merged []item
	for _, i := range items {
		e, negated := unnegated(i)
		if c, ok := e.(Condition); ok && mergeable(c, and != negated) {
			g := group{c.Field, c.Attr, negated}
			k, again := first[g]
			if !again {
				first[g] = len(merged)
			} else if earlier, _ := unnegated(merged[k]); len(earlier.(Condition).Values)+len(c.Values) <= MaxList {
				merged[k] = s.merge(earlier.(Condition), c, and != negated)
				if negated {
					merged[k] = s.negate(merged[k])
				}
				continue
			}
		}
		merged = append(merged, i)
	}
	return merged
}

// unnegated returns the expression that i is or negates.
func unnegated(i item) (e Expr, negated bool) {
	if opOf(i.e) == formNot {
		return i.of[0].e, true
	}
	return i.e, false
}

func (s *simplifier) merge(a, b Condition, all bool) item {
	if all {
		a.Op = OpAll
	}
	a.Values = append(slices.Clip(a.Values), b.Values...)
	return s.condition(a)
}

func mergeable(c Condition, all bool) bool {
	if !all {
		return c.Op == OpIn
	}
	isNamed := c.Field == "tag" || c.Field == "group"
	return isNamed && (c.Op == OpAll || c.Op == OpIn && len(c.Values) == 1)
}

// condition removes repeated values.
func (s *simplifier) condition(c Condition) item {
	if c.Op == OpIn || c.Op == OpAll {
		var values []Value
		seen := map[Value]bool{}
		for _, v := range c.Values {
			if n := normal(c, v); !seen[n] {
				seen[n] = true
				values = append(values, v)
			}
		}
		c.Values = values
		if len(values) == 1 {
			c.Op = OpIn
		}
	}
	return item{e: c, n: s.node(c)}
}

// normal returns the normal form of v: two values with the same one are equal in every Env.
func normal(c Condition, v Value) Value {
	switch {
	case v.Kind == IDValue:
		v.Text = strings.ToLower(v.Text)
	case v.Kind == TextValue:
		v.Text = normalFor(fieldNamed(c.Field).Kind, OpIn)(v.Text)
	}
	return v
}

// node binds c as far as the result is the same in every Env.
func (s *simplifier) node(c Condition) bound.Node {
	f := bound.FieldNamed(c.Field)
	if c.Field == "job" { // a visitor can be of several jobs, as it can have several tags
		f = s.field(bound.FieldNamed("tag"), TagKind, c.Field)
	}
	switch {
	case c.Op == OpExists:
	case f.Kind == EnumKind: // a source can be written as its value or as its label
		return textTest(c, s.field(f, TagKind, ""), "", c.Values)
	case ofPermission(f.Kind): // the topics are unknown, but the same for all conditions
		nodes := make([]bound.Node, len(c.Values))
		for i, v := range c.Values {
			nodes[i] = permissionTest(f, v.Permission, consent.Topic{}, 0)
		}
		return anyOf(nodes...)
	case f.Kind == IdentityKind:
		refs := make([]IdentityRef, len(c.Values))
		for i, v := range c.Values {
			refs[i] = v.Identity
		}
		return &bound.Test{Field: f, Op: bound.OpIn, Refs: refs}
	case f.Kind == TagKind || f.Kind == GroupKind:
		if f.Kind == GroupKind { // apart from OpExists, which does not count members by rule
			f = s.field(f, f.Kind, "member")
		}
		ids := make([]string, len(c.Values))
		for i, v := range c.Values {
			ids[i] = "#" + strings.ToLower(v.Text)
			if v.Kind == TextValue {
				ids[i] = "=" + key(v.Text)
			}
		}
		n, _ := s.binder.members(f, bound.Op(c.Op), ids) // the error is about the size, which does not matter here
		return n
	default:
		kind, ok := timesOf(c)
		if !ok {
			return s.opaque(c)
		}
		if kind != "" {
			f = s.field(f, f.Kind, string(kind))
		}
	}
	s.binder.boundSize = boundSize{}
	n, err := s.binder.condition(c, f)
	if err != nil {
		return s.opaque(c)
	}
	return n
}

// opaque returns a node that is equal only to the node of the same condition.
func (s *simplifier) opaque(c Condition) bound.Node {
	text, _ := Format(c)
	return &bound.Test{Field: s.field(bound.FieldNamed(c.Field), AttrKind, text), Op: bound.OpIn, Kind: visitor.TextKind}
}

// field returns a copy of f for one class of conditions, which are compared only with each
// other.
func (s *simplifier) field(f *bound.Field, kind Kind, class string) *bound.Field {
	k := f.Name + " " + class
	if s.fields[k] == nil {
		own := *f
		own.Kind = kind
		if class == "member" || class == "job" {
			own.Name = k
		}
		s.fields[k] = &own
	}
	return s.fields[k]
}

// timesOf returns the kind of the times in c, "" if it has none. It reports false if their
// order is not the same in every Env.
func timesOf(c Condition) (kind ValueKind, ok bool) {
	for _, v := range c.Values {
		switch v.Kind {
		case TimeValue, DateValue, AgoValue:
		case PeriodValue:
			return "", false
		default:
			continue
		}
		if kind != "" && kind != v.Kind || v.Ago%time.Microsecond != 0 {
			return "", false
		}
		kind = v.Kind
	}
	return kind, true
}

// opaque returns a node that is equal to no other.
func opaque() bound.Node {
	return &bound.Test{Field: &bound.Field{}, Op: bound.OpContains, Texts: []string{""}}
}
