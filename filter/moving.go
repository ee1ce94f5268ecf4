package filter

import (
	"math"
	"slices"
	"time"

	"github.com/contactpipeline/visitors/filter/bound"
	"github.com/contactpipeline/visitors/visitor"
)

// Moving is an expression whose relative dates move with the time: it can be tested at any
// instant, and it knows at which instants the answer for a visitor can change. Instants are in
// microseconds since 1970 UTC. It is safe for concurrent use.
type Moving struct {
	expr   Expr
	env    Env
	node   bound.Node // in which the tests of leaves are placeholders
	leaves []*leaf
	of     map[*bound.Test]*leaf
}

// leaf is a condition with at least one relative date.
type leaf struct {
	binder *binder // of the zone and the first day of the week
	field  *bound.Field
	attr   string
	op     Op
	values []Value
}

// BindMoving binds an expression that Resolve has returned: its tags, groups and sources have been
// checked, so env needs only Zone, WeekStart and the groups. The error is as for Bind, or an *Error
// for a condition on can or consent, whose answer depends on more than the visitor and the time.
func BindMoving(e Expr, env *Env) (*Moving, error) {
	if err := Validate(e); err != nil {
		return nil, err
	}
	b := newBinder(env)
	b.resolved = true
	m := &Moving{expr: e, env: b.Env, of: map[*bound.Test]*leaf{}}
	b.moving = m
	b.Now = time.UnixMicro(0) // not used, but the zero time would be refused
	var err error
	if m.node, err = b.bind(e); err != nil {
		return nil, under(err, "", "/filter")
	}
	return m, nil
}

// add returns a placeholder for a condition with relative dates. Its field is a copy, so that it is
// not joined with other conditions.
func (m *Moving) add(b *binder, c Condition, f *bound.Field, values []Value) (bound.Node, error) {
	own := *f
	l := &leaf{binder: b, field: f, attr: c.Attr, op: c.Op, values: values}
	t := &bound.Test{Field: &own, Attr: c.Attr, Op: bound.OpBetween, Times: []bound.Range[int64]{everyTime}}
	if f.Kind == AttrKind {
		t.Kind = visitor.TimeKind
	}
	m.leaves, m.of[t] = append(m.leaves, l), l
	return t, b.grow(len(values), 0)
}

var everyTime = bound.Range[int64]{Min: math.MinInt64, Max: math.MaxInt64}

func isRelative(v Value) bool { return v.Kind == AgoValue || v.Kind == PeriodValue }

// At returns the expression bound at an instant.
func (m *Moving) At(instant int64) (Bound, error) {
	b := newBinder(&m.env)
	b.resolved, b.Now = true, time.UnixMicro(instant).UTC()
	root, err := b.bind(m.expr)
	if err != nil {
		return Bound{}, under(err, "", "/filter")
	}
	return Bound{&root}, nil
}

// Match reports whether the expression matches v at an instant, as Match does for At.
func (m *Moving) Match(v *visitor.Visitor, instant int64) bool {
	if len(m.leaves) == 0 {
		return bound.Match(m.node, v)
	}
	return m.match(m.node, v, instant)
}

func (m *Moving) match(n bound.Node, v *visitor.Visitor, instant int64) bool {
	switch n := n.(type) {
	case bound.AllOf:
		for _, child := range n {
			if !m.match(child, v, instant) {
				return false
			}
		}
		return true
	case bound.AnyOf:
		for _, child := range n {
			if m.match(child, v, instant) {
				return true
			}
		}
		return false
	case bound.Negation:
		return !m.match(n.Of, v, instant)
	case *bound.Test:
		if l := m.of[n]; l != nil {
			t, ok := l.timeOf(v)
			return ok && l.has(t, instant)
		}
	}
	return bound.Match(n, v)
}

// timeOf returns the time of v that the leaf is about.
func (l *leaf) timeOf(v *visitor.Visitor) (int64, bool) {
	if l.field.Kind == AttrKind {
		value, ok := v.Attributes[l.attr]
		return value.Micros(), ok && value.Kind() == visitor.TimeKind
	}
	t := l.field.Time(v)
	return t.UnixMicro(), !t.IsZero()
}

// has reports whether the leaf matches a time at an instant.
func (l *leaf) has(t, instant int64) bool {
	if len(l.values) == 1 && l.values[0].Kind == AgoValue { // by far the most frequent, without an allocation
		switch since := instant - age(l.values[0]); l.op {
		case OpLess:
			return t < since
		case OpAtMost:
			return t <= since
		case OpGreater:
			return t > since
		case OpAtLeast:
			return t >= since
		}
	}
	return slices.ContainsFunc(l.ranges(instant), func(r bound.Range[int64]) bool { return t >= r.Min && t <= r.Max })
}

// ranges returns the times that the leaf matches at an instant, sorted.
func (l *leaf) ranges(instant int64) []bound.Range[int64] {
	at := *l.binder
	at.Now = time.UnixMicro(instant).UTC()
	return at.ranges(l.op, l.values)
}

// age returns the age that a value means: the binder cuts instants to microseconds.
func age(v Value) int64 { return int64((v.Ago + time.Microsecond - 1) / time.Microsecond) }

// ages returns the ages that the leaf compares with.
func (l *leaf) ages() (all []int64) {
	for _, v := range l.values {
		if v.Kind == AgoValue {
			all = append(all, age(v))
		}
	}
	return all
}

