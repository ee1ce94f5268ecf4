package filter_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/filter/bound"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

// topics returns env with topics.
func topics() *filter.Env {
	e := env()
	e.Topics = map[string]consent.Topic{
		"newsletter": {Key: "newsletter", Default: consent.OptIn},
		"events":     {Key: "events", Default: consent.OptIn, DoubleOptIn: true},
		"offers":     {Key: "offers", Default: consent.OptOut, Channels: []consent.Channel{consent.Email, consent.WhatsApp}},
	}
	known := e.Known
	e.Known = func(kind filter.Kind) []string {
		if kind == filter.TopicKind {
			return []string{"events", "newsletter", "offers"}
		}
		return known(kind)
	}
	return e
}

func parse(t testing.TB, s string) filter.Expr {
	t.Helper()
	e, err := filter.Parse(s)
	require.NoError(t, err, s)
	return e
}

// reader has said several things about her e-mail address, and has a WhatsApp number.
func reader() visitor.Visitor {
	subject := mail("eve@example.com")
	at := now.AddDate(0, -2, 0)
	person := func(topic string, s consent.State) consent.Entry {
		return consent.Entry{Subject: subject, Topic: topic, State: s, Origin: consent.Person, At: at}
	}
	expired := person("", consent.Granted)
	expired.Expires = now
	pending := person("events", consent.Pending)
	pending.Expires = now.Add(time.Microsecond)
	return visitor.Visitor{
		Name: "Eve", Email: "Eve@example.com", Phone: "+4915112345678",
		Consents: said(person("newsletter", consent.Granted), expired, pending),
		Health: consent.FoldHealth([]consent.HealthReport{
			{Subject: consent.Subject{Channel: consent.WhatsApp, Sender: "1055", Address: "4915112345678"}, State: consent.Blocked, Origin: consent.Platform, At: at},
		}),
	}
}

func TestPermissions(t *testing.T) {
	t.Parallel()
	eve := reader()
	for where, want := range map[string]bool{
		`can:email/newsletter`: true, `-can:email/newsletter`: false, `can:email/offers`: true, `can:email/events`: false,
		`can:email`: false, // the consent for the whole channel has expired
		`can:sms`:   false, `can:whatsapp/offers`: false, `can:sms/offers`: false, `can:telegram/newsletter`: false,
		`can:email,email/newsletter`: true, `can:sms,whatsapp/offers`: false,
		`consent:email/newsletter=granted`: true, `consent:email/newsletter=denied,pending`: false, `consent:email=granted`: false,
		`consent:email/events=pending`: true, `consent:sms=granted`: false, `consent:email=denied,email/events=granted,pending`: true,
		`-consent:email/offers=denied`: true, `health:whatsapp=blocked`: true, `health:email=blocked,ok`: false,
		`health:whatsapp=complaint,blocked`: true, `CAN:Email/Newsletter`: true,
	} {
		b, err := filter.Bind(parse(t, where), topics())
		require.NoError(t, err, where)
		require.Equal(t, want, filter.Match(b, eve), where)
		require.False(t, filter.Match(b, visitor.Visitor{}) && where[0] != '-', where)
	}
	later := topics()
	later.Now = now.Add(time.Microsecond)
	b, err := filter.Bind(parse(t, `consent:email/events=pending`), later)
	require.NoError(t, err)
	require.False(t, filter.Match(b, eve), "it has expired")
}

func TestNothingIsPermittedWithoutAllKeys(t *testing.T) {
	t.Parallel()
	missing := topics()
	missing.KeyMissing = true
	for where, want := range map[string]bool{
		`can:email/newsletter`: false, `can:email/offers`: false, `-can:email/offers`: true, `consent:email/newsletter=granted`: true,
		`health:whatsapp=blocked`: true,
	} {
		b, err := filter.Bind(parse(t, where), missing)
		require.NoError(t, err, where)
		require.Equal(t, want, filter.Match(b, reader()), where)
	}
	warnings := filter.Lint(parse(t, `can:email/newsletter`), missing)
	require.Len(t, warnings, 1)
	require.Equal(t, "can: matches no visitor: a suppression key is missing", warnings[0].String())
}

