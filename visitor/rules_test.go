package visitor_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

var now = time.Date(2026, 1, 2, 3, 4, 5, 678_901_234, time.FixedZone("", 3*3600))

func TestNormalizeName(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ in, want string }{
		"plain":             {"Ada", "Ada"},
		"trimmed":           {"\u00a0\u200b Ada \ufeff", "Ada"},
		"inner white space": {"Ada\u3000\n Lovelace", "Ada Lovelace"},
		"NFC":               {"Rene\u0301e", "Renée"},
		"longest":           {strings.Repeat("王", visitor.MaxName), strings.Repeat("王", visitor.MaxName)},
		"emoji":             {"👩\u200d🔬", "👩\u200d🔬"},
		"one sign":          {".", "."},
		"right to left":     {"محمد علي", "محمد علي"},
		"apostrophes":       {"O'Brien \"Bob\" <b>;--", "O'Brien \"Bob\" <b>;--"},
		"filler and letter": {"\u3164a", "\u3164a"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := visitor.NormalizeName(c.in)
			require.NoError(t, err)
			require.Equal(t, c.want, got)
		})
	}
	for name, c := range map[string]struct{ in, reason string }{
		"none":          {"", "missing"},
		"white space":   {" \t\u00a0\u3000", "missing"},
		"zero width":    {"\u200b\u200d\ufeff", "missing"},
		"marks":         {"\u0301\u0302", "missing"},
		"fillers":       {"\u3164 \u2800", "missing"},
		"too long":      {strings.Repeat("a", visitor.MaxName+1), "longer than 200 characters"},
		"a megabyte":    {strings.Repeat("a", 1<<20), "longer than 200 characters"},
		"NUL":           {"Ada\x00", "NUL character"},
		"override":      {"Ada\u202e", "directional override U+202E"},
		"invalid UTF-8": {"Ad\xe9", "not valid UTF-8"},
		"escape":        {"\x1b[31mAda", "control character U+001B"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := visitor.NormalizeName(c.in)
			refused(t, err, "name", c.reason)
			secret(t, err, c.in)
			require.Empty(t, got)
		})
	}
}

func TestRulesDraft(t *testing.T) {
	t.Parallel()
	g1, g2 := visitor.NewGroupID(now), visitor.NewGroupID(now.Add(time.Hour))
	d := visitor.Draft{
		Name: " Ada  Lovelace ", Email: " Ada@EXAMPLE.com ", Phone: "+44 20 7946 0958", Source: " Facebook Messenger",
		Tags:   []string{"Hot  Lead", "vip", "hot lead", "VIP"},
		Groups: []visitor.GroupID{g2, visitor.GroupID(strings.ToUpper(string(g1))), g2},
		Identities: []visitor.Identity{
			{Source: "Telegram", ExternalID: "42", Username: " ada "},
			{Source: visitor.Messenger, Account: "b", ExternalID: "1"},
			{Source: visitor.Messenger, Account: "a", ExternalID: "2", FirstSeen: now.Add(-time.Hour), LastSeen: now},
		},
		Attributes: visitor.Attributes{"city": visitor.Text(" Lo\u0301ndon\n"), "zero": visitor.Number(0)},
		CreatedAt:  now.Add(time.Hour),
	}
	want := visitor.Draft{
		Name: "Ada Lovelace", Email: "Ada@example.com", Phone: "+442079460958", Source: visitor.Messenger,
		Tags:   []string{"Hot Lead", "vip"},
		Groups: []visitor.GroupID{g1, g2},
		Identities: []visitor.Identity{
			{Source: visitor.Messenger, Account: "a", ExternalID: "2",
				FirstSeen: now.Add(-time.Hour).UTC().Truncate(time.Microsecond), LastSeen: now.UTC().Truncate(time.Microsecond)},
			{Source: visitor.Messenger, Account: "b", ExternalID: "1"},
			{Source: visitor.Telegram, ExternalID: "42", Username: "ada"},
		},
		Attributes: visitor.Attributes{"city": visitor.Text("Lóndon"), "zero": visitor.Number(0)},
		CreatedAt:  time.Date(2026, 1, 2, 1, 4, 5, 678_901_000, time.UTC),
	}
	got, err := visitor.Rules{}.Draft(d, now)
	require.NoError(t, err)
	require.Equal(t, want, got)

	again, err := visitor.Rules{}.Draft(got, now)
	require.NoError(t, err)
	require.Equal(t, got, again)

	got.Tags[0], got.Groups[0], got.Identities[0].Username = "x", "x", "x"
	got.Attributes["city"] = visitor.Text("x")
	require.Equal(t, "Hot  Lead", d.Tags[0])
	require.Equal(t, g2, d.Groups[0])
	require.Equal(t, " ada ", d.Identities[0].Username)
	require.Equal(t, visitor.Text(" Lo\u0301ndon\n"), d.Attributes["city"])
}

