package intake

import (
	"errors"
	"iter"
	"net/url"

	"github.com/contactpipeline/visitors/visitor"
)

// MaxBody is how many bytes of a delivery are read, 4 MiB; a longer one is refused. The
// payloads of the WhatsApp Cloud API go up to 3 MB.
const MaxBody = 4 << 20

// Header gives the value of a request header, "" when it is missing. The method Get of an
// http.Header is one.
type Header func(name string) string

// Channel reads the deliveries of one channel.
type Channel interface {
	// Verify reports whether a delivery comes from the channel. The body is every byte
	// as it arrived. The error is an *Error; when it matches ErrSignature the
	// delivery must be refused.
	Verify(h Header, body []byte) error
	// Parse reads a delivery, whose origin Verify has proven. The error is an *Error that
	// matches ErrInvalid, for a delivery of which nothing can be read; a bad event
	// among good ones is no error.
	Parse(h Header, body []byte) (Batch, error)
}

// Challenger is a Channel that first proves its address by a GET request, as Meta's do.
type Challenger interface {
	Channel
	// Challenge returns what to answer with status 200 as text/plain; an error that
	// matches ErrSignature is answered with 403.
	Challenge(query url.Values) (string, error)
}

// Poster is a Channel to which the pages of websites post by script, as chat widgets and
// forms do. Browsers ask first whether a page of another origin may (CORS).
type CORSChannel interface {
	Channel
	// Allows reports whether pages of an origin, such as https://example.com, may post.
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

// Batch is what one delivery tells, in its own order. The same event may be in it twice.
type Batch struct {
	Events []Event `json:"events"`
}

// Contacts iterates over the contacts of all events but the Ignored ones, in the order of
// the delivery. Each is to be captured: what may not make a visitor is marked Known.
func (b Batch) Contacts() iter.Seq[visitor.Contact] {
	return func(yield func(visitor.Contact) bool) {
		for _, e := range b.Events {
			if e.Kind != Ignored && !yield(e.Contact) {
				return
			}
		}
	}
}

// Kind is what an event may do.
type Kind string

// The kinds of events.
const (
	Inbound        Kind = "inbound"         // a person reached the business: may make a visitor
	IdentityChange Kind = "identity_change" // a person has new ids: may change a visitor, never make one
	Profile        Kind = "profile"         // something is told of a person: may change a visitor, never make one
	Ignored        Kind = "ignored"         // nothing to do; the Reason says why
)

// Event is one thing that happened on a channel.
type Event struct {
	Kind    Kind   `json:"kind"`
	Account string `json:"account,omitempty"` // the business's own account that it came to: number, page, bot, site
	Via     string `json:"via,omitempty"`     // the channel's own word for it: text, postback, comments, statuses …
	// Contact is the person, under the new ids after an IdentityChange, with the old ones in
	// all their spellings in Was. Its name is empty when the channel tells
	// none. OccurredAt is zero when the channel does not say when. Known is set unless the
	// event is Inbound. Of an Ignored event only Source, EventID and OccurredAt are set.
	Contact visitor.Contact `json:"contact"`
	Reason  Reason          `json:"reason,omitempty"` // why it was Ignored
	Err     error           `json:"-"`                // of a Malformed event: a *visitor.FieldError
}

// Reason is why an event was ignored.
type Reason string

// The reasons.
const (
	Echo        Reason = "echo"         // the business's own message, reported back
	Own         Reason = "own"          // the business wrote to itself, or commented on its own post
	Status      Reason = "status"       // a receipt or a state: sent, delivered, read, typing, blocked
	Reaction    Reason = "reaction"     // an emoji on a message
	Edit        Reason = "edit"         // a message was changed
	Deleted     Reason = "deleted"      // a message was taken back
	Unsupported Reason = "unsupported"  // a message that the channel cannot hand over
	System      Reason = "system"       // told by the channel itself
	Group       Reason = "group"        // said in a group or a broadcast channel, not to the business
	Inline      Reason = "inline"       // typed to the bot in a chat that is not known
	Bot         Reason = "bot"          // not a person: a bot, a channel, the platform
	Comment     Reason = "comment"      // a public comment, and comments are not asked for
	Referral    Reason = "referral"     // followed a link or opted in, and that is not asked for
	Standby     Reason = "standby"      // another app holds the conversation, and standby is not asked for
	Handover    Reason = "handover"     // the conversation passed between apps
	Call        Reason = "call"         // a telephone call
	History     Reason = "history"      // old messages, given once at the connecting of a number
	AddressBook Reason = "address_book" // the business's own address book
	Preference  Reason = "preference"   // a person's choice of what to be sent
	NoSender    Reason = "no_sender"    // does not tell who it was
	Test        Reason = "test"         // the channel's test button
	Spam        Reason = "spam"         // a form filled in by a machine
	NoConsent   Reason = "no_consent"   // the consent box of a form was not ticked
	Malformed   Reason = "malformed"    // not readable; Err names the field
	Other       Reason = "other"        // of no concern here, or not known
)

// ErrSignature is matched by every error that says that a delivery, or a part of it, does
// not come from where it says.
var ErrSignature = errors.New("not authentic")

// ErrInvalid is matched by every error that says that a delivery cannot be read.
var ErrInvalid = visitor.ErrInvalid

// Error tells what was being done for which channel. It unwraps to ErrSignature with
// a reason, or to a *visitor.FieldError. It never repeats anything of the delivery.
type Error struct {
	Op      string         // "verify", "read" or "sign"
	Channel visitor.Source // e.g. visitor.WhatsApp; "form" for Form
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
