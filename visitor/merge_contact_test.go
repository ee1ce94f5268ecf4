package visitor_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/visitor"
)

// story generates random contacts of one person, with few different values and times, so that
// several contacts have the same.
func story(rnd *rand.Rand, n int) []visitor.Contact {
	one := func(values ...string) string { return values[rnd.IntN(len(values))] }
	start := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	contacts := make([]visitor.Contact, n)
	for i := range contacts {
		c := visitor.Contact{
			Source: visitor.WhatsApp, ExternalID: one("5511", "BR.1"), Name: one("", "Ada", "Ada L."), Username: one("", "ada", "lovelace"),
			Email: one("", "a@example.com", "b@example.com"), Phone: one("", "+5511987654321", "+5511987654322"),
			Unverified: rnd.IntN(3) == 0, UpdateOnly: rnd.IntN(4) == 0, OccurredAt: start.Add(time.Duration(rnd.IntN(6)) * time.Minute),
		}
		if rnd.IntN(2) == 0 {
			c.Attributes = visitor.Attributes{one("a", "b"): visitor.Text(one("x", "y"))}
		}
		c.Inbox = one("", "1055", "1056", "1057")
		if rnd.IntN(4) == 0 {
			c.PreviousIDs = []visitor.Identity{{Source: visitor.WhatsApp, ExternalID: "old"}}
		}
		contacts[i] = c
	}
	return contacts
}

func mergedContacts(p visitor.Policy, v visitor.Visitor, contacts []visitor.Contact) visitor.Visitor {
	for _, c := range contacts {
		v = p.MergeContact(v, c, []visitor.Identity{c.Identity()})
	}
	return v
}

// TestMergeContactInAnyOrder merges the same contacts in different orders, some of them twice,
// and expects the same visitor.
func TestMergeContactInAnyOrder(t *testing.T) {
	seed := *seed
	t.Logf("run again with -visitor.seed=%d", seed)
	fills := []visitor.Fill{"", visitor.Never, visitor.IfEmpty, visitor.IfNewer, visitor.Always}
	for i := range uint64(3_000) {
		rnd := rand.New(rand.NewPCG(seed, i))
		contacts := story(rnd, 2+rnd.IntN(6))
		p := visitor.Policy{
			Name: fills[rnd.IntN(5)], Email: fills[rnd.IntN(5)], Phone: fills[rnd.IntN(5)], Attributes: fills[rnd.IntN(5)],
		}
		new := visitor.Visitor{ID: "v", Source: visitor.WhatsApp, CreatedAt: now}
		if rnd.IntN(2) == 0 { // almost as many inboxes as are kept
			new.Identities = []visitor.Identity{{Source: visitor.WhatsApp, ExternalID: "5511"}}
			for n := range visitor.MaxInboxes - rnd.IntN(3) {
				new.Identities[0].Inboxes = append(new.Identities[0].Inboxes, fmt.Sprint(n))
				new.Identities[0].InboxTimes = append(new.Identities[0].InboxTimes, contacts[0].OccurredAt.Add(-time.Duration(n/5)*time.Minute))
			}
		}
		want := mergedContacts(p, new, contacts)
		again := append(contacts[:len(contacts):len(contacts)], contacts[:1+rnd.IntN(len(contacts))]...)
		rnd.Shuffle(len(again), func(i, j int) { again[i], again[j] = again[j], again[i] })
		require.Equal(t, want, mergedContacts(p, new, again), "case %d: %+v\n%+v\n%+v", i, p, contacts, again)
		require.Equal(t, want, p.MergeContact(want, contacts[0], []visitor.Identity{contacts[0].Identity()}))
	}
}

