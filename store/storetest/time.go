package storetest

import (
	"fmt"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor"
)

// instants are times that are easily truncated, shifted or mistaken for the zero time.
func instants() []time.Time {
	return []time.Time{
		time.Date(2026, 1, 2, 3, 4, 5, 678_901_000, time.UTC),
		time.Date(2026, 1, 2, 3, 4, 5, 1_000, time.UTC),
		time.Date(2026, 1, 2, 3, 4, 5, 999_999_000, time.UTC),
		time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		time.Date(2024, 2, 29, 23, 59, 59, 999_999_000, time.UTC),
		time.Date(2026, 3, 29, 1, 30, 0, 0, time.UTC), // daylight saving time starts in Europe
		time.Date(2026, 10, 25, 0, 30, 0, 0, time.UTC),
		time.Date(2038, 1, 19, 3, 14, 8, 0, time.UTC), // past 32 bits of seconds
		time.UnixMicro(1).UTC(),
		time.UnixMicro(-1).UTC(),
		time.Date(1969, 12, 31, 23, 59, 59, 1_000, time.UTC),
		time.Date(1582, 10, 10, 0, 0, 0, 123_456_000, time.UTC), // before the Gregorian calendar
		time.Date(1, 1, 1, 0, 0, 0, 1_000, time.UTC),
		time.Date(9999, 12, 31, 23, 59, 59, 999_999_000, time.UTC),
	}
}

var timePromises = []promise{
	{"times are read back to the microsecond, in UTC", "A store that rounds puts two events in the wrong order; one that shifts, on the wrong day.", checkTimeRoundTrip},
	{"an absent time is read back as the zero time", "A missing time must not become 1970.", checkTimeZero},
	{"an attribute may be the first instant of 1970", "The first instant of 1970 is stored as zero, which must not mean missing.", checkTimeEpoch},
	{"times of changes are stored, not replaced by a clock", "The host's clock decides; tests and imports set it.", checkTimeOfChanges},
	{"numbers are stored bit for bit", "A score that is off by the last digit no longer equals itself.", checkNumberRoundTrip},
}

func checkTimeRoundTrip(f *fixture) {
	var changes []driver.Change
	var want []visitor.Visitor
	for i, at := range instants() {
		v := f.visitor(fmt.Sprintf("v%d", i))
		v.LastSeenAt = at
		v.Identities = []visitor.Identity{{Source: visitor.Chat, ExternalID: fmt.Sprint(i), FirstSeen: at, LastSeen: at}}
		v.Attributes = visitor.Attributes{"at": visitor.Time(at)}
		if at.After(time.Unix(0, 0)) && at.Year() < 2027 {
			v.CreatedAt, v.UpdatedAt = at, at
			v.ID = visitor.ID(f.id(at))
		}
		changes, want = append(changes, create(v)), append(want, v)
	}
	f.given(changes...)
	for i, v := range want {
		f.same("the visitor", f.get(v.ID), v)
		for _, at := range []time.Time{f.get(v.ID).CreatedAt, f.get(v.ID).UpdatedAt, f.get(v.ID).LastSeenAt, f.get(v.ID).Identities[0].LastSeen} {
			if at.Location() != time.UTC {
				f.Errorf("a time is in %s, not in UTC", at.Location())
			}
		}
		at := instants()[i]
		for _, e := range []filter.Expr{
			filter.LastSeenAt.Between(at, at), filter.LastSeenAt.Before(at), filter.LastSeenAt.After(at), filter.LastSeenAt.Until(at), filter.LastSeenAt.Since(at),
			filter.Attr("at").Time().Between(at, at), filter.Attr("at").Time().Before(at), filter.Attr("at").Time().After(at),
			filter.CreatedAt.Before(at), filter.CreatedAt.Since(at), filter.UpdatedAt.Until(at), filter.CreatedAt.Between(at, at),
		} {
			f.agree(e, want)
		}
	}
	for _, o := range driver.Orders() {
		f.agreeOn("everyone", f.bind(filter.All()), o, want)
	}
}

