package filter_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

const (
	vipID   = tag.ID("01900000-0000-7000-8000-000000000001")
	leadID  = tag.ID("01900000-0000-7000-8000-000000000002")
	teamID  = visitor.GroupID("01900000-0000-7000-8000-000000000011")
	ruleID  = visitor.GroupID("01900000-0000-7000-8000-000000000012")
	adaID   = visitor.ID("01900000-0000-7000-8000-000000000021")
	emptyID = visitor.ID("01900000-0000-7000-8000-000000000022")
)

var now = time.Date(2026, 3, 15, 12, 0, 0, 0, time.UTC) // a Sunday

func env() *filter.Env {
	team := filter.GroupRef{ID: teamID}
	rule := filter.GroupRef{ID: ruleID, Rule: filter.Source.Is(visitor.Telegram)}
	return &filter.Env{
		Now:    now,
		Tags:   map[string]tag.ID{"vip": vipID, "hot lead": leadID},
		Groups: map[string]filter.GroupRef{"team": team, string(teamID): team, "telegram people": rule, string(ruleID): rule},
		Known: func(k filter.Kind) []string {
			if k == filter.TagKind {
				return []string{"VIP", "Hot lead"}
			}
			return []string{"Team", "Telegram people"}
		},
	}
}

// ada has a value in every field, empty only in those that every visitor has.
var (
	ada = visitor.Visitor{
		ID: adaID, Name: "Ada Lovelace-Ödegård", Email: "Ada.L@Example.com", Phone: "+5511987654321", Source: visitor.Telegram,
		Identities:  []visitor.Identity{{Source: visitor.Telegram, Account: "bot-1", ExternalID: "42", Inboxes: []string{"Page-1", "1055"}}},
		Tags:        []tag.Assignment{{Tag: vipID, Name: "VIP"}},
		Memberships: []visitor.Membership{{Group: teamID}},
		Attributes: visitor.Attributes{
			"city": visitor.Text("São Paulo"), "score": visitor.Number(42), "paid": visitor.Bool(true), "trial": visitor.Bool(false),
			"born": visitor.Time(time.Date(1990, 5, 17, 8, 0, 0, 0, time.UTC)), "langs": visitor.List("Português", "English"),
			"digits": visitor.Text("42"),
		},
		CreatedAt:  time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC),
		UpdatedAt:  time.Date(2026, 3, 14, 23, 59, 59, 999_999_000, time.UTC),
		LastSeenAt: time.Date(2026, 2, 13, 12, 0, 0, 0, time.UTC), // 30 days ago, to the microsecond
	}
	empty = visitor.Visitor{
		ID: emptyID, Name: "Bob", Source: visitor.Chat,
		CreatedAt: time.Date(2025, 12, 31, 0, 0, 0, 0, time.UTC), UpdatedAt: time.Date(2025, 12, 31, 0, 0, 0, 0, time.UTC),
	}
)

