package intake

import (
	"cmp"
	"net/url"

	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

// Instagram reads the webhook of Instagram messaging and comments:
// https://developers.facebook.com/documentation/instagram-platform/webhooks/examples and
// https://developers.facebook.com/documentation/instagram-platform/self-messaging.
//
// Inbound are direct messages, story replies and mentions in stories among them, and
// postbacks; with Comments also comments on posts and live videos, whose Via is
// "comments" or "live_comments". ExternalID is the Instagram-scoped id of the person, and
// Account the professional account. A direct message tells neither name nor username:
// fetch the profile and read the answer with Profile. A comment tells the username.
type Instagram struct {
	Secrets     []string // app secrets, any of which may have signed; several while one replaces another
	VerifyToken string   // as typed in the app's dashboard; default: Challenge refuses
	Comments    bool     // who comments is inbound too; default: not, since only messaging is a consent to use the profile
	Referrals   bool     // also who only followed a link (referral) is inbound; default: not
	Standby     bool     // also what another app handles (standby) is inbound; default: not
}

// Verify checks the header X-Hub-Signature-256, which is the HMAC-SHA256 of the body under
// the app secret. A missing one is refused. The error matches ErrSignature.
func (i Instagram) Verify(h Header, body []byte) error {
	return verifyMeta(visitor.Instagram, i.Secrets, h, body)
}

// Challenge answers the GET request by which Meta proves the address: it checks
// hub.verify_token and returns hub.challenge.
func (i Instagram) Challenge(query url.Values) (string, error) {
	return challengeMeta(visitor.Instagram, i.VerifyToken, query)
}

// Parse reads a delivery. The error matches ErrInvalid; it is for a body that is no JSON
// object or longer than MaxBody.
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

// Profile reads the Graph API's answer to a request for the profile of a person who wrote
// to the account, with the fields id, name and username. The error matches ErrInvalid.
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
	s := stamp{source: in.source, account: string(in.account), via: c.Field, at: e.Time.time()}
	switch c.Field {
	case "comments", "live_comments":
		return i.comment(in, s, c.Value)
	case "messages", "messaging_postbacks", "messaging_referral", "messaging_optins",
		"message_edit", "message_reactions", "messaging_seen", "messaging_handover":
		return in.event(c.Value.messaging, false)
	case "standby":
		return in.event(c.Value.messaging, true)
	case "mentions": // tells the comment and the post, not who wrote it
		return s.ignore(NoSender)
	}
	return s.ignore(Other)
}

func (i Instagram) comment(in inbox, s stamp, v instagramValue) Event {
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
