package consent

import (
	"cmp"
	"time"
)

// Purpose is why a message is sent.
type Purpose string

// The purposes.
const (
	Marketing     Purpose = "marketing"     // needs permission
	Service       Purpose = "service"       // an answer to the person, in free words
	Transactional Purpose = "transactional" // an order, an account, the confirmation of a sign-up
)

var purposes = codes[Purpose]{
	{Marketing, "marketing"},
	{Service, "an answer"},
	{Transactional, "about an order or account"},
}

// ParsePurpose returns the purpose with that value, in any case and with any space around it. For
// another one it returns a *text.FieldError that lists the purposes.
func ParsePurpose(s string) (Purpose, error) { return purposes.parse("purpose", s) }

// Text returns the purpose in English, or "" for an unknown one.
func (p Purpose) Text() string { return purposes.text(p) }

// needsConsent reports whether p is Marketing. Every unknown purpose counts as Marketing.
func (p Purpose) needsConsent() bool { return p != Service && p != Transactional }

// Request asks whether a message may be sent.
type Request struct {
	Channel Channel `json:"channel"`
	Sender  string  `json:"sender,omitempty"`  // see Subject; default: any through which the person is known
	Topic   string  `json:"topic,omitempty"`   // key; default: none, so only a consent for the whole channel counts
	Purpose Purpose `json:"purpose,omitempty"` // default: Marketing
}

// Normalize returns r in normalized form with its defaults, or a *text.FieldError.
func (r Request) Normalize() (Request, error) {
	if err := channels.check("channel", r.Channel); err != nil {
		return Request{}, err
	}
	if err := checkTopicKey(r.Topic); err != nil {
		return Request{}, err
	}
	r.Purpose = cmp.Or(r.Purpose, Marketing)
	if err := purposes.check("purpose", r.Purpose); err != nil {
		return Request{}, err
	}
	var err error
	if r.Sender, err = normalizeSender(r.Channel, r.Sender); err != nil {
		return Request{}, err
	}
	return r, nil
}

// Route is one way to a person: an address, and a sender through which the person is known.
type Route struct {
	Subject     Subject   // normalized; without a Sender, no sender is known
	Address     string    // as the person's data has it, to send to; default: Subject.Address
	LastMessage time.Time // of the person to the sender; zero: never
}

// Facts are what is known about one person for a decision. The order of Statuses and Health makes
// no difference.
type Facts struct {
	Topic      Topic    // the topic of the request; the zero Topic if it does not exist
	Routes     []Route  // those that are preferred first
	Statuses   []Status // as Fold returns them, of the addresses of Routes towards any sender
	Health     []Health // as FoldHealth returns them, of the same addresses
	KeyMissing bool     // a suppression key is missing, so Statuses and Health can be incomplete
}

// Decision is whether a message may be sent, to where, from where, and why.
type Decision struct {
	Allowed bool      `json:"allowed"`
	Address string    `json:"address,omitempty"` // to send to, if Allowed
	Sender  string    `json:"sender,omitempty"`  // to send from, if Allowed; empty: any
	Reason  Reason    `json:"reason"`
	Since   time.Time `json:"since,omitzero"` // since when Reason holds, if it is recorded; of several, the first
	Until   time.Time `json:"until,omitzero"` // when it ends if nothing is recorded until then; zero: no limit
}

// replyWindow is how long after a message of the person WhatsApp, Messenger and Instagram take an
// answer in free words.
const replyWindow = 24 * time.Hour

// Decide returns whether a message may be sent now. The request is normalized. The decision is
// that of the first route that is allowed. If none is allowed, the reason is that of the first
// route that fits the request.
//
// Marketing needs a grant of the topic or the whole channel, or a topic with the default OptOut
// about which nothing was said. Service and Transactional messages need none, and are stopped by:
// a denial of the topic that the request names; on SMS a denial of the whole channel, which stops
// every message there; a block; and an address that takes no messages. A Service message on
// WhatsApp, Messenger and Instagram also needs a message of the person in the last 24 hours.
//
// For a topic with DoubleOptIn, a grant of the whole channel by the person counts only if its
// evidence shows that the person has the address.
//
// What was said towards every sender, the empty one, counts for each. For a route without a
// sender, which can be used with every sender, a denial towards any of them counts.
func Decide(r Request, f Facts, now time.Time) Decision {
	switch {
	case f.KeyMissing:
		return Decision{Reason: ReasonKeyMissing}
	case r.Topic != f.Topic.Key:
		return Decision{Reason: ReasonUnknownTopic}
	case r.Topic != "" && !f.Topic.On(r.Channel):
		return Decision{Reason: ReasonTopicOffChannel}
	}
	refused := Decision{Reason: ReasonNoAddress}
	for _, route := range f.Routes {
		if !route.serves(r) {
			continue
		}
		if r.Sender != "" && route.Subject.Sender != r.Sender {
			route.Subject.Sender, route.LastMessage = r.Sender, time.Time{}
		}
		d := decide(r, f, route, now)
		if d.Allowed {
			d.Address, d.Sender = cmp.Or(route.Address, route.Subject.Address), route.Subject.Sender
			return d
		}
		if refused.Reason == ReasonNoAddress {
			refused = d
		}
	}
	return refused
}

