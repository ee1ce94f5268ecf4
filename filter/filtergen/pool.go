package filtergen

import (
	"math"
	"slices"
	"time"
)

// TagNames returns the names of the default tags.
func TagNames() []string {
	return []string{
		"hot-lead", "customer", "VIP", "café", "São Paulo", "100%_off", `back\slash`, `it's "quoted"`,
		"--;drop", "$1 ? ??", "🔥", "tag:nested,or*", "Straße", "ＷＩＤＥ",
	}
}

// GroupNames returns the names of the default groups.
func GroupNames() []string {
	return []string{"Newsletter", "Hot leads", "Ünited", "50% off_*", "O'Brien's", "OR", "-x", "🎉 party"}
}

var names = []string{
	"Ada Lovelace", "ADA", "ada  lovelace", "Grace Hopper", "Zoe\u0308", "Zoë", "Jose\u0301", "José", "JOSE",
	"İstanbul", "ıstanbul", "Istanbul", "Straße", "STRASSE", "Stra\u1e9ee", "ﬁsh", "fish", "Łódź", "Øre", "þorn", "Æon",
	"Σίσυφος", "ΣΊΣΥΦΟΣ", "ｆｕｌｌ", "Мария", "张伟", "हिन्दी", "한글", "\u1112\u1161\u11ab",
	"100%", "50_50", `a\b`, `O'Brien`, `"quoted"`, "$1", "?", "??", "--", "; DROP TABLE visitors; --", "a*b", "(x OR y)", "-neg",
	"tag:x", "a..b", "😀", "👩\u200d👧", "A\u00a0B", "+1 555", "x", "%", "_",
}

var emails = []string{
	"ada@example.com", "Ada.Lovelace@EXAMPLE.com", "grace@example.org", "o'brien@ex-ample.co.uk", "a_b%c@example.com",
	"$1?@example.com", "--@example.com", "zoë@bücher.example", "Jose\u0301@example.com", "x+tag@example.com", "{a|b}@example.com",
}

var phones = []string{
	"+5511987654321", "+55 11 98765-4322", "+4930123456", "+1 (202) 555-0123", "+905321234567", "+44 7911 123456", "+9715551230000",
}

// hostile are texts that only operands have: parts of values, and texts that no value has.
var hostile = []string{
	"%", "_", `\`, "'", `"`, "$1", "?", "??", "--", ";", "*", "(", ")", "OR", "and", "NOT", "-", ":", ",", "<", ">=", "..", "a", "e", "s", "ss",
	"i", "I", "İ", "ı", "ß", "\u1e9e", "ﬁ", "fi", "é", "e\u0301", "ë", "σ", "ς", " a", "a ", "o p", "@", ".com", "example", "ada grace",
	"1", "555", "+55", "5511", "0123", "11 98765", "😀", "\u200da", "true", "12", "2026-01-01", "today", "7d", "nobody has this", "\n", "a\tb", "#",
	"\u0661\u0662\u0663", "１２３",
}

var attributeNames = []string{"city", "score", "vip", "born", "langs", "plan.name", "x-1", "or"}

var numbers = []float64{
	0, 1, -1, 0.5, 0.30000000000000004, 0.3, 42, 1e-9, -1e308, math.MaxFloat64, -math.MaxFloat64, math.SmallestNonzeroFloat64,
	1 << 53, 1<<53 + 2, -(1 << 53), 1e21, math.Pi,
}

var accounts = []string{"", "page-1", "Page-1", "4%_2", "é"}

var inboxes = []string{"1055", "page-1", "Page-1", "4%_2", `o'x`, "é", "e\u0301", "a  b", "bot,2", "OR"}

var externals = []string{"42", "4_", "4%", `4\2`, "o'x", `a"b`, "９", "42/7", "a,b", "*", "é", "e\u0301", "ID 7", "OR", "(", "-1"}

var ages = []time.Duration{
	0, time.Microsecond, time.Second, time.Minute, time.Hour, 24 * time.Hour, 36 * time.Hour, 7 * 24 * time.Hour, 14 * 24 * time.Hour,
	30 * 24 * time.Hour, 90*24*time.Hour + time.Nanosecond, 365 * 24 * time.Hour,
}

var dates = []string{"2024-02-29", "2026-01-01", "2025-12-31", "2026-03-29", "2026-10-25", "2026-03-08", "2018-11-04", "2011-12-30", "1999-12-31", "0001-01-01", "9999-12-31"}

var nows = []time.Time{
	time.Date(2024, 2, 29, 23, 30, 0, 0, time.UTC),
	time.Date(2026, 3, 29, 1, 0, 0, 0, time.UTC), // clocks go forward in Europe
	time.Date(2026, 10, 25, 0, 30, 0, 0, time.UTC),
	time.Date(2026, 3, 8, 7, 0, 0, 0, time.UTC), // clocks go forward in New York
	time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
	time.Date(2025, 12, 31, 23, 59, 59, 999_999_000, time.UTC),
	time.Date(2026, 6, 15, 12, 34, 56, 789_012_000, time.UTC),
	time.Date(2018, 11, 4, 3, 0, 0, 0, time.UTC), // São Paulo skips midnight
}

var zones = []*time.Location{
	time.UTC, time.FixedZone("+14", 14*3600), time.FixedZone("-14", -14*3600), zone("Pacific/Kiritimati"), zone("Europe/Berlin"),
	zone("America/New_York"), zone("America/Sao_Paulo"), zone("Asia/Kathmandu"), zone("Pacific/Apia"), zone("Australia/Lord_Howe"),
}

func zone(name string) *time.Location {
	loc, err := time.LoadLocation(name)
	if err != nil {
		panic(err)
	}
	return loc
}

// instants returns the times of visitors and operands: now, ages before it, and both sides
// of each start of a day or a period and of each clock change.
func instants(now time.Time, zone *time.Location) []time.Time {
	y, m, d := now.In(zone).Date()
	edges := []time.Time{
		time.Date(y, 1, 1, 0, 0, 0, 0, zone), time.Date(y-1, 1, 1, 0, 0, 0, 0, zone),
		time.Date(y, m, 1, 0, 0, 0, 0, zone), time.Date(y, m-1, 1, 0, 0, 0, 0, zone),
		time.Date(2024, 2, 29, 0, 0, 0, 0, zone), time.Date(2024, 3, 1, 0, 0, 0, 0, zone),
	}
	for day := -14; day <= 1; day++ {
		edges = append(edges, time.Date(y, m, d+day, 0, 0, 0, 0, zone))
	}
	start, end := now.In(zone).ZoneBounds()
	edges = append(edges, start, end)
	for _, age := range ages {
		edges = append(edges, now.Add(-age))
	}
	times := []time.Time{now.Add(-12345 * time.Second)}
	for _, edge := range edges {
		for _, step := range []time.Duration{-time.Microsecond, 0, time.Microsecond} {
			t := edge.Add(step).UTC().Truncate(time.Microsecond)
			if t.After(time.Unix(0, 0)) && t.Before(now.Add(24*time.Hour)) {
				times = append(times, t)
			}
		}
	}
	slices.SortFunc(times[1:], time.Time.Compare)
	return times
}
