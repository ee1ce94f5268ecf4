package filter

import (
	"slices"
	"strings"
	"time"

	"github.com/contactpipeline/visitors/filter/bound"
	"github.com/contactpipeline/visitors/visitor"
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
	switch e := e.(type) {
	case ConstExpr:
		return item{e: e, n: bound.Constant(e.Everyone)}
	case AndExpr:
		return s.list(s.all(e.Of), true)
	case OrExpr:
		return s.list(s.all(e.Of), false)
	case NotExpr:
		return s.negate(s.simplify(e.Of))
	case SearchExpr:
		return item{e: e, n: bound.Terms(terms(e.Text))}
	case Condition:
		return s.condition(e)
	case Bound:
		return item{e: e, n: e.Node()}
	}
	return item{e: e, n: opaque()}
}

func (s *simplifier) all(of []Expr) []item {
	items := make([]item, len(of))
	for i, child := range of {
		items[i] = s.simplify(child)
	}
	return items
}

func (s *simplifier) negate(i item) item {
	switch e := i.e.(type) {
	case ConstExpr:
		return item{e: ConstExpr{!e.Everyone}, n: bound.Constant(!e.Everyone)}
	case NotExpr:
		return i.of[0]
	case AndExpr, OrExpr:
		isNot := func(child item) bool { _, ok := child.e.(NotExpr); return ok }
		if !slices.ContainsFunc(i.of, func(child item) bool { return !isNot(child) }) {
			inner := make([]item, len(i.of))
			for k, child := range i.of {
				inner[k] = child.of[0]
			}
			_, wasAnd := e.(AndExpr)
			return s.list(inner, !wasAnd)
		}
	}
	return item{e: NotExpr{i.e}, n: inverse(i.n), of: []item{i}}
}

// list returns the conjunction or the disjunction of simplified items.
func (s *simplifier) list(items []item, and bool) item {
	var flat []item
	for _, i := range items {
		_, isAnd := i.e.(AndExpr)
		_, isOr := i.e.(OrExpr)
		if isAnd && and || isOr && !and {
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
	reduce := reduceAny
	if and {
		reduce = reduceAll
	}
	keep, clash := reduce(nodes)
	flat = at(flat, keep)
	switch {
	case clash || len(flat) == 0:
		everyone := and != clash
		return item{e: ConstExpr{everyone}, n: bound.Constant(everyone)}
	case len(flat) == 1:
		return flat[0]
	}
	of := make([]Expr, len(flat))
	for k, i := range flat {
		of[k] = i.e
	}
	if and {
		return item{e: AndExpr{of}, n: allOf(at(nodes, keep)), of: flat}
	}
	return item{e: OrExpr{of}, n: anyOf(at(nodes, keep)), of: flat}
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
		inner := i
		_, negated := i.e.(NotExpr)
		if negated {
			inner = i.of[0]
		}
		c, ok := inner.e.(Condition)
		if !ok || !mergeable(c, and != negated) {
			merged = append(merged, i)
			continue
		}
		g := group{c.Field, c.Attr, negated}
		k, again := first[g]
		if !again {
			first[g] = len(merged)
			merged = append(merged, i)
			continue
		}
		inner = merged[k]
		if negated {
			inner = inner.of[0]
		}
		sum := inner.e.(Condition)
		if len(sum.Values)+len(c.Values) > MaxList {
			merged = append(merged, i)
			continue
		}
		if and != negated {
			sum.Op = OpAll
		}
		sum.Values = append(slices.Clip(sum.Values), c.Values...)
		merged[k] = s.condition(sum)
		if negated {
			merged[k] = s.negate(merged[k])
		}
	}
	return merged
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
	case v.Kind == TextValue && (c.Field == "tag" || c.Field == "group"):
		v.Text = key(v.Text)
	case v.Kind == TextValue:
		v.Text = foldFor(OpIn)(v.Text)
	}
	return v
}

// node binds c as far as the result is the same in every Env.
func (s *simplifier) node(c Condition) bound.Node {
	f := bound.FieldNamed(c.Field)
	switch f.Kind {
	case EnumKind: // a source can be written as its value or as its label
		f = s.field(f, TagKind, "")
		if c.Op == OpIn {
			return &bound.Test{Field: f, Op: bound.OpIn, Texts: operandTexts(c.Values, key)}
		}
	case IdentityKind:
		if c.Op == OpIn {
			refs := make([]bound.IdentityRef, len(c.Values))
			for i, v := range c.Values {
				refs[i] = bound.IdentityRef(v.Identity)
			}
			return &bound.Test{Field: f, Op: bound.OpIn, Refs: refs}
		}
	case GroupKind: // OpExists does not count members by rule
		if c.Op != OpExists {
			return s.names(c, s.field(f, f.Kind, "member"))
		}
	case TagKind:
		if c.Op != OpExists {
			return s.names(c, f)
		}
	case TimeKind, AttrKind:
		if kind, ok := timesOf(c); !ok {
			return s.opaque(c)
		} else if kind != "" {
			f = s.field(f, f.Kind, string(kind))
		}
	}
	s.binder.size, s.binder.values = 0, 0
	n, err := s.binder.condition(c, f)
	if err != nil {
		return s.opaque(c)
	}
	return n
}

func (s *simplifier) names(c Condition, f *bound.Field) bound.Node {
	ids := make([]string, len(c.Values))
	for i, v := range c.Values {
		ids[i] = "#" + strings.ToLower(v.Text)
		if v.Kind == TextValue {
			ids[i] = "=" + key(v.Text)
		}
	}
	s.binder.size, s.binder.values = 0, 0
	n, err := s.binder.members(f, bound.Op(c.Op), ids)
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
		if class == "member" {
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