func TestPermissionsNeedAClock(t *testing.T) {
	t.Parallel()
	for _, e := range []filter.Expr{filter.CanContact(consent.Email, ""), filter.Consent(consent.Email, "").Is(consent.Granted)} {
		_, err := filter.Bind(e, nil)
		require.ErrorIs(t, err, visitor.ErrInvalid)
		require.ErrorContains(t, err, "needs a clock")
	}
	require.True(t, filter.Match(filter.Health(consent.WhatsApp).Is(consent.Blocked), reader()), "health does not change with time")
}

func TestUnknownTopics(t *testing.T) {
	t.Parallel()
	for _, e := range []filter.Expr{
		filter.CanContact(consent.Email, "newsleter"), filter.Consent(consent.Email, "newsleter").Is(consent.Denied),
	} {
		for _, resolve := range []func() error{
			func() error { _, err := filter.Bind(filter.Not(e), topics()); return err },
			func() error { _, err := filter.Resolve(filter.Not(e), topics()); return err },
		} {
			err := resolve()
			require.EqualError(t, err, `filter: unknown topic "newsleter"; did you mean "newsletter"?`)
			var unknown *filter.UnknownError
			require.ErrorAs(t, err, &unknown)
			require.Equal(t, filter.TopicKind, unknown.Kind)
			require.Equal(t, "/filter/of/values/0", unknown.Pointer)
		}
		lenient := topics()
		lenient.Unknown = filter.UnknownIsNobody
		b, err := filter.Bind(e, lenient)
		require.NoError(t, err)
		require.Equal(t, bound.Constant(false), b.Node())
		require.Equal(t, filter.IssueUnknown, filter.Lint(e, topics())[0].Issue)
	}
	// In a stored rule, a topic that was deleted since is nobody's.
	ruled := topics()
	ruled.Groups["readers"] = filter.GroupRef{ID: ruleID, Rule: filter.Or(filter.CanContact(consent.Email, "gone"), filter.CanContact(consent.Email, "newsletter"))}
	b, err := filter.Bind(filter.Group.Has("readers"), ruled)
	require.NoError(t, err)
	require.True(t, filter.Match(b, reader()))
	require.False(t, filter.Match(b, visitor.Visitor{Email: "eve@example.com"}))
}

func TestTopicsAreReferences(t *testing.T) {
	t.Parallel()
	refs := filter.References(parse(t, `can:email/newsletter (consent:sms/events=denied OR health:email=ok)`))
	require.Equal(t, filter.Refs{Topics: []string{"newsletter", "events"}, Can: true}, refs)
	require.Equal(t, filter.Refs{}, filter.References(parse(t, `consent:email=denied health:email=ok`)))
	require.Equal(t, filter.Refs{Can: true}, filter.References(parse(t, `-(can:email OR source:chat)`)))
}

func TestParsePermissionsRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in, reason, suggestion string
		pos                    int
	}{
		{`can:emial/newsletter`, "channel: unknown; known are email, sms", "email", 4},
		{`ada can:email,wahtsapp`, "channel: unknown", "whatsapp", 14},
		{`can:email/News*`, "put * in quotes", "", 14},
		{`can:email/`, "a value is missing here", "", 10},
		{`can:`, "a value is missing here", "", 4},
		{`can:email/a.b`, "topic: a key has 1 to 64", "", 4},
		{`can:email=granted`, "can takes no state", "", 4},
		{`can:>email`, "no operator", "", 5},
		{`can:email..sms`, "a range is for", "", 9},
		{`consent:email`, "state: missing; known are granted, denied, pending", "", 8},
		{`consent:email/newsletter=`, "a value is missing here", "", 25},
		{`consent:email=denyed`, "state: unknown; known are granted", "denied", 14},
		{`consent:email=denied,pendig`, "state: unknown", "pending", 21},
		{`consent:email=denied,sms`, "state: unknown", "", 21},
		{`consent:denied`, "channel: unknown", "", 8},
		{`health:email/newsletter=ok`, "health is of a channel", "", 7},
		{`health:email=bounce`, "state: unknown; known are ok, soft, hard_bounce", "", 13},
		{`health:email=complain`, "state: unknown", "complaint", 13},
		{`consent:email!=denied`, "a negation is written -consent:", "", 13},
		{`has:can`, "has takes no can", "", 4},
		{`consnt:email=denied`, "unknown field", "consent", 0},
	} {
		_, err := filter.Parse(c.in)
		var syntax *filter.SyntaxError
		require.ErrorAs(t, err, &syntax, c.in)
		require.Contains(t, syntax.Reason, c.reason, c.in)
		require.Equal(t, c.suggestion, syntax.Suggestion, c.in)
		require.Equal(t, c.pos, syntax.Pos, c.in)
	}
}

func TestPermissionsRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		e      filter.Expr
		reason string
	}{
		{filter.CanContact("fax", ""), "filter: can: channel: unknown; known are email, sms, whatsapp, messenger, instagram, telegram, chat"},
		{filter.CanContact("", ""), "filter: can: channel: missing; known are email, sms, whatsapp, messenger, instagram, telegram, chat"},
		{filter.CanContact("Email", ""), "filter: can: channel: unknown; known are email, sms, whatsapp, messenger, instagram, telegram, chat"},
		{filter.CanContact(consent.Email, "A b"), "filter: can: topic: a key has 1 to 64 lower-case letters, digits, - and _"},
		{filter.Consent(consent.Email, "").Is("granted "), "filter: consent: state: unknown; known are granted, denied, pending"},
		{filter.Consent(consent.Email, "").In(), "filter: consent: empty list of values"},
		{filter.Health(consent.Email).Is(""), "filter: health: state: missing; known are ok, soft, hard_bounce, complaint, blocked, invalid"},
	} {
		require.EqualError(t, filter.Validate(c.e), c.reason)
	}
}

func TestSimplifyPermissions(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`can:email/newsletter has:email`:                                           `can:email/newsletter`,
		`can:sms has:phone -can:email`:                                             `can:sms -can:email`,
		`can:telegram/newsletter identity:telegram has:identity`:                   `can:telegram/newsletter`,
		`can:whatsapp has:phone has:identity`:                                      `can:whatsapp has:phone has:identity`,
		`can:email consent:email=granted,pending`:                                  `can:email`,
		`can:email/newsletter consent:email/newsletter=granted`:                    `can:email/newsletter consent:email/newsletter=granted`,
		`can:email/newsletter -can:email/newsletter`:                               `is:nobody`,
		`can:email -has:email`:                                                     `is:nobody`,
		`can:email/newsletter OR can:sms`:                                          `can:email/newsletter,sms`,
		`consent:email=denied OR consent:email=pending OR consent:sms=denied`:      `consent:email=denied,pending,sms=denied`,
		`consent:email=denied consent:email=granted`:                               `consent:email=denied consent:email=granted`,
		`consent:email=denied consent:email=granted,denied`:                        `consent:email=denied`,
		`-health:email=blocked -health:email=complaint`:                            `-health:email=blocked,complaint`,
		`consent:email=denied OR -consent:email=denied`:                            `is:everyone`,
		`can:email,email,sms`:                                                      `can:email,sms`,
		`health:email=ok,soft -health:email=ok,soft,blocked`:                       `is:nobody`,
		`can:email/newsletter (can:email/newsletter OR tag:vip) -can:email/offers`: `can:email/newsletter -can:email/offers`,
	} {
		s, err := filter.Format(filter.Simplify(parse(t, in)))
		require.NoError(t, err)
		require.Equal(t, want, s, in)
	}
}

