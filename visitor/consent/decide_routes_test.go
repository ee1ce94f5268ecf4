package consent_test

import (
	"slices"
	"testing"
	"time"

	"github.com/contactpipeline/visitors/visitor/consent"
	"github.com/stretchr/testify/require"
)

// on returns the subject of an address towards a sender.
func on(channel consent.Channel, sender, address string) consent.Subject {
	return consent.Subject{Channel: channel, Sender: sender, Address: address}
}

// Each sender is decided on its own; what was said towards the empty sender counts for all.
func TestDecideBySender(t *testing.T) {
	t.Parallel()
	const whatsApp, telegram, number = consent.WhatsApp, consent.Telegram, "12025550123"
	entry := func(sender string, state consent.State) consent.Entry {
		return consent.Entry{Subject: on(whatsApp, sender, number), State: state, Origin: consent.Person, At: day(1)}
	}
	routes := func(channel consent.Channel, senders ...string) (out []consent.Route) {
		for _, s := range senders {
			out = append(out, consent.Route{Subject: on(channel, s, number)})
		}
		return out
	}
	allowed := func(sender string, reason consent.Reason) consent.Decision {
		return consent.Decision{Allowed: true, Address: number, Sender: sender, Reason: reason}
	}
	const denied, granted = consent.Denied, consent.Granted
	for name, c := range map[string]struct {
		channel consent.Channel
		sender  string
		routes  []string
		entries []consent.Entry
		topic   consent.Topic
		want    consent.Decision
	}{
		"denied to A, known by A":               {whatsApp, "", []string{"A"}, []consent.Entry{entry("A", denied)}, optOut, consent.Decision{Reason: consent.ReasonDeniedChannel}},
		"denied to A, known by B":               {whatsApp, "", []string{"A", "B"}, []consent.Entry{entry("A", denied)}, optOut, allowed("B", consent.ReasonDefaultOptOut)},
		"denied to A, asked for A":              {whatsApp, "A", []string{"A", "B"}, []consent.Entry{entry("A", denied)}, optOut, consent.Decision{Reason: consent.ReasonDeniedChannel}},
		"denied to A, asked for C":              {whatsApp, "C", []string{"A", "B"}, []consent.Entry{entry("A", denied)}, optOut, allowed("C", consent.ReasonDefaultOptOut)},
		"denied to all, asked for A":            {whatsApp, "A", []string{"A"}, []consent.Entry{entry("", denied), entry("A", granted)}, optOut, consent.Decision{Reason: consent.ReasonDeniedChannel}},
		"denied to A, no sender is known":       {whatsApp, "", []string{""}, []consent.Entry{entry("A", denied)}, optOut, consent.Decision{Reason: consent.ReasonDeniedChannel}},
		"denied to A, asked for B, none known":  {whatsApp, "B", []string{""}, []consent.Entry{entry("A", denied)}, optOut, allowed("B", consent.ReasonDefaultOptOut)},
		"granted to A, no sender is known":      {whatsApp, "", []string{""}, []consent.Entry{entry("A", granted)}, optIn, consent.Decision{Reason: consent.ReasonUnknownOptIn}},
		"granted to A, asked for B":             {whatsApp, "B", []string{"A", "B"}, []consent.Entry{entry("A", granted)}, optIn, consent.Decision{Reason: consent.ReasonUnknownOptIn}},
		"granted to A, known by B and A":        {whatsApp, "", []string{"B", "A"}, []consent.Entry{entry("A", granted)}, optIn, allowed("A", consent.ReasonGranted)},
		"granted to all, asked for A":           {whatsApp, "A", []string{"B"}, []consent.Entry{entry("", granted)}, optIn, allowed("A", consent.ReasonGranted)},
		"a bot cannot write to people of one":   {telegram, "B", []string{"A"}, nil, optOut, consent.Decision{Reason: consent.ReasonNoAddress}},
		"a bot writes to its own":               {telegram, "A", []string{"A"}, nil, optOut, allowed("A", consent.ReasonDefaultOptOut)},
		"a bot writes where no sender is known": {telegram, "A", []string{""}, nil, optOut, allowed("A", consent.ReasonDefaultOptOut)},
		"the first route that is allowed":       {whatsApp, "", []string{"B", "A"}, nil, optOut, allowed("B", consent.ReasonDefaultOptOut)},
	} {
		f := consent.Facts{Topic: c.topic, Routes: routes(c.channel, c.routes...), Statuses: consent.Fold(c.entries)}
		r := consent.Request{Channel: c.channel, Sender: c.sender, Topic: "news", Purpose: consent.Marketing}
		require.Equal(t, c.want, decide(r, f, day(5)), name)
	}

	blockedA := consent.FoldHealth([]consent.HealthReport{
		{Subject: on(telegram, "A", number), State: consent.Blocked, Origin: consent.Platform, At: day(1)},
	})
	r := consent.Request{Channel: telegram, Topic: "news", Purpose: consent.Marketing}
	f := consent.Facts{Topic: optOut, Routes: routes(telegram, "A"), Health: blockedA}
	require.Equal(t, consent.Decision{Reason: consent.ReasonBlocked}, decide(r, f, day(5)))
	f.Routes = routes(telegram, "A", "B")
	require.Equal(t, allowed("B", consent.ReasonDefaultOptOut), consent.Decide(r, f, day(5)))
}

