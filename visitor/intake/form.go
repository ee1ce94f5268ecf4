package intake

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

// Form parses the submissions of a website's form: application/json,
// application/x-www-form-urlencoded or multipart/form-data (files are ignored), and JSON as
// text/plain, which navigator.sendBeacon posts. A JSON list is several submissions. A submission
// is Inbound and Contact.Unverified is set, since anybody can type the address of another person.
//
// Name, e-mail and phone are found by the types of the questions, where the service posts them,
// and by their usual labels in many languages: E-Mail, Correo electrónico and your-email are the
// e-mail. Other answers are ignored, unless Fields or KeepAnswers is set.
//
// The ExternalID is an id of the submission, so that each creates its own visitor; with ByEmail
// it is derived from the e-mail address. Contact.OccurredAt is zero, since the clock of a
// browser is not reliable. E-mail and phone are as typed; the rules of the workspace validate
// them.
type Form struct {
	Source  visitor.Source // default: visitor.Chat, which is the website; or a source of the host for forms
	Account string         // the form or the site: scope of the ids; default: none
	// Service is the service that posts the submissions. Default: its shape is recognised where it is
	// clear. Else the body has the fields of the form by name, or answers with their labels at any
	// place. The file forms.md lists the services.
	Service Service
	// Secrets are the secrets that the Service signs with, newest first. Signatures with a time
	// must not be older than 5 minutes, if Now is set. Default: signatures are not checked, and
	// anybody who knows the URL can post submissions, so keep it secret.
	Secrets []string
	// Fields maps fields of the form to those of the contact: name, first_name, last_name,
	// username, email, phone, attributes.x for the attribute x, or "" to ignore an answer with a
	// usual label. It comes before the usual labels. Default: none.
	//
	// A field is the label, reference or id of a question, the name of an input, form_name for the
	// name of the form, or a path to a value in the body:
	//
	//	path = name { "." name | "[" item "]" }
	//	item = number         the item of a list, from 0
	//	     | key "=" value  the first item, of a list or an object, whose value at the key, a name
	//	                      or several with dots between, is this one
	//	     | name           the same as .name
	//	     | ""             every item of a list
	//
	// such as data.fields[label=Email].value or fields[email][value]. A name, key or value with
	// ".", "[", "]" or "=" is written as JSON in brackets: ["a.b"], [label="a]b"]. A path has at
	// most 32 steps. A field that has exactly the path as its name comes first. Text with a JSON
	// object in it is read as an object.
	Fields map[string]string
	// KeepAnswers keeps all other answers as attributes, at most 50: "Your budget?" as your_budget.
	// Labels without ASCII letters, captchas and names that start with "_" are left out. Default:
	// other answers are ignored.
	KeepAnswers bool
	Tags        []string // tags for every submission; default: none
	// Ignore and Only filter submissions by the values of fields, such as
	// Ignore: {"type": {"unsubscribe"}}: those with one of the values in an Ignore field, and those
	// without one in an Only field, are ignored as Filtered. Case does not matter. Default: none.
	Ignore, Only map[string][]string
	// ID is the field with the id of the submission, which is the same when it is posted again.
	// Default: that of the Service, or submission_id. If there is no such field, the id is a hash
	// of the whole body.
	ID string
	// ByEmail treats submissions with the same e-mail as one person, although it is unverified. One
	// without a valid e-mail is a visitor of its own. Default: false.
	ByEmail bool
	// Consents are checkboxes by which people agree to messages. Each one that is ticked is a Consent
	// event after the one of the submission, a grant with the Account, the wording and the page as
	// evidence. Its time is when it is recorded, as OccurredAt is zero. Default: none.
	Consents []FormConsent
	// Phone parses a national phone number for Consents, as visitor.Rules.Phone does. Default: a consent
	// with a national number is Malformed.
	Phone       func(raw string) (e164 string, err error)
	Page        string           // the field with the URL of the page, for Consents; default: the header Referer
	Consent     string           // the field of a checkbox; without it, submissions are ignored; default: none
	Honeypot    string           // a field hidden from people, which only bots fill in; default: none
	RenderedAt  string           // the field with the time the form was rendered, in seconds or milliseconds since 1970; default: none
	MinFillTime time.Duration    // shortest time after RenderedAt in which a person can submit; default: 0
	Now         func() time.Time // clock for MinFillTime, and for the age of signatures; required with MinFillTime
	Origins     []string         // of pages that can post, such as https://example.com; services send none; default: any
}