// TestMergeInAnyOrder divides contacts between two visitors and expects that merging these gives
// the same as merging all contacts into one.
func TestMergeInAnyOrder(t *testing.T) {
	seed := *seed
	t.Logf("run again with -visitor.seed=%d", seed)
	for i := range uint64(3_000) {
		rnd := rand.New(rand.NewPCG(seed, i))
		var p visitor.Policy
		contacts := story(rnd, 2+rnd.IntN(6))
		a := visitor.Visitor{ID: "a", Source: visitor.WhatsApp, CreatedAt: now}
		b := visitor.Visitor{ID: "b", Source: visitor.WhatsApp, CreatedAt: now}
		want := mergedContacts(p, a, contacts)
		var into, from []visitor.Contact
		for _, c := range contacts {
			if c.ExternalID == "5511" {
				into = append(into, c)
			} else {
				from = append(from, c)
			}
		}
		if len(into) == 0 || len(from) == 0 {
			continue
		}
		got := p.Merge(mergedContacts(p, a, into), mergedContacts(p, b, from))
		require.Equal(t, want, got, "case %d: %+v", i, contacts)
		back, other := visitor.Merged{Into: mergedContacts(p, a, into), From: mergedContacts(p, b, from), Result: got}.Undo(got)
		require.Equal(t, mergedContacts(p, a, into), back)
		require.Equal(t, mergedContacts(p, b, from), other)
	}
}

func TestInboxes(t *testing.T) {
	t.Parallel()
	person := visitor.Identity{Source: visitor.WhatsApp, ExternalID: "5511"}
	scoped := visitor.Identity{Source: visitor.WhatsApp, ExternalID: "BR.1"}
	var v visitor.Visitor
	capture := func(inbox string, minute int, change func(*visitor.Contact)) []string {
		c := visitor.Contact{Source: visitor.WhatsApp, ExternalID: "5511", Inbox: inbox, OccurredAt: now.Add(time.Duration(minute) * time.Minute)}
		if change != nil {
			change(&c)
		}
		before := v
		v = visitor.Policy{}.MergeContact(v, c, []visitor.Identity{person, scoped})
		require.Equal(t, v.Identities[0].Inboxes, v.Identities[1].Inboxes)
		return visitor.Changed(before, v)
	}
	require.Equal(t, []string{"identities", "name"}, capture("b", 1, nil))
	require.Equal(t, []string{"identities"}, capture("c", 3, nil))
	require.Equal(t, []string{"identities"}, capture("a", 3, nil))
	require.Equal(t, []string{"a", "c", "b"}, v.Identities[0].Inboxes)
	require.Empty(t, capture("b", 2, nil), "only the time")
	require.Empty(t, capture("b", 4, nil), "only the order")
	require.Equal(t, []string{"b", "a", "c"}, v.Identities[0].Inboxes)
	require.Empty(t, capture("d", 5, func(c *visitor.Contact) { c.UpdateOnly = true }))
	require.Equal(t, []string{"identities"}, capture("d", 0, func(c *visitor.Contact) {
		c.UpdateOnly, c.PreviousIDs = true, []visitor.Identity{{Source: visitor.WhatsApp, ExternalID: "5510"}}
	}))
	require.Equal(t, []string{"b", "a", "c", "d"}, v.Identities[0].Inboxes)
	for n := range visitor.MaxInboxes {
		capture(fmt.Sprint(n), 10, nil)
	}
	require.Len(t, v.Identities[0].Inboxes, visitor.MaxInboxes)
	require.Len(t, v.Identities[0].InboxTimes, visitor.MaxInboxes)
	require.Empty(t, capture("b", 5, nil), "older than those that are kept")
}

func TestMadeUpNames(t *testing.T) {
	for _, tt := range []struct {
		c    visitor.Contact
		want string
	}{
		{visitor.Contact{Source: visitor.Instagram, Account: "17", ExternalID: "4"}, "Instagram visitor VRTX"},
		{visitor.Contact{Source: visitor.Telegram, ExternalID: "4", Username: "ada"}, "ada"},
		{visitor.Contact{Source: visitor.WhatsApp, ExternalID: "55", Phone: "+5511987654321"}, "+5511987654321"},
		{visitor.Contact{Source: visitor.WhatsApp, ExternalID: "55", Phone: "+5511987654321", Name: "Ada"}, "Ada"},
	} {
		tt.c.OccurredAt = now
		v := visitor.Policy{}.MergeContact(visitor.Visitor{Source: tt.c.Source}, tt.c, []visitor.Identity{tt.c.Identity()})
		require.Equal(t, tt.want, v.Name)
		require.Equal(t, tt.c.Name == "", v.Placeholder())
		_, err := visitor.NormalizeName(v.Name)
		require.NoError(t, err)
	}
}

