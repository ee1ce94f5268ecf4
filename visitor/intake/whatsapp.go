package intake

import (
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
type WhatsApp struct {
	Secrets     []string // app secrets, one of which must match; several during rotation
	VerifyToken string   // as set in the app's dashboard; default: Challenge refuses every request
	Standby     bool     // events handled by Meta's own agent (standby) are Inbound too; default: false
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
	entries, batch, err := open[whatsappValue](visitor.WhatsApp, "whatsapp_business_account", body)
	if err != nil {
		return Batch{}, err
	}
	for i := range entries {
		e := &entries[i]
		for j := range e.Changes {
			batch.Events = append(batch.Events, w.change(e, &e.Changes[j])...)
		}
	}
	return batch, nil
}

// ignoreReason returns why the changes of a field are ignored, "" if they are not.
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

// change converts one change. Only messages become events of people: statuses can have contacts
// too, but of people whom the business wrote to.
func (w WhatsApp) change(e *entry[whatsappValue], c *change[whatsappValue]) []Event {
	v, why := &c.Value, w.ignoreReason(c.Field)
	number := string(v.Metadata.PhoneNumberID)
	s := eventFields{source: visitor.WhatsApp, account: number, inbox: number}
	if s.account == "" {
		s.account = string(e.ID)
	}
	var events []Event
	count := func(via string, why Reason, reports []whatsappReport) {
		for _, r := range reports {
			s.via, s.id, s.at = via, string(r.ID), r.Timestamp.time()
			events = append(events, s.ignore(why))
		}
	}
	count("statuses", Status, v.Statuses)
	count("message_echoes", Echo, v.Echoes)
	count("errors", System, v.Errors)
	if why == "" && e.isTest() {
		why = Test
	}
	read := v.reader(why)
	for _, m := range v.Messages {
		s.via, s.id, s.at = m.Type, string(m.ID), m.Timestamp.time()
		events = append(events, read.event(s, m))
	}
	if len(events) == 0 {
		if why == "" {
			why = Other
		}
		s.via, s.id, s.at = c.Field, "", e.Time.time()
		events = append(events, s.ignore(why))
	}
	return events
}

type whatsappValue struct {
	Metadata struct {
		PhoneNumberID scalar `json:"phone_number_id"`
		DisplayNumber scalar `json:"display_phone_number"`
	} `json:"metadata"`
	Contacts []whatsappContact `json:"contacts"`
	Messages []whatsappMessage `json:"messages"`
	Statuses []whatsappReport  `json:"statuses"`
	Echoes   []whatsappReport  `json:"message_echoes"`
	Errors   []whatsappReport  `json:"errors"`
}

// whatsappReport is an entry that becomes an Ignored event.
type whatsappReport struct {
	ID        scalar `json:"id"`
	Timestamp scalar `json:"timestamp"`
}

type whatsappContact struct {
	WaID         scalar `json:"wa_id"`
	UserID       scalar `json:"user_id"`
	ParentUserID scalar `json:"parent_user_id"`
	Profile      struct {
		Name     string `json:"name"`
		Username string `json:"username"`
	} `json:"profile"`
}

type whatsappMessage struct {
	ID               scalar `json:"id"`
	Timestamp        scalar `json:"timestamp"`
	Type             string `json:"type"`
	From             scalar `json:"from"`
	FromUserID       scalar `json:"from_user_id"`
	FromParentUserID scalar `json:"from_parent_user_id"`
	GroupID          flag   `json:"group_id"`
	Reaction         flag   `json:"reaction"`
	Edit             flag   `json:"edit"`
	Revoke           flag   `json:"revoke"`
	System           *struct {
		Type             string `json:"type"`
		WaID             scalar `json:"wa_id"`
		NewWaID          scalar `json:"new_wa_id"` // its name in older versions of the API
		UserID           scalar `json:"user_id"`
		ParentUserID     scalar `json:"parent_user_id"`
		PreviousUserID   scalar `json:"previous_user_id"`
		PreviousParentID scalar `json:"previous_parent_user_id"`
	} `json:"system"`
	Contacts []struct {
		Origin string `json:"origin"`
		Phones []struct {
			Phone string `json:"phone"`
			WaID  scalar `json:"wa_id"`
		} `json:"phones"`
	} `json:"contacts"`
}