func checkTimeZero(f *fixture) {
	v := f.visitor("Ada")
	v.Identities = []visitor.Identity{{Source: visitor.Chat, ExternalID: "1"}}
	f.given(create(v))
	got := f.get(v.ID)
	if !got.LastSeenAt.IsZero() || !got.Identities[0].FirstSeen.IsZero() || !got.Identities[0].LastSeen.IsZero() {
		f.Errorf("times of a visitor never seen: %v, %v, %v", got.LastSeenAt, got.Identities[0].FirstSeen, got.Identities[0].LastSeen)
	}
	f.same("who was seen", f.matches(filter.LastSeenAt.Exists()), "")
	f.same("who was not seen", f.matches(filter.Not(filter.LastSeenAt.Exists())), "Ada")
}

func checkTimeEpoch(f *fixture) {
	v := f.visitor("Ada")
	v.Attributes = visitor.Attributes{"at": visitor.Time(time.Unix(0, 0)), "n": visitor.Number(0), "b": visitor.Bool(false)}
	f.given(create(v))
	f.same("the visitor", f.get(v.ID), v)
	for _, e := range []filter.Expr{
		filter.Attr("at").Exists(), filter.Attr("at").Time().On(1970, 1, 1), filter.Attr("at").Time().Before(day(1970, 1, 2)), filter.Attr("at").Time().Since(time.Unix(0, 0)),
		filter.Attr("n").Equals(0), filter.Attr("n").AtMost(0), filter.Attr("b").IsFalse(),
	} {
		f.same(fmt.Sprintf("%+v", e), f.matches(e), "Ada")
	}
	for _, e := range []filter.Expr{filter.Attr("n").IsFalse(), filter.Attr("b").Equals(0), filter.Attr("at").Equals(0), filter.Attr("n").Time().Exists()} {
		want := ""
		if e.(filter.Condition).Op == filter.OpExists {
			want = "Ada" // whatever its kind
		}
		f.same(fmt.Sprintf("%+v", e), f.matches(e), want)
	}
}

func checkTimeOfChanges(f *fixture) {
	vip, team := f.tag("vip"), f.group("Team", nil)
	v := f.visitor("Ada")
	f.given(driver.CreateTag{Tag: vip}, driver.CreateGroup{Group: team}, create(v))
	tagged, updated := day(2001, 2, 3).Add(4*time.Microsecond), day(2002, 3, 4).Add(5*time.Microsecond)
	f.must(driver.AddTags{ID: v.ID, Tags: keys(vip), Audit: driver.Audit{At: tagged}}, driver.UpdateVisitor{ID: v.ID, Patch: visitor.Patch{Name: ptr("Eve")}, Audit: driver.Audit{At: updated}})
	got := f.get(v.ID)
	f.same("when the tag was added", got.Tags[0].At, tagged)
	f.same("when the profile changed", got.UpdatedAt, updated)
	f.same("when it was created", got.CreatedAt, v.CreatedAt)
	events := f.events(f.ws, 3)
	f.same("times of the events", []time.Time{events[0].At, events[1].At}, []time.Time{tagged, updated})
	f.same("when tag and group were created", []time.Time{f.tags(f.ws)[0].CreatedAt, f.groups(f.ws)[0].CreatedAt}, []time.Time{vip.CreatedAt, team.CreatedAt})
}

func checkNumberRoundTrip(f *fixture) {
	numbers := []float64{0, 1, -1, 0.1, 0.1 + 0.2, 1 << 53, 1<<53 + 2, -(1 << 53), 1e21, 1e22, 1e308, 1.7976931348623157e308, 5e-324, -5e-324, 2.2250738585072014e-308, 3.141592653589793, 123456789012345678, 0.30000000000000004}
	var changes []driver.Change
	var want []visitor.Visitor
	for i, n := range numbers {
		v := f.visitor(fmt.Sprintf("v%d", i))
		v.Attributes = visitor.Attributes{"n": visitor.Number(n)}
		changes, want = append(changes, create(v)), append(want, v)
	}
	f.given(changes...)
	f.same("visitors", f.visitors(f.ws), want)
	for _, n := range numbers {
		for _, e := range []filter.Expr{filter.Attr("n").Equals(n), filter.Attr("n").Less(n), filter.Attr("n").AtMost(n), filter.Attr("n").Greater(n), filter.Attr("n").AtLeast(n), filter.Attr("n").Between(-n, n)} {
			f.agree(e, want)
		}
	}
}
