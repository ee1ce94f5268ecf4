package intake

import (
	"bytes"
	"cmp"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

// Mailchimp parses the webhooks of a Mailchimp audience:
// https://mailchimp.com/developer/marketing/guides/sync-audience-data-webhooks/.
//
//	subscribe    Inbound: a person subscribed, or was added to the audience
//	profile      Profile: the fields of a person changed
//	upemail      IdentityChange: a person has a new e-mail address
//	unsubscribe  Consent: e-mail is denied; Ignored as Own if the business removed the person
//	cleaned      Consent: the address is a hard bounce, or the person complained
//	campaign     Ignored, as other types
//
// A complaint, also one with an unsubscription, is a health report of that state. A subscription
// is no grant of consent, since Mailchimp does not say whether the person or an import made it.
//
// Mailchimp does not sign its webhooks, so Verify accepts each delivery. Mount the handler at a
// URL with a secret that is hard to guess, such as /webhooks/mailchimp/<secret>, and let the mux
// of the host refuse other URLs. For the same reason, and since an address may not be confirmed,
// Contact.Unverified is set.
//
// The ExternalID is derived from the e-mail address, as with Form.ByEmail, since Mailchimp's own
// ids change with it, too. A subscription with an address that is not valid is a visitor of its
// own.
type Mailchimp struct {
	Source  visitor.Source // default: visitor.Chat, which is the website; or a source of the host
	Account string         // scope of the ids; default: none, so that a person in two audiences is one visitor
	Sender  string         // sender of Consent events, see consent.Subject; default: none, which is every sender
	Tags    []string       // tags for every subscription; default: none
}

// mailchimpErrors is the name of the channel in errors.
const mailchimpErrors visitor.Source = "mailchimp"

// Verify returns nil: there is no signature.
func (m Mailchimp) Verify(Header, []byte) error { return nil }

// Challenge returns an empty text for the request with which Mailchimp checks the URL.
func (m Mailchimp) Challenge(url.Values) (string, error) { return "", nil }

// Parse parses an event. An empty body, which Mailchimp posts to check the URL, has none. The
// error matches ErrInvalid and has a *visitor.FieldError.
func (m Mailchimp) Parse(h Header, body []byte) (Batch, error) {
	if len(bytes.TrimSpace(body)) == 0 {
		return Batch{}, nil
	}
	all, err := readSubmissions(h("Content-Type"), body)
	if err == nil && firstAt(mailchimpType, all[0].root) == "" {
		err = text.Refuse("type", "missing")
	}
	if err != nil {
		return Batch{}, fail("read", mailchimpErrors, err)
	}
	var b Batch
	for _, s := range all {
		b.Events = append(b.Events, m.events(s)...)
	}
	return b, nil
}

var (
	mailchimpType = paths("type")
	mailchimpTime = paths("fired_at")
	mailchimpData = paths("data")[0]
)

func (m Mailchimp) events(s *submission) []Event {
	data, _ := mailchimpData.get(s.root).(map[string]any)
	get := func(name string) string { return text.Trim(scalarText(data[name])) }
	f := eventFields{
		source: cmp.Or(m.Source, visitor.Chat), account: m.Account, via: firstAt(mailchimpType, s.root),
		at: mailchimpAt(firstAt(mailchimpTime, s.root)), id: digest(append([]string{m.Account}, s.key("")...)...),
	}
	complaint := get("reason") == "abuse"
	switch f.via {
	case "subscribe":
		return []Event{m.member(f, s, Inbound, cmp.Or(emailID(get("email")), formPrefix+f.id), data)}
	case "profile":
		return []Event{m.member(f, s, Profile, emailID(get("email")), data)}
	case "upemail":
		return []Event{m.moved(f, s, get("old_email"), get("new_email"))}
	case "unsubscribe":
		if get("action") == "delete" && !complaint {
			return []Event{f.ignore(Own)}
		}
		subject, err := m.subject(get("email"))
		if err != nil {
			return []Event{f.malformed(err)}
		}
		e := f.event(Consent)
		e.Consent = &consent.Entry{
			Subject: subject, State: consent.Denied, Origin: consent.Platform, At: f.at,
			Evidence: consent.Evidence{Kind: consent.ByPlatform}, Cause: "mailchimp " + f.via,
		}
		if !complaint {
			return []Event{e}
		}
		f.id += ":complaint"
		return []Event{e, m.health(f, get("email"), consent.Complaint, get("reason"))}
	case "cleaned":
		state := consent.HardBounce
		if complaint {
			state = consent.Complaint
		}
		return []Event{m.health(f, get("email"), state, get("reason"))}
	}
	return []Event{f.ignore(Other)}
}

// member returns the event of a person in the audience with the id.
func (m Mailchimp) member(f eventFields, s *submission, kind Kind, id string, data map[string]any) Event {
	e := f.person(kind, m.Account, scalar(id))
	if e.Err != nil {
		return e
	}
	s.answers = answersIn(data["merges"], nil)
	c := Form{}.contact(s)
	e.Payload, e.Contact.Unverified = s.payload, true
	e.Contact.Name, e.Contact.Phone = c.Name, c.Phone
	e.Contact.Email = cmp.Or(text.Trim(scalarText(data["email"])), c.Email)
	if kind == Inbound {
		e.Contact.Tags = slices.Clone(m.Tags)
	}
	return e
}

// moved returns the event of a person whose address changed.
func (m Mailchimp) moved(f eventFields, s *submission, before, after string) Event {
	kind, old := IdentityChange, emailID(before)
	switch {
	case old == "":
		return f.malformed(text.Refuse("old_email", "missing or not valid"))
	case old == emailID(after): // in another case
		kind = Profile
	}
	e := f.person(kind, m.Account, scalar(emailID(after)))
	if e.Err != nil {
		return e
	}
	if kind == IdentityChange {
		e.Contact.PreviousIDs = []visitor.Identity{{Source: f.source, Account: m.Account, ExternalID: old}}
	}
	e.Payload, e.Contact.Unverified, e.Contact.Email = s.payload, true, after
	return e
}

// health returns the event of a report on an address.
func (m Mailchimp) health(f eventFields, email string, state consent.HealthState, code string) Event {
	subject, err := m.subject(email)
	if err != nil {
		return f.malformed(err)
	}
	e := f.event(Consent)
	e.Health = &consent.HealthReport{Subject: subject, State: state, At: f.at, Code: eventName(code)}
	return e
}

func (m Mailchimp) subject(email string) (consent.Subject, error) {
	address, err := visitor.NormalizeEmail(email)
	if err == nil && address == "" {
		err = text.Refuse("email", "missing")
	}
	return consent.Subject{Channel: consent.Email, Sender: m.Sender, Address: strings.ToLower(address)}, err
}

// mailchimpAt parses a time in UTC, such as 2009-03-26 21:35:57.
func mailchimpAt(s string) time.Time {
	for _, layout := range []string{time.DateTime, time.RFC3339} {
		if at, err := time.Parse(layout, s); err == nil && at.Year() > 1970 {
			return at.UTC()
		}
	}
	return time.Time{}
}
