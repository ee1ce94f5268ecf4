package intake

import (
	"net/url"

	"github.com/contactpipeline/visitors/visitor"
)

// Messenger parses the webhook of Facebook Messenger:
// https://developers.facebook.com/documentation/business-messaging/messenger-platform/webhooks/webhook-events.
//
// Messages and postbacks are Inbound. ExternalID is the page-scoped id of the person, and
// Account the page. The webhook has no names: request the profile, if the page has permission,
// and parse the response with Profile.
type Messenger struct {
	Secrets     []string // app secrets, one of which must match; several during rotation
	VerifyToken string   // as set in the app's dashboard; default: Challenge refuses every request
	Referrals   bool     // followed links (referral) and opt-ins (optin) are Inbound too; default: false
	Standby     bool     // events handled by another app (standby) are Inbound too; default: false
}

// Verify checks the header X-Hub-Signature-256, the HMAC-SHA256 of the body with the app
// secret. The header is required. The error matches ErrSignature.
func (m Messenger) Verify(h Header, body []byte) error {
	return verifyMeta(visitor.Messenger, m.Secrets, h, body)
}

// Challenge checks hub.verify_token of the GET request by which Meta checks the webhook
// address, and returns hub.challenge.
func (m Messenger) Challenge(query url.Values) (string, error) {
	return challengeMeta(visitor.Messenger, m.VerifyToken, query)
}

// Parse parses a delivery. The error matches ErrInvalid, if the body is not a JSON object or is
// longer than MaxBody.
func (m Messenger) Parse(_ Header, body []byte) (Batch, error) {
	entries, batch, err := open[struct{}](visitor.Messenger, "page", body)
	if err != nil {
		return Batch{}, err
	}
	for _, e := range entries {
		in := inbox{
			source: visitor.Messenger, account: e.ID, test: e.isTest(),
			standby: m.Standby, referral: m.Referrals,
		}
		batch.Events = append(batch.Events, in.events(e.Messaging, e.Standby)...)
		for _, c := range e.Changes {
			s := eventFields{source: visitor.Messenger, account: string(e.ID), via: c.Field, at: e.Time.time()}
			batch.Events = append(batch.Events, s.ignore(Other))
		}
	}
	return batch, nil
}

// Profile parses the Graph API's response to a request for the profile of a person who wrote to
// the page, with the fields id and name, or first_name and last_name. The error matches
// ErrInvalid.
func (m Messenger) Profile(page string, body []byte) (Event, error) {
	return graphProfile(visitor.Messenger, page, body)
}