// TestMatch checks every operator on every kind of field with ada, who has a value, and with empty,
// who has none.
func TestMatch(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		where       string
		ada, nobody bool // nobody: the visitor empty
	}{
		{`is:everyone`, true, true},
		{`is:nobody`, false, false},

		{`source:telegram`, true, false},
		{`source:Telegram`, true, false},
		{`source:Chat,telegram`, true, true},
		{`source:chat,whatsapp`, false, true},

		{`tag:vip`, true, false},
		{`tag:"  ＶＩＰ "`, true, false},
		{`tag:"hot  lead"`, false, false},
		{`tag:"hot lead",vip`, true, false},
		{`tag:all(vip,"hot lead")`, false, false},
		{`tag:all(vip)`, true, false},
		{`tag:#01900000-0000-7000-8000-000000000001`, true, false},
		{`tag:#01900000-0000-7000-8000-0000000000FF`, false, false},
		{`has:tag`, true, false},
		{`-tag:vip`, false, true},
		{`-has:tag`, false, true},

		{`group:team`, true, false},
		{`group:#01900000-0000-7000-8000-000000000011`, true, false},
		{`group:"Telegram people"`, true, false},
		{`group:all(team,"Telegram people")`, true, false},
		{`has:group`, true, false},
		{`-group:team`, false, true},

		{`name:"ada lovelace-odegard"`, true, false},
		{`name:"ADA LOVELACE-ÖDEGÅRD"`, true, false},
		{`name:ada`, false, false},
		{`name:bob,x`, false, true},
		{`name:ada*`, true, false},
		{`name:*ÖDEGARD`, true, false},
		{`name:*"lace-o"*`, true, false},
		{`name:*"%"*`, false, false},
		{`has:name`, true, true},

		{`email:ada.l@example.com`, true, false},
		{`email:ADA*`, true, false},
		{`email:*@example.com`, true, false},
		{`email:*.l@ex*`, true, false},
		{`has:email`, true, false},
		{`-email:ada*`, false, true},

		{`phone:"+55 (11) 98765-4321"`, true, false},
		{`phone:5511987654321`, true, false},
		{`phone:+55*`, true, false},
		{`phone:"55 11"*`, true, false},
		{`phone:*4321`, true, false},
		{`phone:*98765-4*`, true, false},
		{`phone:*555*`, false, false},
		{`has:phone`, true, false},

		{`created:2026-03-01`, true, false},
		{`created:2026-02-28,2026-03-01`, true, false},
		{`created:this-month`, true, false},
		{`created:<2026-03-01`, false, true},
		{`created:<=2026-03-01`, true, true},
		{`created:>2026-03-01`, false, false},
		{`created:>2026-02-28`, true, false},
		{`created:>=2026-03-01`, true, false},
		{`created:2026-03-01..2026-03-01`, true, false},
		{`created:2025-12-31..2026-03-01`, true, true},
		{`created:2026-03-02..2026-03-01`, false, false},
		{`created:=2026-03-01T00:00:00Z`, true, false},
		{`created:>=2026-03-01T00:00:00.000001Z`, false, false},
		{`created:<2026-02-28T22:00:00-02:00`, false, true},
		{`has:created`, true, true},
		{`updated:yesterday`, true, false},
		{`updated:today`, false, false},
		{`seen:<30d`, true, false},
		{`seen:>30d`, false, false},
		{`seen:<29d23h59m59s999ms999us`, false, false},
		{`seen:>29d23h59m59s999ms999us`, true, false},
		{`seen:>=30d`, true, false},
		{`seen:30d-ago`, true, false},
		{`seen:5w-ago..today`, true, false},
		{`-seen:<30d`, false, true},
		{`-seen:>30d`, true, true},
		{`has:seen`, true, false},

		{`id:01900000-0000-7000-8000-000000000021`, true, false},
		{`id:01900000-0000-7000-8000-000000000022,01900000-0000-7000-8000-000000000023`, false, true},

		{`identity:telegram`, true, false},
		{`identity:chat`, false, false},
		{`identity:telegram/42`, true, false},
		{`identity:telegram/bot-1/42`, true, false},
		{`identity:telegram/bot-2/42`, false, false},
		{`identity:telegram/bot-1/`, true, false},
		{`identity:Telegram/7,telegram/42`, true, false},
		{`has:identity`, true, false},

		{`inbox:1055`, true, false},
		{`inbox:page-1`, false, false},
		{`inbox:7,Page-1`, true, false},
		{`-inbox:1055`, false, true},
		{`has:inbox`, true, false},

		{`attr.city:"sao paulo"`, true, false},
		{`attr.city:são*`, true, false},
		{`attr.city:*Paulo`, true, false},
		{`attr.city:*"o p"*`, true, false},
		{`attr.city:42`, false, false},
		{`has:attr.city`, true, false},
		{`has:attr.country`, false, false},
		{`attr.score:42`, true, false},
		{`attr.score:"42"`, false, false},
		{`attr.digits:42`, false, false},
		{`attr.digits:"42"`, true, false},
		{`attr.score:41,42`, true, false},
		{`attr.score:<42`, false, false},
		{`attr.score:<=42`, true, false},
		{`attr.score:>42`, false, false},
		{`attr.score:>=42`, true, false},
		{`attr.score:>41.999999`, true, false},
		{`attr.score:40..42`, true, false},
		{`attr.score:42..40`, false, false},
		{`attr.score:1,"x",true,2026-01-01`, false, false},
		{`attr.paid:true`, true, false},
		{`attr.paid:false`, false, false},
		{`attr.trial:false`, true, false},
		{`-attr.trial:false`, false, true},
		{`attr.paid:1`, false, false},
		{`attr.born:1990-05-17`, true, false},
		{`attr.born:<2000-01-01`, true, false},
		{`attr.born:1990-01-01..1990-12-31`, true, false},
		{`attr.born:>30d`, true, false},
		{`attr.langs:english`, true, false},
		{`attr.langs:port*`, true, false},
		{`attr.langs:*gl*`, true, false},
		{`attr.langs:"portugues english"`, false, false},

		{`ada`, true, false},
		{`lace ödeg`, true, false},
		{`"ada example"`, true, false},
		{`ada bob`, false, false},
		{`987-654`, true, false},
		{`"+55 (11) 98765-4321"`, true, false},
		{`+55 11 98765`, true, false},
		{`٩٨٧٦٥`, true, false},
		{`55`, false, false},
		{`%`, false, false},
		{`-ada`, false, true},
	} {
		e, err := filter.Parse(c.where)
		require.NoError(t, err, c.where)
		bound, err := filter.Bind(e, env())
		require.NoError(t, err, c.where)
		require.Equal(t, c.ada, filter.Match(bound, ada), "%s: ada", c.where)
		require.Equal(t, c.nobody, filter.Match(bound, empty), "%s: empty", c.where)
	}
}

