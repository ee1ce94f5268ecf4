package filter_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/visitor"
)

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	require.NoError(t, err)
	return loc
}

// TestPeriods checks the first instant of each period and the first instant after it, and the
// microsecond before each.
func TestPeriods(t *testing.T) {
	t.Parallel()
	utc, plus14, minus14 := time.UTC, time.FixedZone("+14", 14*3600), time.FixedZone("-14", -14*3600)
	berlin, newYork, saoPaulo := zone(t, "Europe/Berlin"), zone(t, "America/New_York"), zone(t, "America/Sao_Paulo")
	for _, c := range []struct {
		where       string
		now         string
		zone        *time.Location
		week        time.Weekday
		from, until string
	}{
		{"today", "2026-03-15T12:00:00Z", utc, 0, "2026-03-15T00:00:00Z", "2026-03-16T00:00:00Z"},
		{"today", "2026-03-15T12:00:00Z", plus14, 0, "2026-03-15T10:00:00Z", "2026-03-16T10:00:00Z"},
		{"today", "2026-03-15T12:00:00Z", minus14, 0, "2026-03-14T14:00:00Z", "2026-03-15T14:00:00Z"},
		{"today", "2026-03-15T10:00:00Z", plus14, 0, "2026-03-15T10:00:00Z", "2026-03-16T10:00:00Z"},
		{"today", "2026-03-15T09:59:59.999999999Z", plus14, 0, "2026-03-14T10:00:00Z", "2026-03-15T10:00:00Z"},
		{"yesterday", "2026-03-01T00:00:00Z", utc, 0, "2026-02-28T00:00:00Z", "2026-03-01T00:00:00Z"},
		{"yesterday", "2024-03-01T00:00:00Z", utc, 0, "2024-02-29T00:00:00Z", "2024-03-01T00:00:00Z"},

		// A day has 23 hours when clocks go forward, and 25 when they go back.
		{"today", "2026-03-29T12:00:00Z", berlin, 0, "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"},
		{"today", "2026-10-25T12:00:00Z", berlin, 0, "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"},
		{"yesterday", "2026-03-09T12:00:00Z", newYork, 0, "2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z"},
		// São Paulo had no midnight on 4 November 2018: the day began at one o'clock.
		{"today", "2018-11-04T12:00:00Z", saoPaulo, 0, "2018-11-04T03:00:00Z", "2018-11-05T02:00:00Z"},
		{"yesterday", "2018-11-05T12:00:00Z", saoPaulo, 0, "2018-11-04T03:00:00Z", "2018-11-05T02:00:00Z"},

		// 15 March 2026 is a Sunday.
		{"this-week", "2026-03-15T12:00:00Z", utc, time.Sunday, "2026-03-15T00:00:00Z", "2026-03-22T00:00:00Z"},
		{"this-week", "2026-03-15T12:00:00Z", utc, time.Monday, "2026-03-09T00:00:00Z", "2026-03-16T00:00:00Z"},
		{"this-week", "2026-03-15T12:00:00Z", utc, time.Saturday, "2026-03-14T00:00:00Z", "2026-03-21T00:00:00Z"},
		{"last-week", "2026-03-15T12:00:00Z", utc, time.Monday, "2026-03-02T00:00:00Z", "2026-03-09T00:00:00Z"},
		{"this-week", "2026-03-15T12:00:00Z", plus14, time.Monday, "2026-03-15T10:00:00Z", "2026-03-22T10:00:00Z"},
		{"this-week", "2026-03-29T12:00:00Z", berlin, time.Monday, "2026-03-22T23:00:00Z", "2026-03-29T22:00:00Z"},
		{"last-week", "2026-01-01T12:00:00Z", utc, time.Monday, "2025-12-22T00:00:00Z", "2025-12-29T00:00:00Z"},

		{"this-month", "2024-02-29T23:00:00Z", utc, 0, "2024-02-01T00:00:00Z", "2024-03-01T00:00:00Z"},
		{"this-month", "2024-02-29T23:00:00Z", plus14, 0, "2024-02-29T10:00:00Z", "2024-03-31T10:00:00Z"},
		{"last-month", "2026-03-31T12:00:00Z", utc, 0, "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z"},
		{"last-month", "2026-01-01T00:00:00Z", utc, 0, "2025-12-01T00:00:00Z", "2026-01-01T00:00:00Z"},
		{"this-month", "2026-03-31T12:00:00Z", berlin, 0, "2026-02-28T23:00:00Z", "2026-03-31T22:00:00Z"},
		{"this-year", "2026-12-31T23:59:59Z", utc, 0, "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"},
		{"this-year", "2026-12-31T23:59:59Z", plus14, 0, "2026-12-31T10:00:00Z", "2027-12-31T10:00:00Z"},
		{"last-year", "2025-02-28T00:00:00Z", utc, 0, "2024-01-01T00:00:00Z", "2025-01-01T00:00:00Z"},

		{"2024-02-29", "2026-01-01T00:00:00Z", utc, 0, "2024-02-29T00:00:00Z", "2024-03-01T00:00:00Z"},
		{"2026-03-29", "2026-01-01T00:00:00Z", berlin, 0, "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"},
		{"2018-11-04", "2026-01-01T00:00:00Z", saoPaulo, 0, "2018-11-04T03:00:00Z", "2018-11-05T02:00:00Z"},
		{"2025-12-31..2026-01-01", "2026-01-01T00:00:00Z", minus14, 0, "2025-12-31T14:00:00Z", "2026-01-02T14:00:00Z"},
		{"today,yesterday", "2026-03-15T12:00:00Z", utc, 0, "2026-03-14T00:00:00Z", "2026-03-16T00:00:00Z"},
		{"7d-ago..today", "2026-03-15T12:00:00Z", utc, 0, "2026-03-08T12:00:00Z", "2026-03-16T00:00:00Z"},
	} {
		at := func(s string) time.Time {
			parsed, err := time.Parse(time.RFC3339Nano, s)
			require.NoError(t, err)
			return parsed
		}
		e, err := filter.Parse("created:" + c.where)
		require.NoError(t, err)
		bound, err := filter.Bind(e, &filter.Env{Now: at(c.now), Zone: c.zone, WeekStart: &c.week})
		require.NoError(t, err)
		for _, edge := range []struct {
			at   time.Time
			want bool
		}{
			{at(c.from).Add(-time.Microsecond), false}, {at(c.from), true},
			{at(c.until).Add(-time.Microsecond), true}, {at(c.until), false},
		} {
			require.Equal(t, edge.want, filter.Match(bound, visitor.Visitor{CreatedAt: edge.at}), "%s at %s in %s: %s", c.where, c.now, c.zone, edge.at)
		}
	}
}

