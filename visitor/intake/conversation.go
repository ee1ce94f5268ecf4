package intake

import (
	"cmp"
	"strings"
	"time"

	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

// conversationKinds are the fields that tell the kind of an event of a conversation. Those for
// which an event is ignored are first, so that one with several fields creates no visitor.
var conversationKinds = []struct {
	field, via string // via: default: the field
	why        Reason
}{
	{"delivery", "", Status},
	{"read", "", Status},
	{"reaction", "", Reaction},
	{"response_feedback", "", Reaction},
	{"message_edit", "", Edit},
	{"pass_thread_control", "thread_control", Handover},
	{"take_thread_control", "thread_control", Handover},
	{"request_thread_control", "thread_control", Handover},
	{"app_roles", "thread_control", Handover},
	{"policy_enforcement", "", System},
	{"message", "", ""},
	{"postback", "", ""},
	{"referral", "", Referral},
	{"optin", "", Referral},
	{"account_linking", "", ""},
	{"payment", "", ""},
	{"order", "", ""}, // of send_cart
	{"messaging_customer_information", "", ""},
	{"messaging_feedback", "", ""},
	{"comment_id", "group_feed", Comment},
}

// conversationKind returns the name of an event of a conversation on Messenger or Instagram, its
// id if it has one, and why it is ignored, "" for one that a person sent.
func conversationKind(m object) (via string, mid scalar, why Reason) {
	for _, f := range conversationKinds {
		if !m.has(f.field) {
			continue
		}
		via, why, o := cmp.Or(f.via, f.field), f.why, m.object(f.field)
		switch f.field {
		case "message":
			if o.missing() {
				continue
			}
			mid = o.id("mid")
			via, why = messageKind(o)
		case "message_edit":
			if o.id("num_edit") == "0" { // the message itself, which may not be sent in another way
				mid, why = o.id("mid"), ""
			}
		case "postback":
			if o.missing() {
				continue
			}
			mid = o.id("mid")
		case "comment_id":
			mid = m.id("comment_id")
		}
		return via, mid, why
	}
	return "", "", Other
}

func messageKind(message object) (via string, why Reason) {
	switch {
	case message.has("is_echo"):
		return "message", Echo
	case message.has("is_self"):
		return "message", Own
	case message.has("is_deleted"):
		return "message", Deleted
	case message.has("is_unsupported"):
		return "unsupported", ""
	}
	return "message", ""
}

// conversationField reports whether the value of a change with this field is an event of a
// conversation.
func conversationField(field string) bool {
	switch field {
	case "standby", "messages", "message_edit", "message_edits", "message_reactions", "message_reads",
		"message_deliveries", "message_echoes", "response_feedback", "send_cart", "group_feed":
		return true
	}
	return strings.HasPrefix(field, "messaging_")
}

// inbox has the settings for the conversations of a channel.
type inbox struct {
	source   visitor.Source
	account  scalar
	test     bool
	standby  bool // events handled by another app are Inbound too
	referral bool // followed links are Inbound too
	comments bool // comments are Inbound too
}

func (in inbox) fields(via string) eventFields {
	account := string(in.account)
	return eventFields{source: in.source, account: account, inbox: account, via: via}
}

// events appends the events of the conversations of an entry.
func (in inbox) events(events []Event, e entry) []Event {
	for raw := range e.list("messaging") {
		events = in.conversation(events, raw, false)
	}
	for raw := range e.list("standby") {
		events = in.conversation(events, raw, true)
	}
	return events
}

// conversation appends one event of a conversation: one Event, or two for an opt-in, which is a
// signal of consent and, with referral, also an act of the person.
func (in inbox) conversation(events []Event, raw []byte, standby bool) []Event {
	m := parseObject(raw)
	e := in.event(m, raw, standby)
	opt := m.object("optin")
	if opt.text("type") != notificationMessages || e.Kind == Ignored && e.Reason != Referral && e.Reason != Standby {
		return append(events, e)
	}
	s := in.fields(e.Via)
	s.id, s.at = e.Contact.EventID+consentSuffix, e.Contact.OccurredAt
	said := optIn(s, m.object("sender").id("id"), opt)
	if e.Kind != Ignored {
		events = append(events, e)
	}
	return append(events, said)
}

// event converts one event of a conversation. The account is required, since the ids of people
// are scoped to it.
func (in inbox) event(m object, raw []byte, standby bool) Event {
	via, mid, why := conversationKind(m)
	s := in.fields(via)
	s.id, s.at, s.payload = string(mid), m.id("timestamp").time(), raw
	from := m.object("sender")
	if why == Comment {
		from = m.object("from")
	}
	sender := from.id("id")
	if at := m.id("timestamp"); s.id == "" && at != "" {
		s.id = digest(string(in.source), s.account, string(sender), string(at), via)
	}
	if via == "unsupported" && s.id != "" {
		s.id += unsupportedSuffix
	}
	switch {
	case in.test, sender == "12334", mid == "test_message_id": // sender and message of the dashboard's test
		return s.ignore(Test)
	case why == Referral && in.referral, why == Comment && in.comments:
	case why != "":
		return s.ignore(why)
	}
	switch {
	case sender == "": // a checkbox sends sender.user_ref before the person has an id
		return s.ignore(NoSender)
	case sender == in.account, m.has("is_self"):
		return s.ignore(Own)
	case standby && !in.standby:
		return s.ignore(Standby)
	case in.account == "":
		return s.malformed(text.Refuse("entry.id", "missing"))
	}
	e := s.person(Inbound, s.account, sender)
	if e.Kind == Inbound && why == Comment {
		e.Contact.Name = cleanText(from.text("name"), visitor.MaxName)
	}
	return e
}

// unsupportedSuffix is added to the id of a message that the channel cannot deliver. The channel
// can send the real one later with the same id, and it is an event of its own.
const unsupportedSuffix = ":unsupported"

// notificationMessages is the type of an opt-in to messages about a topic, and the topic of one
// whose payload names none:
// https://developers.facebook.com/documentation/business-messaging/messenger-platform/webhooks/webhook-events/messaging_optins.
const notificationMessages = "notification_messages"

// optIn returns what the person said. The business chooses the payload of its opt-in request, and
// if that is a plain name it is the topic. An opt-in never grants the whole channel.
func optIn(s eventFields, sender scalar, opt object) Event {
	entry := consent.Entry{
		Topic: cmp.Or(eventName(opt.text("payload")), notificationMessages),
		State: consent.Granted, Origin: consent.Platform, Basis: consent.ByConsent,
		Expires:  opt.id("token_expiry_timestamp").time(),
		Evidence: consent.Evidence{Kind: consent.ByPlatform, Wording: cleanText(opt.text("title"), visitor.MaxName)},
	}
	if opt.text("notification_messages_status") == "STOP_NOTIFICATIONS" { // only if the person stopped or resumed
		entry.State, entry.Basis, entry.Expires = consent.Denied, "", time.Time{}
	}
	if !entry.Expires.IsZero() && !entry.Expires.After(s.at) {
		return s.ignore(Preference)
	}
	return s.permission(sender, entry)
}