// serves reports whether the request can be sent on the route.
func (route Route) serves(r Request) bool {
	s := route.Subject
	return s.Channel == r.Channel &&
		(r.Sender == "" || s.Sender == "" || s.Sender == r.Sender || !r.Channel.ofSender())
}

// covers reports whether a denial or report about s counts for the route.
func (route Route) covers(s Subject) bool {
	to := route.Subject
	return s.Channel == to.Channel && s.Address == to.Address &&
		(s.Sender == "" || to.Sender == "" || s.Sender == to.Sender)
}

func decide(r Request, f Facts, route Route, now time.Time) Decision {
	if d := denied(r, f.Statuses, route, now); d.Reason != "" {
		return d
	}
	if d := unhealthy(r, f.Health, route); d.Reason != "" {
		return d
	}
	if r.Purpose.needsConsent() {
		return permitted(r, f, route, now)
	}
	d := Decision{Allowed: true, Reason: ReasonNoConsentNeeded}
	if r.Purpose == Service && r.Channel.hasWindow() {
		if d.Until = route.LastMessage.Add(replyWindow); !now.Before(d.Until) {
			return Decision{Reason: ReasonWindowClosed}
		}
	}
	return d
}

// denied returns the first of the reasons by which a denial stops the message, if one does.
func denied(r Request, statuses []Status, route Route, now time.Time) Decision {
	var worst Decision
	for _, s := range statuses {
		e := s.Entry
		if !route.covers(e.Subject) || e.Topic != "" && e.Topic != r.Topic || s.State(now) != Denied {
			continue
		}
		d, _ := s.denial()
		reason := ReasonDeniedTopic
		switch {
		case d.Topic == "" && !r.Purpose.needsConsent() && r.Channel != SMS:
			continue
		case d.Evidence.Kind == ByErasure:
			reason = ReasonErased
		case d.Origin == Platform:
			reason = ReasonPlatformStopped
		case d.Topic == "":
			reason = ReasonDeniedChannel
		}
		worst = better(worst, Decision{Reason: reason, Since: s.since(now)})
	}
	return worst
}

// unhealthy returns the reason by which a report stops the message, if one does.
func unhealthy(r Request, health []Health, route Route) Decision {
	worst, since := Healthy, time.Time{}
	for _, h := range health {
		if !route.covers(h.Report.Subject) {
			continue
		}
		state := h.Report.State
		switch c := healthStates.index(state) - healthStates.index(worst); {
		case c > 0, c == 0 && h.Since.Before(since):
			worst, since = state, h.Since
		}
	}
	switch worst {
	case Blocked:
		return Decision{Reason: ReasonBlocked, Since: since}
	case Invalid:
		return Decision{Reason: ReasonInvalidAddress, Since: since}
	case HardBounce:
		return Decision{Reason: ReasonBounced, Since: since}
	case Complaint:
		if r.Purpose.needsConsent() {
			return Decision{Reason: ReasonComplaint, Since: since}
		}
	}
	return Decision{}
}

// permitted returns the decision on marketing that nobody denied. What was said about the topic
// counts before what was said about the channel, and a grant before what permits less.
func permitted(r Request, f Facts, route Route, now time.Time) Decision {
	var topic, channel Decision
	for _, s := range f.Statuses {
		e := s.Entry
		if !route.covers(e.Subject) || e.Subject.Sender != "" && e.Subject.Sender != route.Subject.Sender {
			continue
		}
		switch e.Topic {
		case "":
			if f.Topic.DoubleOptIn && e.State == Granted && e.Origin == Person && !e.Evidence.Kind.FromAddress() {
				continue // anybody can have typed the address
			}
			channel = better(channel, s.permission(now))
		case r.Topic:
			topic = better(topic, s.permission(now))
		}
	}
	for _, d := range []Decision{topic, channel} {
		if d.Allowed || d.Reason == ReasonPending {
			return d
		}
	}
	if f.Topic.Default == OptOut {
		return Decision{Allowed: true, Reason: ReasonDefaultOptOut}
	}
	return cmp.Or(topic, channel, Decision{Reason: ReasonUnknownOptIn})
}

// permission returns what a status that is no denial permits.
func (s Status) permission(now time.Time) Decision {
	switch s.State(now) {
	case Granted:
		return Decision{Allowed: true, Reason: ReasonGranted, Since: s.Since, Until: s.Entry.Expires}
	case Pending:
		return Decision{Reason: ReasonPending, Since: s.Since, Until: s.Entry.Expires}
	}
	if s.Entry.State == Granted {
		return Decision{Reason: ReasonExpired, Since: s.Entry.Expires}
	}
	return Decision{}
}

// better returns the decision whose reason comes first in the order of reasons; of two with the same,
// the one that holds longer, then the one that began first.
func better(a, b Decision) Decision {
	if a.Reason == "" || b.Reason == "" {
		return cmp.Or(a, b)
	}
	longer := b.Until.Compare(a.Until)
	if a.Until.IsZero() || b.Until.IsZero() { // no limit
		longer = -longer
	}
	if cmp.Or(cmp.Compare(reasons.index(a.Reason), reasons.index(b.Reason)), longer, a.Since.Compare(b.Since)) <= 0 {
		return a
	}
	return b
}
