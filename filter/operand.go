package filter

import (
	"math"
	"strings"
	"time"

	"github.com/contactpipeline/visitors/tag/text"
)

func operandTexts(values []Value, normal func(string) string) []string {
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = normal(v.Text)
	}
	return sorted(texts)
}

// foldFor folds an operand as stored text is folded; white space around a whole text
// does not count, around a part of one it does.
func foldFor(op Op) func(string) string {
	if op == OpIn {
		return func(s string) string { return strings.TrimSpace(text.Fold(s)) }
	}
	return text.Fold
}

// phoneFor spells an operand as a part of an E.164 number.
func phoneFor(op Op) func(string) string {
	if op == OpIn || op == OpPrefix {
		return func(s string) string { return "+" + phoneDigits(s) }
	}
	return phoneDigits
}

// attribute sorts the values of a list by kind: each kind is a test of its own.
func (b *binder) attribute(c Condition, f *Field) (Node, error) {
	var texts, times []Value
	var bools, numbers []Range[float64]
	for _, v := range c.Values {
		switch v.Kind {
		case TextValue:
			texts = append(texts, v)
		case BoolValue:
			n := numberOfBool(v.Bool)
			bools = append(bools, Range[float64]{n, n})
		case NumberValue:
			numbers = append(numbers, Range[float64]{v.Number, v.Number})
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
	var nodes []Node
	if numbers = union(numbers, 0); len(numbers) > 0 {
		nodes = append(nodes, &Test{Field: f, Attr: c.Attr, Op: OpBetween, Kind: NumberValue, Numbers: numbers})
	}
	if len(bools) > 0 {
		nodes = append(nodes, &Test{Field: f, Attr: c.Attr, Op: OpBetween, Kind: BoolValue, Numbers: union(bools, 0)})
	}
	if len(texts) > 0 {
		nodes = append(nodes, &Test{Field: f, Attr: c.Attr, Op: c.Op, Kind: TextValue, Texts: operandTexts(texts, foldFor(c.Op))})
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

// numbersOf returns the range that an operator on one or two numbers asks for, or none.
func numbersOf(c Condition) []Range[float64] {
	r := Range[float64]{math.Inf(-1), math.Inf(1)}
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
		r = Range[float64]{n, c.Values[1].Number}
	}
	// An infinity leaves its side open, so nothing beyond the largest number is not a range.
	if math.IsInf(r.Min, 1) || math.IsInf(r.Max, -1) {
		return nil
	}
	return []Range[float64]{r}
}

// times compares with stretches of time: a day, a period, or the microsecond of an
// instant. Less is before its start, AtMost before its end, and so on.
func (b *binder) times(c Condition, f *Field, values []Value) (Node, error) {
	ranges := make([]Range[int64], len(values))
	for i, v := range values {
		if b.Now.IsZero() && (v.Kind == AgoValue || v.Kind == PeriodValue) {
			return nil, underValue(refuse("a relative date needs a clock"), i)
		}
		ranges[i] = b.stretch(v)
	}
	switch first := ranges[0]; c.Op {
	case OpLess:
		ranges[0] = Range[int64]{math.MinInt64, first.Min - 1}
	case OpAtMost:
		ranges[0] = Range[int64]{math.MinInt64, first.Max}
	case OpGreater:
		ranges[0] = Range[int64]{first.Max + 1, math.MaxInt64}
	case OpAtLeast:
		ranges[0] = Range[int64]{first.Min, math.MaxInt64}
	case OpBetween:
		ranges = []Range[int64]{{first.Min, ranges[1].Max}}
	}
	t := &Test{Field: f, Attr: c.Attr, Op: OpBetween, Times: union(ranges, 1)}
	if len(t.Times) == 0 {
		return Constant(false), nil
	}
	if f.Kind == AttrKind {
		t.Kind = TimeValue
	}
	return t, b.grow(len(t.Times))
}

// stretch returns the microseconds of v, both ends included.
func (b *binder) stretch(v Value) Range[int64] {
	switch v.Kind {
	case DateValue:
		day, _ := time.Parse(time.DateOnly, v.Text) // Validate has read it
		y, m, d := day.Date()
		return Range[int64]{midnight(y, m, d, b.Zone).UnixMicro(), midnight(y, m, d+1, b.Zone).UnixMicro() - 1}
	case PeriodValue:
		start, end, _ := Period(v.Text).span(b.Now, b.Zone, b.WeekStart)
		return Range[int64]{start.UnixMicro(), end.UnixMicro() - 1}
	case AgoValue:
		at := b.Now.Add(-v.Ago).UnixMicro()
		return Range[int64]{at, at}
	}
	return Range[int64]{v.Time.UnixMicro(), v.Time.UnixMicro()}
}
