package intake

import (
	"cmp"
	"net/url"
	"time"

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
	Keywords    Keywords // words that stop or resume messages; default: none
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
	entries, batch, err := open(visitor.Instagram, "instagram", body)
	if err != nil {
		return Batch{}, err
	}
	for _, e := range entries {
		in := inbox{
			source: visitor.Instagram, account: e.account, test: e.test,
			standby: i.Standby, referral: i.Referrals, comments: i.Comments,
		}
		batch.Events = in.events(batch.Events, e)
		for _, c := range e.changes() {
			batch.Events = in.instagramChange(batch.Events, e.at, c)
		}
	}
	return i.Keywords.add(batch), nil
}

// Profile parses the Graph API's response to a request for the profile of a person who wrote to
// the account, with the fields id, name and username. The error matches ErrInvalid.
func (i Instagram) Profile(account string, body []byte) (Event, error) {
	return graphProfile(visitor.Instagram, account, body)
}

func (in inbox) instagramChange(events []Event, at time.Time, c change) []Event {
	if conversationField(c.field) {
		return in.conversation(events, c.value, c.field == "standby")
	}
	s := in.fields(c.field)
	s.at, s.payload = at, c.value
	switch {
	case in.test:
		return append(events, s.ignore(Test))
	case c.field == "comments", c.field == "live_comments":
		return append(events, in.comment(s, parseObject(c.value)))
	case c.field == "mentions": // has the comment and the post, not the author
		return append(events, s.ignore(NoSender))
	}
	return append(events, s.ignore(Other))
}

// comment converts a comment on a post or a live video. The account's own comments have its id,
// or self_ig_scoped_id, which is its id in conversations.
func (in inbox) comment(s eventFields, comment object) Event {
	s.id = string(cmp.Or(comment.id("id"), comment.id("comment_id")))
	if at := comment.id("timestamp").time(); !at.IsZero() {
		s.at = at
	}
	from := comment.object("from")
	author, self := from.id("id"), from.id("self_ig_scoped_id")
	switch {
	case author != "" && (author == in.account || author == self || self == in.account):
		return s.ignore(Own)
	case !in.comments:
		return s.ignore(Comment)
	case author == "":
		return s.ignore(NoSender)
	case in.account == "":
		return s.malformed(text.Refuse("entry.id", "missing"))
	}
	event := s.person(Inbound, s.account, author)
	if event.Kind == Inbound {
		event.Contact.Username = username(from.text("username"))
	}
	return event
}
