package filter

import (
	"time"

	"github.com/contactpipeline/visitors/filter/bound"
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
	// PermissionValue is about messages on a channel: Permission.
	PermissionValue ValueKind = "permission"
)

// Value is an operand of a condition. Its Kind decides which of the other fields is used.
type Value struct {
	Kind       ValueKind
	Text       string
	Number     float64
	Bool       bool
	Time       time.Time
	Ago        time.Duration
	Identity   IdentityRef
	Permission PermissionRef
}

// IdentityRef selects identities. An empty Account or ExternalID means any.
type IdentityRef = bound.IdentityRef

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
func (p Period) span(now time.Time, zone *time.Location, weekStart time.Weekday) (from, to time.Time) {
	year, month, day := now.In(zone).Date()
	start := func(n int) time.Time { // of the nth period after the current one of the same length
		switch p {
		case ThisWeek, LastWeek:
			weekday := (now.In(zone).Weekday() - weekStart + 7) % 7
			return midnight(year, month, day-int(weekday)+7*n, zone)
		case ThisMonth, LastMonth:
			return midnight(year, month+time.Month(n), 1, zone)
		case ThisYear, LastYear:
			return midnight(year+n, 1, 1, zone)
		}
		return midnight(year, month, day+n, zone)
	}
	switch p {
	case Yesterday, LastWeek, LastMonth, LastYear:
		return start(-1), start(0)
	}
	return start(0), start(1)
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