// Verify checks the header Origin, and the signature if Secrets is set. The error matches
// ErrSignature.
func (f Form) Verify(h Header, body []byte) error {
	err := fromOrigin(f.Origins, h)
	if err == nil {
		err = f.verifySignature(h, body)
	}
	return fail("verify", formErrors, err)
}

// Allows reports whether Origins allows an origin.
func (f Form) Allows(origin string) bool { return allows(f.Origins, origin) }

// Parse parses a submission, or those of a JSON list. The error matches ErrInvalid and has a
// *visitor.FieldError: for a body that does not match the header Content-Type, a submission
// without name, e-mail and phone, for which it names fields of the body, and settings of the Form
// that are not valid. In a list, a submission that is not valid is Malformed, and the error is
// that of the first one if none is valid.
func (f Form) Parse(h Header, body []byte) (Batch, error) {
	lookup, err := f.settings()
	if err != nil {
		return Batch{}, fail("read", formErrors, err)
	}
	all, err := readSubmissions(h("Content-Type"), body)
	if err != nil {
		return Batch{}, fail("read", formErrors, err)
	}
	var b Batch
	var failed error
	valid := false
	for _, s := range all {
		e, err := f.read(s, lookup)
		switch {
		case err == nil:
			valid = true
		case failed == nil:
			failed = err
		}
		if err != nil {
			e = f.eventFields().malformed(err)
		}
		b.Events = append(b.Events, e)
		if e.Kind == Inbound {
			b.Events = append(b.Events, f.consents(h, s, e.Contact)...)
		}
	}
	if !valid {
		return Batch{}, fail("read", formErrors, failed)
	}
	return b, nil
}

// formErrors is the name of the channel in errors, whatever its source is.
const formErrors visitor.Source = "form"

func (f Form) eventFields() eventFields {
	return eventFields{source: cmp.Or(f.Source, visitor.Chat), account: f.Account, via: "form"}
}

// formName is the field with the name of the form.
const formName = "form_name"

// settings checks the settings, and returns the paths of their fields.
func (f Form) settings() (map[string]path, error) {
	if _, known := presets[f.Service]; f.Service != "" && !known {
		return nil, text.Refuse("form", fmt.Sprintf("Service %q is not known", f.Service))
	}
	if f.MinFillTime > 0 && (f.Now == nil || f.RenderedAt == "") {
		return nil, text.Refuse("form", "MinFillTime needs Now and RenderedAt")
	}
	names := f.settingFields()
	for _, c := range f.Consents {
		if err := c.check(); err != nil {
			return nil, err
		}
	}
	for name, target := range f.Fields {
		if !validTarget(target) {
			return nil, text.Refuse("form", "Fields has a target other than "+
				"name, first_name, last_name, username, email, phone, attributes.x or none")
		}
		names = append(names, name)
	}
	for _, filter := range []map[string][]string{f.Ignore, f.Only} {
		names = slices.AppendSeq(names, maps.Keys(filter))
	}
	lookup := map[string]path{}
	for _, name := range names {
		if !strings.ContainsAny(name, ".[") {
			continue
		}
		p, err := parsePath(name)
		if err != nil {
			return nil, err
		}
		lookup[name] = p
	}
	return lookup, nil
}

// settingFields returns the fields that are read for settings, and are no answers to keep.
func (f Form) settingFields() []string {
	names := []string{f.ID, f.Consent, f.Honeypot, f.RenderedAt, f.Page}
	for _, c := range f.Consents {
		names = append(names, c.Field)
	}
	return names
}

