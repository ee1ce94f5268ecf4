package intake

import (
	"encoding/hex"
	"net/url"
	"slices"
	"strings"

	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

// envelope is the common format of Meta's channels. It can have several accounts of a business.
// V is the value of a change.
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

// isTest reports whether the entry is from the test button of Meta's dashboard.
func (e entry[V]) isTest() bool { return e.ID == "0" }

// open parses the envelope of a channel. An envelope of another product of Meta is one Ignored
// event; refusing it would only make Meta send it again.
func open[V any](channel visitor.Source, object string, body []byte) ([]entry[V], Batch, error) {
	var e envelope[V]
	if err := decode(body, &e); err != nil {
		return nil, Batch{}, fail("read", channel, err)
	}
	if e.Object != object {
		return nil, Batch{[]Event{eventFields{source: channel, via: e.Object}.ignore(Other)}}, nil
	}
	return e.Entry, Batch{slices.Grow([]Event(nil), min(len(e.Entry), maxEvents))}, nil
}

// maxEvents is the usual maximum of events in a delivery.
const maxEvents = 1_000

// verifyMeta checks the header X-Hub-Signature-256:
// https://developers.facebook.com/docs/graph-api/webhooks/getting-started/. Meta signs the
// bytes as sent, with ä as \u00e4, so a body that was decoded and encoded again does not match.
func verifyMeta(channel visitor.Source, secrets []string, h Header, body []byte) error {
	const name = "X-Hub-Signature-256"
	value := h(name)
	if value == "" {
		return fail("verify", channel, notAuthentic("no header "+name))
	}
	digits, ok := strings.CutPrefix(value, "sha256=")
	sum, err := hex.DecodeString(digits)
	if !ok || err != nil || len(sum) != 32 {
		return fail("verify", channel, notAuthentic("header "+name+" is not sha256= and 64 hex digits"))
	}
	return fail("verify", channel, checkSignature(secrets, body, sum))
}

// challengeMeta implements Challenge.
func challengeMeta(channel visitor.Source, token string, query url.Values) (string, error) {
	switch {
	case query.Get("hub.mode") != "subscribe":
		return "", fail("verify", channel, notAuthentic("hub.mode is not subscribe"))
	case token == "":
		return "", fail("verify", channel, notAuthentic(noSecret))
	case !oneOf([]string{token}, query.Get("hub.verify_token")):
		return "", fail("verify", channel, notAuthentic("hub.verify_token is another one"))
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

// kind returns the name of the event, its id if it has one, and why it is ignored, "" for one
// that a person sent. Fields for which an event is ignored are checked first, so that one with
// several fields creates no visitor.
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

// inbox has the settings for the conversations of a channel.
type inbox struct {
	source   visitor.Source
	account  scalar
	test     bool
	standby  bool // events handled by another app are Inbound too
	referral bool // followed links are Inbound too
}

func (in inbox) fields(via string) eventFields {
	account := string(in.account)
	return eventFields{source: in.source, account: account, inbox: account, via: via}
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

// event converts one event of a conversation. The account is required, since the ids of people
// are scoped to it.
func (in inbox) event(m messaging, standby bool) Event {
	via, mid, why := m.kind()
	s := in.fields(via)
	s.id, s.at = string(mid), m.Timestamp.time()
	if mid == "" && m.Timestamp != "" {
		s.id = digest(string(in.source), s.account, string(m.Sender.ID), string(m.Timestamp), via)
	}
	switch {
	case in.test, m.Sender.ID == "12334", mid == "test_message_id": // sender and message of the dashboard's test
		return s.ignore(Test)
	case why == Referral && in.referral:
	case why != "":
		return s.ignore(why)
	}
	switch {
	case m.Sender.ID == "": // a checkbox sends sender.user_ref before the person has an id
		return s.ignore(NoSender)
	case m.Sender.ID == in.account, m.IsSelf.set:
		return s.ignore(Own)
	case standby && !in.standby:
		return s.ignore(Standby)
	case in.account == "":
		return s.malformed(text.Refuse("entry.id", "missing"))
	case m.Message != nil && mid == "": // every message has an id
		return s.malformed(text.Refuse("message.mid", "missing"))
	}
	return s.person(Inbound, s.account, m.Sender.ID)
}

// graphProfile parses a profile from the Graph API.
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
	e := eventFields{source: channel, account: account, via: "profile"}.person(Profile, account, p.ID)
	if e.Err != nil {
		return Event{}, fail("read", channel, e.Err)
	}
	e.Contact.Name = cleanText(p.Name, visitor.MaxName)
	if e.Contact.Name == "" {
		e.Contact.Name = cleanText(p.FirstName+" "+p.LastName, visitor.MaxName)
	}
	e.Contact.Username = username(p.Username)
	return e, nil
}
