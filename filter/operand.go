package filter

import (
	"math"
	"strings"
	"time"

	"github.com/contactpipeline/visitors/filter/bound"
	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

func operandTexts(values []Value, normal func(string) string) []string {
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = normal(v.Text)
	}
	return sorted(texts)
}

// foldFor returns the function that folds an operand like stored text. White space around a
// whole text is ignored; around a part of a text it counts.
func foldFor(op Op) func(string) string {
	if op == OpIn {
		return func(s string) string { return strings.TrimSpace(text.Fold(s)) }
	}
	return text.Fold
}

// phoneFor returns the function that converts an operand to a part of an E.164 number.
func phoneFor(op Op) func(string) string {
	if op == OpIn || op == OpPrefix {
		return func(s string) string { return "+" + phoneDigits(s) }
	}
	return phoneDigits
}

// attribute groups the values of a list by kind: each kind becomes a test of its own.
func (b *binder) attribute(c Condition, f *bound.Field) (bound.Node, error) {
	var texts, times []Value
	var bools, numbers []bound.Range[float64]
	for _, v := range c.Values {
		switch v.Kind {
		case TextValue:
			texts = append(texts, v)
		case BoolValue:
			n := 0.0
			if v.Bool {
				n = 1
			}
			bools = append(bools, bound.Range[float64]{Min: n, Max: n})
		case NumberValue:
			numbers = append(numbers, bound.Range[float64]{Min: v.Number, Max: v.Number})
		default:
			times = append(times, v)
		}
	}
	if err := b.grow(len(bools) + len(numbers)); err != nil {
		return nil, err
	}
	if len(numbers) > 0 && c.Op != OpIn {
		numbers = numbersOf(c)
	}
	var nodes []bound.Node
	if numbers = union(numbers, 0); len(numbers) > 0 {
		nodes = append(nodes, &bound.Test{Field: f, Attr: c.Attr, Op: bound.OpBetween, Kind: visitor.NumberKind, Numbers: numbers})
	}
	if len(bools) > 0 {
		nodes = append(nodes, &bound.Test{Field: f, Attr: c.Attr, Op: bound.OpBetween, Kind: visitor.BoolKind, Numbers: union(bools, 0)})
	}
	if len(texts) > 0 {
		nodes = append(nodes, &bound.Test{Field: f, Attr: c.Attr, Op: bound.Op(c.Op), Kind: visitor.TextKind, Texts: operandTexts(texts, foldFor(c.Op))})
	}
	if len(times) > 0 {
		n, err := b.times(c, f, times)
		if err != nil {
			return nil, err
		}
		nodes = append(nodes, n)
	}
	return anyOf(nodes), nil
}

// numbersOf returns the range that an operator with one or two numbers selects, or none.
func numbersOf(c Condition) []bound.Range[float64] {
	r := bound.Range[float64]{Min: math.Inf(-1), Max: math.Inf(1)}
	n := c.Values[0].Number
	switch c.Op {
	case OpLess:
		r.Max = math.Nextafter(n, math.Inf(-1))
	case OpAtMost:
		r.Max = n
	case OpGreater:
		r.Min = math.Nextafter(n, math.Inf(1))
	case OpAtLeast:
		r.Min = n
	case OpBetween:
		r = bound.Range[float64]{Min: n, Max: c.Values[1].Number}
	}
	// An infinity means no limit, so "greater than the largest number" is no range.
	if math.IsInf(r.Min, 1) || math.IsInf(r.Max, -1) {
		return nil
	}
	return []bound.Range[float64]{r}
}

// times tests a time against intervals: a day, a period, or the microsecond of an instant.
// OpLess means before the start of the interval, OpAtMost not after its end, and so on.
func (b *binder) times(c Condition, f *bound.Field, values []Value) (bound.Node, error) {
	ranges := make([]bound.Range[int64], len(values))
	for i, v := range values {
		if b.Now.IsZero() && (v.Kind == AgoValue || v.Kind == PeriodValue) {
			return nil, underValue(refuse("a relative date needs a clock"), i)
		}
		ranges[i] = b.interval(v)
	}
	switch first := ranges[0]; c.Op {
	case OpLess:
		ranges[0] = bound.Range[int64]{Min: math.MinInt64, Max: first.Min - 1}
	case OpAtMost:
		ranges[0] = bound.Range[int64]{Min: math.MinInt64, Max: first.Max}
	case OpGreater:
		ranges[0] = bound.Range[int64]{Min: first.Max + 1, Max: math.MaxInt64}
	case OpAtLeast:
		ranges[0] = bound.Range[int64]{Min: first.Min, Max: math.MaxInt64}
	case OpBetween:
		ranges = []bound.Range[int64]{{Min: first.Min, Max: ranges[1].Max}}
	}
	t := &bound.Test{Field: f, Attr: c.Attr, Op: bound.OpBetween, Times: union(ranges, 1)}
	if len(t.Times) == 0 {
		return bound.Constant(false), nil
	}
	if f.Kind == AttrKind {
		t.Kind = visitor.TimeKind
	}
	return t, b.grow(len(t.Times))
}

// interval returns the interval that v means, in microseconds.
func (b *binder) interval(v Value) bound.Range[int64] {
	switch v.Kind {
	case DateValue:
		day, _ := time.Parse(time.DateOnly, v.Text) // Validate has checked it
		y, m, d := day.Date()
		return bound.Range[int64]{Min: midnight(y, m, d, b.Zone).UnixMicro(), Max: midnight(y, m, d+1, b.Zone).UnixMicro() - 1}
	case PeriodValue:
		start, end, _ := Period(v.Text).span(b.Now, b.Zone, *b.WeekStart)
		return bound.Range[int64]{Min: start.UnixMicro(), Max: end.UnixMicro() - 1}
	case AgoValue:
		at := b.Now.Add(-v.Ago).UnixMicro()
		return bound.Range[int64]{Min: at, Max: at}
	}
	return bound.Range[int64]{Min: v.Time.UnixMicro(), Max: v.Time.UnixMicro()}
}
