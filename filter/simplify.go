package filter

import (
	"slices"
	"strings"
	"time"
)

// Simplify returns an expression that matches the same visitors in every Env and has no
// more nodes: nested lists are taken in, double negations and repetitions left out, and
// so is what another condition says already; what cannot be is None, what must be All.
// An expression that is not valid stays as it is.
func Simplify(e Expr) Expr {
	if Validate(e) != nil {
		return e
	}
	s := &simplifier{
		binder: newBinder(&Env{Now: time.Date(2000, 1, 1, 12, 0, 0, 0, time.UTC)}),
		fields: map[string]*Field{},
	}
	return s.simplify(e).e
}

// simplifier reasons on nodes that are bound in no workspace's Env. So that it concludes
// only what holds in all of them, it gives a field of its own to what cannot be compared.
type simplifier struct {
	binder *binder
	fields map[string]*Field
}

// item is a simplified expression.
type item struct {
	e  Expr
	n  Node
	of []item // the children of a list, or the one of a negation
}

func (s *simplifier) simplify(e Expr) item {
	switch e := e.(type) {
	case ConstExpr:
		return item{e: e, n: Constant(e.Everyone)}
	case AndExpr:
		return s.list(s.all(e.Of), true)
	case OrExpr:
		return s.list(s.all(e.Of), false)
	case NotExpr:
		return s.negate(s.simplify(e.Of))
	case SearchExpr:
		return item{e: e, n: Terms(terms(e.Text))}
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
		return item{e: ConstExpr{!e.Everyone}, n: Constant(!e.Everyone)}
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

// list joins simplified items by AND or by OR.
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
	flat = slices.DeleteFunc(flat, func(i item) bool { return i.n == Constant(and) })
	nodes := make([]Node, len(flat))
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
		return item{e: ConstExpr{everyone}, n: Constant(everyone)}
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

// mergeLists makes one condition of several that ask one field for values: of one or
// another value, or of one tag and another tag. A negated one counts in a list of the
// other kind.
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

// condition leaves out values that come again.
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

// normal returns the one spelling of v that is equal to it in every Env.
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

// node binds c as far as it means the same in every Env.
func (s *simplifier) node(c Condition) Node {
	f := fieldNamed(c.Field)
	switch f.Kind {
	case EnumKind: // a source may be asked for by its value or by its label
		f = s.field(f, TagKind, "")
		if c.Op == OpIn {
			return &Test{Field: f, Op: OpIn, Texts: operandTexts(c.Values, key)}
		}
	case IdentityKind:
		if c.Op == OpIn {
			refs := make([]IdentityRef, len(c.Values))
			for i, v := range c.Values {
				refs[i] = v.Identity
			}
			return &Test{Field: f, Op: OpIn, Refs: refs}
		}
	case GroupKind: // members by rule are not members by hand, whom OpExists asks for
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

func (s *simplifier) names(c Condition, f *Field) Node {
	ids := make([]string, len(c.Values))
	for i, v := range c.Values {
		ids[i] = "#" + strings.ToLower(v.Text)
		if v.Kind == TextValue {
			ids[i] = "=" + key(v.Text)
		}
	}
	s.binder.size, s.binder.values = 0, 0
	n, err := s.binder.members(f, c.Op, ids)
	if err != nil {
		return s.opaque(c)
	}
	return n
}

// opaque is a node of which is known only that it is the same for the same condition.
func (s *simplifier) opaque(c Condition) Node {
	text, _ := Format(c)
	return &Test{Field: s.field(fieldNamed(c.Field), AttrKind, text), Op: OpIn, Kind: TextValue}
}

// field returns a copy of f that nothing else is compared with.
func (s *simplifier) field(f *Field, kind Kind, class string) *Field {
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

// timesOf returns the one kind of the times in c, "" when there are none. It reports false
// for times whose order is not the same in every Env.
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

// opaque is a node of which nothing is known.
func opaque() Node { return &Test{Field: &Field{}, Op: OpContains, Texts: []string{""}} }
