package filter

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ageUnits are the units of an age, the largest first. Months and years are not units, as
// their length varies.
var ageUnits = []struct {
	name string
	unit time.Duration
}{
	{"w", 7 * 24 * time.Hour}, {"d", 24 * time.Hour}, {"h", time.Hour}, {"m", time.Minute}, {"s", time.Second},
	{"ms", time.Millisecond}, {"us", time.Microsecond}, {"ns", time.Nanosecond},
}

// formatAge writes an age as whole numbers of units, the largest first: 30d, 1h30m.
func formatAge(d time.Duration) string {
	if d == 0 {
		return "0s"
	}
	s := ""
	for _, u := range ageUnits[1:] { // without weeks: 14d, not 2w
		if n := d / u.unit; n > 0 {
			s += strconv.FormatInt(int64(n), 10) + u.name
			d -= n * u.unit
		}
	}
	return s
}

// parseAge reads whole numbers of units, each unit at most once and the largest first.
func parseAge(s string) (sum time.Duration, ok bool) {
	for _, u := range ageUnits {
		unit := strings.TrimLeft(s, "0123456789")
		rest := strings.TrimLeft(unit, "wdhmsun")
		if unit[:len(unit)-len(rest)] != u.name {
			continue
		}
		n, err := strconv.ParseInt(s[:len(s)-len(unit)], 10, 64)
		if err != nil || n > int64((maxAge-sum)/u.unit) {
			return 0, false
		}
		sum, s, ok = sum+time.Duration(n)*u.unit, rest, true
	}
	return sum, ok && s == ""
}

// rfc3339 is stricter than time.Parse, which accepts 1:00 and a comma.
var rfc3339 = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$`)

// parseTime reads an instant in RFC 3339.
func parseTime(s string) (time.Time, bool) {
	if len(s) > MaxText || !rfc3339.MatchString(s) {
		return time.Time{}, false
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	return t, err == nil
}

// when reads a date, a time, a period, or an age.
func when(word string) (v Value, age, ok bool) {
	if _, err := time.Parse(time.DateOnly, word); err == nil {
		return Value{Kind: DateValue, Text: word}, false, true
	}
	if t, ok := parseTime(word); ok {
		return timeOf(t), false, true
	}
	word = strings.ToLower(word)
	if slices.Contains(Periods(), Period(word)) {
		return Value{Kind: PeriodValue, Text: word}, false, true
	}
	bare, isAgo := strings.CutSuffix(word, agoSuffix)
	d, ok := parseAge(bare)
	return ago(d), !isAgo, ok
}

func periodNames() []string {
	var names []string
	for _, p := range Periods() {
		names = append(names, string(p))
	}
	return names
}
