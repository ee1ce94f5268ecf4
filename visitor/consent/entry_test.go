package consent_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/visitor/consent"
)

func TestNormalizeEntry(t *testing.T) {
	t.Parallel()
	now := day(9)
	berlin := time.FixedZone("CET", 3600)
	got, err := consent.Entry{
		Subject: consent.Subject{Channel: consent.Email, Address: " Ada@Example.COM "}, Topic: "news",
		State: consent.Granted, Origin: consent.Import, At: day(1).In(berlin).Add(time.Nanosecond), Expires: day(20).In(berlin),
		Basis: consent.Implied, Evidence: consent.Evidence{Kind: consent.ByImport, Wording: " yes ", IP: "::ffff:192.0.2.1"},
		Actor: " bob ", Cause: "spring  list",
	}.Normalize(now)
	require.NoError(t, err)
	require.Equal(t, consent.Entry{
		Subject: ada, Topic: "news", State: consent.Granted, Origin: consent.Import, At: day(1), Expires: day(20),
		Basis: consent.Implied, Evidence: consent.Evidence{Kind: consent.ByImport, Wording: "yes", IP: "192.0.2.1"},
		Actor: "bob", Cause: "spring list",
	}, got)
	again, err := got.Normalize(now.Add(time.Hour))
	require.NoError(t, err)
	require.Equal(t, got, again)

	unset := said(1, consent.Person, consent.Pending)
	unset.At = time.Time{}
	unset, err = unset.Normalize(now)
	require.NoError(t, err)
	require.Equal(t, now, unset.At)
	require.Equal(t, now.Add(7*24*time.Hour), unset.Expires)
	ahead := said(1, consent.Person, consent.Granted)
	ahead.At = now.Add(consent.MaxClockSkew)
	_, err = ahead.Normalize(now)
	require.NoError(t, err, "a clock that is ahead")

	long := strings.Repeat("x", consent.MaxEvidence/2+1)
	for name, c := range map[string]struct {
		change func(*consent.Entry)
		field  string
		reason string
	}{
		"channel":              {func(e *consent.Entry) { e.Subject.Channel = "fax" }, "channel", "unknown; known are email, sms"},
		"no channel":           {func(e *consent.Entry) { e.Subject.Channel = "" }, "channel", "missing"},
		"sender":               {func(e *consent.Entry) { e.Subject.Sender = "a\x00" }, "sender", "NUL"},
		"no address":           {func(e *consent.Entry) { e.Subject.Address = " " }, "address", "missing"},
		"address":              {func(e *consent.Entry) { e.Subject.Address = "ada@" }, "address", "no dot in the domain"},
		"topic":                {func(e *consent.Entry) { e.Topic = "The News" }, "topic", "key"},
		"long topic":           {func(e *consent.Entry) { e.Topic = strings.Repeat("a", 65) }, "topic", "1 to 64"},
		"no state":             {func(e *consent.Entry) { e.State = "" }, "state", "missing"},
		"state":                {func(e *consent.Entry) { e.State = "yes" }, "state", "unknown"},
		"no origin":            {func(e *consent.Entry) { e.Origin = "" }, "origin", "missing"},
		"origin":               {func(e *consent.Entry) { e.Origin = "me" }, "origin", "unknown"},
		"future":               {func(e *consent.Entry) { e.At = now.Add(consent.MaxClockSkew + time.Microsecond) }, "at", "in the future"},
		"past":                 {func(e *consent.Entry) { e.At = time.Unix(0, 1) }, "at", "1970"},
		"expired at once":      {func(e *consent.Entry) { e.Expires = e.At }, "expires", "not after"},
		"expires too late":     {func(e *consent.Entry) { e.Expires = time.Date(10000, 1, 2, 0, 0, 0, 0, time.UTC) }, "expires", "9999"},
		"a denial that ends":   {func(e *consent.Entry) { e.State, e.Basis, e.Expires = consent.Denied, "", day(12) }, "expires", "only a grant"},
		"a denial's basis":     {func(e *consent.Entry) { e.State, e.Expires = consent.Denied, time.Time{} }, "basis", "only a grant"},
		"basis":                {func(e *consent.Entry) { e.Basis = "because" }, "basis", "unknown"},
		"a grant with none":    {func(e *consent.Entry) { e.Basis = consent.NoBasis }, "basis", "needs one"},
		"import without basis": {func(e *consent.Entry) { e.Basis = "" }, "basis", "imported"},
		"kind of evidence":     {func(e *consent.Entry) { e.Evidence.Kind = "rumour" }, "evidence.kind", "unknown"},
		"reference":            {func(e *consent.Entry) { e.Evidence.Ref = " a" }, "evidence.ref", "white space"},
		"wording":              {func(e *consent.Entry) { e.Evidence.Wording = "a\x00" }, "evidence.wording", "NUL"},
		"URL":                  {func(e *consent.Entry) { e.Evidence.URL = "a\n" }, "evidence.url", "control"},
		"user agent":           {func(e *consent.Entry) { e.Evidence.UserAgent = "\xff" }, "evidence.user_agent", "UTF-8"},
		"IP":                   {func(e *consent.Entry) { e.Evidence.IP = "192.0.2.1:80" }, "evidence.ip", "not an IP"},
		"long evidence":        {func(e *consent.Entry) { e.Evidence.Wording, e.Evidence.UserAgent = long, long }, "evidence", "longer than 4096"},
		"long in NFC": {func(e *consent.Entry) { // three bytes, six in NFC
			e.Evidence = consent.Evidence{Wording: strings.Repeat("\u0958", 600), UserAgent: strings.Repeat("x", 1000)}
		}, "evidence", "longer than 4096"},
		"actor": {func(e *consent.Entry) { e.Actor = strings.Repeat("a", 201) }, "actor", "longer than 200"},
		"cause": {func(e *consent.Entry) { e.Cause = "\x01" }, "cause", "control"},
	} {
		e := got
		c.change(&e)
		out, err := e.Normalize(now)
		refused(t, err, c.field, c.reason, name)
		require.Zero(t, out, name)
	}
}

