package consent_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/contactpipeline/visitors/visitor/consent"
)

var (
	optIn  = consent.Topic{Key: "news", Default: consent.OptIn}
	optOut = consent.Topic{Key: "news", Default: consent.OptOut}
)

// about returns e for a topic.
func about(topic string, e consent.Entry) consent.Entry {
	e.Topic = topic
	return e
}

// decide is consent.Decide without Since, which TestSince is about.
func decide(r consent.Request, f consent.Facts, now time.Time) consent.Decision {
	d := consent.Decide(r, f, now)
	d.Since = time.Time{}
	return d
}

// Each case is decided on day 5 about ada's e-mail and the topic news: since which day holds the reason?
func TestSince(t *testing.T) {
	t.Parallel()
	const granted, denied, person, platform = consent.Granted, consent.Denied, consent.Person, consent.Platform
	type entries = []consent.Entry
	type reports = []consent.HealthReport
	for name, c := range map[string]struct {
		entries entries
		reports reports
		want    consent.Reason
		since   int // day, 0: not recorded
	}{
		"nothing was said":                   {nil, nil, consent.ReasonUnknownOptIn, 0},
		"granted, and again":                 {entries{about("news", said(1, person, granted)), about("news", said(3, person, granted))}, nil, consent.ReasonGranted, 1},
		"two denials":                        {entries{said(3, person, denied), about("news", said(2, person, denied))}, nil, consent.ReasonDeniedChannel, 3},
		"two denials for the same reason":    {entries{said(3, person, denied), at(said(2, person, denied), "shop")}, nil, consent.ReasonDeniedChannel, 2},
		"a grant over a denial has ended":    {entries{said(1, person, denied), until(said(2, person, granted), 4)}, nil, consent.ReasonDeniedChannel, 4},
		"a grant has ended":                  {entries{about("news", until(said(2, person, granted), 3))}, nil, consent.ReasonExpired, 3},
		"pending":                            {entries{about("news", until(said(2, person, consent.Pending), 9))}, nil, consent.ReasonPending, 2},
		"of two grants, the one that begins": {entries{about("news", said(3, person, granted)), at(about("news", said(2, person, granted)), "shop")}, nil, consent.ReasonGranted, 2},
		"bounced, towards two senders":       {nil, reports{report(3, platform, consent.HardBounce), reportAt(report(2, platform, consent.HardBounce), "shop")}, consent.ReasonBounced, 2},
	} {
		statuses, health := consent.Fold(c.entries), consent.FoldHealth(c.reports)
		subject := ada
		subject.Sender = "shop"
		for range 2 {
			d := consent.Decide(consent.Request{Channel: consent.Email, Topic: "news", Purpose: consent.Marketing},
				consent.Facts{Topic: optIn, Routes: []consent.Route{{Subject: subject}}, Statuses: statuses, Health: health}, day(5))
			require.Equal(t, c.want, d.Reason, name)
			want := time.Time{}
			if c.since > 0 {
				want = day(c.since)
			}
			require.Equal(t, want, d.Since, name)
			slices.Reverse(statuses)
			slices.Reverse(health)
		}
	}
}

// by returns e with evidence of that kind.
func by(kind consent.EvidenceKind, e consent.Entry) consent.Entry {
	e.Evidence.Kind = kind
	return e
}

// at returns e towards a sender.
func at(e consent.Entry, sender string) consent.Entry {
	e.Subject.Sender = sender
	return e
}

// reportAt returns r towards a sender.
func reportAt(r consent.HealthReport, sender string) consent.HealthReport {
	r.Subject.Sender = sender
	return r
}