func TestRulesDraftOfLittle(t *testing.T) {
	t.Parallel()
	d := visitor.Draft{
		Name: "Ada", Source: "chat", Email: " ", Phone: "\u00a0",
		Tags: []string{}, Groups: []visitor.GroupID{}, Identities: []visitor.Identity{}, Attributes: visitor.Attributes{},
	}
	got, err := visitor.Rules{}.Draft(d, now)
	require.NoError(t, err)
	require.Equal(t, visitor.Draft{Name: "Ada", Source: visitor.Chat, CreatedAt: now.UTC().Truncate(time.Microsecond)}, got)
}

func TestRulesDraftRefuses(t *testing.T) {
	t.Parallel()
	const noID = "not an id: 2 characters, want 36"
	for name, c := range map[string]struct {
		change        func(*visitor.Draft)
		field, reason string
	}{
		"name":        {func(d *visitor.Draft) { d.Name = "" }, "name", "missing"},
		"email":       {func(d *visitor.Draft) { d.Email = "x" }, "email", "no @"},
		"phone":       {func(d *visitor.Draft) { d.Phone = "+1" }, "phone", "fewer than 7 digits"},
		"no source":   {func(d *visitor.Draft) { d.Source = "" }, "source", "missing; known are instagram, whatsapp, chat, messenger, telegram"},
		"source":      {func(d *visitor.Draft) { d.Source = "fax" }, "source", "unknown; known are instagram, whatsapp, chat, messenger, telegram"},
		"tag":         {func(d *visitor.Draft) { d.Tags = []string{"a", " "} }, "tag", "empty name"},
		"tags":        {func(d *visitor.Draft) { d.Tags = words(visitor.MaxTags + 1) }, "tags", "more than 200"},
		"group":       {func(d *visitor.Draft) { d.Groups = []visitor.GroupID{"42"} }, "group id", noID},
		"groups":      {func(d *visitor.Draft) { d.Groups = groups(visitor.MaxGroups + 1) }, "groups", "more than 1000"},
		"identity":    {func(d *visitor.Draft) { d.Identities = []visitor.Identity{{Source: "chat"}} }, "external_id", "missing"},
		"same twice":  {func(d *visitor.Draft) { d.Identities = append(identities(2), identities(1)...) }, "identities", "the same source, account and external id twice"},
		"identities":  {func(d *visitor.Draft) { d.Identities = identities(visitor.MaxIdentities + 1) }, "identities", "more than 100"},
		"attribute":   {func(d *visitor.Draft) { d.Attributes = visitor.Attributes{"a": {}} }, "attribute a", "no value"},
		"the epoch":   {func(d *visitor.Draft) { d.CreatedAt = time.Unix(0, 999) }, "created_at", "not after 1970-01-01T00:00:00Z"},
		"before 1970": {func(d *visitor.Draft) { d.CreatedAt = time.Unix(-1, 0) }, "created_at", "not after 1970-01-01T00:00:00Z"},
		"future":      {func(d *visitor.Draft) { d.CreatedAt = now.Add(24*time.Hour + time.Microsecond) }, "created_at", "more than a day from now"},
		"far future":  {func(d *visitor.Draft) { d.CreatedAt = time.Unix(1<<61, 0) }, "created_at", "more than a day from now"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := visitor.Draft{Name: "Ada", Source: visitor.Chat}
			c.change(&d)
			got, err := visitor.Rules{}.Draft(d, now)
			refused(t, err, c.field, c.reason)
			require.Zero(t, got)
		})
	}
}