func TestLintPermissions(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`can:sms/offers`:                                                   "can: matches no visitor: the topic is not sent on this channel",
		`can:email/newsletter -has:email`:                                  "and[1]: cannot match together with and[0]",
		`can:email/newsletter has:email`:                                   "and[1]: changes nothing: and[0] is as strict or stricter",
		`tag:vip -(can:email/nwsletter)`:                                   `and[1].not.can: filter: unknown topic "nwsletter"; did you mean "newsletter"?`,
		`can:email/events -can:email/events`:                               "and[1]: cannot match together with and[0]",
		`consent:email=denied,pending,denied,granted consent:email=denied`: "and[0]: changes nothing: and[1] is stricter",
	} {
		warnings := filter.Lint(parse(t, in), topics())
		require.Len(t, warnings, 1, in)
		require.Equal(t, want, warnings[0].String(), in)
	}
	require.Empty(t, filter.Lint(parse(t, `can:email/newsletter consent:sms=denied -health:email=soft`), topics()))
}

func TestExplainPermissions(t *testing.T) {
	t.Parallel()
	e := parse(t, `can:email/events,sms/offers consent:email/newsletter=denied -health:whatsapp=blocked can:email/newsletter`)
	x, err := filter.Explain(e, topics(), reader())
	require.NoError(t, err)
	require.Equal(t, `✗ and
  ✗ can:email/events,sms/offers — saw email/events=pending, sms/offers=topic_off_channel ← would have to change
  ✗ consent:email/newsletter=denied — saw email/events=pending, email/newsletter=granted, email=expired ← would have to change
  ✗ not
    ✓ health:whatsapp=blocked — saw whatsapp=blocked ← would have to change
  ✓ can:email/newsletter — saw email/newsletter=granted`, x.String())
	b, err := filter.Bind(e, topics())
	require.NoError(t, err)
	again, err := filter.Explain(b, nil, reader())
	require.NoError(t, err)
	require.Equal(t, `✗ and
  ✗ can email/events — saw email/events=pending ← would have to change
  ✗ consent email/newsletter=denied — saw email/events=pending, email/newsletter=granted, email=expired ← would have to change
  ✗ not
    ✓ health whatsapp=blocked — saw whatsapp=blocked ← would have to change
  ✓ can email/newsletter — saw email/newsletter=granted`, again.String())
}

func TestBoundPermissionsDependOnLittle(t *testing.T) {
	t.Parallel()
	renamed := topics()
	topic := renamed.Topics["offers"]
	topic.Label, topic.Description, topic.Public, topic.Channels = "Angebote", "New", true, nil
	renamed.Topics["offers"] = topic
	var nodes []bound.Node
	for _, in := range []*filter.Env{topics(), renamed} {
		b, err := filter.Bind(filter.CanContact(consent.Email, "offers"), in)
		require.NoError(t, err)
		nodes = append(nodes, b.Node())
	}
	require.Equal(t, nodes[0], nodes[1], "an index must not discard what it knows")
}

func TestMatchOfPermissionsAllocatesNothing(t *testing.T) {
	silent := reader()
	silent.Consents, silent.Health = nil, nil
	for where, v := range map[string]visitor.Visitor{
		`can:email/newsletter -can:sms consent:email=denied health:email=ok`: silent,
		`can:sms OR can:telegram/newsletter`:                                 reader(),
		`can:telegram/offers OR can:messenger/offers`:                        silent,
	} {
		lenient := topics()
		lenient.Unknown = filter.UnknownIsNobody
		b, err := filter.Bind(parse(t, where), lenient)
		require.NoError(t, err)
		require.Zero(t, testing.AllocsPerRun(100, func() { b.Match(&v) }), where)
	}
}