// If no route is allowed, the reason is that of the first.
func TestReasonOfTheFirstRoute(t *testing.T) {
	t.Parallel()
	second := ada
	second.Address = "eve@example.com"
	f := consent.Facts{
		Topic: optIn, Routes: []consent.Route{{Subject: ada}, {Subject: second}},
		Statuses: consent.Fold([]consent.Entry{about("news", said(1, consent.Person, consent.Denied))}),
	}
	r := consent.Request{Channel: consent.Email, Topic: "news", Purpose: consent.Marketing}
	require.Equal(t, consent.ReasonDeniedTopic, consent.Decide(r, f, day(5)).Reason)
	slices.Reverse(f.Routes)
	require.Equal(t, consent.ReasonUnknownOptIn, consent.Decide(r, f, day(5)).Reason)
}

func TestReplyWindow(t *testing.T) {
	t.Parallel()
	wrote := day(5)
	for _, c := range []struct {
		channel consent.Channel
		purpose consent.Purpose
		after   time.Duration
		want    consent.Decision
	}{
		{consent.WhatsApp, consent.Service, 0, consent.Decision{Allowed: true, Reason: consent.ReasonNoConsentNeeded, Until: day(6)}},
		{consent.Instagram, consent.Service, 24*time.Hour - 1, consent.Decision{Allowed: true, Reason: consent.ReasonNoConsentNeeded, Until: day(6)}},
		{consent.Messenger, consent.Service, 24 * time.Hour, consent.Decision{Reason: consent.ReasonWindowClosed}},
		{consent.WhatsApp, consent.Transactional, 48 * time.Hour, consent.Decision{Allowed: true, Reason: consent.ReasonNoConsentNeeded}},
		{consent.Telegram, consent.Service, 48 * time.Hour, consent.Decision{Allowed: true, Reason: consent.ReasonNoConsentNeeded}},
	} {
		f := consent.Facts{Routes: []consent.Route{{Subject: on(c.channel, "A", "1"), LastMessage: wrote}}}
		if c.want.Allowed {
			c.want.Address, c.want.Sender = "1", "A"
		}
		require.Equal(t, c.want, decide(consent.Request{Channel: c.channel, Purpose: c.purpose}, f, wrote.Add(c.after)))
	}
	f := consent.Facts{Routes: []consent.Route{{Subject: on(consent.WhatsApp, "A", "1"), LastMessage: wrote}}}
	r := consent.Request{Channel: consent.WhatsApp, Sender: "B", Purpose: consent.Service}
	require.Equal(t, consent.ReasonWindowClosed, consent.Decide(r, f, wrote).Reason, "the message was to another number")
	require.Equal(t, consent.ReasonWindowClosed, consent.Decide(r, consent.Facts{
		Routes: []consent.Route{{Subject: on(consent.WhatsApp, "", "1")}},
	}, wrote).Reason, "no message")
}