func TestGroupWithARule(t *testing.T) {
	t.Parallel()
	bound, err := filter.Bind(filter.Group.Has("telegram people"), env())
	require.NoError(t, err)
	for _, c := range []struct {
		name        string
		source      visitor.Source
		memberships []visitor.Membership
		excluded    []visitor.GroupID
		want        bool
	}{
		{"matched by the rule", visitor.Telegram, nil, nil, true},
		{"not matched", visitor.Chat, nil, nil, false},
		{"added by hand", visitor.Chat, []visitor.Membership{{Group: ruleID}}, nil, true},
		{"removed by hand", visitor.Telegram, nil, []visitor.GroupID{ruleID}, false},
		{"removed by hand from another group", visitor.Telegram, nil, []visitor.GroupID{teamID}, true},
	} {
		v := visitor.Visitor{Source: c.source, Memberships: c.memberships, Excluded: c.excluded}
		require.Equal(t, c.want, filter.Match(bound, v), c.name)
	}
}

func TestNumbersAtTheEdge(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		where filter.Expr
		n     float64
		want  bool
	}{
		{filter.Attr("n").Equals(0.3), 0.30000000000000004, false},
		{filter.Attr("n").Equals(math.Copysign(0, -1)), 0, true},
		{filter.Attr("n").Less(0), -math.SmallestNonzeroFloat64, true},
		{filter.Attr("n").Less(0), 0, false},
		{filter.Attr("n").Greater(0), math.SmallestNonzeroFloat64, true},
		{filter.Attr("n").Less(-math.MaxFloat64), -math.MaxFloat64, false},
		{filter.Attr("n").Greater(math.MaxFloat64), math.MaxFloat64, false},
		{filter.Attr("n").AtMost(-math.MaxFloat64), -math.MaxFloat64, true},
		{filter.Attr("n").AtLeast(math.MaxFloat64), math.MaxFloat64, true},
		{filter.Attr("n").Between(-math.MaxFloat64, math.MaxFloat64), 1, true},
		{filter.Attr("n").Greater(1 << 53), 1<<53 + 2, true},
	} {
		v := visitor.Visitor{Attributes: visitor.Attributes{"n": visitor.Number(c.n)}}
		require.Equal(t, c.want, filter.Match(c.where, v), "%v: %v", c.where, c.n)
	}
}

// Consecutive words of digits can be one phone number or not.
func TestPhoneWordsOfASearch(t *testing.T) {
	t.Parallel()
	number := visitor.Visitor{Name: "Ada", Phone: "+4917012345"}
	house := visitor.Visitor{Name: "Flat 1, House 12", Email: "ada49@example.com"}
	both := visitor.Visitor{Name: "Room 7", Phone: "+15551234567"}
	for _, c := range []struct {
		search string
		found  []visitor.Visitor
	}{
		{"+49 170 123", []visitor.Visitor{number}},
		{"49 (170) 12-34", []visitor.Visitor{number}},
		{"ada +49 17", []visitor.Visitor{number}},
		{"49 1 70", []visitor.Visitor{number}},
		{"1 12", []visitor.Visitor{house}},
		{"12 1", []visitor.Visitor{house}},
		{"1 49", []visitor.Visitor{house}},
		{"1 12 ada", []visitor.Visitor{house}},
		{"7 012", []visitor.Visitor{number}},
		{"7 555", []visitor.Visitor{both}},
		{"555 7", []visitor.Visitor{both}},
		{"7 555 1234", []visitor.Visitor{both}},
		{"1 555 123", []visitor.Visitor{both}},
		{"12 45", nil},
		{"170 555", nil},
		{"1 234567890123456", nil},
	} {
		var found []visitor.Visitor
		for _, v := range []visitor.Visitor{number, house, both} {
			if filter.Match(filter.Search(c.search), v) {
				found = append(found, v)
			}
		}
		require.Equal(t, c.found, found, c.search)
	}
}

func TestMatchWithoutBind(t *testing.T) {
	t.Parallel()
	require.True(t, filter.Match(filter.Search("ada"), ada))
	require.False(t, filter.Match(filter.And(), ada), "an empty And is not everyone")
	require.False(t, filter.Match(filter.Not(filter.And()), ada), "nor is its negation")
	require.False(t, filter.Match(filter.LastSeenAt.Within(time.Hour), ada), "no clock")
	require.False(t, filter.Match(filter.Not(filter.LastSeenAt.Within(time.Hour)), ada))
	require.False(t, filter.Match(filter.Tag.Has("vip"), ada), "no names of tags")
	require.False(t, filter.Match(nil, ada))
	require.False(t, filter.Match(filter.Bound{}, ada))
}

func TestMatchAllocatesNothing(t *testing.T) {
	for _, where := range []string{
		question, `name:*ödegård`, `tag:all(vip,"hot lead") OR identity:telegram/42`, `attr.langs:*glish* attr.score:40..42`, `lace 98765`,
	} {
		e, err := filter.Parse(where)
		require.NoError(t, err)
		bound, err := filter.Bind(e, env())
		require.NoError(t, err)
		require.Zero(t, testing.AllocsPerRun(100, func() { filter.Match(bound, ada) }), where)
		require.Zero(t, testing.AllocsPerRun(100, func() { bound.Match(&ada) }), where)
	}
}