func TestRulesDraftAtTheLimits(t *testing.T) {
	t.Parallel()
	d := visitor.Draft{
		Name: "Ada", Source: visitor.Chat,
		Tags:       append(words(visitor.MaxTags), "WORD 0"),
		Groups:     groups(visitor.MaxGroups),
		Identities: identities(visitor.MaxIdentities),
		CreatedAt:  now.Add(24 * time.Hour),
	}
	d.Groups = append(d.Groups, d.Groups[0])
	got, err := visitor.Rules{}.Draft(d, now)
	require.NoError(t, err)
	require.Len(t, got.Tags, visitor.MaxTags)
	require.Len(t, got.Groups, visitor.MaxGroups)
	require.Len(t, got.Identities, visitor.MaxIdentities)

	d.CreatedAt = time.UnixMicro(1)
	got, err = visitor.Rules{}.Draft(d, now)
	require.NoError(t, err)
	require.Equal(t, time.UnixMicro(1).UTC(), got.CreatedAt)
}

func TestRulesWithOwnSources(t *testing.T) {
	t.Parallel()
	sources, err := visitor.NewCatalog(map[visitor.Source]visitor.SourceInfo{"fax": {Label: "Fax machine"}})
	require.NoError(t, err)
	got, err := visitor.Rules{Sources: sources}.Draft(visitor.Draft{Name: "Ada", Source: "FAX Machine"}, now)
	require.NoError(t, err)
	require.Equal(t, visitor.Source("fax"), got.Source)
}

func TestRulesIdentity(t *testing.T) {
	t.Parallel()
	good := visitor.Identity{
		Source: "WhatsApp", Account: "1055 / é", ExternalID: strings.Repeat("9", visitor.MaxIdentity), Username: "\u00a0Ada  L ",
		FirstSeen: now, LastSeen: now, Inboxes: []string{"b", "A", "a"}, InboxTimes: []time.Time{now.Add(-time.Hour), now, now},
	}
	got, err := visitor.Rules{}.Identity(good)
	require.NoError(t, err)
	at := now.UTC().Truncate(time.Microsecond)
	require.Equal(t, visitor.Identity{
		Source: visitor.WhatsApp, Account: good.Account, ExternalID: good.ExternalID, Username: "Ada L", FirstSeen: at, LastSeen: at,
		Inboxes: []string{"A", "a", "b"}, InboxTimes: []time.Time{at, at, at.Add(-time.Hour)},
	}, got)
	again, err := visitor.Rules{}.Identity(got)
	require.NoError(t, err)
	require.Equal(t, got, again)

	undated := visitor.Identity{Source: visitor.Chat, ExternalID: "4", Inboxes: []string{"b", "a"}}
	got, err = visitor.Rules{}.Identity(undated)
	require.NoError(t, err)
	undated.Inboxes, undated.InboxTimes = []string{"a", "b"}, make([]time.Time, 2)
	require.Equal(t, undated, got)
	again, err = visitor.Rules{}.Identity(got)
	require.NoError(t, err)
	require.Equal(t, got, again)

	long := strings.Repeat("x", visitor.MaxIdentity+1)
	for name, c := range map[string]struct {
		change        func(*visitor.Identity)
		field, reason string
	}{
		"source":            {func(i *visitor.Identity) { i.Source = "fax" }, "source", "unknown; known are instagram, whatsapp, chat, messenger, telegram"},
		"no external id":    {func(i *visitor.Identity) { i.ExternalID = "" }, "external_id", "missing"},
		"blank external id": {func(i *visitor.Identity) { i.ExternalID = " " }, "external_id", "white space at an end"},
		"long external id":  {func(i *visitor.Identity) { i.ExternalID = long }, "external_id", "longer than 255 bytes"},
		"external id":       {func(i *visitor.Identity) { i.ExternalID = "4\x002" }, "external_id", "NUL character"},
		"account":           {func(i *visitor.Identity) { i.Account = "a\n" }, "account", "control character U+000A"},
		"long account":      {func(i *visitor.Identity) { i.Account = long }, "account", "longer than 255 bytes"},
		"username":          {func(i *visitor.Identity) { i.Username = "a\u202eb" }, "username", "directional override U+202E"},
		"long username":     {func(i *visitor.Identity) { i.Username = strings.Repeat("é", 128) }, "username", "longer than 255 bytes"},
		"order":             {func(i *visitor.Identity) { i.LastSeen = i.FirstSeen.Add(-time.Microsecond) }, "last_seen", "before first_seen"},
		"first seen":        {func(i *visitor.Identity) { i.FirstSeen = time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC) }, "first_seen", "not between 1970 and the year 9999"},
		"inboxes":           {func(i *visitor.Identity) { *i = withInboxes(*i, visitor.MaxInboxes+1) }, "inboxes", "more than 20"},
		"inbox":             {func(i *visitor.Identity) { i.Inboxes[0] = " a" }, "inboxes", "white space at an end"},
		"empty inbox":       {func(i *visitor.Identity) { i.Inboxes[0] = "" }, "inboxes", "an empty inbox"},
		"inbox twice":       {func(i *visitor.Identity) { i.Inboxes[0] = "A" }, "inboxes", "the same inbox twice"},
		"missing time":      {func(i *visitor.Identity) { i.InboxTimes = i.InboxTimes[1:] }, "inbox_times", "not one for each inbox"},
		"inbox time":        {func(i *visitor.Identity) { i.InboxTimes[0] = time.Unix(-1, 0) }, "inbox_times", "not between 1970 and the year 9999"},
		"last seen":         {func(i *visitor.Identity) { i.LastSeen = time.Date(0, 12, 31, 0, 0, 0, 0, time.UTC) }, "last_seen", "not between 1970 and the year 9999"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bad := good.Clone()
			c.change(&bad)
			got, err := visitor.Rules{}.Identity(bad)
			refused(t, err, c.field, c.reason)
			require.Zero(t, got)
		})
	}
}

