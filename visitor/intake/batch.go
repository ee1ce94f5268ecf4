package intake

import (
	"errors"
	"iter"
	"net/url"

	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

// MaxBody is the maximum size of a delivery, 4 MiB. Payloads of the WhatsApp Cloud API have up
// to 3 MB.
const MaxBody = 4 << 20

// Header returns the value of a request header, "" if it is missing. http.Header.Get is one.
type Header func(name string) string

// Channel verifies and parses the deliveries of one channel.
type Channel interface {
	// Verify returns nil if a delivery comes from the channel. body must be unchanged. The error
	// is an *Error; if it matches ErrSignature, refuse the delivery.
	Verify(h Header, body []byte) error
	// Parse parses a delivery that was verified. The error is an *Error that matches ErrInvalid, if
	// no part of the delivery can be parsed. A single event that is not valid is no error; it
	// is returned as Malformed.
	Parse(h Header, body []byte) (Batch, error)
}

// Challenger is a Channel that checks the webhook address by a GET request first, as Meta does.
type Challenger interface {
	Channel
	// Challenge returns the response body, to be sent with status 200 as text/plain. Answer an
	// error that matches ErrSignature with status 403.
	Challenge(query url.Values) (string, error)
}

// CORSChannel is a Channel that scripts on websites post to, such as chat widgets and forms.
// Browsers check first that the origin of the page is allowed (CORS).
type CORSChannel interface {
	Channel
	// Allows reports whether pages of an origin, such as https://example.com, are allowed to post.
	Allows(origin string) bool
}

// Read verifies and then parses a delivery. The error is an *Error that matches
// ErrSignature or ErrInvalid.
func Read(c Channel, h Header, body []byte) (Batch, error) {
	if err := c.Verify(h, body); err != nil {
		return Batch{}, err
	}
	return c.Parse(h, body)
}

// Batch is the events of one delivery, in its order. It can contain the same event twice.
type Batch struct {
	Events []Event `json:"events"`
}

// Contacts iterates over the contacts of all events except Consent and Ignored ones, in the order of
// the delivery. Capture each of them: those that must not create a visitor have UpdateOnly set.
func (b Batch) Contacts() iter.Seq[visitor.Contact] {
	return func(yield func(visitor.Contact) bool) {
		for _, e := range b.Events {
			if e.Kind != Consent && e.Kind != Ignored && !yield(e.Contact) {
				return
			}
		}
	}
}

// Kind is the kind of an event.
type Kind string

// The kinds of events.
const (
	Inbound        Kind = "inbound"         // a person contacted the business: can create a visitor
	IdentityChange Kind = "identity_change" // a person has new ids: updates a visitor, never creates one
	Profile        Kind = "profile"         // data about a person: updates a visitor, never creates one
	Consent        Kind = "consent"         // a person's permission or health changed: see Event.Consent and Event.Health
	Ignored        Kind = "ignored"         // nothing to do; see Reason
)

// Event is one thing that happened on a channel.
type Event struct {
	Kind    Kind   `json:"kind"`
	Account string `json:"account,omitempty"` // account of the business: number, page, bot, site
	Via     string `json:"via,omitempty"`     // the channel's name for the event: text, postback, comments, statuses …
	// Contact is the person. After an IdentityChange it has the new ids, and all spellings of the
	// old ones in PreviousIDs. Name is empty and OccurredAt zero if the channel does not send
	// them. UpdateOnly is set unless the event is Inbound. A Consent or Ignored event has only
	// Source, EventID and OccurredAt.
	Contact visitor.Contact `json:"contact"`
	// Consent and Health are of a Consent event, which has exactly one of them. Its only personal
	// data is the address in the Subject.
	Consent *consent.Entry        `json:"consent,omitempty"`
	Health  *consent.HealthReport `json:"health,omitempty"`
	// Payload is the channel's own JSON of this one event, to keep the message that a person
	// sent: the message object on WhatsApp, the messaging item or the value of a change on
	// Messenger and Instagram, the update on Telegram, the whole body of chat and forms. It is a
	// part of the delivery's body where possible, so copy it before the body changes. Consent and
	// Ignored events have none, since they hold no personal data.
	Payload []byte `json:"-"`
	Reason  Reason `json:"reason,omitempty"` // why the event was Ignored
	Err     error  `json:"-"`                // of a Malformed event: a *visitor.FieldError
}

// Reason is why an event was ignored.
type Reason string

// The reasons.
const (
	Echo        Reason = "echo"         // the business's own message, reported back
	Own         Reason = "own"          // the business wrote to itself, or commented on its own post
	Status      Reason = "status"       // a receipt or a status: sent, delivered, read, typing
	Reaction    Reason = "reaction"     // an emoji on a message
	Edit        Reason = "edit"         // a message was edited
	Deleted     Reason = "deleted"      // a message was deleted
	System      Reason = "system"       // a notice from the channel itself
	Group       Reason = "group"        // in a group or a broadcast channel, not to the business
	Inline      Reason = "inline"       // an inline query to the bot, from an unknown chat
	Bot         Reason = "bot"          // not a person: a bot, a channel, the platform
	Comment     Reason = "comment"      // a public comment, and Comments is not set
	Rating      Reason = "rating"       // a review of a page
	Referral    Reason = "referral"     // a followed link or opt-in, and Referrals is not set
	Standby     Reason = "standby"      // another app handles the conversation, and Standby is not set
	Handover    Reason = "handover"     // the conversation was passed to another app
	Call        Reason = "call"         // a call by the business, or the end of one
	History     Reason = "history"      // old messages, sent once when a number is connected
	AddressBook Reason = "address_book" // the business's own address book
	Preference  Reason = "preference"   // a person's choice of which messages to get
	NoSender    Reason = "no_sender"    // the sender is unknown
	Test        Reason = "test"         // the channel's test button
	Spam        Reason = "spam"         // a form filled in by a bot
	NoConsent   Reason = "no_consent"   // the consent box of a form was not ticked
	Filtered    Reason = "filtered"     // a submission that the Ignore or Only of the Form leaves out
	Malformed   Reason = "malformed"    // not valid; see Err
	Other       Reason = "other"        // not relevant here, or unknown
)

// ErrSignature matches every error about a delivery, or a part of one, that is not authentic.
var ErrSignature = errors.New("not authentic")

// ErrInvalid matches every error about a delivery that cannot be parsed.
var ErrInvalid = visitor.ErrInvalid

// Error is an error of one operation on one channel. It unwraps to ErrSignature with a reason, or
// to a *visitor.FieldError. It never contains data of the delivery, except names of a form's fields.
type Error struct {
	Op      string         // "verify", "read" or "sign"
	Channel visitor.Source // e.g. visitor.WhatsApp; "form" for Form, "mailchimp" for Mailchimp
	Err     error
}

// Error returns "op channel: cause".
func (e *Error) Error() string { return e.Op + " " + string(e.Channel) + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

func fail(op string, channel visitor.Source, err error) error {
	if err == nil {
		return nil
	}
	return &Error{Op: op, Channel: channel, Err: err}
}