// Rule 3, and what an application learns when its grant would have no effect.
func TestEntryOfTheApplication(t *testing.T) {
	t.Parallel()
	const granted, denied, pending = consent.Granted, consent.Denied, consent.Pending
	const person, platform, operator, imports = consent.Person, consent.Platform, consent.Operator, consent.Import
	for name, c := range map[string]struct {
		before []consent.Entry
		entry  consent.Entry
		want   error
	}{
		"a grant of the platform":                    {nil, said(5, platform, granted), consent.ErrPlatformOwned},
		"a denial of the platform":                   {nil, said(5, platform, denied), consent.ErrPlatformOwned},
		"an operator over a platform's stop":         {[]consent.Entry{said(1, platform, denied)}, said(5, operator, granted), consent.ErrPlatformOwned},
		"an operator over the person's denial":       {[]consent.Entry{said(1, person, denied)}, said(5, operator, granted), consent.ErrDenied},
		"an import that asks over a denial":          {[]consent.Entry{said(1, person, denied)}, said(5, imports, pending), consent.ErrDenied},
		"an operator over a denial below a grant":    {[]consent.Entry{said(1, person, denied), until(said(2, person, granted), 9)}, said(5, operator, granted), consent.ErrDenied},
		"an operator where nothing is known":         {nil, said(5, operator, granted), nil},
		"an operator over a denial that was lifted":  {[]consent.Entry{said(1, person, denied), said(2, person, granted)}, said(5, operator, granted), nil},
		"an operator who denies over a denial":       {[]consent.Entry{said(1, platform, denied)}, said(5, operator, denied), nil},
		"a form after the platform's stop":           {[]consent.Entry{said(1, platform, denied)}, said(5, person, granted), nil},
		"a sign-up of the person after the denial":   {[]consent.Entry{said(1, person, denied)}, said(5, person, pending), nil},
		"an operator over a grant of the platform":   {[]consent.Entry{said(1, platform, granted)}, said(5, operator, granted), nil},
		"an operator's denial of a platform's grant": {[]consent.Entry{said(1, platform, granted)}, said(5, operator, denied), nil},
	} {
		var status consent.Status
		if len(c.before) > 0 {
			status = consent.Fold(c.before)[0]
		}
		require.Equal(t, c.want, c.entry.CheckApplication(status), name)
	}
}

func TestOriginsRank(t *testing.T) {
	t.Parallel()
	ranks := []consent.Origin{consent.Person, consent.Platform, consent.Operator, consent.Import, "unknown"}
	for i, a := range ranks {
		for j, b := range ranks {
			require.Equal(t, j > i, a.Compare(b) > 0, "%s, %s", a, b)
			require.Equal(t, j == i, a.Compare(b) == 0, "%s, %s", a, b)
		}
	}
}
