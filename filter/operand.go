package filter

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/contactpipeline/visitors/filter/bound"
	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

// textTest tests for the values, each in its normal form.
func textTest(c Condition, f *bound.Field, kind visitor.Kind, values []Value) *bound.Test {
	normal := normalFor(f.Kind, c.Op)
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = normal(v.Text)
	}
	return &bound.Test{Field: f, Attr: c.Attr, Op: bound.Op(c.Op), Kind: kind, Texts: sorted(texts)}
}

// normalFor returns the function that converts an operand to the form that is compared: texts are
// folded, of a phone a part of the E.164 number stays, an inbox is not changed. White space around a whole text is ignored;
// around a part of a text it counts.
func normalFor(kind Kind, op Op) func(string) string {
	switch {
	case kind == IDKind:
		return strings.ToLower
	case kind == TagKind, kind == GroupKind:
		return key
	case kind == InboxKind:
		return func(s string) string { return s }
	case kind == PhoneKind && (op == OpIn || op == OpPrefix):
		return func(s string) string { return "+" + phoneDigits(s) }
	case kind == PhoneKind:
		return phoneDigits
	case op == OpIn:
		return func(s string) string { return strings.TrimSpace(text.Fold(s)) }
	}
	return text.Fold
}

// attribute tests for the values of each kind apart.
func (b *binder) attribute(c Condition, f *bound.Field) (bound.Node, error) {
	var texts, times []Value
	var bools, numbers []bound.Range[float64]
	for _, v := range c.Values {
		switch v.Kind {
		case TextValue:
			texts = append(texts, v)
		case BoolValue:
			n := map[bool]float64{true: 1}[v.Bool]
			bools = append(bools, bound.Range[float64]{Min: n, Max: n})
		case NumberValue:
			numbers = append(numbers, bound.Range[float64]{Min: v.Number, Max: v.Number})
		default:
			times = append(times, v)
		}
	}
	if err := b.grow(len(bools)+len(numbers), 0); err != nil {
		return nil, err
	}
	between := func(kind visitor.Kind, ranges []bound.Range[float64]) bound.Node {
		return &bound.Test{Field: f, Attr: c.Attr, Op: bound.OpBetween, Kind: kind, Numbers: ranges}
	}
	var nodes []bound.Node
	if numbers = numbersFor(c.Op, numbers); len(numbers) > 0 {
		nodes = append(nodes, between(visitor.NumberKind, numbers))
	}
	if len(bools) > 0 {
		nodes = append(nodes, between(visitor.BoolKind, union(bools, 0)))
	}
	if len(texts) > 0 {
		nodes = append(nodes, textTest(c, f, visitor.TextKind, texts))
	}
	if len(times) > 0 {
		n, err := b.times(c, f, times)
		if err != nil {
			return nil, err
		}
		nodes = append(nodes, n)
	}
	return anyOf(nodes...), nil
}

// numbersFor returns the ranges that op selects, compared with numbers. An infinity means no
// limit, so "greater than the largest number" is no range.
func numbersFor(op Op, numbers []bound.Range[float64]) []bound.Range[float64] {
	lowest, highest := math.Inf(-1), math.Inf(1)
	ranges := compared(op, numbers, bound.Range[float64]{Min: lowest, Max: highest},
		func(n float64) float64 { return math.Nextafter(n, lowest) },
		func(n float64) float64 { return math.Nextafter(n, highest) })
	return slices.DeleteFunc(union(ranges, 0), func(r bound.Range[float64]) bool {
		return r.Min == highest || r.Max == lowest
	})
}

// times tests a time against intervals: a day, a period, or the microsecond of an instant.
// OpLess means before the start of the interval, OpAtMost not after its end, and so on.
func (b *binder) times(c Condition, f *bound.Field, values []Value) (bound.Node, error) {
	if n := slices.IndexFunc(values, isRelative); n >= 0 {
		switch {
		case b.Now.IsZero():
			return nil, underValue(refuse("a relative date needs a clock"), n)
		case b.moving != nil:
			return b.moving.add(b, c, f, values)
		}
	}
	ranges := b.ranges(c.Op, values)
	if len(ranges) == 0 {
		return bound.Constant(false), nil
	}
	t := &bound.Test{Field: f, Attr: c.Attr, Op: bound.OpBetween, Times: ranges}
	if f.Kind == AttrKind {
		t.Kind = visitor.TimeKind
	}
	return t, b.grow(len(ranges), 0)
}

// ranges returns the times that op selects, compared with values.
func (b *binder) ranges(op Op, values []Value) []bound.Range[int64] {
	ranges := make([]bound.Range[int64], len(values))
	for i, v := range values {
		ranges[i] = b.interval(v)
	}
	return union(compared(op, ranges, bound.Range[int64]{Min: math.MinInt64, Max: math.MaxInt64},
		func(micros int64) int64 { return micros - 1 },
		func(micros int64) int64 { return micros + 1 }), 1)
}

// interval returns the interval that v means, in microseconds.
func (b *binder) interval(v Value) bound.Range[int64] {
	switch v.Kind {
	case DateValue:
		day, _ := time.Parse(time.DateOnly, v.Text) // Validate has checked it
		y, m, d := day.Date()
		return bound.Range[int64]{Min: midnight(y, m, d, b.Zone).UnixMicro(), Max: midnight(y, m, d+1, b.Zone).UnixMicro() - 1}
	case PeriodValue:
		start, end := Period(v.Text).span(b.Now, b.Zone, *b.WeekStart)
		return bound.Range[int64]{Min: start.UnixMicro(), Max: end.UnixMicro() - 1}
	case AgoValue:
		at := b.Now.Add(-v.Ago).UnixMicro()
		return bound.Range[int64]{Min: at, Max: at}
	}
	return bound.Range[int64]{Min: v.Time.UnixMicro(), Max: v.Time.UnixMicro()}
}
