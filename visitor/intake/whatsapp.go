package intake

import (
	"bytes"
	"cmp"
	"iter"
	"net/url"

	"github.com/contactpipeline/visitors/visitor"
)

// WhatsApp parses the webhook of the WhatsApp Cloud API:
// https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/overview,
// .../webhooks/reference/messages/system and .../business-scoped-user-ids.
//
// A person has up to three ids: the business-scoped user id (BSUID, such as "US.134…"), the
// parent BSUID of linked portfolios ("US.ENT.118…"), and the wa_id, which is the phone number in
// digits and is missing if the person hides it behind a username. The first of them, in this
// order, is the ExternalID, the others are AlternateIDs. Contact.Account is empty, since the ids
// are the same for every number of the business. A username is not an id: it can pass from one
// person to another.
//
// A new phone number comes with a new BSUID. The event is an IdentityChange whose Contact.Phone
// is the new number.
//
// A person's choice in WhatsApp to stop or resume marketing messages (user_preferences) is a
// Consent event, and so are statuses that failed since the person stopped them (131050), or since
// the message cannot be delivered (131026). The choice is about marketing messages only, from one
// number of the business.
//
// Deliveries without an envelope, of the first version of 360dialog's API, are parsed too. They are
// not signed: authenticate them in another way, and call Parse.
type WhatsApp struct {
	Secrets     []string // app secrets, one of which must match; several during rotation
	VerifyToken string   // as set in the app's dashboard; default: Challenge refuses every request
	Standby     bool     // events handled by Meta's own agent (standby) are Inbound too; default: false
	Keywords    Keywords // words that stop or resume messages; default: none
}

// Verify checks the header X-Hub-Signature-256, the HMAC-SHA256 of the body with the app
// secret. The header is required. The error matches ErrSignature.
func (w WhatsApp) Verify(h Header, body []byte) error {
	return verifyMeta(visitor.WhatsApp, w.Secrets, h, body)
}

// Challenge checks hub.verify_token of the GET request by which Meta checks the webhook
// address, and returns hub.challenge.
func (w WhatsApp) Challenge(query url.Values) (string, error) {
	return challengeMeta(visitor.WhatsApp, w.VerifyToken, query)
}

// Parse parses a delivery. The error matches ErrInvalid, if the body is not a JSON object or is
// longer than MaxBody.
func (w WhatsApp) Parse(_ Header, body []byte) (Batch, error) {
	entries, batch, err := open(visitor.WhatsApp, "whatsapp_business_account", body)
	if err != nil {
		return Batch{}, err
	}
	for _, e := range entries {
		for _, c := range e.changes() {
			batch.Events = w.change(batch.Events, e, c)
		}
	}
	if entries == nil { // the first version of 360dialog's API sends the value without an envelope
		c := change{field: "messages", value: bytes.TrimSpace(body)}
		if v := parseObject(c.value); v.has("messages") || v.has("statuses") {
			batch.Events = w.change(nil, entry{}, c)
		}
	}
	return w.Keywords.add(batch), nil
}

// ignoreReason returns why the messages of a field are ignored, "" if they are not.
func (w WhatsApp) ignoreReason(field string) Reason {
	switch field {
	case "messages":
		return ""
	case "standby":
		if w.Standby {
			return ""
		}
		return Standby
	case "smb_message_echoes":
		return Echo
	case "history":
		return History
	case "smb_app_state_sync":
		return AddressBook
	case "messaging_handovers":
		return Handover
	case "user_preferences":
		return Preference
	case "calls":
		return Call
	}
	return Other
}

// change appends the events of one change. Only messages and calls become events of people:
// statuses can have contacts too, but of people whom the business wrote to.
func (w WhatsApp) change(events []Event, e entry, c change) []Event {
	v, why := parseObject(c.value), w.ignoreReason(c.field)
	metadata := v.object("metadata")
	number := metadata.id("phone_number_id")
	s := eventFields{source: visitor.WhatsApp, account: string(cmp.Or(number, e.account)), inbox: string(number)}
	if e.test {
		why = Test
	}
	r := newWhatsAppReader(v, why, digits(string(metadata.id("display_phone_number"))))
	before := len(events)
	for _, part := range []struct {
		name string
		read func(s eventFields, o object) Event
	}{
		{"statuses", r.status},
		{"user_preferences", r.preference},
		{"user_id_update", r.userID},
		{"message_echoes", func(s eventFields, _ object) Event { return s.ignore(Echo) }},
		{"errors", func(s eventFields, _ object) Event { return s.ignore(System) }},
		{"messages", r.message},
		{"calls", r.call},
	} {
		for raw := range v.list(part.name) {
			o := parseObject(raw)
			s.via, s.id, s.at, s.payload = part.name, string(o.id("id")), o.id("timestamp").time(), raw
			events = append(events, part.read(s, o))
		}
	}
	if len(events) == before {
		s.via, s.id, s.at = c.field, "", e.at
		events = append(events, s.ignore(cmp.Or(why, Other)))
	}
	return events
}

func count[T any](seq iter.Seq[T]) (n int) {
	for range seq {
		n++
	}
	return n
}
