package filter_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/visitor"
)

func condition(field string, op filter.Op, values ...filter.Value) filter.Expr {
	c := filter.Condition{Field: field, Op: op, Values: values}
	if name, ok := strings.CutPrefix(field, "attr."); ok {
		c.Field, c.Attr = "attr", name
	}
	return c
}

func ago(days int) filter.Value {
	return filter.Value{Kind: filter.AgoValue, Ago: time.Duration(days) * 24 * time.Hour}
}

// TestParse checks the expression of each text, and the text that Format returns for it: canonical,
// or the same text if that is "".
func TestParse(t *testing.T) {
	t.Parallel()
	a, b, c := filter.Search("a"), filter.Search("b"), filter.Search("c")
	x := filter.Tag.Has("x")
	text := func(s string) filter.Value { return filter.Value{Kind: filter.TextValue, Text: s} }
	date := func(s string) filter.Value { return filter.Value{Kind: filter.DateValue, Text: s} }
	for _, want := range []struct {
		text, canonical string
		expr            filter.Expr
	}{
		{`ada`, ``, filter.Search("ada")},
		{`ada lovelace`, ``, filter.Search("ada lovelace")},
		{"\t ada \n lovelace\u00a0", `ada lovelace`, filter.Search("ada lovelace")},
		{`"ada  lovelace"`, ``, filter.Search("ada  lovelace")},
		{`"ada" "lovelace"`, `ada AND lovelace`, filter.And(filter.Search("ada"), filter.Search("lovelace"))},
		{`ada AND lovelace`, ``, filter.And(filter.Search("ada"), filter.Search("lovelace"))},
		{`a tag:x b c`, ``, filter.And(a, x, filter.Search("b c"))},
		{`a,b o'brien 50% a..b é`, ``, filter.Search("a,b o'brien 50% a..b é")},
		{`and or not`, ``, filter.Search("and or not")},
		{`"OR"`, ``, filter.Search("OR")},
		{`"-x"`, ``, filter.Search("-x")},
		{`"a\"b\\c"`, ``, filter.Search(`a"b\c`)},
		{`a\b`, ``, filter.Search(`a\b`)},
		{"\"a\nb\"", ``, filter.Search("a\nb")},

		{`a OR b`, ``, filter.Or(a, b)},
		{`"a b" OR c`, ``, filter.Or(filter.Search("a b"), c)},
		{`(a OR b) tag:x`, ``, filter.And(filter.Or(a, b), x)},
		{`(a tag:x) OR b`, ``, filter.Or(filter.And(a, x), b)},
		{`(a AND b) c`, ``, filter.And(filter.And(a, b), c)},
		{`((((a))))`, `a`, a},
		{`AND a`, ``, filter.And(a)},
		{`AND a b`, ``, filter.And(filter.Search("a b"))},
		{`OR a`, ``, filter.Or(a)},
		{`(AND (OR a)) OR c`, ``, filter.Or(filter.And(filter.Or(a)), c)},
		{`AND a AND b`, `a AND b`, filter.And(a, b)},
		{`a AND(b OR c)`, `a (b OR c)`, filter.And(a, filter.Or(b, c))},
		{`-a`, ``, filter.Not(a)},
		{`NOT a`, `-a`, filter.Not(a)},
		{`NOT (a OR b)`, `-(a OR b)`, filter.Not(filter.Or(a, b))},
		{`-(a OR b)`, ``, filter.Not(filter.Or(a, b))},
		{`-"a b"`, ``, filter.Not(filter.Search("a b"))},
		{`--a`, ``, filter.Not(filter.Not(a))},
		{`-(-a)`, `--a`, filter.Not(filter.Not(a))},
		{`is:everyone`, ``, filter.All()},
		{`-IS:Nobody`, `-is:nobody`, filter.Not(filter.None())},

		{`source:instagram`, ``, filter.Source.Is(visitor.Instagram)},
		{`SOURCE:=instagram,chat`, `source:instagram,chat`, filter.Source.In(visitor.Instagram, visitor.Chat)},
		{`source:"Facebook Messenger"`, ``, filter.Source.Is("Facebook Messenger")},
		{`tag:a,"b c",-d`, ``, filter.Tag.HasAny("a", "b c", "-d")},
		{`tag:all(a,"b)")`, ``, filter.Tag.HasAll("a", "b)")},
		{`tag:all`, ``, filter.Tag.Has("all")},
		{`-tag:a`, ``, filter.Tag.HasNone("a")},
		{`tag:#01900000-0000-7000-8000-000000000001`, ``, filter.Tag.HasID(vipID)},
		{`tag:"#x"`, ``, filter.Tag.Has("#x")},
		{`tag:"!=x",">x"`, ``, filter.Tag.HasAny("!=x", ">x")},
		{`tag:a:b`, ``, filter.Tag.Has("a:b")},
		{`group:team`, ``, filter.Group.Has("team")},
		{`name:ada*`, ``, filter.Name.HasPrefix("ada")},
		{`name:*ada`, ``, filter.Name.HasSuffix("ada")},
		{`name:*ada*`, ``, filter.Name.Contains("ada")},
		{`name:*"a b"*`, ``, filter.Name.Contains("a b")},
		{`name:"*a*"`, ``, filter.Name.Is("*a*")},
		{`name:2026-01-01`, ``, filter.Name.Is("2026-01-01")},
		{`phone:+55*`, ``, filter.Phone.HasPrefix("+55")},
		{`phone:"(11) 9"*`, ``, filter.Phone.HasPrefix("(11) 9")},
		{`has:email`, ``, filter.Email.Exists()},
		{`HAS:Tag`, `has:tag`, filter.Tag.Exists()},
		{`has:attr.city`, ``, filter.Attr("city").Exists()},
		{`id:01900000-0000-7000-8000-000000000021`, ``, filter.ID.Is(adaID)},
		{`job:01900000-0000-7000-8000-000000000021`, ``, filter.Job.Is(string(adaID))},
		{`-job:01900000-0000-7000-8000-000000000021,01900000-0000-7000-8000-000000000021`, ``, filter.Not(filter.Job.In(string(adaID), string(adaID)))},
		{`identity:telegram`, ``, filter.Identity.On(visitor.Telegram)},
		{`identity:telegram/42`, ``, filter.Identity.Is(visitor.Telegram, "", "42")},
		{`identity:telegram/bot/42`, ``, filter.Identity.Is(visitor.Telegram, "bot", "42")},
		{`inbox:1055,"Page 1"`, ``, filter.Inbox.In("1055", "Page 1")},
		{`has:inbox -inbox:a`, ``, filter.And(filter.Inbox.Exists(), filter.Not(filter.Inbox.Is("a")))},
		{`identity:telegram/bot/`, ``, filter.Identity.Is(visitor.Telegram, "bot", "")},
		{`identity:telegram/"a/b"/"c d",chat`, ``, condition("identity", filter.OpIn,
			filter.Value{Kind: filter.IdentityValue, Identity: filter.IdentityRef{Source: "telegram", Account: "a/b", ExternalID: "c d"}},
			filter.Value{Kind: filter.IdentityValue, Identity: filter.IdentityRef{Source: "chat"}})},

		{`created:2026-01-31`, ``, filter.CreatedAt.On(2026, time.January, 31)},
		{`created:Today,2026-01-31`, `created:today,2026-01-31`, condition("created", filter.OpIn, filter.Value{Kind: filter.PeriodValue, Text: "today"}, date("2026-01-31"))},
		{`created:>=2026-01-31`, ``, condition("created", filter.OpAtLeast, date("2026-01-31"))},
		{`created:2026-01-01..2026-01-31`, ``, condition("created", filter.OpBetween, date("2026-01-01"), date("2026-01-31"))},
		{`created:<2026-01-31T12:00:00+02:00`, `created:<2026-01-31T10:00:00Z`, filter.CreatedAt.Before(time.Date(2026, 1, 31, 10, 0, 0, 0, time.UTC))},
		{`created:>2026-01-31T10:00:00.123456Z`, ``, filter.CreatedAt.After(time.Date(2026, 1, 31, 10, 0, 0, 123_456_000, time.UTC))},
		{`seen:<30d`, ``, filter.LastSeenAt.Within(30 * 24 * time.Hour)},
		{`seen:<=30d`, `seen:<30d`, filter.LastSeenAt.Within(30 * 24 * time.Hour)},
		{`seen:>30d`, ``, filter.LastSeenAt.OlderThan(30 * 24 * time.Hour)},
		{`seen:>=30d`, `seen:<=30d-ago`, condition("seen", filter.OpAtMost, ago(30))},
		{`seen:>30d-ago`, ``, condition("seen", filter.OpGreater, ago(30))},
		{`seen:>=30d-ago`, `seen:<30d`, condition("seen", filter.OpAtLeast, ago(30))},
		{`seen:<30d-ago`, `seen:>30d`, condition("seen", filter.OpLess, ago(30))},
		{`seen:30d-ago`, ``, condition("seen", filter.OpIn, ago(30))},
		{`seen:30d-ago..7d-ago`, ``, condition("seen", filter.OpBetween, ago(30), ago(7))},
		{`seen:<2w`, `seen:<14d`, filter.LastSeenAt.Within(14 * 24 * time.Hour)},
		{`seen:<1w2d3h4m5s6ms7us8ns`, `seen:<9d3h4m5s6ms7us8ns`, filter.LastSeenAt.Within(9*24*time.Hour + 3*time.Hour + 4*time.Minute + 5*time.Second + 6*time.Millisecond + 7*time.Microsecond + 8)},
		{`seen:<0s`, ``, filter.LastSeenAt.Within(0)},

		{`attr.city:"São Paulo"`, ``, filter.Attr("city").Is("São Paulo")},
		{`attr.city:Berlin`, ``, filter.Attr("city").Is("Berlin")},
		{`attr.n:1,-0.5,1e21`, `attr.n:1,-0.5,1e+21`, condition("attr.n", filter.OpIn, filter.Value{Kind: filter.NumberValue, Number: 1}, filter.Value{Kind: filter.NumberValue, Number: -0.5}, filter.Value{Kind: filter.NumberValue, Number: 1e21})},
		{`attr.n:"1"`, ``, filter.Attr("n").Is("1")},
		{`attr.n:01`, `attr.n:1`, filter.Attr("n").Equals(1)},
		{`attr.n:1.2.3,.5,+5,1e,0x1f`, ``, filter.Attr("n").In("1.2.3", ".5", "+5", "1e", "0x1f")},
		{`attr.n:1*`, ``, filter.Attr("n").HasPrefix("1")},
		{`attr.n:>=1`, ``, filter.Attr("n").AtLeast(1)},
		{`attr.n:1..2`, ``, filter.Attr("n").Between(1, 2)},
		{`attr.on:true`, ``, filter.Attr("on").IsTrue()},
		{`attr.on:FALSE`, `attr.on:false`, filter.Attr("on").IsFalse()},
		{`attr.on:"True","today","7d"`, ``, filter.Attr("on").In("True", "today", "7d")},
		{`attr.born:<30d`, ``, filter.Attr("born").Time().Within(30 * 24 * time.Hour)},
		{`attr.born:this-month`, ``, filter.Attr("born").Time().During(filter.ThisMonth)},
		{`attr.a.b:x`, ``, condition("attr.a.b", filter.OpIn, text("x"))},
		{`attr.a..b:x`, ``, condition("attr.a..b", filter.OpIn, text("x"))},
	} {
		e, err := filter.Parse(want.text)
		require.NoError(t, err, want.text)
		require.Equal(t, want.expr, e, want.text)
		canonical := want.canonical
		if canonical == "" {
			canonical = want.text
		}
		s, err := filter.Format(e)
		require.NoError(t, err, want.text)
		require.Equal(t, canonical, s)
		again, err := filter.Parse(s)
		require.NoError(t, err, s)
		require.Equal(t, e, again, s)
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text       string
		pos        int
		reason     string
		suggestion string
	}{
		{``, 0, "is:everyone means everyone", ""},
		{`   `, 0, "nothing is asked for", ""},
		{`()`, 1, "nothing is asked for", ""},
		{`a ()`, 3, "nothing is asked for", ""},
		{`(a`, 0, "not closed", ""},
		{`a)`, 1, "nothing was opened", ""},
		{`(a)b`, 3, "a space is missing", ""},
		{`"a"b`, 3, "a space is missing", ""},
		{`a"b"`, 1, "a space is missing", ""},
		{`a(b)`, 1, "a space is missing", ""},
		{`"a`, 0, "quote is not closed", ""},
		{`"a\n"`, 2, "for a backslash", ""},
		{`“a”`, 0, "straight quotes", ""},
		{`tag:“a”`, 4, "straight quotes", ""},
		{`a OR`, 2, "nothing after OR", ""},
		{`OR`, 0, "nothing after OR", ""},
		{`a AND AND b`, 6, "nothing before AND", ""},
		{`OR OR a`, 3, "nothing before OR", ""},
		{`- a`, 0, "nothing to negate", ""},
		{`-`, 0, "nothing to negate", ""},
		{`a -`, 2, "nothing to negate", ""},
		{`NOT`, 0, "nothing to negate", ""},
		{`a OR b c`, 7, "AND and OR are mixed", ""},
		{`OR a b`, 5, "AND and OR are mixed", ""},
		{`(a AND b OR c)`, 9, "AND and OR are mixed", ""},
		{`ada*`, 3, "put * in quotes", ""},
		{`*`, 0, "put * in quotes", ""},
		{"\u200b", 0, "an empty text", ""},
		{"\"\u0301\"", 0, "an empty text", ""},
		{`""`, 0, "an empty text", ""},
		{"a\xffb", 1, "not valid UTF-8", ""},
		{"\ufffd\xff", 3, "not valid UTF-8", ""},
		{"a\x00", 0, "a NUL character", ""},

		{`sorce:chat`, 0, "unknown field", "source"},
		{`creatd:today`, 0, "unknown field", "created"},
		{`a has:emial`, 6, "unknown field", "email"},
		{`hsa:email`, 0, "unknown field", "has"},
		{`atr.city:x`, 0, "unknown field", "attr"},
		{`http://x`, 0, "unknown field", ""},
		{`:x`, 0, "name of a field is missing", ""},
		{`attr:x`, 0, "name of the attribute is missing", ""},
		{`attr.:x`, 0, "not the name of an attribute", ""},
		{`attr.São:x`, 0, "not the name of an attribute", ""},
		{`tag.x:y`, 0, "only attr takes a name", "tag"},
		{`is:everybody`, 3, "want everyone or nobody", ""},
		{`is:evryone`, 3, "want everyone or nobody", "everyone"},
		{`is:`, 3, "want everyone or nobody", ""},
		{`has:`, 4, "name of a field is missing", ""},
		{`has:source`, 4, `every visitor has that`, ""},

		{`tag:`, 4, "a value is missing", ""},
		{`tag: a`, 4, "a value is missing", ""},
		{`tag:a,`, 6, "a value is missing", ""},
		{`tag:a, b`, 6, "a value is missing", ""},
		{`tag:all(a`, 4, "parenthesis is not closed", ""},
		{`tag:all(a, b)`, 10, "a value is missing", ""},
		{`tag:all()`, 8, "a value is missing", ""},
		{`tag:"a"b`, 7, "not expected here", ""},
		{`tag:a"b"`, 5, "a space is missing", ""},
		{`tag:a*`, 4, `no operator "prefix" here`, ""},
		{`tag:>a`, 5, `no operator "gt" here`, ""},
		{`tag:a..b`, 5, "a range is for dates and numbers", ""},
		{`tag:!=a`, 4, "written -field:value", ""},
		{`tag:#vip`, 4, "a name with # goes in quotes", ""},
		{`tag:""`, 4, "an empty text", ""},
		{`name:a*b`, 7, "only before or after", ""},
		{`name:**`, 6, "a value is missing", ""},
		{`name:*`, 6, "a value is missing", ""},
		{`name:a*,b`, 5, "a list takes whole values", ""},
		{`phone:abc`, 6, "not a part of a phone number", ""},
		{`id:1`, 3, "not an id", ""},
		{`created>2026-01-01`, 7, "comes after a colon", ""},
		{`created:2026-02-29`, 8, "not a date", ""},
		{`created:2026-01-01T10:00`, 8, "not a date", ""},
		{`created:this-mont`, 8, "not a date", "this-month"},
		{`created:7d`, 8, "an age needs < or >", ""},
		{`created:=7d`, 9, "an age needs < or >", ""},
		{`created:7d..3d`, 8, "an age needs < or >", ""},
		{`created:<1y`, 9, "not a date", ""},
		{`created:<1h1d`, 9, "not a date", ""},
		{`created:<d`, 9, "not a date", ""},
		{`created:<201y`, 9, "not a date", ""},
		{`created:<99999999999999999999d`, 9, "not a date", ""},
		{`created:<10428w73000d1752000h`, 9, "not a date", ""}, // each unit is within the limit, the sum is not
		{`created:>1..2`, 9, "not a date", ""},
		{`created:>today..today`, 14, "a range takes no comparison", ""},
		{`created:today..`, 15, "a value is missing", ""},
		{`created:..today`, 8, "a value is missing", ""},
		{`created:<today,yesterday`, 9, "lt takes one value", ""},
		{`attr.n:7d`, 7, "an age needs < or >", ""},
		{`attr.n:1e999`, 7, "not a number", ""},
		{`attr.n:>a`, 8, "a text does not fit gt", ""},
		{`attr.n:1..today`, 7, "two values of one kind", ""},
		{`attr.n:>1*`, 8, "a comparison takes no *", ""},
		{`identity:`, 9, "a value is missing", ""},
		{`identity:telegram//42`, 18, "a value is missing", ""},
		{`identity:telegram/`, 18, "a value is missing", ""},
		{`identity:a/b/c/d`, 14, "not expected here", ""},
		{`inbox:a*`, 6, `no operator "prefix" here`, ""},
		{`identity:a*`, 10, "put * in quotes", ""},
	} {
		_, err := filter.Parse(c.text)
		var syntax *filter.SyntaxError
		require.ErrorAs(t, err, &syntax, c.text)
		require.ErrorIs(t, err, visitor.ErrInvalid, c.text)
		require.Equal(t, c.pos, syntax.Pos, "%s: %s", c.text, err)
		require.Contains(t, syntax.Reason, c.reason, c.text)
		require.Equal(t, c.suggestion, syntax.Suggestion, c.text)
	}
}

