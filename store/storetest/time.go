package storetest

import (
	"fmt"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/visitor"
)

// instants are times that are easily cut, shifted or taken for none.
func instants() []time.Time {
	return []time.Time{
		time.Date(2026, 1, 2, 3, 4, 5, 678_901_000, time.UTC),
		time.Date(2026, 1, 2, 3, 4, 5, 1_000, time.UTC),
		time.Date(2026, 1, 2, 3, 4, 5, 999_999_000, time.UTC),
		time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		time.Date(2024, 2, 29, 23, 59, 59, 999_999_000, time.UTC),
		time.Date(2026, 3, 29, 1, 30, 0, 0, time.UTC), // clocks go forward in Europe
		time.Date(2026, 10, 25, 0, 30, 0, 0, time.UTC),
		time.Date(2038, 1, 19, 3, 14, 8, 0, time.UTC), // past 32 bits of seconds
		time.UnixMicro(1).UTC(),
		time.UnixMicro(-1).UTC(),
		time.Date(1969, 12, 31, 23, 59, 59, 1_000, time.UTC),
		time.Date(1582, 10, 10, 0, 0, 0, 123_456_000, time.UTC), // in no Gregorian calendar
		time.Date(1, 1, 1, 0, 0, 0, 1_000, time.UTC),
		time.Date(9999, 12, 31, 23, 59, 59, 999_999_000, time.UTC),
	}
}

