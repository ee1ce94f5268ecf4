package intake

import (
	"cmp"
	"net/url"

	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

// Instagram parses the webhook of Instagram messaging and comments:
// https://developers.facebook.com/documentation/instagram-platform/webhooks/examples and
// https://developers.facebook.com/documentation/instagram-platform/self-messaging.
//
// Direct messages (including story replies and mentions in stories) and postbacks are Inbound;
// with Comments also comments on posts and live videos, with Via "comments" or
// "live_comments". ExternalID is the Instagram-scoped id of the person, and Account the
// professional account. A direct message has no name and no username: request the profile and
// parse the response with Profile. A comment has the username.
type Instagram struct {
	Secrets     []string // app secrets, one of which must match; several during rotation
	VerifyToken string   // as set in the app's dashboard; default: Challenge refuses every request
	Comments    bool     // comments are Inbound too; default: false, since only messaging is consent to use the profile
	Referrals   bool     // followed links (referral) are Inbound too; default: false
	Standby     bool     // events handled by another app (standby) are Inbound too; default: false
}

// Verify checks the header X-Hub-Signature-256, the HMAC-SHA256 of the body with the app
// secret. The header is required. The error matches ErrSignature.
func (i Instagram) Verify(h Header, body []byte) error {
	return verifyMeta(visitor.Instagram, i.Secrets, h, body)
}

// Challenge checks hub.verify_token of the GET request by which Meta checks the webhook
// address, and returns hub.challenge.
func (i Instagram) Challenge(query url.Values) (string, error) {
	return challengeMeta(visitor.Instagram, i.VerifyToken, query)
}

// Parse parses a delivery. The error matches ErrInvalid, if the body is not a JSON object or is
// longer than MaxBody.
func (i Instagram) Parse(_ Header, body []byte) (Batch, error) {
	entries, batch, err := open[instagramValue](visitor.Instagram, "instagram", body)
	if err != nil {
		return Batch{}, err
	}
	for _, e := range entries {
		in := inbox{
			source: visitor.Instagram, account: e.ID, test: e.isTest(),
			standby: i.Standby, referral: i.Referrals,
		}
		batch.Events = append(batch.Events, in.events(e.Messaging, e.Standby)...)
		if e.Field != "" {
			e.Changes = append(e.Changes, e.change)
		}
		for _, c := range e.Changes {
			batch.Events = append(batch.Events, i.change(in, e, c))
		}
	}
	return batch, nil
}

// Profile parses the Graph API's response to a request for the profile of a person who wrote to
// the account, with the fields id, name and username. The error matches ErrInvalid.
func (i Instagram) Profile(account string, body []byte) (Event, error) {
	return graphProfile(visitor.Instagram, account, body)
}

// instagramValue is a comment or, in some deliveries, an event of a conversation.
type instagramValue struct {
	messaging
	ID        scalar `json:"id"`
	CommentID scalar `json:"comment_id"`
	From      struct {
		ID       scalar `json:"id"`
		Username string `json:"username"`
		SelfID   flag   `json:"self_ig_scoped_id"`
	} `json:"from"`
}

func (i Instagram) change(in inbox, e entry[instagramValue], c change[instagramValue]) Event {
	s := in.fields(c.Field)
	s.at = e.Time.time()
	switch c.Field {
	case "comments", "live_comments":
		return i.comment(in, s, c.Value)
	case "messages", "messaging_postbacks", "messaging_referral", "messaging_optins",
		"message_edit", "message_reactions", "messaging_seen", "messaging_handover":
		return in.event(c.Value.messaging, false)
	case "standby":
		return in.event(c.Value.messaging, true)
	case "mentions": // has the comment and the post, not the author
		return s.ignore(NoSender)
	}
	return s.ignore(Other)
}

func (i Instagram) comment(in inbox, s eventFields, v instagramValue) Event {
	s.id = string(cmp.Or(v.ID, v.CommentID))
	if at := v.Timestamp.time(); !at.IsZero() {
		s.at = at
	}
	switch {
	case in.test:
		return s.ignore(Test)
	case v.From.SelfID.set, v.From.ID != "" && v.From.ID == in.account:
		return s.ignore(Own)
	case !i.Comments:
		return s.ignore(Comment)
	case v.From.ID == "":
		return s.ignore(NoSender)
	case in.account == "":
		return s.malformed(text.Refuse("entry.id", "missing"))
	}
	event := s.person(Inbound, s.account, v.From.ID)
	if event.Kind == Inbound {
		event.Contact.Username = username(v.From.Username)
	}
	return event
}
