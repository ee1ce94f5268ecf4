package filter

import (
	"cmp"
	"time"

	"github.com/contactpipeline/visitors/visitor"
)

// ValueKind is the kind of an operand.
type ValueKind string

// The kinds of operands.
const (
	TextValue     ValueKind = "text"     // Text: a text, or the name of a source, tag or group
	IDValue       ValueKind = "id"       // Text: the id of a visitor, tag or group
	NumberValue   ValueKind = "number"   // Number
	BoolValue     ValueKind = "bool"     // Bool
	TimeValue     ValueKind = "time"     // Time: an instant
	DateValue     ValueKind = "date"     // Text: a whole day, 2026-01-31, in the workspace's time zone
	PeriodValue   ValueKind = "period"   // Text: a Period
	AgoValue      ValueKind = "ago"      // Ago: the instant that long before now
	IdentityValue ValueKind = "identity" // Identity
)

// Value is an operand of a condition: its Kind says which field holds it.
type Value struct {
	Kind     ValueKind
	Text     string
	Number   float64
	Bool     bool
	Time     time.Time
	Ago      time.Duration
	Identity IdentityRef
}

// IdentityRef names identities. An empty Account or ExternalID stands for any.
type IdentityRef struct {
	Source     visitor.Source
	Account    string
	ExternalID string
}

func (i IdentityRef) compare(j IdentityRef) int {
	return cmp.Or(cmp.Compare(i.Source, j.Source), cmp.Compare(i.Account, j.Account), cmp.Compare(i.ExternalID, j.ExternalID))
}

// Period is a stretch of the calendar around now, in the workspace's time zone.
type Period string

// The periods. A week starts on the workspace's first day of the week.
const (
	Today     Period = "today"
	Yesterday Period = "yesterday"
	ThisWeek  Period = "this-week"
	LastWeek  Period = "last-week"
	ThisMonth Period = "this-month"
	LastMonth Period = "last-month"
	ThisYear  Period = "this-year"
	LastYear  Period = "last-year"
)

// Periods returns every period.
func Periods() []Period {
	return []Period{Today, Yesterday, ThisWeek, LastWeek, ThisMonth, LastMonth, ThisYear, LastYear}
}

// span returns the first instant of p and the first one after it.
func (p Period) span(now time.Time, zone *time.Location, weekStart time.Weekday) (from, to time.Time, ok bool) {
	year, month, day := now.In(zone).Date()
	date := func(y int, m time.Month, d int) time.Time { return midnight(y, m, d, zone) }
	week := day - (int(now.In(zone).Weekday())-int(weekStart)+7)%7
	switch p {
	case Today:
		return date(year, month, day), date(year, month, day+1), true
	case Yesterday:
		return date(year, month, day-1), date(year, month, day), true
	case ThisWeek:
		return date(year, month, week), date(year, month, week+7), true
	case LastWeek:
		return date(year, month, week-7), date(year, month, week), true
	case ThisMonth:
		return date(year, month, 1), date(year, month+1, 1), true
	case LastMonth:
		return date(year, month-1, 1), date(year, month, 1), true
	case ThisYear:
		return date(year, 1, 1), date(year+1, 1, 1), true
	case LastYear:
		return date(year-1, 1, 1), date(year, 1, 1), true
	}
	return from, to, false
}

// midnight returns the first instant of a day. Where the clock jumps over midnight,
// time.Date gives an instant of the day before; the day then starts at the jump.
func midnight(year int, month time.Month, day int, zone *time.Location) time.Time {
	t := time.Date(year, month, day, 0, 0, 0, 0, zone)
	if want := time.Date(year, month, day, 12, 0, 0, 0, zone).Day(); t.Day() != want {
		_, end := t.ZoneBounds()
		return end
	}
	return t
}

func textValues[T ~string](kind ValueKind, texts []T) []Value {
	values := make([]Value, len(texts))
	for i, t := range texts {
		values[i] = Value{Kind: kind, Text: string(t)}
	}
	return values
}

func textOf(s string) Value    { return Value{Kind: TextValue, Text: s} }
func numberOf(n float64) Value { return Value{Kind: NumberValue, Number: n} }
func timeOf(t time.Time) Value {
	return Value{Kind: TimeValue, Time: t.UTC().Truncate(time.Microsecond)}
}
func ago(d time.Duration) Value { return Value{Kind: AgoValue, Ago: d} }