// Each case is decided on day 5 about ada's e-mail and the topic news.
func TestDecide(t *testing.T) {
	t.Parallel()
	const (
		granted, denied, pending            = consent.Granted, consent.Denied, consent.Pending
		person, platform, operator, imports = consent.Person, consent.Platform, consent.Operator, consent.Import
		marketing, service, transactional   = consent.Marketing, consent.Service, consent.Transactional
	)
	erased := said(1, person, denied)
	erased.Evidence.Kind = consent.ByErasure
	type entries = []consent.Entry
	type reports = []consent.HealthReport
	for name, c := range map[string]struct {
		topic   consent.Topic
		purpose consent.Purpose
		entries entries
		reports reports
		want    consent.Reason
		until   int // day, 0: none
	}{
		"nothing was said":                            {optIn, marketing, nil, nil, consent.ReasonUnknownOptIn, 0},
		"nothing was said, opt-out":                   {optOut, marketing, nil, nil, consent.ReasonDefaultOptOut, 0},
		"nothing was said, without a topic":           {consent.Topic{}, marketing, nil, nil, consent.ReasonUnknownOptIn, 0},
		"nothing was said, service":                   {optIn, service, nil, nil, consent.ReasonNoConsentNeeded, 0},
		"nothing was said, transactional":             {optIn, transactional, nil, nil, consent.ReasonNoConsentNeeded, 0},
		"granted":                                     {optIn, marketing, entries{about("news", said(1, person, granted))}, nil, consent.ReasonGranted, 0},
		"granted for a time":                          {optIn, marketing, entries{about("news", until(said(1, person, granted), 9))}, nil, consent.ReasonGranted, 9},
		"granted for the channel":                     {optIn, marketing, entries{said(1, person, granted)}, nil, consent.ReasonGranted, 0},
		"granted for the channel, without a topic":    {consent.Topic{}, marketing, entries{said(1, person, granted)}, nil, consent.ReasonGranted, 0},
		"granted for another topic":                   {optIn, marketing, entries{about("offers", said(1, person, granted))}, nil, consent.ReasonUnknownOptIn, 0},
		"a grant of a topic is none of the channel":   {consent.Topic{}, marketing, entries{about("news", said(1, person, granted))}, nil, consent.ReasonUnknownOptIn, 0},
		"4: the channel denied, the topic granted":    {optIn, marketing, entries{said(1, person, denied), about("news", said(2, person, granted))}, nil, consent.ReasonDeniedChannel, 0},
		"4: also by an operator":                      {optIn, marketing, entries{said(1, operator, denied), about("news", said(2, person, granted))}, nil, consent.ReasonDeniedChannel, 0},
		"4: the topic denied, the channel granted":    {optIn, marketing, entries{about("news", said(1, imports, denied)), said(2, person, granted)}, nil, consent.ReasonDeniedTopic, 0},
		"4: the topic denied, opt-out":                {optOut, marketing, entries{about("news", said(1, person, denied))}, nil, consent.ReasonDeniedTopic, 0},
		"4: the channel denied, opt-out":              {optOut, marketing, entries{said(1, person, denied)}, nil, consent.ReasonDeniedChannel, 0},
		"4: another topic denied":                     {optOut, marketing, entries{about("offers", said(1, person, denied))}, nil, consent.ReasonDefaultOptOut, 0},
		"stopped by the platform":                     {optOut, marketing, entries{said(1, platform, denied)}, nil, consent.ReasonPlatformStopped, 0},
		"the topic stopped by the platform":           {optOut, marketing, entries{about("news", said(1, platform, denied))}, nil, consent.ReasonPlatformStopped, 0},
		"the channel denied before the topic stopped": {optOut, marketing, entries{about("news", said(1, platform, denied)), said(1, person, denied)}, nil, consent.ReasonDeniedChannel, 0},
		"erased":                                      {optOut, marketing, entries{erased}, nil, consent.ReasonErased, 0},
		"erased, and back by a form":                  {optOut, marketing, entries{erased, said(2, person, granted)}, nil, consent.ReasonErased, 0},
		"erased, and back by a keyword":               {optOut, marketing, entries{erased, by(consent.ByKeyword, said(2, person, granted))}, nil, consent.ReasonGranted, 0},
		"erased, denied again, and back by a form":    {optOut, marketing, entries{erased, said(2, person, denied), said(3, person, granted)}, nil, consent.ReasonErased, 0},
		"4: the denial of the channel lifted":         {optIn, marketing, entries{said(1, person, denied), said(2, person, consent.Lifted)}, nil, consent.ReasonUnknownOptIn, 0},
		"4: lifted, opt-out":                          {optOut, marketing, entries{said(1, person, denied), said(2, person, consent.Lifted)}, nil, consent.ReasonDefaultOptOut, 0},
		"4: lifted, the topic granted":                {optIn, marketing, entries{said(1, person, denied), said(2, person, consent.Lifted), about("news", said(1, person, granted))}, nil, consent.ReasonGranted, 0},
		"1: lifted by an operator":                    {optOut, marketing, entries{said(1, person, denied), said(2, operator, consent.Lifted)}, nil, consent.ReasonDeniedChannel, 0},
		"erased, lifted by a link":                    {optOut, marketing, entries{erased, by(consent.ByDoubleOptIn, said(2, person, consent.Lifted))}, nil, consent.ReasonDefaultOptOut, 0},
		"erased, lifted by a form":                    {optOut, marketing, entries{erased, said(2, person, consent.Lifted)}, nil, consent.ReasonErased, 0},
		"a grant stays when nothing is lifted":        {optIn, marketing, entries{said(1, person, granted), said(2, person, consent.Lifted)}, nil, consent.ReasonGranted, 0},
		"erased, imported again":                      {optOut, marketing, entries{erased, said(2, imports, granted)}, nil, consent.ReasonErased, 0},
		"5: pending":                                  {optIn, marketing, entries{about("news", until(said(1, person, pending), 8))}, nil, consent.ReasonPending, 8},
		"5: pending, the confirmation":                {optIn, transactional, entries{about("news", until(said(1, person, pending), 8))}, nil, consent.ReasonNoConsentNeeded, 0},
		"5: pending after a denial, the confirmation": {optIn, transactional, entries{about("news", said(1, person, denied)), about("news", until(said(2, person, pending), 8))}, nil, consent.ReasonNoConsentNeeded, 0},
		"5: pending, the channel granted":             {optIn, marketing, entries{about("news", until(said(1, person, pending), 8)), said(1, person, granted)}, nil, consent.ReasonPending, 8},
		"5: pending, opt-out":                         {optOut, marketing, entries{about("news", until(said(1, imports, pending), 8))}, nil, consent.ReasonPending, 8},
		"5: nobody confirmed":                         {optIn, marketing, entries{about("news", until(said(1, person, pending), 4))}, nil, consent.ReasonUnknownOptIn, 0},
		"expired":                                     {optIn, marketing, entries{about("news", until(said(1, person, granted), 5))}, nil, consent.ReasonExpired, 0},
		"expired for the channel":                     {optIn, marketing, entries{until(said(1, person, granted), 5)}, nil, consent.ReasonExpired, 0},
		"expired, the channel granted":                {optIn, marketing, entries{about("news", until(said(1, person, granted), 5)), said(1, person, granted)}, nil, consent.ReasonGranted, 0},
		"expired, opt-out":                            {optOut, marketing, entries{about("news", until(said(1, person, granted), 5))}, nil, consent.ReasonDefaultOptOut, 0},
		"expired after a denial, opt-out":             {optOut, marketing, entries{about("news", said(1, person, denied)), about("news", until(said(2, person, granted), 5))}, nil, consent.ReasonDeniedTopic, 0},
		"service after a denial of the channel":       {optIn, service, entries{said(1, person, denied)}, nil, consent.ReasonNoConsentNeeded, 0},
		"transactional after a denial of the channel": {optIn, transactional, entries{said(1, person, denied)}, nil, consent.ReasonNoConsentNeeded, 0},
		"transactional of a denied topic":             {optIn, transactional, entries{about("news", said(1, person, denied))}, nil, consent.ReasonDeniedTopic, 0},
		"complaint":                                   {optOut, marketing, nil, reports{report(1, platform, consent.Complaint)}, consent.ReasonComplaint, 0},
		"complaint, transactional":                    {optOut, transactional, nil, reports{report(1, platform, consent.Complaint)}, consent.ReasonNoConsentNeeded, 0},
		"bounced":                                     {optOut, marketing, nil, reports{report(1, platform, consent.HardBounce)}, consent.ReasonBounced, 0},
		"bounced, transactional":                      {optOut, transactional, nil, reports{report(1, platform, consent.HardBounce)}, consent.ReasonBounced, 0},
		"invalid, service":                            {optOut, service, nil, reports{report(1, platform, consent.Invalid)}, consent.ReasonInvalidAddress, 0},
		"blocked, service":                            {optOut, service, nil, reports{report(1, platform, consent.Blocked)}, consent.ReasonBlocked, 0},
		"soft bounce":                                 {optOut, marketing, nil, reports{report(1, platform, consent.SoftBounce)}, consent.ReasonDefaultOptOut, 0},
		"healthy":                                     {optOut, marketing, nil, reports{report(1, platform, consent.Healthy)}, consent.ReasonDefaultOptOut, 0},
		"denied and bounced":                          {optOut, marketing, entries{said(1, person, denied)}, reports{report(1, platform, consent.HardBounce)}, consent.ReasonDeniedChannel, 0},
		"unknown and bounced":                         {optIn, marketing, nil, reports{report(1, platform, consent.HardBounce)}, consent.ReasonBounced, 0},
	} {
		r := consent.Request{Channel: consent.Email, Topic: c.topic.Key, Purpose: c.purpose}
		f := consent.Facts{
			Topic: c.topic, Routes: []consent.Route{{Subject: ada, Address: "Ada@example.com"}},
			Statuses: consent.Fold(c.entries), Health: consent.FoldHealth(c.reports),
		}
		want := consent.Decision{Reason: c.want}
		if c.until > 0 {
			want.Until = day(c.until)
		}
		switch c.want {
		case consent.ReasonGranted, consent.ReasonDefaultOptOut, consent.ReasonNoConsentNeeded:
			want.Allowed, want.Address = true, "Ada@example.com"
		}
		require.Equal(t, want, decide(r, f, day(5)), name)
	}
}