// TestSkippedDay is about 30 December 2011, a day that the calendar of Apia skipped.
func TestSkippedDay(t *testing.T) {
	t.Parallel()
	apia := zone(t, "Pacific/Apia")
	for _, c := range []struct {
		where string
		at    time.Time
		want  bool
	}{
		{"2011-12-29", time.Date(2011, 12, 30, 9, 59, 59, 999_999_000, time.UTC), true},
		{"2011-12-30", time.Date(2011, 12, 30, 9, 59, 59, 999_999_000, time.UTC), false},
		{"2011-12-30", time.Date(2011, 12, 30, 10, 0, 0, 0, time.UTC), false},
		{"2011-12-31", time.Date(2011, 12, 30, 10, 0, 0, 0, time.UTC), true},
		{"<2011-12-30", time.Date(2011, 12, 30, 9, 59, 59, 999_999_000, time.UTC), true},
		{"<2011-12-31", time.Date(2011, 12, 30, 10, 0, 0, 0, time.UTC), false},
		{">2011-12-30", time.Date(2011, 12, 30, 10, 0, 0, 0, time.UTC), true},
		{"<=2011-12-30", time.Date(2011, 12, 30, 10, 0, 0, 0, time.UTC), false},
	} {
		e, err := filter.Parse("created:" + c.where)
		require.NoError(t, err)
		bound, err := filter.Bind(e, &filter.Env{Zone: apia})
		require.NoError(t, err)
		require.Equal(t, c.want, filter.Match(bound, visitor.Visitor{CreatedAt: c.at}), "%s: %s", c.where, c.at)
	}
}

// TestRelativeDatesStayRelative stores a filter and evaluates it a year later.
func TestRelativeDatesStayRelative(t *testing.T) {
	t.Parallel()
	e := filter.And(filter.LastSeenAt.Within(30*24*time.Hour), filter.CreatedAt.During(filter.ThisYear))
	later := now.AddDate(1, 0, 0)
	v := visitor.Visitor{CreatedAt: later.AddDate(0, -1, 0), LastSeenAt: later.AddDate(0, 0, -1)}

	resolved, err := filter.Resolve(e, &filter.Env{Now: now})
	require.NoError(t, err)
	stored, err := filter.Marshal(resolved)
	require.NoError(t, err)
	fromJSON, err := filter.Unmarshal(stored)
	require.NoError(t, err)
	s, err := filter.Format(fromJSON)
	require.NoError(t, err)
	fromText, err := filter.Parse(s)
	require.NoError(t, err)

	for at, want := range map[time.Time]bool{now: false, later: true, later.AddDate(1, 0, 0): false} {
		bound, err := filter.Bind(fromText, &filter.Env{Now: at})
		require.NoError(t, err)
		require.Equal(t, want, filter.Match(bound, v), at)
	}
}

func TestRelativeDatesNeedAClock(t *testing.T) {
	t.Parallel()
	for _, e := range []filter.Expr{
		filter.LastSeenAt.Within(time.Hour), filter.CreatedAt.During(filter.Today), filter.Attr("born").Time().OlderThan(time.Hour),
	} {
		_, err := filter.Bind(e, nil)
		require.ErrorIs(t, err, visitor.ErrInvalid)
		require.ErrorContains(t, err, "clock")
	}
}

func TestWeekStartsOnMondayByDefault(t *testing.T) {
	t.Parallel()
	sunday := time.Date(2026, 3, 15, 12, 0, 0, 0, time.UTC)
	ready, err := filter.Bind(filter.CreatedAt.During(filter.ThisWeek), &filter.Env{Now: sunday})
	require.NoError(t, err)
	monday := time.Date(2026, 3, 9, 0, 0, 0, 0, time.UTC)
	require.True(t, filter.Match(ready, visitor.Visitor{CreatedAt: monday}))
	require.False(t, filter.Match(ready, visitor.Visitor{CreatedAt: monday.Add(-time.Microsecond)}))
}
