package intake

import (
	"net/url"

	"github.com/contactpipeline/visitors/visitor"
)

// Messenger reads the webhook of Facebook Messenger:
// https://developers.facebook.com/documentation/business-messaging/messenger-platform/webhooks/webhook-events.
//
// Inbound are messages and postbacks. ExternalID is the page-scoped id of the person, and
// Account the page. The webhook tells no name: fetch the profile, if the page may, and
// read the answer with Profile.
type Messenger struct {
	Secrets     []string // app secrets, any of which may have signed; several while one replaces another
	VerifyToken string   // as typed in the app's dashboard; default: Challenge refuses
	Referrals   bool     // also who only followed a link (referral) or opted in (optin) is inbound; default: not
	Standby     bool     // also what another app handles (standby) is inbound; default: not
}

// Verify checks the header X-Hub-Signature-256, which is the HMAC-SHA256 of the body under
// the app secret. A missing one is refused. The error matches ErrSignature.
func (m Messenger) Verify(h Header, body []byte) error {
	return verifyMeta(visitor.Messenger, m.Secrets, h, body)
}

// Challenge answers the GET request by which Meta proves the address: it checks
// hub.verify_token and returns hub.challenge.
func (m Messenger) Challenge(query url.Values) (string, error) {
	return challengeMeta(visitor.Messenger, m.VerifyToken, query)
}

// Parse reads a delivery. The error matches ErrInvalid; it is for a body that is no JSON
// object or longer than MaxBody.
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
			s := stamp{source: visitor.Messenger, account: string(e.ID), via: c.Field, at: e.Time.time()}
			batch.Events = append(batch.Events, s.ignore(Other))
		}
	}
	return batch, nil
}

// Profile reads the Graph API's answer to a request for the profile of a person of the
// page, with the fields id and name, or first_name and last_name. The error matches
// ErrInvalid.
func (m Messenger) Profile(page string, body []byte) (Event, error) {
	return graphProfile(visitor.Messenger, page, body)
}
