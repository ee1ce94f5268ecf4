package intake

import (
	"net/url"

	"github.com/contactpipeline/visitors/visitor"
)

// Messenger parses the webhook of Facebook Messenger:
// https://developers.facebook.com/documentation/business-messaging/messenger-platform/webhooks/webhook-events.
//
// Messages and postbacks are Inbound; with Comments also comments and posts of people on the page
// and comments in its groups. ExternalID is the page-scoped id of the person, and Account the
// page. The webhook has no names, except in comments: request the profile, if the page has
// permission, and parse the response with Profile.
//
// A lead of Lead Ads (the field leadgen) is Inbound, with the ExternalID "lead:" and its id, and the
// attributes lead_status "pending", lead_form and lead_ad. The webhook has none of the form's
// fields: request the lead, and parse the response with Lead.
type Messenger struct {
	Secrets     []string // app secrets, one of which must match; several during rotation
	VerifyToken string   // as set in the app's dashboard; default: Challenge refuses every request
	Referrals   bool     // followed links (referral) and opt-ins (optin) are Inbound too; default: false
	Comments    bool     // comments and posts on the page are Inbound too; default: false, as for Instagram
	Standby     bool     // events handled by another app (standby) are Inbound too; default: false
	Keywords    Keywords // words that stop or resume messages; default: none
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
	entries, batch, err := open(visitor.Messenger, "page", body)
	if err != nil {
		return Batch{}, err
	}
	for _, e := range entries {
		in := inbox{
			source: visitor.Messenger, account: e.account, test: e.test,
			standby: m.Standby, referral: m.Referrals, comments: m.Comments,
		}
		batch.Events = in.events(batch.Events, e)
		for _, c := range e.changes() {
			batch.Events = in.pageChange(batch.Events, e.at, c)
		}
	}
	return m.Keywords.add(batch), nil
}

// Profile parses the Graph API's response to a request for the profile of a person who wrote to
// the page, with the fields id and name, or first_name and last_name. The error matches
// ErrInvalid.
func (m Messenger) Profile(page string, body []byte) (Event, error) {
	return graphProfile(visitor.Messenger, page, body)
}
