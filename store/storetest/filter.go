package storetest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor"
)

// asked is a filter and the names of the visitors that it matches, oldest first.
type asked struct {
	e    filter.Expr
	want string
}

// ask finds and counts the matches of each filter and of its negation.
func (f *fixture) ask(questions ...asked) {
	f.Helper()
	everyone := f.find(driver.Select{Where: f.bind(filter.All()), Order: driver.OldestFirst, Limit: 1_000})
	for i, q := range questions {
		what := fmt.Sprintf("filter %d, %+v", i, q.e)
		f.same(what+": found", f.matches(q.e), q.want)
		var others []visitor.Visitor
		for _, v := range everyone {
			if !strings.Contains(", "+q.want+",", ", "+v.Name+",") {
				others = append(others, v)
			}
		}
		f.same(what+": found by its negation", f.matches(filter.Not(q.e)), names(others))
		f.same(what+": counted", f.count(q.e), int64(len(everyone)-len(others)))
		f.same(what+": counted by its negation", f.count(filter.Not(q.e)), int64(len(others)))
	}
}

func day(year int, month time.Month, day int) time.Time {
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

// sixVisitors creates six visitors, each with something that others lack.
func (f *fixture) sixVisitors() {
	f.Helper()
	vip, lead := f.tag("vip"), f.tag("Hot Lead")
	team, rule := f.group("Team", nil), f.group("Chatters", filter.Source.In(visitor.Chat, visitor.Telegram))
	ada := f.visitorAt("Ada", day(2026, 1, 1))
	bob := f.visitorAt("Bob", day(2026, 1, 2).Add(-time.Microsecond))
	cleo := f.visitorAt("Cleo", day(2026, 1, 2))
	dan := f.visitorAt("Dan", day(2026, 1, 10))
	eve := f.visitorAt("Eve", day(2026, 2, 1))
	fay := f.visitorAt("Fay", day(2026, 2, 1).Add(time.Microsecond))
	ada.Email, ada.Phone = "ada@example.com", "+5511987654321"
	ada.Identities = []visitor.Identity{{Source: visitor.Telegram, Account: "bot", ExternalID: "42"}}
	ada.LastSeenAt, ada.UpdatedAt = day(2026, 1, 31), day(2026, 1, 31)
	ada.Attributes = visitor.Attributes{
		"city": visitor.Text("São Paulo"), "score": visitor.Number(42), "vip": visitor.Bool(true),
		"born": visitor.Time(day(2000, 2, 29)), "langs": visitor.List("pt", "English"),
	}
	bob.Source, bob.Email = visitor.Telegram, "bob@example.org"
	bob.Attributes = visitor.Attributes{"score": visitor.Number(7), "city": visitor.Text("Porto"), "born": visitor.Time(day(1969, 12, 31))}
	cleo.Source, cleo.Phone = visitor.WhatsApp, "+4930123456"
	cleo.Attributes = visitor.Attributes{"score": visitor.Number(-1.5), "vip": visitor.Bool(false), "langs": visitor.List("de")}
	eve.Source, eve.Email = visitor.Chat, "EVE+x@example.com"
	eve.Attributes = visitor.Attributes{"score": visitor.Text("42"), "city": visitor.List("Porto", "Lisboa"), "vip": visitor.Text("true")}
	fay.Source, fay.Phone = visitor.Messenger, "+5521987654321"
	fay.LastSeenAt = day(2026, 1, 1)
	ada, fay = inGroups(ada, team.ID), inGroups(fay, team.ID)
	f.given(driver.CreateTag{Tag: vip}, driver.CreateTag{Tag: lead}, driver.CreateGroup{Group: team}, driver.CreateGroup{Group: rule},
		create(fay), create(bob, vip), create(ada, vip, lead), create(eve), create(cleo, lead), create(dan),
		driver.RemoveFromGroup{Group: rule.ID, ID: bob.ID, Audit: f.audit()}, driver.AddToGroup{Group: rule.ID, ID: dan.ID, Audit: f.audit()})
	f.clock = time.Date(2026, 2, 1, 12, 0, 0, 0, time.UTC)
}

const everybody = "Ada, Bob, Cleo, Dan, Eve, Fay"

var filterPromises = []promise{
	{"all and none match everyone and no one", "An empty filter is refused, so all and none must have an exact meaning.", checkFilterConstants},
	{"sources, tags and groups are found by their conditions", "Nearly every segment consists of these.", checkFilterLabels},
	{"a visitor without a value matches no condition on it, and every negated one", "In SQL a condition on a missing value is neither true nor false, and visitors drop out of both halves.", checkFilterMissingValues},
	{"text is compared folded", "People search without accents and capitals, and do not know how a name was typed.", checkFilterText},
	{"attributes are compared by their kind", "The text 42 is not the number 42, whatever a database would make of it.", checkFilterAttributes},
	{"times are compared to the microsecond", "A visitor created at midnight belongs to one day, not to two or none.", checkFilterTimes},
	{"conditions combine as they are nested", "Segments are built with and, or and not at any depth.", checkFilterNesting},
	{"the largest filters that are allowed work", "A database's limit must not be below the library's.", checkFilterLimits},
	{"every filter within the limits works", "Every filter that the library accepts is used one day; it must neither fail in the database nor run without end.", checkEveryFilterAnswers},
	{"a count may stop at its limit and not before", "A screen shows 10,000+ instead of waiting, but never a number that is too small.", checkCountLimit},
}

func checkFilterConstants(f *fixture) {
	f.sixVisitors()
	f.ask(asked{filter.All(), everybody}, asked{filter.None(), ""}, asked{filter.Not(filter.All()), ""},
		asked{filter.And(filter.All(), filter.None()), ""}, asked{filter.Or(filter.None(), filter.All()), everybody})
	var zero filter.Bound
	f.same("found by the zero filter", names(f.find(driver.Select{Where: zero, Order: driver.NewestFirst, Limit: 9})), "")
	n, err := f.st.CountVisitors(f.Context(), f.ws, zero, 0)
	f.same("counted by the zero filter", []any{n, err}, []any{int64(0), error(nil)})
}

func checkFilterLabels(f *fixture) {
	f.sixVisitors()
	f.ask(
		asked{filter.Source.Is(visitor.Instagram), "Ada, Dan"},
		asked{filter.Source.In(visitor.Instagram, visitor.Chat), "Ada, Dan, Eve"},
		asked{filter.Or(filter.Source.In(visitor.Instagram, visitor.Chat), filter.Source.In(visitor.Chat, visitor.Telegram)), "Ada, Bob, Dan, Eve"},
		asked{filter.Tag.Has("VIP"), "Ada, Bob"},
		asked{filter.Tag.HasAny("vip", "hot lead"), "Ada, Bob, Cleo"},
		asked{filter.Tag.HasAll("vip", "hot lead"), "Ada"},
		asked{filter.Tag.HasNone("vip", "hot lead"), "Dan, Eve, Fay"},
		asked{filter.Tag.Exists(), "Ada, Bob, Cleo"},
		asked{filter.Group.Has("Team"), "Ada, Fay"},
		asked{filter.Group.Has("Chatters"), "Dan, Eve"},
		asked{filter.Group.HasAny("Team", "Chatters"), "Ada, Dan, Eve, Fay"},
		asked{filter.Group.HasAll("Team", "Chatters"), ""},
		asked{filter.Group.HasNone("Team", "Chatters"), "Bob, Cleo"},
		asked{filter.Group.Exists(), "Ada, Dan, Fay"},
	)
}

func checkFilterMissingValues(f *fixture) {
	f.sixVisitors()
	now := f.clock
	f.ask(
		asked{filter.Email.Exists(), "Ada, Bob, Eve"},
		asked{filter.Email.Is("ada@example.com"), "Ada"},
		asked{filter.Email.Contains("@"), "Ada, Bob, Eve"},
		asked{filter.Email.HasSuffix(".com"), "Ada, Eve"},
		asked{filter.Phone.Exists(), "Ada, Cleo, Fay"},
		asked{filter.Phone.HasPrefix("+55"), "Ada, Fay"},
		asked{filter.Phone.Contains("987-65"), "Ada, Fay"},
		asked{filter.Phone.HasSuffix("4321"), "Ada, Fay"},
		asked{filter.Phone.Is("+55 (11) 98765-4321"), "Ada"},
		asked{filter.LastSeenAt.Exists(), "Ada, Fay"},
		asked{filter.LastSeenAt.Within(48 * time.Hour), "Ada"},
		asked{filter.LastSeenAt.OlderThan(48 * time.Hour), "Fay"},
		asked{filter.LastSeenAt.Before(now), "Ada, Fay"},
		asked{filter.LastSeenAt.Since(day(1970, 1, 1)), "Ada, Fay"},
		asked{filter.LastSeenAt.Until(day(9999, 1, 1)), "Ada, Fay"},
		asked{filter.Attr("score").AtMost(1e300), "Ada, Bob, Cleo"},
		asked{filter.Attr("city").Exists(), "Ada, Bob, Eve"},
		asked{filter.Attr("nobody").Exists(), ""},
		asked{filter.Attr("nobody").Is("x"), ""},
		asked{filter.Identity.Exists(), "Ada"},
		asked{filter.Identity.On(visitor.Telegram), "Ada"},
		asked{filter.Identity.On(visitor.Chat), ""},
	)
}

func checkFilterText(f *fixture) {
	f.sixVisitors()
	f.ask(
		asked{filter.Name.Is("ADA"), "Ada"},
		asked{filter.Name.In("ÀDA", "ｂｏｂ", "nobody"), "Ada, Bob"},
		asked{filter.Name.Contains("A"), "Ada, Dan, Fay"},
		asked{filter.Name.HasPrefix("É"), "Eve"},
		asked{filter.Name.HasSuffix("o"), "Cleo"},
		asked{filter.Name.Exists(), everybody},
		asked{filter.Email.Is("eve+X@EXAMPLE.com"), "Eve"},
		asked{filter.Email.HasPrefix("eve"), "Eve"},
		asked{filter.Attr("city").Is("sao paulo"), "Ada"},
		asked{filter.Attr("langs").Is("ENGLISH"), "Ada"},
		asked{filter.Attr("langs").HasPrefix("eng"), "Ada"},
	)
}

func checkFilterAttributes(f *fixture) {
	f.sixVisitors()
	f.ask(
		asked{filter.Attr("score").Equals(42), "Ada"},
		asked{filter.Attr("score").Is("42"), "Eve"},
		asked{filter.Attr("score").Contains("4"), "Eve"},
		asked{filter.Attr("score").Less(7), "Cleo"},
		asked{filter.Attr("score").AtMost(7), "Bob, Cleo"},
		asked{filter.Attr("score").Greater(7), "Ada"},
		asked{filter.Attr("score").AtLeast(7), "Ada, Bob"},
		asked{filter.Attr("score").Between(-1.5, 7), "Bob, Cleo"},
		asked{filter.Attr("score").Between(7, -1.5), ""},
		asked{filter.Attr("score").Exists(), "Ada, Bob, Cleo, Eve"},
		asked{filter.Attr("vip").IsTrue(), "Ada"},
		asked{filter.Attr("vip").IsFalse(), "Cleo"},
		asked{filter.Attr("vip").Is("true"), "Eve"},
		asked{filter.Attr("vip").Equals(1), ""},
		asked{filter.Attr("born").Time().Exists(), "Ada, Bob"},
		asked{filter.Attr("born").Time().On(2000, 2, 29), "Ada"},
		asked{filter.Attr("born").Time().Before(day(1970, 1, 1)), "Bob"},
		asked{filter.Attr("born").Time().Between(day(1969, 12, 31), day(2000, 2, 29)), "Ada, Bob"},
		asked{filter.Attr("city").Is("porto"), "Bob, Eve"},
		asked{filter.Attr("city").In("LISBOA", "são paulo"), "Ada, Eve"},
		asked{filter.Attr("city").HasPrefix("por"), "Bob, Eve"},
		asked{filter.Attr("city").HasSuffix("boa"), "Eve"},
		asked{filter.Attr("langs").Contains("ptenglish"), ""},
		asked{filter.Attr("langs").Exists(), "Ada, Cleo"},
	)
}

func checkFilterTimes(f *fixture) {
	f.sixVisitors()
	us := time.Microsecond
	f.ask(
		asked{filter.CreatedAt.Before(day(2026, 1, 2)), "Ada, Bob"},
		asked{filter.CreatedAt.Until(day(2026, 1, 2)), "Ada, Bob, Cleo"},
		asked{filter.CreatedAt.After(day(2026, 1, 2)), "Dan, Eve, Fay"},
		asked{filter.CreatedAt.Since(day(2026, 1, 2)), "Cleo, Dan, Eve, Fay"},
		asked{filter.CreatedAt.Since(day(2026, 1, 2).Add(-us)), "Bob, Cleo, Dan, Eve, Fay"},
		asked{filter.CreatedAt.Between(day(2026, 1, 2).Add(-us), day(2026, 1, 2)), "Bob, Cleo"},
		asked{filter.CreatedAt.After(day(2026, 2, 1)), "Fay"},
		asked{filter.CreatedAt.On(2026, 1, 1), "Ada, Bob"},
		asked{filter.CreatedAt.On(2026, 1, 2), "Cleo"},
		asked{filter.CreatedAt.During(filter.Today), "Eve, Fay"},
		asked{filter.CreatedAt.During(filter.LastMonth), "Ada, Bob, Cleo, Dan"},
		asked{filter.CreatedAt.Within(12 * time.Hour), "Eve, Fay"},
		asked{filter.CreatedAt.Within(12*time.Hour - us), "Fay"},
		asked{filter.CreatedAt.OlderThan(12 * time.Hour), "Ada, Bob, Cleo, Dan"},
		asked{filter.UpdatedAt.Since(day(2026, 1, 30)), "Ada, Eve, Fay"},
		asked{filter.CreatedAt.Before(day(1, 1, 1)), ""},
		asked{filter.CreatedAt.Before(day(9999, 12, 31)), everybody},
	)
}

func checkFilterNesting(f *fixture) {
	f.sixVisitors()
	vip, insta, mail := filter.Tag.Has("vip"), filter.Source.Is(visitor.Instagram), filter.Email.Exists()
	f.ask(
		asked{filter.And(vip, mail), "Ada, Bob"},
		asked{filter.And(vip, filter.Not(insta)), "Bob"},
		asked{filter.Or(vip, insta), "Ada, Bob, Dan"},
		asked{filter.Not(filter.Or(vip, insta)), "Cleo, Eve, Fay"},
		asked{filter.And(filter.Or(vip, insta), filter.Or(mail, filter.Phone.Exists())), "Ada, Bob"},
		asked{filter.And(vip, filter.Not(vip)), ""},
		asked{filter.Or(vip, filter.Not(vip)), everybody},
		asked{filter.Or(filter.And(insta, filter.Not(mail)), filter.And(mail, filter.Not(insta))), "Bob, Dan, Eve"},
		asked{filter.And(filter.Search("a"), filter.Search("e"), filter.Not(vip)), "Eve"},
		asked{filter.And(filter.Not(filter.Search("example")), filter.Attr("score").Exists()), "Cleo"},
		asked{filter.Not(filter.Not(filter.Not(vip))), "Cleo, Dan, Eve, Fay"},
	)
}

func checkFilterLimits(f *fixture) {
	f.sixVisitors()
	eve := f.find(driver.Select{Where: f.bind(filter.Name.Is("eve")), Order: driver.NewestFirst, Limit: 1})[0]
	ids := []visitor.ID{eve.ID}
	texts := []string{"eve"}
	for len(ids) < filter.MaxList {
		ids = append(ids, visitor.ID(f.id(f.clock)))
		texts = append(texts, fmt.Sprintf("nobody %d", len(texts)))
	}
	deep := filter.Name.Is("eve")
	for range filter.MaxDepth/2 - 1 {
		deep = filter.Not(filter.And(deep, filter.All()))
	}
	var some, every []filter.Expr
	for i := range filter.MaxNodes - 1 {
		some = append(some, filter.And(filter.Attr(fmt.Sprintf("a%d", i)).Exists(), filter.Email.Contains(fmt.Sprint(i))))
		every = append(every, filter.Not(filter.Attr(fmt.Sprintf("a%d", i)).Is("x")))
	}
	some, every = some[:(filter.MaxNodes-2)/3], every[:(filter.MaxNodes-1)/2]
	long := strings.Repeat("x", filter.MaxText)
	f.ask(
		asked{filter.ID.In(ids...), "Eve"},
		asked{filter.Name.In(texts...), "Eve"},
		asked{filter.Attr("city").In(append(texts[1:], "porto")...), "Bob, Eve"},
		asked{deep, "Ada, Bob, Cleo, Dan, Fay"},
		asked{filter.Or(append(some, filter.Name.Is("eve"))...), "Eve"},
		asked{filter.And(every...), everybody},
		asked{filter.Or(filter.Name.Contains(long), filter.Search(long), filter.Name.Is("eve")), "Eve"},
	)
}

func checkCountLimit(f *fixture) {
	f.sixVisitors()
	for limit := int64(1); limit <= 8; limit++ {
		n, err := f.st.CountVisitors(f.Context(), f.ws, f.bind(filter.All()), limit)
		if err != nil || n < min(limit, 6) || n > 6 {
			f.Errorf("count of 6 visitors with limit %d: %d, error %v", limit, n, err)
		}
	}
}

func checkEveryFilterAnswers(f *fixture) {
	first, people := f.forLargest(70)
	for _, c := range people {
		first = append(first, c)
	}
	f.inNeighbour(first[:len(first)-7]...)
	f.must(first...)
	everyone, env := f.visitors(f.ws), f.env()
	for _, l := range largest() {
		where, start := f.bindIn(l.e, env), time.Now()
		f.agreeOn(l.name, where, driver.OldestFirst, everyone)
		f.agreeOn(l.name, where, driver.NameZA, everyone)
		f.compareCounts(l.name+": facets", where, everyone)
		if took := time.Since(start); took > 10*time.Second {
			f.Errorf("%s took %v", l.name, took)
		}
		matches := times(len(everyone), func(i int) bool { return filter.Match(where, everyone[i]) })
		f.same(l.name+": filter.Match, and its conditions one by one", matches, f.meant(l.e, env, everyone))
	}
}

// meant returns which of the people e matches, condition by condition.
func (f *fixture) meant(e filter.Expr, env *filter.Env, people []visitor.Visitor) []bool {
	f.Helper()
	of := parts(e)
	if of == nil {
		where := f.bindIn(e, env)
		return times(len(people), func(i int) bool { return filter.Match(where, people[i]) })
	}
	matches := times(len(of), func(i int) []bool { return f.meant(of[i], env, people) })
	return times(len(people), func(i int) bool {
		is := func(want bool) bool { return slices.ContainsFunc(matches, func(p []bool) bool { return p[i] == want }) }
		if _, or := e.(filter.OrExpr); or {
			return is(true)
		}
		_, and := e.(filter.AndExpr)
		return and != is(false)
	})
}