func TestDecideBeforeRoutes(t *testing.T) {
	t.Parallel()
	r := consent.Request{Channel: consent.Email, Topic: "news", Purpose: consent.Marketing}
	f := consent.Facts{Topic: optOut, Routes: []consent.Route{{Subject: ada}}}
	require.Equal(t, consent.Decision{Allowed: true, Address: ada.Address, Reason: consent.ReasonDefaultOptOut}, decide(r, f, day(5)))
	for reason, change := range map[consent.Reason]func(*consent.Facts){
		consent.ReasonKeyMissing:      func(f *consent.Facts) { f.KeyMissing = true },
		consent.ReasonUnknownTopic:    func(f *consent.Facts) { f.Topic = consent.Topic{} },
		consent.ReasonTopicOffChannel: func(f *consent.Facts) { f.Topic.Channels = []consent.Channel{consent.SMS} },
		consent.ReasonNoAddress:       func(f *consent.Facts) { f.Routes = nil },
	} {
		changed := f
		change(&changed)
		require.Equal(t, consent.Decision{Reason: reason}, decide(r, changed, day(5)))
	}
	r.Channel = consent.SMS
	require.Equal(t, consent.Decision{Reason: consent.ReasonNoAddress}, decide(r, f, day(5)), "an address of another channel")
}