func validTarget(target string) bool {
	switch target {
	case "", toName, toFirstName, toLastName, toUsername, toEmail, toPhone:
		return true
	}
	name, isAttribute := strings.CutPrefix(target, "attributes.")
	return isAttribute && visitor.ValidAttributeName(name)
}

func (f Form) read(s *submission, lookup map[string]path) (Event, error) {
	s.paths = lookup
	s.locate(cmp.Or(f.Service, recognise(s)))
	if f.Service == "" && len(s.answers) == 0 {
		s.locate("")
	}
	if !s.known {
		s.lookInside()
	}
	fields := f.eventFields()
	switch {
	case f.Service != "" && s.kind != "" && len(s.kinds) > 0 && !slices.Contains(s.kinds, s.kind):
		return fields.ignore(Other), nil
	case s.matches(f.Ignore, false) || !s.matches(f.Only, true):
		return fields.ignore(Filtered), nil
	case s.first(f.Honeypot) != "" || f.tooFast(s):
		return fields.ignore(Spam), nil
	case f.Consent != "" && !ticked(s.first(f.Consent)):
		return fields.ignore(NoConsent), nil
	}
	c := f.contact(s)
	if c.Name+c.Email+c.Phone == "" {
		return Event{}, text.Refuse("form", "no name, e-mail or phone"+s.seen())
	}
	id := f.submission(s)
	fields.id = formPrefix + id
	if slices.Index(s.kinds, s.kind) > 0 { // such as a partial response
		fields.id = formPrefix + digest(id, s.kind)
	}
	e := fields.person(Inbound, f.Account, f.externalID(id, c.Email))
	if e.Err != nil {
		return Event{}, e.Err
	}
	e.Payload = s.payload
	e.Contact.Unverified = true
	e.Contact.Name, e.Contact.Username, e.Contact.Email, e.Contact.Phone = c.Name, c.Username, c.Email, c.Phone
	e.Contact.Tags, e.Contact.Attributes = slices.Clone(f.Tags), c.Attributes
	return e, nil
}

// matches reports whether the fields have one of the values in the filter: any of the fields,
// or each.
func (s *submission) matches(filter map[string][]string, each bool) bool {
	for name, wanted := range filter {
		found := slices.ContainsFunc(s.values(name), func(value string) bool {
			value = text.Fold(text.Trim(value))
			return slices.ContainsFunc(wanted, func(w string) bool { return text.Fold(text.Trim(w)) == value })
		})
		if found != each {
			return !each
		}
	}
	return each
}

// tooFast reports whether the form was submitted before MinFillTime.
func (f Form) tooFast(s *submission) bool {
	if f.MinFillTime <= 0 {
		return false
	}
	shown := scalar(s.first(f.RenderedAt)).time()
	return shown.IsZero() || f.Now().Sub(shown) < f.MinFillTime
}

func (f Form) externalID(submission, email string) scalar {
	if f.ByEmail {
		if id := emailID(email); id != "" {
			return scalar(id)
		}
	}
	return scalar(formPrefix + submission)
}

// emailID returns an id derived from an e-mail address, "" if it is not valid.
func emailID(email string) string {
	address, err := visitor.NormalizeEmail(email)
	if err != nil || address == "" {
		return ""
	}
	return emailPrefix + digest(strings.ToLower(address))
}

// submission returns the id of a submission, which is the same when it is posted again.
func (f Form) submission(s *submission) string {
	id := s.id
	if f.ID != "" {
		id = s.first(f.ID)
	} else if id == "" {
		id = s.first("submission_id")
	}
	if id != "" {
		return digest(f.Account, id)
	}
	return digest(append([]string{f.Account}, s.key(f.RenderedAt)...)...)
}

// ticked reports whether a checkbox was ticked. For one that was not, a browser sends nothing
// and a script sends false or similar.
func ticked(value string) bool {
	switch strings.ToLower(value) {
	case "", "0", "false", "no", "off":
		return false
	}
	return true
}
