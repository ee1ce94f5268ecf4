package intake

import (
	"cmp"

	"github.com/contactpipeline/visitors/visitor/consent"
)

// Codes of errors that say something about the person. Others are about the message, the
// business or the moment, such as 131047 (the person has not written for 24 hours) and 131049
// (Meta's own limit of marketing messages).
const (
	stoppedMarketing = "131050"
	undeliverable    = "131026"
)

// status converts a receipt of a message from the business:
// https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages/status.
func (r whatsappReader) status(s eventFields, status object) Event {
	if r.why == Test {
		return s.ignore(Test)
	}
	if status.text("status") != "failed" || status.text("recipient_type") == "group" {
		return s.ignore(Status)
	}
	address := cmp.Or(status.id("recipient_id"), status.id("recipient_user_id"))
	for raw := range status.list("errors") {
		switch code := parseObject(raw).id("code"); code {
		case stoppedMarketing:
			s.id += consentSuffix
			return s.permission(address, consent.Entry{
				State: consent.Denied, Origin: consent.Platform, Cause: stoppedMarketing,
				Evidence: consent.Evidence{Kind: consent.ByPlatform},
			})
		case undeliverable: // not on WhatsApp, or an old version of it, so it says nothing final
			s.id += consentSuffix
			return s.health(address, consent.SoftBounce, undeliverable)
		}
	}
	return s.ignore(Status)
}

// preference converts a person's choice in WhatsApp of which messages to get:
// https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/user_preferences.
func (r whatsappReader) preference(s eventFields, p object) Event {
	address := cmp.Or(p.id("wa_id"), p.id("user_id"))
	if address == "" && r.only != nil {
		address = cmp.Or(r.only.waID, r.only.userID)
	}
	category, value := p.text("category"), p.text("value")
	if at := p.id("timestamp"); at != "" {
		s.id = digest(s.account, string(address), category, value, string(at))
	}
	entry := consent.Entry{Origin: consent.Platform, Evidence: consent.Evidence{
		Kind: consent.ByPlatform, Wording: eventName(category),
	}}
	switch {
	case r.why == Test:
		return s.ignore(Test)
	case category != "marketing_messages" && category != "": // missing in older versions of the API
		return s.ignore(Preference)
	case value == "stop":
		entry.State = consent.Denied
	case value == "resume":
		entry.State, entry.Basis = consent.Granted, consent.ByConsent
	default:
		return s.ignore(Preference)
	}
	return s.permission(address, entry)
}