// boundary returns the first instant after another at which a period of the leaf ends, and false if
// it has no period.
func (l *leaf) boundary(after int64) (first int64, ok bool) {
	for _, v := range l.values {
		if v.Kind != PeriodValue {
			continue
		}
		p := Period(v.Text)
		if current, isPast := map[Period]Period{Yesterday: Today, LastWeek: ThisWeek, LastMonth: ThisMonth, LastYear: ThisYear}[p]; isPast {
			p = current
		}
		_, end := p.span(time.UnixMicro(after), l.binder.Zone, *l.binder.WeekStart)
		if next := end.UnixMicro(); !ok || next < first {
			first, ok = next, true
		}
	}
	return first, ok
}

// Moves reports whether the answer for a visitor can change with the time alone.
func (m *Moving) Moves() bool { return len(m.leaves) > 0 }

// Instants returns, in order, the instants after from and up to to at which the answer for v can
// change. Between two of them it does not.
func (m *Moving) Instants(v *visitor.Visitor, from, to int64) (all []int64) {
	add := func(instant int64) {
		if instant > from && instant <= to {
			all = append(all, instant)
		}
	}
	for _, l := range m.leaves {
		t, ok := l.timeOf(v)
		if !ok {
			continue
		}
		for _, v := range l.values {
			if v.Kind == AgoValue { // at one instant the time is as old, after it older
				add(t + age(v))
				add(t + age(v) + 1)
			}
		}
		for at, ok := l.boundary(from); ok && at <= to; at, ok = l.boundary(at) {
			add(at)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Boundary returns the first instant after another at which a period of the expression ends, and
// false if it has no periods.
func (m *Moving) Boundary(after int64) (first int64, ok bool) {
	for _, l := range m.leaves {
		if at, found := l.boundary(after); found && (!ok || at < first) {
			first, ok = at, true
		}
	}
	return first, ok
}

// Times are the visitors with a field in one of some ranges.
type Times struct {
	Field  TimeField
	Ranges []bound.Range[int64] // sorted; they do not overlap
}

// Crossing returns the times of those visitors for whom the answer can change at an instant after
// from and up to to. A visitor with none of them keeps its answer.
func (m *Moving) Crossing(from, to int64) (all []Times) {
	for _, l := range m.leaves {
		var crossing []bound.Range[int64]
		for _, age := range l.ages() {
			crossing = append(crossing, bound.Range[int64]{Min: from - age, Max: to - age})
		}
		for at, ok := l.boundary(from); ok && at <= to; at, ok = l.boundary(at) {
			crossing = append(crossing, differing(l.ranges(at-1), l.ranges(at))...)
		}
		all = append(all, Times{Field: l.timeField(), Ranges: union(crossing, 1)})
	}
	return JoinTimes(all)
}

// Ages returns the fields and ages that the expression compares: a visitor can change at the time of
// the field plus the age, and a microsecond later.
func (m *Moving) Ages() map[TimeField][]int64 {
	all := map[TimeField][]int64{}
	for _, l := range m.leaves {
		if ages := l.ages(); len(ages) > 0 {
			all[l.timeField()] = append(all[l.timeField()], ages...)
		}
	}
	return all
}

func (l *leaf) timeField() TimeField {
	if l.field.Kind == AttrKind {
		return Attr(l.attr).Time()
	}
	return TimeField(l.field.Name)
}

// JoinTimes makes one of those with the same field, sorted as they first occur.
func JoinTimes(all []Times) (joined []Times) {
	for _, t := range all {
		n := slices.IndexFunc(joined, func(j Times) bool { return j.Field == t.Field })
		switch {
		case len(t.Ranges) == 0:
		case n < 0:
			joined = append(joined, t)
		default:
			joined[n].Ranges = union(append(joined[n].Ranges, t.Ranges...), 1)
		}
	}
	return joined
}

// differing returns the times that are in ranges of a or of b, but not of both.
func differing(a, b []bound.Range[int64]) []bound.Range[int64] {
	return append(common(a, outside(b)), common(b, outside(a))...)
}

// outside returns the times that are in none of some sorted ranges.
func outside(ranges []bound.Range[int64]) (rest []bound.Range[int64]) {
	from := everyTime.Min
	for _, r := range ranges {
		if r.Min > from {
			rest = append(rest, bound.Range[int64]{Min: from, Max: r.Min - 1})
		}
		if r.Max == everyTime.Max {
			return rest
		}
		from = r.Max + 1
	}
	return append(rest, bound.Range[int64]{Min: from, Max: everyTime.Max})
}

// Fields returns the names of the fields that the expression reads, sorted.
func (m *Moving) Fields() []string {
	names := map[string]bool{}
	visitNodes(m.node, func(n bound.Node) {
		switch n := n.(type) {
		case *bound.Test:
			names[n.Field.Name] = true
		case *bound.Permission:
			names[n.Field.Name] = true
		case bound.Terms:
			names["name"], names["email"], names["phone"] = true, true, true
		}
	})
	all := make([]string, 0, len(names))
	for name := range names {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

// ReadsAny reports whether the expression asks whether a visitor has any tag, or is in any group: the
// fields tag and group.
func (m *Moving) ReadsAny(field string) (reads bool) {
	visitNodes(m.node, func(n bound.Node) {
		t, ok := n.(*bound.Test)
		reads = reads || ok && t.Field.Name == field && t.Op == bound.OpExists
	})
	return reads
}

func visitNodes(n bound.Node, visit func(bound.Node)) {
	visit(n)
	for _, child := range nodesOf(n) {
		visitNodes(child, visit)
	}
}