// A request that was not normalized is decided as Marketing, so that it permits no more.
func TestDecideWithoutPurpose(t *testing.T) {
	t.Parallel()
	denied := consent.Fold([]consent.Entry{said(1, consent.Person, consent.Denied)})
	complaint := consent.FoldHealth([]consent.HealthReport{report(1, consent.Platform, consent.Complaint)})
	for _, purpose := range []consent.Purpose{"", "Service", "other"} {
		r := consent.Request{Channel: consent.Email, Topic: "news", Purpose: purpose}
		f := consent.Facts{Topic: optIn, Routes: []consent.Route{{Subject: ada}}}
		require.Equal(t, consent.Decision{Reason: consent.ReasonUnknownOptIn}, decide(r, f, day(5)))
		f.Health = complaint
		require.Equal(t, consent.Decision{Reason: consent.ReasonComplaint}, decide(r, f, day(5)))
		f.Statuses = denied
		require.Equal(t, consent.Decision{Reason: consent.ReasonDeniedChannel}, decide(r, f, day(5)))
	}
}

// A STOP on SMS stops every message there.
func TestStopOnSMS(t *testing.T) {
	t.Parallel()
	subject := consent.Subject{Channel: consent.SMS, Address: "+12025550123"}
	stop := consent.Entry{Subject: subject, State: consent.Denied, Origin: consent.Person, At: day(1)}
	for _, purpose := range []consent.Purpose{consent.Marketing, consent.Service, consent.Transactional} {
		d := decide(consent.Request{Channel: consent.SMS, Purpose: purpose}, consent.Facts{
			Routes: []consent.Route{{Subject: subject}}, Statuses: consent.Fold([]consent.Entry{stop}),
		}, day(5))
		require.Equal(t, consent.Decision{Reason: consent.ReasonDeniedChannel}, d, purpose)
	}
}

