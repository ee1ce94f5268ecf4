package filter_test

import (
	"errors"
	"fmt"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/filter/bound"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

// written returns the text form of an expression.
func written(e filter.Expr) string {
	s, err := filter.Format(e)
	if err != nil {
		return err.Error()
	}
	return s
}

// workspace returns the Env in which the examples are bound.
func workspace() *filter.Env {
	return &filter.Env{
		Now:    time.Date(2026, 3, 15, 12, 0, 0, 0, time.UTC),
		Tags:   map[string]tag.ID{"hot-lead": "01900000-0000-7000-8000-000000000002"},
		Groups: map[string]filter.GroupRef{"team": {ID: "01900000-0000-7000-8000-000000000011"}},
		Known:  func(filter.Kind) []string { return []string{"hot-lead"} },
	}
}

func Example() {
	e := filter.And(filter.Source.Is(visitor.Instagram), filter.Not(filter.Email.Exists()))
	fmt.Println(filter.Match(e, visitor.Visitor{Source: visitor.Instagram}))
	fmt.Println(filter.Match(e, visitor.Visitor{Source: visitor.Instagram, Email: "ada@example.com"}))
	// Output:
	// true
	// false
}

func ExampleParse() {
	e, err := filter.Parse(`source:instagram -tag:customer (phone:+55* OR attr.city:"São Paulo") seen:<30d ada`)
	if err != nil {
		fmt.Println(err)
	}
	fmt.Println(len(e.(filter.AndExpr).Of))

	_, err = filter.Parse(`tag:vip OR sorce:chat`)
	var syntax *filter.SyntaxError
	if errors.As(err, &syntax) {
		fmt.Println(syntax.Suggestion)
		fmt.Println(syntax.Caret(`tag:vip OR sorce:chat`))
	}
	// Output:
	// 5
	// source
	// tag:vip OR sorce:chat
	//            ^
}

func ExampleFormat() {
	s, err := filter.Format(filter.Or(filter.Tag.HasAll("vip", "hot lead"), filter.LastSeenAt.OlderThan(90*24*time.Hour)))
	fmt.Println(s, err)
	// Output: tag:all(vip,"hot lead") OR seen:>90d <nil>
}

func ExampleMarshal() {
	b, err := filter.Marshal(filter.Not(filter.Tag.Has("customer")))
	fmt.Println(string(b), err)
	// Output: {"version":1,"filter":{"op":"not","of":{"op":"in","field":"tag","values":["customer"]}}} <nil>
}

func ExampleUnmarshal() {
	e, err := filter.Unmarshal([]byte(`{"version":1,"filter":{"op":"search","text":"ada"}}`))
	fmt.Println(written(e), err)
	_, err = filter.Unmarshal([]byte(`{"version":1,"filter":{"op":"and","of":[]}}`))
	fmt.Println(err)
	// Output:
	// ada <nil>
	// filter: and: empty: write all or none
}

func ExampleBind() {
	ready, err := filter.Bind(filter.Tag.Has("Hot-Lead"), workspace())
	fmt.Println(ready.Node().(*bound.Test).Texts, err)
	_, err = filter.Bind(filter.Tag.Has("hot-laed"), workspace())
	fmt.Println(err)
	// Output:
	// [01900000-0000-7000-8000-000000000002] <nil>
	// filter: unknown tag "hot-laed"; did you mean "hot-lead"?
}

// A rule about the age of a time is tested at any instant, and says when its answer changes.
func ExampleBindMoving() {
	m, err := filter.BindMoving(filter.LastSeenAt.OlderThan(30*24*time.Hour), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	seen := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	ada := visitor.Visitor{Name: "Ada", LastSeenAt: seen}
	fmt.Println(m.Moves(), m.Fields(), m.Match(&ada, seen.UnixMicro()))
	for _, at := range m.Instants(&ada, seen.UnixMicro(), seen.AddDate(1, 0, 0).UnixMicro()) {
		fmt.Println(time.UnixMicro(at).UTC().Format(time.DateTime), m.Match(&ada, at))
	}
	today := seen.AddDate(0, 2, 0).UnixMicro()
	for _, c := range filter.JoinTimes(m.Crossing(today, today+1)) { // one microsecond
		fmt.Println(c.Field, len(c.Ranges))
	}
	// Output:
	// true [seen] false
	// 2026-01-31 12:00:00 false
	// 2026-01-31 12:00:00 true
	// seen 1
}

func ExampleMatch() {
	bound, err := filter.Bind(filter.LastSeenAt.Within(30*24*time.Hour), workspace())
	if err != nil {
		fmt.Println(err)
	}
	seen := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	fmt.Println(filter.Match(bound, visitor.Visitor{LastSeenAt: seen}), filter.Match(bound, visitor.Visitor{}))
	// Output: true false
}

func ExampleBound_Match() {
	bound, err := filter.Bind(filter.Search("LOVE"), nil)
	fmt.Println(bound.Match(&visitor.Visitor{Name: "Ada Lovelace"}), err)
	// Output: true <nil>
}

func ExampleValidate() {
	fmt.Println(filter.Validate(filter.Or(filter.All(), filter.Not(filter.And()))))
	// Output: filter: or[1].not.and: empty: write all or none
}

func ExampleResolve() {
	e, err := filter.Resolve(filter.And(filter.Tag.Has("hot-lead"), filter.CreatedAt.During(filter.ThisMonth)), workspace())
	fmt.Println(written(e), err)
	// Output: tag:#01900000-0000-7000-8000-000000000002 created:this-month <nil>
}

func ExampleDisplayNames() {
	e := filter.Tag.HasID("01900000-0000-7000-8000-000000000002")
	fmt.Println(written(filter.DisplayNames(e, func(kind filter.Kind, id string) string { return "hot-lead" })))
	// Output: tag:hot-lead
}

func ExampleReferences() {
	refs := filter.References(filter.And(filter.Tag.HasAny("vip", "hot-lead"), filter.Group.Has("Team")))
	fmt.Println(refs.Tags, refs.Groups)
	// Output: [vip hot-lead] [Team]
}

func ExampleSuggest() {
	fmt.Printf("%q %q\n", filter.Suggest("sorce", []string{"source", "tag"}), filter.Suggest("telephone", []string{"source", "tag"}))
	// Output: "source" ""
}

func ExampleSimplify() {
	e, err := filter.Parse(`--tag:a (tag:b has:tag) (source:chat OR is:everyone)`)
	fmt.Println(written(filter.Simplify(e)), err)
	// Output: tag:all(a,b) <nil>
}

func ExampleExplain() {
	e := filter.And(filter.Source.Is(visitor.Instagram), filter.Or(filter.Email.Exists(), filter.LastSeenAt.Within(24*time.Hour)))
	x, err := filter.Explain(e, workspace(), visitor.Visitor{Source: visitor.Instagram, LastSeenAt: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)})
	fmt.Println(x, err)
	// Output:
	// ✗ and
	//   ✓ source:instagram — saw instagram
	//   ✗ or
	//     ✗ has:email — saw nothing ← would have to change
	//     ✗ seen:<1d — saw 2026-03-01T00:00:00Z in [2026-03-14T12:00:00Z, …) <nil>
}

func ExampleLint() {
	e := filter.And(filter.Source.Is(visitor.Chat), filter.Source.Is(visitor.Telegram), filter.Attr("score").Is("7"))
	for _, w := range filter.Lint(e, workspace()) {
		fmt.Println(w)
	}
	// Output:
	// and[2].attr: a text that looks like a number matches texts only
	// and[1]: cannot match together with and[0]
}

func ExampleSchema() {
	table := filter.Schema(visitor.Catalog{})
	source := table.Fields[0]
	fmt.Println(source.Label, source.Ops[0].Label, source.Choices[0].Label, source.Choices[0].Badge)
	// Output: Source is one of Instagram #16a34a
}

func ExampleJSONSchema() {
	fmt.Println(len(filter.JSONSchema()) > 1000)
	// Output: true
}

func ExampleFields() {
	for _, f := range filter.Fields()[:3] {
		fmt.Println(f.Name, f.Kind, f.Ops)
	}
	// Output:
	// source enum [in]
	// tag tag [in all exists]
	// group group [in all exists]
}

func ExampleField_Operands() {
	for _, f := range filter.Fields() {
		if f.Name == "created" {
			fmt.Println(f.Operands(filter.OpAtLeast), f.Operands(filter.OpExists), f.Operands(filter.OpContains))
		}
	}
	// Output: [time date period ago] [] []
}

func ExampleOps() {
	fmt.Println(filter.Ops())
	// Output: [in all contains prefix suffix exists lt le gt ge between]
}

func ExamplePeriods() {
	fmt.Println(filter.Periods())
	// Output: [today yesterday this-week last-week this-month last-month this-year last-year]
}

func ExampleAnd() {
	fmt.Println(written(filter.And(filter.Source.Is(visitor.Chat), filter.Tag.Has("vip"))))
	// Output: source:chat tag:vip
}

func ExampleOr() {
	fmt.Println(written(filter.Or(filter.Source.Is(visitor.Chat), filter.Tag.Has("vip"))))
	// Output: source:chat OR tag:vip
}

func ExampleNot() {
	fmt.Println(written(filter.Not(filter.Or(filter.Email.Exists(), filter.Phone.Exists()))))
	// Output: -(has:email OR has:phone)
}

func ExampleAll() {
	fmt.Println(written(filter.All()), written(filter.None()))
	// Output: is:everyone is:nobody
}

func ExampleNone() {
	fmt.Println(filter.Match(filter.None(), visitor.Visitor{Name: "Ada"}))
	// Output: false
}

func ExampleSearch() {
	ada := visitor.Visitor{Name: "Ada Lovelace", Phone: "+15551234567"}
	for _, s := range []string{"lovelace ADA", "+1 (555) 123", "love*"} {
		fmt.Println(filter.Match(filter.Search(s), ada))
	}
	// Output:
	// true
	// true
	// false
}

func ExampleAttr() {
	for _, e := range []filter.Expr{
		filter.Attr("city").In("Berlin", "São Paulo"), filter.Attr("city").HasPrefix("São"), filter.Attr("city").Contains("Paulo"),
		filter.Attr("score").Equals(7), filter.Attr("score").AtLeast(7), filter.Attr("score").Between(1, 7),
		filter.Attr("paid").IsTrue(), filter.Attr("born").Time().OlderThan(24 * time.Hour), filter.Attr("city").Exists(),
	} {
		fmt.Println(written(e))
	}
	// Output:
	// attr.city:Berlin,"São Paulo"
	// attr.city:São*
	// attr.city:*Paulo*
	// attr.score:7
	// attr.score:>=7
	// attr.score:1..7
	// attr.paid:true
	// attr.born:>1d
	// has:attr.city
}

func ExampleNamedField_tags() {
	for _, e := range []filter.Expr{
		filter.Tag.Has("vip"), filter.Tag.HasAny("vip", "lead"), filter.Tag.HasAll("vip", "lead"), filter.Tag.HasNone("vip", "lead"),
		filter.Tag.HasID("01900000-0000-7000-8000-000000000002"), filter.Tag.Exists(),
	} {
		fmt.Println(written(e))
	}
	// Output:
	// tag:vip
	// tag:vip,lead
	// tag:all(vip,lead)
	// -tag:vip,lead
	// tag:#01900000-0000-7000-8000-000000000002
	// has:tag
}

func ExampleNamedField_groups() {
	for _, e := range []filter.Expr{filter.Group.Has("Team"), filter.Group.HasAny("Team", "News"), filter.Group.HasAll("Team", "News"), filter.Group.HasNone("Team"), filter.Group.Exists()} {
		fmt.Println(written(e))
	}
	// Output:
	// group:Team
	// group:Team,News
	// group:all(Team,News)
	// -group:Team
	// has:group
}

func ExampleSourceField() {
	fmt.Println(written(filter.Source.Is(visitor.Instagram)), written(filter.Source.In(visitor.Chat, visitor.Telegram)))
	// Output: source:instagram source:chat,telegram
}

func ExampleTextField() {
	for _, e := range []filter.Expr{filter.Name.Is("Ada"), filter.Email.HasSuffix("@example.com"), filter.Phone.HasPrefix("+55"), filter.Name.Contains("*"), filter.Email.Exists()} {
		fmt.Println(written(e))
	}
	// Output:
	// name:Ada
	// email:*@example.com
	// phone:+55*
	// name:*"*"*
	// has:email
}

func ExampleTimeField() {
	at := time.Date(2026, 1, 31, 10, 0, 0, 0, time.UTC)
	for _, e := range []filter.Expr{
		filter.CreatedAt.Before(at), filter.CreatedAt.Until(at), filter.CreatedAt.After(at), filter.CreatedAt.Since(at),
		filter.CreatedAt.Between(at, at.Add(time.Hour)), filter.CreatedAt.On(2026, 1, 31), filter.UpdatedAt.During(filter.LastWeek),
		filter.LastSeenAt.Within(7 * 24 * time.Hour), filter.LastSeenAt.OlderThan(7 * 24 * time.Hour), filter.LastSeenAt.Exists(),
	} {
		fmt.Println(written(e))
	}
	// Output:
	// created:<2026-01-31T10:00:00Z
	// created:<=2026-01-31T10:00:00Z
	// created:>2026-01-31T10:00:00Z
	// created:>=2026-01-31T10:00:00Z
	// created:2026-01-31T10:00:00Z..2026-01-31T11:00:00Z
	// created:2026-01-31
	// updated:last-week
	// seen:<7d
	// seen:>7d
	// has:seen
}

func ExampleIDField() {
	fmt.Println(written(filter.ID.Is("01900000-0000-7000-8000-000000000021")))
	// Output: id:01900000-0000-7000-8000-000000000021
}

func ExampleIdentityField() {
	fmt.Println(written(filter.Identity.On(visitor.Telegram)), written(filter.Identity.Is(visitor.Telegram, "bot", "42")), written(filter.Identity.Exists()))
	// Output: identity:telegram identity:telegram/bot/42 has:identity
}

func ExampleInboxField() {
	fmt.Println(written(filter.Inbox.In("1055", "1056")), written(filter.Inbox.Exists()))
	// Output: inbox:1055,1056 has:inbox
}

func ExampleCanContact() {
	fmt.Println(written(filter.CanContact(consent.Email, "newsletter")), written(filter.CanContact(consent.SMS, "")))
	// Output: can:email/newsletter can:sms
}

func ExampleConsentField() {
	fmt.Println(written(filter.Consent(consent.Email, "newsletter").In(consent.Denied, consent.Pending)))
	// Output: consent:email/newsletter=denied,pending
}

func ExampleHealthField() {
	fmt.Println(written(filter.Health(consent.Email).Is(consent.Complaint)))
	// Output: health:email=complaint
}

func ExampleLocate() {
	const text = "source:chat tag:nobody"
	e, _ := filter.Parse(text)
	_, err := filter.Bind(e, nil)
	var unknown *filter.UnknownError
	if errors.As(err, &unknown) {
		pos, _ := filter.Locate(text, unknown.Pointer)
		fmt.Println(text[pos:])
	}
	// Output: nobody
}