func TestCheckLimits(t *testing.T) {
	t.Parallel()
	full := visitor.Visitor{
		Tags: make([]tag.Assignment, visitor.MaxTags), Memberships: memberships(visitor.MaxGroups - 1), Excluded: groups(1),
		Identities: identities(visitor.MaxIdentities), Attributes: attributes(visitor.MaxAttributes),
	}
	require.NoError(t, full.CheckLimits())
	for field, change := range map[string]func(*visitor.Visitor){
		"tags":       func(v *visitor.Visitor) { v.Tags = append(v.Tags, tag.Assignment{}) },
		"groups":     func(v *visitor.Visitor) { v.Excluded = append(v.Excluded, "") },
		"identities": func(v *visitor.Visitor) { v.Identities = append(v.Identities, visitor.Identity{}) },
		"attributes": func(v *visitor.Visitor) { v.Attributes["one-more"] = visitor.Bool(true) },
	} {
		over := full.Clone()
		change(&over)
		var f *visitor.FieldError
		require.True(t, errors.As(over.CheckLimits(), &f), field)
		require.Equal(t, field, f.Field)
	}
}

func words(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprint("word ", i)
	}
	return out
}

func groups(n int) []visitor.GroupID {
	out := make([]visitor.GroupID, n)
	for i := range out {
		out[i] = visitor.NewGroupID(now)
	}
	slices.Sort(out)
	return out
}

func memberships(n int) []visitor.Membership {
	out := make([]visitor.Membership, n)
	for i, g := range groups(n) {
		out[i] = visitor.Membership{Group: g, At: now.UTC().Truncate(time.Microsecond), Actor: "bob", Cause: "import"}
	}
	return out
}

func withInboxes(i visitor.Identity, n int) visitor.Identity {
	i.Inboxes, i.InboxTimes = nil, nil
	for k := range n {
		i.Inboxes = append(i.Inboxes, fmt.Sprint(k))
	}
	return i
}

func identities(n int) []visitor.Identity {
	out := make([]visitor.Identity, n)
	for i := range out {
		out[i] = visitor.Identity{Source: visitor.Chat, ExternalID: fmt.Sprint(i)}
	}
	return out
}

func attributes(n int) visitor.Attributes {
	out := visitor.Attributes{}
	for i := range n {
		out[fmt.Sprint("a", i)] = visitor.Number(float64(i))
	}
	return out
}

// refused requires a *FieldError with that field and reason.
func refused(t *testing.T, err error, field, reason string) {
	t.Helper()
	var f *visitor.FieldError
	require.True(t, errors.As(err, &f), "%v", err)
	require.ErrorIs(t, err, visitor.ErrInvalid)
	require.Equal(t, visitor.FieldError{Field: field, Reason: reason}, *f)
}

// secret checks that an error repeats no part of a refused value that is longer than four
// bytes; shorter ones can be in any message.
func secret(t *testing.T, err error, value string) {
	t.Helper()
	for _, part := range strings.FieldsFunc(value, func(r rune) bool { return strings.ContainsRune(" <>\"\r\n\u00a0", r) }) {
		if len(part) > 4 && strings.Contains(err.Error(), part) {
			t.Errorf("%q repeats the value", err)
		}
	}
}