// TestMixedListsShowBothReadings checks that each reading is a filter, and that the text of the error
// has no operands.
func TestMixedListsShowBothReadings(t *testing.T) {
	t.Parallel()
	_, err := filter.Parse(`tag:secret -name:secret OR secret secret (secret OR has:email)`)
	require.EqualError(t, err, "filter: at byte 24: AND and OR are mixed: write (tag:… -name:…) OR (… … (…)) or tag:… (-name:… OR …) … (…)")
	var syntax *filter.SyntaxError
	require.ErrorAs(t, err, &syntax)
	require.Equal(t, []string{
		`(tag:secret -name:secret) OR (secret secret (secret OR has:email))`,
		`tag:secret (-name:secret OR secret) secret (secret OR has:email)`,
	}, syntax.Readings)
	for _, reading := range syntax.Readings {
		_, err := filter.Parse(reading)
		require.NoError(t, err, reading)
	}
}

func TestErrorsDoNotRepeatTheText(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		`sécret:x`, `secret:x`, `secretx secret:x`, `tag:all(secret, x)`, `created:secret`, `attr.secret!:x`, `phone:secret`, `id:secret`,
		`"secret`, `tag:#secret`, `is:secret`, `has:secret`, `secret*`, `secret OR x y`, `name:secret*x`, `attr.n:>secret`, `identity:secret//x`,
	} {
		_, err := filter.Parse(s)
		require.Error(t, err, s)
		require.NotContains(t, err.Error(), "secret")
	}
}