func TestRivals(t *testing.T) {
	wa := func(id string) visitor.Identity { return visitor.Identity{Source: visitor.WhatsApp, ExternalID: id} }
	chat := func(account, id string) visitor.Identity {
		return visitor.Identity{Source: visitor.Chat, Account: account, ExternalID: id}
	}
	for _, tt := range []struct {
		a, b visitor.Identity
		want bool
	}{
		{wa("5511"), wa("5512"), true},
		{wa("5511"), wa("5511"), false},
		{wa("5511"), wa("BR.1"), false},
		{wa("BR.ENT.1"), wa("BR.1"), false},
		{wa("BR.2"), wa("BR.1"), true},
		{chat("shop", "7"), chat("shop", "8"), true},
		{chat("shop", "7"), chat("blog", "8"), false},
		{chat("shop", "7"), chat("shop", "anon:8"), false},
		{chat("shop", "anon:7"), chat("shop", "anon:8"), false},
		{chat("", "7"), wa("8"), false},
	} {
		require.Equal(t, tt.want, tt.a.Conflicts(tt.b), "%v %v", tt.a, tt.b)
		require.Equal(t, tt.want, tt.b.Conflicts(tt.a), "%v %v", tt.b, tt.a)
	}
}

// TestContactKeepsWhatIsValid expects that a mistyped e-mail does not lose the visitor.
func TestContactKeepsWhatIsValid(t *testing.T) {
	c := visitor.Contact{
		Source: "Instagram", Account: "17", ExternalID: "4", Name: " Ada\u200b ", Email: "ada@", Phone: "12", Username: "ada",
		Tags: []string{"hot", "HOT", "\x00"}, Attributes: visitor.Attributes{"ok": visitor.Text("x"), "Bad Name": visitor.Text("x")},
		OccurredAt: now.Add(time.Hour), AlternateIDs: []visitor.Identity{{Source: visitor.Instagram, Account: "17", ExternalID: "5", Username: "no"}},
		Inbox: "17",
	}
	got, refused, err := visitor.Rules{}.Contact(c, now)
	require.NoError(t, err)
	require.Len(t, refused, 4, fmt.Sprint(refused))
	require.Equal(t, visitor.Contact{
		Source: visitor.Instagram, Account: "17", ExternalID: "4", Name: "Ada", Username: "ada", Tags: []string{"hot"},
		Attributes: visitor.Attributes{"ok": visitor.Text("x")}, OccurredAt: now, Inbox: "17",
		AlternateIDs: []visitor.Identity{{Source: visitor.Instagram, Account: "17", ExternalID: "5"}},
	}, got)
	for _, inbox := range []string{"a\x00", strings.Repeat("7", visitor.MaxIdentity+1)} {
		got, refused, err := visitor.Rules{}.Contact(visitor.Contact{Source: visitor.Chat, ExternalID: "4", Inbox: inbox}, now)
		require.NoError(t, err, "an inbox must not cost the visitor")
		require.Len(t, refused, 1)
		require.Empty(t, got.Inbox)
	}
	for field, bad := range map[string]visitor.Contact{
		"source":      {ExternalID: "4"},
		"external_id": {Source: visitor.Chat},
		"account":     {Source: visitor.Chat, ExternalID: "4", Account: "a\x00"},
		"event_id":    {Source: visitor.Chat, ExternalID: "4", EventID: "a\x00"},
		"occurred_at": {Source: visitor.Chat, ExternalID: "4", OccurredAt: time.Unix(-5, 0)},
	} {
		_, _, err := visitor.Rules{}.Contact(bad, now)
		var refusal *visitor.FieldError
		require.ErrorAs(t, err, &refusal)
		require.Equal(t, field, refusal.Field)
	}
}
