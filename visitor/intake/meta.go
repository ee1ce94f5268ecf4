package intake

import (
	"encoding/hex"
	"net/url"
	"slices"
	"strings"

	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

// envelope is what Meta's channels have in common. One may mix the accounts of a business.
// V is what a change of the channel holds.
type envelope[V any] struct {
	Object string     `json:"object"`
	Entry  []entry[V] `json:"entry"`
}

type entry[V any] struct {
	ID        scalar      `json:"id"` // of the account
	Time      scalar      `json:"time"`
	Messaging []messaging `json:"messaging"`
	Standby   []messaging `json:"standby"`
	Changes   []change[V] `json:"changes"`
	change[V]             // some Instagram deliveries have the one change here
}

type change[V any] struct {
	Field string `json:"field"`
	Value V      `json:"value"`
}

// isTest reports whether it was made by the test button of Meta's dashboard.
func (e entry[V]) isTest() bool { return e.ID == "0" }

// open reads the envelope of a channel. That of another product of Meta is authentic, so
// refusing it would only make Meta send it again: it is one event, ignored.
func open[V any](channel visitor.Source, object string, body []byte) ([]entry[V], Batch, error) {
	var e envelope[V]
	if err := decode(body, &e); err != nil {
		return nil, Batch{}, fail("read", channel, err)
	}
	if e.Object != object {
		return nil, Batch{[]Event{stamp{source: channel, via: e.Object}.ignore(Other)}}, nil
	}
	return e.Entry, Batch{slices.Grow([]Event(nil), min(len(e.Entry), mostEvents))}, nil
}

// mostEvents is how many events Meta puts in a delivery, as a rule.
const mostEvents = 1_000

// verifyMeta holds the header X-Hub-Signature-256 against the body:
// https://developers.facebook.com/docs/graph-api/webhooks/getting-started/. Meta signs the
// bytes that it sends, with ä as \u00e4, so a body that was decoded and encoded again
// never fits.
func verifyMeta(channel visitor.Source, secrets []string, h Header, body []byte) error {
	const name = "X-Hub-Signature-256"
	value := h(name)
	if value == "" {
		return fail("verify", channel, unsigned("no header "+name))
	}
	digits, ok := strings.CutPrefix(value, "sha256=")
	sum, err := hex.DecodeString(digits)
	if !ok || err != nil || len(sum) != 32 {
		return fail("verify", channel, unsigned("header "+name+" is not sha256= and 64 hex digits"))
	}
	return fail("verify", channel, signed(secrets, body, sum))
}

// challengeMeta answers the request by which Meta proves an address.
func challengeMeta(channel visitor.Source, token string, query url.Values) (string, error) {
	switch {
	case query.Get("hub.mode") != "subscribe":
		return "", fail("verify", channel, unsigned("hub.mode is not subscribe"))
	case token == "":
		return "", fail("verify", channel, unsigned(noSecret))
	case !same([]string{token}, query.Get("hub.verify_token")):
		return "", fail("verify", channel, unsigned("hub.verify_token is another one"))
	case query.Get("hub.challenge") == "":
		return "", fail("verify", channel, text.Refuse("hub.challenge", "missing"))
	}
	return query.Get("hub.challenge"), nil
}

// messaging is one event of a conversation on Messenger or Instagram.
type messaging struct {
	Sender struct {
		ID scalar `json:"id"`
	} `json:"sender"`
	Timestamp scalar `json:"timestamp"`
	IsSelf    flag   `json:"is_self"`
	Message   *struct {
		Mid           scalar `json:"mid"`
		IsEcho        flag   `json:"is_echo"`
		IsSelf        flag   `json:"is_self"`
		IsDeleted     flag   `json:"is_deleted"`
		IsUnsupported flag   `json:"is_unsupported"`
	} `json:"message"`
	Postback *struct {
		Mid scalar `json:"mid"`
	} `json:"postback"`
	Referral    flag `json:"referral"`
	OptIn       flag `json:"optin"`
	Delivery    flag `json:"delivery"`
	Read        flag `json:"read"`
	Reaction    flag `json:"reaction"`
	MessageEdit flag `json:"message_edit"`
	Policy      flag `json:"policy_enforcement"`
	Pass        flag `json:"pass_thread_control"`
	Take        flag `json:"take_thread_control"`
	Request     flag `json:"request_thread_control"`
	Roles       flag `json:"app_roles"`
}

// kind tells what m is: its name, its id where it has one, and why it is ignored, "" for
// what a person sent. What guards against a visitor comes before what makes one.
func (m messaging) kind() (via string, mid scalar, why Reason) {
	switch {
	case m.Delivery.set:
		return "delivery", "", Status
	case m.Read.set:
		return "read", "", Status
	case m.Reaction.set:
		return "reaction", "", Reaction
	case m.MessageEdit.set:
		return "message_edit", "", Edit
	case m.Pass.set, m.Take.set, m.Request.set, m.Roles.set:
		return "thread_control", "", Handover
	case m.Policy.set:
		return "policy_enforcement", "", System
	case m.Message != nil:
		return "message", m.Message.Mid, m.unwanted()
	case m.Postback != nil:
		return "postback", m.Postback.Mid, ""
	case m.Referral.set:
		return "referral", "", Referral
	case m.OptIn.set:
		return "optin", "", Referral
	}
	return "", "", Other
}

func (m messaging) unwanted() Reason {
	switch {
	case m.Message.IsEcho.set:
		return Echo
	case m.Message.IsSelf.set:
		return Own
	case m.Message.IsDeleted.set:
		return Deleted
	case m.Message.IsUnsupported.set:
		return Unsupported
	}
	return ""
}

// inbox is how a channel's conversations are to be read.
type inbox struct {
	source   visitor.Source
	account  scalar
	test     bool
	standby  bool // what another app handles is inbound too
	referral bool // a person who only followed a link is inbound too
}

func (in inbox) events(active, standby []messaging) []Event {
	var events []Event
	for _, m := range active {
		events = append(events, in.event(m, false))
	}
	for _, m := range standby {
		events = append(events, in.event(m, true))
	}
	return events
}

// event reads one event of a conversation. The ids of people are scoped to the account, so
// the account must be there.
func (in inbox) event(m messaging, standby bool) Event {
	via, mid, why := m.kind()
	s := stamp{source: in.source, account: string(in.account), via: via, id: string(mid), at: m.Timestamp.time()}
	if mid == "" && m.Timestamp != "" {
		s.id = digest(string(in.source), s.account, string(m.Sender.ID), string(m.Timestamp), via)
	}
	switch {
	case in.test, m.Sender.ID == "12334", mid == "test_message_id": // the dashboard's made-up sender and message
		return s.ignore(Test)
	case why == Referral && in.referral:
	case why != "":
		return s.ignore(why)
	}
	switch {
	case m.Sender.ID == "": // a checkbox gives sender.user_ref before the person has an id
		return s.ignore(NoSender)
	case m.Sender.ID == in.account, m.IsSelf.set:
		return s.ignore(Own)
	case standby && !in.standby:
		return s.ignore(Standby)
	case in.account == "":
		return s.malformed(text.Refuse("entry.id", "missing"))
	case m.Message != nil && mid == "": // every message has one: this is something else
		return s.malformed(text.Refuse("message.mid", "missing"))
	}
	return s.person(Inbound, s.account, m.Sender.ID)
}

// graphProfile reads what the Graph API tells of a person.
func graphProfile(channel visitor.Source, account string, body []byte) (Event, error) {
	var p struct {
		ID        scalar `json:"id"`
		Name      string `json:"name"`
		FirstName string `json:"first_name"`
		LastName  string `json:"last_name"`
		Username  string `json:"username"`
	}
	if err := decode(body, &p); err != nil {
		return Event{}, fail("read", channel, err)
	}
	e := stamp{source: channel, account: account, via: "profile"}.person(Profile, account, p.ID)
	if e.Err != nil {
		return Event{}, fail("read", channel, e.Err)
	}
	e.Contact.Name = presentable(p.Name, visitor.MaxName)
	if e.Contact.Name == "" {
		e.Contact.Name = presentable(p.FirstName+" "+p.LastName, visitor.MaxName)
	}
	e.Contact.Username = username(p.Username)
	return e, nil
}