// Of the permissions towards one sender and towards all, the one that permits more or longer counts.
func TestTheBetterPermission(t *testing.T) {
	t.Parallel()
	const granted, pending = consent.Granted, consent.Pending
	all, one := on(consent.WhatsApp, "", "1"), on(consent.WhatsApp, "A", "1")
	entry := func(s consent.Subject, state consent.State, expires int) consent.Entry {
		e := consent.Entry{Subject: s, Topic: "news", State: state, Origin: consent.Person, At: day(1)}
		if expires > 0 {
			e.Expires = day(expires)
		}
		return e
	}
	for name, c := range map[string]struct {
		a, b   consent.Entry
		reason consent.Reason
		until  int
	}{
		"granted and pending":        {entry(all, granted, 0), entry(one, pending, 8), consent.ReasonGranted, 0},
		"pending and granted":        {entry(all, pending, 8), entry(one, granted, 9), consent.ReasonGranted, 9},
		"granted for different time": {entry(all, granted, 8), entry(one, granted, 9), consent.ReasonGranted, 9},
		"granted for a time":         {entry(all, granted, 0), entry(one, granted, 9), consent.ReasonGranted, 0},
		"expired and pending":        {entry(all, granted, 2), entry(one, pending, 9), consent.ReasonPending, 9},
	} {
		for _, statuses := range [][]consent.Entry{{c.a, c.b}, {c.b, c.a}} {
			f := consent.Facts{Topic: optIn, Routes: []consent.Route{{Subject: one}}}
			for _, e := range statuses {
				f.Statuses = append(f.Statuses, consent.Fold([]consent.Entry{e})...)
			}
			d := consent.Decide(consent.Request{Channel: consent.WhatsApp, Topic: "news", Purpose: consent.Marketing}, f, day(5))
			require.Equal(t, c.reason, d.Reason, name)
			require.Equal(t, c.until > 0, !d.Until.IsZero(), name)
			if c.until > 0 {
				require.Equal(t, day(c.until), d.Until, name)
			}
		}
	}
}

func TestNormalizeRequest(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		r     consent.Request
		field string
	}{
		{consent.Request{}, "channel"},
		{consent.Request{Channel: "fax"}, "channel"},
		{consent.Request{Channel: consent.Email, Topic: "The News"}, "topic"},
		{consent.Request{Channel: consent.Email, Purpose: "fun"}, "purpose"},
		{consent.Request{Channel: consent.Email, Sender: "a\x00"}, "sender"},
	} {
		got, err := c.r.Normalize()
		refused(t, err, c.field, "")
		require.Zero(t, got)
	}
}

// A decision does not depend on the order of what is known, and a denial never permits more.
func TestDecideIgnoresOrder(t *testing.T) {
	t.Parallel()
	reasons := map[consent.Reason]bool{}
	rapid.Check(t, func(t *rapid.T) {
		entries := histories().Draw(t, "entries")
		f := consent.Facts{
			Topic: rapid.SampledFrom([]consent.Topic{optIn, optOut}).Draw(t, "topic"), Statuses: consent.Fold(entries),
			Routes: []consent.Route{
				{Subject: on(consent.Email, rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, "sender"), "1")}, {Subject: on(consent.WhatsApp, "a", "1")},
			},
		}
		r := consent.Request{
			Channel: rapid.SampledFrom([]consent.Channel{consent.Email, consent.WhatsApp}).Draw(t, "channel"), Topic: "news", Purpose: consent.Marketing,
		}
		at := day(rapid.IntRange(1, 16).Draw(t, "day"))
		want := consent.Decide(r, f, at)
		reasons[want.Reason] = true
		mixed := f
		mixed.Statuses = rapid.Permutation(f.Statuses).Draw(t, "statuses")
		require.Equal(t, want, consent.Decide(r, mixed, at))
		for _, route := range f.Routes {
			denial := consent.Entry{Subject: route.Subject, State: consent.Denied, Origin: consent.Person, At: day(20)}
			denial.Subject.Sender = ""
			entries = append(slices.Clone(entries), denial)
		}
		f.Statuses = consent.Fold(entries)
		require.False(t, consent.Decide(r, f, day(21)).Allowed)
	})
	require.GreaterOrEqual(t, len(reasons), 6)
}
