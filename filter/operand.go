package filter

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/contactpipeline/visitors/tag/text"
)

func operandTexts(values []Value, normal func(string) string) []string {
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = normal(v.Text)
	}
	slices.Sort(texts)
	return slices.Compact(texts)
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
	var nodes []Node
	for _, v := range c.Values {
		switch v.Kind {
		case TextValue:
			texts = append(texts, v)
		case BoolValue:
			nodes = append(nodes, boolean(c, f, v.Bool))
		case NumberValue:
			if c.Op != OpIn {
				return numbers(c, f), nil
			}
			nodes = append(nodes, &Test{Field: f, Attr: c.Attr, Op: OpBetween, Kind: NumberValue, MinNumber: v.Number, MaxNumber: v.Number})
		default:
			times = append(times, v)
		}
	}
	if err := b.grow(len(nodes)); err != nil {
		return nil, err
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

func boolean(c Condition, f *Field, want bool) Node {
	t := &Test{Field: f, Attr: c.Attr, Op: OpBetween, Kind: BoolValue}
	if want {
		t.MinNumber, t.MaxNumber = 1, 1
	}
	return t
}

func numbers(c Condition, f *Field) Node {
	t := &Test{Field: f, Attr: c.Attr, Op: OpBetween, Kind: NumberValue, MinNumber: math.Inf(-1), MaxNumber: math.Inf(1)}
	n := c.Values[0].Number
	switch c.Op {
	case OpLess:
		t.MaxNumber = math.Nextafter(n, math.Inf(-1))
	case OpAtMost:
		t.MaxNumber = n
	case OpGreater:
		t.MinNumber = math.Nextafter(n, math.Inf(1))
	case OpAtLeast:
		t.MinNumber = n
	case OpBetween:
		t.MinNumber, t.MaxNumber = n, c.Values[1].Number
	}
	// An infinity leaves its side open, so nothing beyond the largest number is not a range.
	if t.MinNumber > t.MaxNumber || math.IsInf(t.MinNumber, 1) || math.IsInf(t.MaxNumber, -1) {
		return Constant(false)
	}
	return t
}

// span is a stretch of time, in microseconds since 1970, both ends included.
type span struct{ from, to int64 }

// times compares with stretches of time: a day, a period, or the microsecond of an
// instant. Less is before its start, AtMost before its end, and so on.
func (b *binder) times(c Condition, f *Field, values []Value) (Node, error) {
	spans := make([]span, len(values))
	for i, v := range values {
		if b.Now.IsZero() && (v.Kind == AgoValue || v.Kind == PeriodValue) {
			return nil, underValue(refuse("a relative date needs a clock"), i)
		}
		spans[i] = b.stretch(v)
	}
	switch first := spans[0]; c.Op {
	case OpLess:
		spans[0] = span{math.MinInt64, first.from - 1}
	case OpAtMost:
		spans[0] = span{math.MinInt64, first.to}
	case OpGreater:
		spans[0] = span{first.to + 1, math.MaxInt64}
	case OpAtLeast:
		spans[0] = span{first.from, math.MaxInt64}
	case OpBetween:
		spans = []span{{first.from, spans[1].to}}
	}
	spans = merge(spans)
	nodes := make([]Node, len(spans))
	for i, s := range spans {
		t := &Test{Field: f, Attr: c.Attr, Op: OpBetween, Min: s.from, Max: s.to}
		if f.Kind == AttrKind {
			t.Kind = TimeValue
		}
		nodes[i] = t
	}
	return anyOf(nodes), b.grow(len(nodes))
}

// merge joins stretches that touch and drops empty ones.
func merge(spans []span) []span {
	spans = slices.DeleteFunc(spans, func(s span) bool { return s.from > s.to })
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	var merged []span
	for _, s := range spans {
		if last := len(merged) - 1; last >= 0 && s.from <= merged[last].to+1 {
			merged[last].to = max(merged[last].to, s.to)
			continue
		}
		merged = append(merged, s)
	}
	return merged
}

// stretch returns the microseconds of v.
func (b *binder) stretch(v Value) span {
	switch v.Kind {
	case DateValue:
		day, _ := time.Parse(time.DateOnly, v.Text) // Validate has read it
		y, m, d := day.Date()
		return span{midnight(y, m, d, b.Zone).UnixMicro(), midnight(y, m, d+1, b.Zone).UnixMicro() - 1}
	case PeriodValue:
		start, end, _ := Period(v.Text).span(b.Now, b.Zone, b.WeekStart)
		return span{start.UnixMicro(), end.UnixMicro() - 1}
	case AgoValue:
		at := b.Now.Add(-v.Ago).UnixMicro()
		return span{at, at}
	}
	return span{v.Time.UnixMicro(), v.Time.UnixMicro()}
}
