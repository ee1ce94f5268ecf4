package filtergen

import (
	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

// Topics returns the default topics: one of each kind, and one that is not sent on every channel.
func Topics() []consent.Topic {
	return []consent.Topic{
		{Key: "newsletter", Label: "Newsletter", Default: consent.OptIn},
		{Key: "events", Label: "Events", Default: consent.OptIn, DoubleOptIn: true},
		{Key: "service-news", Label: "Service news", Default: consent.OptOut},
		{Key: "offers", Label: "Offers", Default: consent.OptOut, Channels: []consent.Channel{consent.Email, consent.WhatsApp}},
	}
}

var (
	states       = []consent.State{consent.Granted, consent.Granted, consent.Denied, consent.Pending}
	origins      = []consent.Origin{consent.Person, consent.Person, consent.Platform, consent.Operator, consent.Import}
	evidence     = []consent.EvidenceKind{consent.ByForm, consent.ByDoubleOptIn, consent.ByMessage, consent.ByOneClick}
	healthStates = []consent.HealthState{
		consent.Healthy, consent.SoftBounce, consent.HardBounce, consent.Complaint, consent.Blocked, consent.Invalid,
	}
)

// Statements returns random entries and reports about the addresses of v, to record in a store, none
// for many visitors. They are normalized, and entries about a topic are admitted by it. Visitors has
// recorded its own: they are in Consents and Health.
func (g *Generator) Statements(v visitor.Visitor) (entries []consent.Entry, reports []consent.HealthReport) {
	routes := v.Routes()
	if len(routes) == 0 || g.chance(40) {
		return nil, nil
	}
	for range 1 + g.rand.IntN(6) {
		s := pick(g, routes).Subject
		switch {
		case g.chance(30):
			s.Sender = ""
		case g.chance(10):
			s.Sender = "another sender"
		}
		if g.chance(20) {
			if r, err := g.report(s).Normalize(g.options.Now); err == nil {
				reports = append(reports, r)
			}
			continue
		}
		topic := consent.Topic{}
		if len(g.options.Topics) > 0 && g.chance(60) {
			topic = pick(g, g.options.Topics)
		}
		e, err := g.entry(s, topic.Key).Normalize(g.options.Now)
		if err == nil && topic.Key != "" {
			e, err = topic.Admit(e)
		}
		if err == nil {
			entries = append(entries, e)
		}
	}
	return entries, reports
}

// entry returns an entry that Normalize can refuse.
func (g *Generator) entry(s consent.Subject, topic string) consent.Entry {
	e := consent.Entry{Subject: s, Topic: topic, State: pick(g, states), Origin: pick(g, origins), At: g.instant()}
	if e.At.After(g.options.Now) {
		e.At = g.options.Now
	}
	if e.State != consent.Denied {
		e.Basis = consent.ByConsent
		if g.chance(40) {
			e.Expires = g.instant()
		}
	}
	if g.chance(50) {
		e.Evidence.Kind = pick(g, evidence)
	}
	return e
}

func (g *Generator) report(s consent.Subject) consent.HealthReport {
	r := consent.HealthReport{Subject: s, State: pick(g, healthStates), Origin: pick(g, origins), At: g.instant(), Cause: "generated"}
	if r.At.After(g.options.Now) {
		r.At = g.options.Now
	}
	return r
}

// statuses returns what stands after the entries, as visitors have it.
func statuses(entries []consent.Entry) []consent.Status {
	all := consent.Fold(entries)
	for i := range all {
		for _, e := range []*consent.Entry{&all[i].Entry, &all[i].Lapse} {
			e.Evidence = consent.Evidence{Kind: e.Evidence.Kind}
		}
	}
	return all
}

func (g *Generator) permission(kind filter.Kind) filter.PermissionRef {
	r := filter.PermissionRef{Channel: consent.Email}
	if g.chance(60) {
		r.Channel = pick(g, consent.Channels())
	}
	if kind != filter.HealthKind && len(g.options.Topics) > 0 && g.chance(60) {
		r.Topic = pick(g, g.options.Topics).Key
	}
	switch kind {
	case filter.ConsentKind:
		r.State = string(pick(g, states))
	case filter.HealthKind:
		r.State = string(pick(g, healthStates))
	}
	return r
}