var timePromises = []promise{
	{
		name: "times read to the microsecond, in UTC",
		why:  "A store that rounds puts two events in the wrong order; one that shifts, on the wrong day.",
		keep: func(r *room) {
			var changes []store.Change
			var want []visitor.Visitor
			for i, at := range instants() {
				v := r.visitor(fmt.Sprintf("v%d", i))
				v.LastSeenAt = at
				v.Identities = []visitor.Identity{{Source: visitor.Chat, ExternalID: fmt.Sprint(i), FirstSeen: at, LastSeen: at}}
				v.Attributes = visitor.Attributes{"at": visitor.Time(at)}
				if at.After(time.Unix(0, 0)) && at.Year() < 2027 {
					v.CreatedAt, v.UpdatedAt = at, at
					v.ID = visitor.ID(r.id(at))
				}
				changes, want = append(changes, create(v)), append(want, v)
			}
			r.given(changes...)
			for i, v := range want {
				r.same("the visitor", r.get(v.ID), v)
				for _, at := range []time.Time{r.get(v.ID).CreatedAt, r.get(v.ID).UpdatedAt, r.get(v.ID).LastSeenAt, r.get(v.ID).Identities[0].LastSeen} {
					if at.Location() != time.UTC {
						r.Errorf("a time is in %s, not in UTC", at.Location())
					}
				}
				at := instants()[i]
				for _, e := range []filter.Expr{
					filter.LastSeenAt.Between(at, at), filter.LastSeenAt.Before(at), filter.LastSeenAt.After(at), filter.LastSeenAt.Until(at), filter.LastSeenAt.Since(at),
					filter.Attr("at").Time().Between(at, at), filter.Attr("at").Time().Before(at), filter.Attr("at").Time().After(at),
					filter.CreatedAt.Before(at), filter.CreatedAt.Since(at), filter.UpdatedAt.Until(at), filter.CreatedAt.Between(at, at),
				} {
					r.agree(e, want)
				}
			}
			for _, o := range store.Orders() {
				r.agreeOn("everyone", r.bind(filter.All()), o, want)
			}
		},
	},
	{
		name: "a time that is absent reads as the zero time",
		why:  "Never is not 1970.",
		keep: func(r *room) {
			v := r.visitor("Ada")
			v.Identities = []visitor.Identity{{Source: visitor.Chat, ExternalID: "1"}}
			r.given(create(v))
			got := r.get(v.ID)
			if !got.LastSeenAt.IsZero() || !got.Identities[0].FirstSeen.IsZero() || !got.Identities[0].LastSeen.IsZero() {
				r.Errorf("times of a visitor never seen: %v, %v, %v", got.LastSeenAt, got.Identities[0].FirstSeen, got.Identities[0].LastSeen)
			}
			r.same("who was seen", r.matches(filter.LastSeenAt.Exists()), "")
			r.same("who was not seen", r.matches(filter.Not(filter.LastSeenAt.Exists())), "Ada")
		},
	},
	{
		name: "an attribute may be the first instant of 1970",
		why:  "Zero is a time like any other where it is a value.",
		keep: func(r *room) {
			v := r.visitor("Ada")
			v.Attributes = visitor.Attributes{"at": visitor.Time(time.Unix(0, 0)), "n": visitor.Number(0), "b": visitor.Bool(false)}
			r.given(create(v))
			r.same("the visitor", r.get(v.ID), v)
			for _, e := range []filter.Expr{
				filter.Attr("at").Exists(), filter.Attr("at").Time().On(1970, 1, 1), filter.Attr("at").Time().Before(day(1970, 1, 2)), filter.Attr("at").Time().Since(time.Unix(0, 0)),
				filter.Attr("n").Equals(0), filter.Attr("n").AtMost(0), filter.Attr("b").IsFalse(),
			} {
				r.same(fmt.Sprintf("%+v", e), r.matches(e), "Ada")
			}
			for _, e := range []filter.Expr{filter.Attr("n").IsFalse(), filter.Attr("b").Equals(0), filter.Attr("at").Equals(0), filter.Attr("n").Time().Exists()} {
				want := ""
				if e.(filter.Condition).Op == filter.OpExists {
					want = "Ada" // whatever its kind
				}
				r.same(fmt.Sprintf("%+v", e), r.matches(e), want)
			}
		},
	},
	{
		name: "times of changes are kept, not replaced by a clock",
		why:  "The host's clock rules; tests and imports set it.",
		keep: func(r *room) {
			vip, team := r.tag("vip"), r.group("Team", nil)
			v := r.visitor("Ada")
			r.given(store.CreateTag{Tag: vip}, store.CreateGroup{Group: team}, create(v))
			tagged, updated := day(2001, 2, 3).Add(4*time.Microsecond), day(2002, 3, 4).Add(5*time.Microsecond)
			r.must(store.AddTags{ID: v.ID, Tags: keys(vip), At: tagged}, store.UpdateVisitor{ID: v.ID, Patch: visitor.Patch{Name: ptr("Eve")}, At: updated})
			got := r.get(v.ID)
			r.same("when the tag was put on", got.Tags[0].At, tagged)
			r.same("when the profile changed", got.UpdatedAt, updated)
			r.same("when it was created", got.CreatedAt, v.CreatedAt)
			events := r.events(r.ws, 3)
			r.same("times of the events", []time.Time{events[0].At, events[1].At}, []time.Time{tagged, updated})
			r.same("when tag and group were made", []time.Time{r.tags(r.ws)[0].CreatedAt, r.groups(r.ws)[0].CreatedAt}, []time.Time{vip.CreatedAt, team.CreatedAt})
		},
	},
	{
		name: "numbers are kept bit for bit",
		why:  "A score that is off by the last digit is no longer equal to itself.",
		keep: func(r *room) {
			numbers := []float64{0, 1, -1, 0.1, 0.1 + 0.2, 1 << 53, 1<<53 + 2, -(1 << 53), 1e21, 1e22, 1e308, 1.7976931348623157e308, 5e-324, -5e-324, 2.2250738585072014e-308, 3.141592653589793, 123456789012345678, 0.30000000000000004}
			var changes []store.Change
			var want []visitor.Visitor
			for i, n := range numbers {
				v := r.visitor(fmt.Sprintf("v%d", i))
				v.Attributes = visitor.Attributes{"n": visitor.Number(n)}
				changes, want = append(changes, create(v)), append(want, v)
			}
			r.given(changes...)
			r.same("visitors", r.visitors(r.ws), want)
			for _, n := range numbers {
				for _, e := range []filter.Expr{filter.Attr("n").Equals(n), filter.Attr("n").Less(n), filter.Attr("n").AtMost(n), filter.Attr("n").Greater(n), filter.Attr("n").AtLeast(n), filter.Attr("n").Between(-n, n)} {
					r.agree(e, want)
				}
			}
		},
	},
}
