package intake

import (
	"cmp"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/address"
	"github.com/contactpipeline/visitors/visitor/consent"
)

// FormConsent is a checkbox of a form by which a person agrees to messages. A box that is not
// ticked says nothing: it is no denial.
//
// Anybody can type the address of another person, and a grant of a form lifts a denial of the same
// topic as the person's own does. Use a topic with consent.Topic.DoubleOptIn to have the address
// confirmed first.
type FormConsent struct {
	Field   string          // of the checkbox, or a path, as in Form.Fields; required
	Channel consent.Channel // consent.Email, or consent.SMS or consent.WhatsApp to the phone; required
	Topic   string          // key of a topic of the workspace; default: every message on the channel
	Sender  string          // see consent.Subject; default: every sender of the business
	// Values are the values of a box that was ticked, in any case, such as {"ja"} for the answers
	// Ja and Nein. Default: all except 0, false, no and off.
	Values []string
	// Wording is the text that the person agreed to. Default: the value of the box or the label of
	// the question, if the submission has one of several words.
	Wording string
}

// maxWording is the maximum length in code points of a wording from a submission, which leaves
// room for the rest of the evidence in consent.MaxEvidence.
const maxWording = 500

// check returns a *visitor.FieldError if a setting is not valid.
func (c FormConsent) check() error {
	switch {
	case c.Field == "":
		return text.Refuse("form", "a consent has no Field")
	case c.Channel != consent.Email && c.Channel != consent.SMS && c.Channel != consent.WhatsApp:
		return text.Refuse("form", "the Channel of a consent is not email, sms or whatsapp")
	}
	e := c.entry()
	e.Subject.Address = "ada@example.com"
	if c.Channel != consent.Email {
		e.Subject.Address = "+12025550123"
	}
	_, err := e.Normalize(time.Unix(1, 0))
	return err
}

// entry returns the entry of a ticked box, without address.
func (c FormConsent) entry() consent.Entry {
	return consent.Entry{
		Subject: consent.Subject{Channel: c.Channel, Sender: c.Sender}, Topic: c.Topic,
		State: consent.Granted, Origin: consent.Person, Basis: consent.ByConsent,
		Evidence: consent.Evidence{Kind: consent.ByForm, Wording: c.Wording},
	}
}

// ticked reports whether the box was ticked.
func (c FormConsent) ticked(s *submission) bool {
	if len(c.Values) == 0 {
		return ticked(s.first(c.Field))
	}
	return s.matches(map[string][]string{c.Field: c.Values}, false)
}

// consents returns a Consent event for each ticked box of the submission of a contact. One without an
// address is ignored, and one whose address is not valid is malformed.
func (f Form) consents(h Header, s *submission, c visitor.Contact) []Event {
	var all []Event
	for _, box := range f.Consents {
		if !box.ticked(s) {
			continue
		}
		fields := f.eventFields()
		fields.id = c.EventID + consentSuffix + ":" + string(box.Channel) + "/" + box.Topic
		address, err := box.address(c, f.Phone)
		switch {
		case err != nil:
			all = append(all, fields.malformed(err))
		case address == "":
			all = append(all, fields.ignore(NoSender))
		default:
			e, entry := fields.event(Consent), box.entry()
			entry.Subject.Address = address
			entry.Evidence.Ref, entry.Evidence.URL = f.Account, page(cmp.Or(s.first(f.Page), h("Referer")))
			entry.Evidence.Wording = cmp.Or(box.Wording, s.wording(box.Field))
			if form := s.first(formName); form != "" {
				entry.Cause = cleanText("form "+form, consent.MaxActor)
			}
			e.Consent = &entry
			all = append(all, e)
		}
	}
	return all
}

// address returns the address on the channel that the person typed, "" for none.
func (c FormConsent) address(typed visitor.Contact, national func(string) (string, error)) (string, error) {
	if c.Channel != consent.Email {
		return address.Phone(typed.Phone, national)
	}
	email, err := visitor.NormalizeEmail(typed.Email)
	return strings.ToLower(email), err
}

// wording returns the value of a field or the label of its question, if it has several words: then
// it is a text that people read and not a name.
func (s *submission) wording(field string) string {
	texts := []string{s.first(field)}
	for _, a := range s.answers {
		if slices.Contains(a.names, field) {
			texts = append(texts, a.names...)
		}
	}
	for _, t := range texts {
		if t = cleanText(t, maxWording); strings.Contains(t, " ") {
			return t
		}
	}
	return ""
}

// maxPage is the maximum length of the URL of a page in bytes. A longer one is left out.
const maxPage = 1_000

// page returns the URL of a web page without query, fragment and user, which can be personal data,
// or "" if it is none.
func page(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return ""
	}
	clean := (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath}).String()
	if clean, err = text.Token("page", clean, maxPage); err != nil {
		return ""
	}
	return clean
}
