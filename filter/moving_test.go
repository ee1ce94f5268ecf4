package filter_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/visitor"
)

// movingRule returns a random rule whose ages are a few steps.
func movingRule(r *rand.Rand, step time.Duration, depth int) filter.Expr {
	if depth > 0 && r.IntN(3) > 0 {
		a, b := movingRule(r, step, depth-1), movingRule(r, step, depth-1)
		switch r.IntN(3) {
		case 0:
			return filter.And(a, b)
		case 1:
			return filter.Or(a, b)
		}
		return filter.Not(a)
	}
	field := []filter.TimeField{filter.CreatedAt, filter.UpdatedAt, filter.LastSeenAt, filter.Attr("due").Time()}[r.IntN(4)]
	value := func() filter.Value {
		switch r.IntN(3) {
		case 0:
			return filter.Value{Kind: filter.PeriodValue, Text: string(filter.Periods()[r.IntN(8)])}
		case 1:
			return filter.Value{Kind: filter.TimeValue, Time: movingBase.Add(time.Duration(r.IntN(20)-10) * step)}
		}
		return filter.Value{Kind: filter.AgoValue, Ago: time.Duration(r.IntN(10))*step + time.Duration(r.IntN(2))}
	}
	c := filter.Condition{Field: string(field), Op: filter.OpIn, Values: []filter.Value{value(), value()}}
	if name, isAttr := trimAttr(field); isAttr {
		c.Field, c.Attr = "attr", name
	}
	c.Op = []filter.Op{filter.OpLess, filter.OpAtMost, filter.OpGreater, filter.OpAtLeast, filter.OpBetween, filter.OpIn}[r.IntN(6)]
	if c.Op != filter.OpBetween && c.Op != filter.OpIn {
		c.Values = c.Values[:1]
	}
	return c
}

func trimAttr(f filter.TimeField) (string, bool) {
	if f == filter.Attr("due").Time() {
		return "due", true
	}
	return "", false
}

// movingBase is when the clocks of New York skip an hour, on the first day of a week.
var movingBase = time.Date(2026, 3, 8, 7, 0, 0, 0, time.UTC)

// The oracle binds the rule at every instant, and compares.
func TestMoving(t *testing.T) {
	t.Logf("-seed=%d", *seed)
	r := rand.New(rand.NewPCG(*seed, 0))
	zone, err := time.LoadLocation("America/New_York")
	require.NoError(t, err)
	sunday := time.Sunday
	bases := []time.Time{
		movingBase, time.Date(2026, 3, 8, 5, 0, 0, 0, time.UTC), time.Date(2024, 2, 29, 5, 0, 0, 0, time.UTC),
		time.Date(2024, 3, 1, 5, 0, 0, 0, time.UTC), time.Date(2026, 11, 1, 4, 0, 0, 0, time.UTC), time.Date(2027, 1, 1, 5, 0, 0, 0, time.UTC),
	}
	for range 400 {
		step := []time.Duration{time.Microsecond, time.Hour, 24 * time.Hour}[r.IntN(3)]
		movingBase = bases[r.IntN(len(bases))]
		rule := movingRule(r, step, 3)
		env := &filter.Env{Zone: zone, WeekStart: &sunday}
		m, err := filter.BindMoving(rule, env)
		if err != nil { // such as a range whose end is before its start
			require.ErrorIs(t, err, visitor.ErrInvalid)
			continue
		}
		at := func() time.Time { return movingBase.Add(time.Duration(r.IntN(24)-12) * step) }
		v := visitor.Visitor{CreatedAt: at(), UpdatedAt: at()}
		if r.IntN(3) > 0 {
			v.LastSeenAt = at()
		}
		if r.IntN(3) > 0 {
			v.Attributes = visitor.Attributes{"due": visitor.Time(at())}
		}
		var flips []int64
		var before bool
		first, unit := movingBase.Add(-12*step).UnixMicro(), step.Microseconds()
		for n := range int64(24) {
			for _, instant := range []int64{first + n*unit, first + n*unit + 1} { // ages end between two
				now, err := m.At(instant)
				require.NoError(t, err)
				matches := now.Match(&v)
				require.Equal(t, matches, m.Match(&v, instant), "at %d: %+v", instant, rule)
				env.Now = time.UnixMicro(instant)
				bound, err := filter.Bind(rule, env)
				require.NoError(t, err)
				require.Equal(t, matches, bound.Match(&v))
				if matches != before && instant > first {
					flips = append(flips, instant)
				}
				before = matches
			}
		}
		last := first + 24*unit
		known := m.Instants(&v, first, last)
		require.True(t, slices.IsSorted(known))
		for _, flip := range flips {
			from, found := slices.BinarySearch(known, flip)
			if !found && unit > 1 { // between two of the instants that were tested
				require.Greater(t, from, 0, "%+v", rule)
				require.Greater(t, known[from-1], flip-unit)
			} else {
				require.True(t, found, "%d: %+v", flip, rule)
			}
		}
		if len(flips) > 0 {
			require.True(t, crosses(m, &v, first, last), "%+v", rule)
		}
		for _, flip := range flips {
			require.True(t, crosses(m, &v, flip-unit-1, flip), "%+v", rule)
		}
	}
}

// crosses reports whether a visitor is among those of whom the rule says that they can change.
func crosses(m *filter.Moving, v *visitor.Visitor, from, to int64) bool {
	for _, c := range m.Crossing(from, to) {
		at := map[filter.TimeField]time.Time{
			filter.CreatedAt: v.CreatedAt, filter.UpdatedAt: v.UpdatedAt, filter.LastSeenAt: v.LastSeenAt,
		}[c.Field]
		if due, ok := v.Attributes["due"]; ok && c.Field == filter.Attr("due").Time() {
			at = due.Time()
		}
		for _, r := range c.Ranges {
			if !at.IsZero() && at.UnixMicro() >= r.Min && at.UnixMicro() <= r.Max {
				return true
			}
		}
	}
	return false
}

func TestMovingRefuses(t *testing.T) {
	for _, text := range []string{"can:email", "-consent:email=denied"} {
		e, err := filter.Parse(text)
		require.NoError(t, err)
		_, err = filter.BindMoving(e, nil)
		require.ErrorIs(t, err, visitor.ErrInvalid)
		require.ErrorContains(t, err, "cannot be watched")
	}
	e, err := filter.Parse("source:own-shop seen:<30d created:2026-01-01 ada")
	require.NoError(t, err)
	m, err := filter.BindMoving(e, nil)
	require.NoError(t, err)
	require.Equal(t, []string{"created", "email", "name", "phone", "seen", "source"}, m.Fields())
	require.True(t, m.Moves())
}
