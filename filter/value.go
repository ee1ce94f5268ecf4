package filter

import (
	"time"

	"github.com/contactpipeline/visitors/visitor"
)

// ValueKind is the kind of an operand.
type ValueKind string

// The kinds of operands.
const (
	TextValue     ValueKind = "text"     // Text: a text, or the name of a source, tag or group
	IDValue       ValueKind = "id"       // Text: the id of a visitor, tag or group, in the 36-character form
	NumberValue   ValueKind = "number"   // Number
	BoolValue     ValueKind = "bool"     // Bool
	TimeValue     ValueKind = "time"     // Time: an instant
	DateValue     ValueKind = "date"     // Text: a whole day, 2026-01-31, in the workspace's time zone
	PeriodValue   ValueKind = "period"   // Text: a Period
	AgoValue      ValueKind = "ago"      // Ago: that long before now; 0 to 200 years
	IdentityValue ValueKind = "identity" // Identity
)

// Value is an operand of a condition. Its Kind decides which of the other fields is used.
type Value struct {
	Kind     ValueKind
	Text     string
	Number   float64
	Bool     bool
	Time     time.Time
	Ago      time.Duration
	Identity IdentityRef
}

// IdentityRef selects identities. An empty Account or ExternalID means any.
type IdentityRef struct {
	Source     visitor.Source
	Account    string
	ExternalID string
}

// Period is a period of the calendar relative to now, in the workspace's time zone.
type Period string

// The periods. A week starts on Env.WeekStart.
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

// Periods returns all periods.
func Periods() []Period {
	return []Period{Today, Yesterday, ThisWeek, LastWeek, ThisMonth, LastMonth, ThisYear, LastYear}
}

// span returns the first instant of p and the first instant after it.
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

// midnight returns the first instant of a day. Where the clocks skip midnight, time.Date
// returns an instant of the day before; the day then starts when the clocks change.
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