func TestCaret(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 100)
	for _, c := range []struct{ text, want string }{
		{`tag:a sorce:b`, "tag:a sorce:b\n      ^"},
		{"tag:a\nsorce:b\nc", "sorce:b\n^"},
		{"tag:ä\u0308\tsorce:b", "tag:ä\u0308 sorce:b\n      ^"},
		{``, "\n^"},
		{`a OR`, "a OR\n  ^"},
		{long + ` sorce:` + long, "…" + strings.Repeat("x", 59) + " sorce:" + strings.Repeat("x", 54) + "…\n" + strings.Repeat(" ", 61) + "^"},
	} {
		_, err := filter.Parse(c.text)
		var syntax *filter.SyntaxError
		require.ErrorAs(t, err, &syntax)
		require.Equal(t, c.want, syntax.Caret(c.text))
	}
	require.NotPanics(t, func() { (&filter.SyntaxError{Pos: 99}).Caret("another text") })
}

func TestBoundHasNoForm(t *testing.T) {
	t.Parallel()
	bound, err := filter.Bind(filter.Search("a"), nil)
	require.NoError(t, err)
	for _, e := range []filter.Expr{bound, filter.Not(bound), filter.And(filter.All(), bound), filter.Or(filter.Not(bound))} {
		_, err := filter.Format(e)
		require.ErrorContains(t, err, "a bound expression cannot be written")
		_, err = filter.Marshal(e)
		require.ErrorContains(t, err, "a bound expression cannot be written")
	}
	_, err = filter.Format(filter.And())
	require.True(t, errors.Is(err, visitor.ErrInvalid))
	_, err = filter.Marshal(filter.And())
	require.True(t, errors.Is(err, visitor.ErrInvalid))
}
