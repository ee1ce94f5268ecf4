package intake

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

// Form parses the submissions of a website's form: application/json (a flat object),
// application/x-www-form-urlencoded or multipart/form-data (files are ignored). A submission is
// Inbound and Contact.Unverified is set, since anybody can type the address of another person.
//
// The ExternalID is an id of the submission, so that each creates its own visitor; with ByEmail
// it is derived from the e-mail address. Contact.OccurredAt is zero, since the clock of a
// browser is not reliable. E-mail and phone are as typed; the rules of the workspace validate
// them.
type Form struct {
	Source  visitor.Source // default: visitor.Chat, which is the website; or a source of the host for forms
	Account string         // the form or the site: scope of the ids; default: none
	// Fields maps fields of the form to those of the contact: name, first_name, last_name,
	// username, email, phone, or attributes.x for the attribute x. Other fields of the form are
	// ignored. Default: the first six, each with the same name.
	Fields map[string]string
	Tags   []string // tags for every submission; default: none
	// ID is the field with the id of the submission, which is the same when it is posted again.
	// Default: submission_id. If the form has no such field, the id is a hash of all fields.
	ID          string
	ByEmail     bool             // treat submissions with the same e-mail as one person, although it is unverified; default: false
	Consent     string           // the field of a checkbox; without it, submissions are ignored; default: none
	Honeypot    string           // a field hidden from people, which only bots fill in; default: none
	RenderedAt  string           // the field with the time the form was rendered, in seconds or milliseconds since 1970; default: none
	MinFillTime time.Duration    // shortest time after RenderedAt in which a person can submit; default: 0
	Now         func() time.Time // clock for MinFillTime; required with it
	Origins     []string         // of pages that can post, such as https://example.com; default: any
}

// Verify checks the header Origin. The error matches ErrSignature.
func (f Form) Verify(h Header, _ []byte) error {
	return fail("verify", formErrors, fromOrigin(f.Origins, h))
}

// Allows reports whether Origins allows an origin.
func (f Form) Allows(origin string) bool { return allows(f.Origins, origin) }

// Parse parses a submission. The error matches ErrInvalid and has a *visitor.FieldError: for a
// body that does not match the header Content-Type, a submission without name, e-mail and
// phone, and settings of the Form that are not valid.
func (f Form) Parse(h Header, body []byte) (Batch, error) {
	typed, err := readFields(h("Content-Type"), body)
	if err != nil {
		return Batch{}, fail("read", formErrors, err)
	}
	e, err := f.read(typed)
	if err != nil {
		return Batch{}, fail("read", formErrors, err)
	}
	return Batch{[]Event{e}}, nil
}

// formErrors is the name of the channel in errors, whatever its source is.
const formErrors visitor.Source = "form"

func (f Form) source() visitor.Source {
	if f.Source == "" {
		return visitor.Chat
	}
	return f.Source
}

func (f Form) read(typed fields) (Event, error) {
	s := eventFields{source: f.source(), account: f.Account, via: "form"}
	hasty, err := f.tooFast(typed)
	switch {
	case err != nil:
		return Event{}, err
	case typed.first(f.Honeypot) != "", hasty:
		return s.ignore(Spam), nil
	case f.Consent != "" && !ticked(typed.first(f.Consent)):
		return s.ignore(NoConsent), nil
	}
	c, err := f.contact(typed)
	if err != nil {
		return Event{}, err
	}
	id, err := f.externalID(typed, c.Email)
	if err != nil {
		return Event{}, err
	}
	s.id = formPrefix + f.submission(typed)
	e := s.person(Inbound, f.Account, scalar(id))
	if e.Err != nil {
		return Event{}, e.Err
	}
	e.Contact.Unverified = true
	e.Contact.Name, e.Contact.Username, e.Contact.Email, e.Contact.Phone = c.Name, c.Username, c.Email, c.Phone
	e.Contact.Tags, e.Contact.Attributes = slices.Clone(f.Tags), c.Attributes
	return e, nil
}

// tooFast reports whether the form was submitted before MinFillTime.
func (f Form) tooFast(typed fields) (bool, error) {
	if f.MinFillTime <= 0 {
		return false, nil
	}
	if f.Now == nil || f.RenderedAt == "" {
		return false, text.Refuse("form", "MinFillTime needs Now and RenderedAt")
	}
	shown := scalar(typed.first(f.RenderedAt)).time()
	return shown.IsZero() || f.Now().Sub(shown) < f.MinFillTime, nil
}

var defaultFields = map[string]string{
	"name": "name", "first_name": "first_name", "last_name": "last_name",
	"username": "username", "email": "email", "phone": "phone",
}

// contact returns the contact with the values of the fields. If several fields have the same
// target, the first non-empty one in the order of names is used.
func (f Form) contact(typed fields) (visitor.Contact, error) {
	targets := f.Fields
	if targets == nil {
		targets = defaultFields
	}
	var c visitor.Contact
	var given, family string
	profile := map[string]*string{
		"name": &c.Name, "first_name": &given, "last_name": &family,
		"username": &c.Username, "email": &c.Email, "phone": &c.Phone,
	}
	for _, field := range slices.Sorted(maps.Keys(targets)) {
		target := targets[field]
		attribute, isAttribute := strings.CutPrefix(target, "attributes.")
		switch into := profile[target]; {
		case into != nil:
			if *into == "" {
				*into = typed.first(field)
			}
		case !isAttribute || !visitor.ValidAttributeName(attribute):
			return visitor.Contact{}, text.Refuse("form",
				"Fields has a target other than name, first_name, last_name, username, email, phone or attributes.x")
		default:
			if value, ok := typed.value(field); ok && c.Attributes[attribute].Kind() == "" {
				c.Attributes = c.Attributes.Merge(visitor.Attributes{attribute: value}, nil)
			}
		}
	}
	if c.Name == "" {
		c.Name = text.Trim(given + " " + family)
	}
	if c.Name+c.Email+c.Phone == "" {
		return visitor.Contact{}, text.Refuse("form", "no name, e-mail or phone")
	}
	return c, nil
}

func (f Form) externalID(typed fields, email string) (string, error) {
	if !f.ByEmail || email == "" {
		return formPrefix + f.submission(typed), nil
	}
	address, err := visitor.NormalizeEmail(email)
	if err != nil {
		return "", err
	}
	return emailPrefix + digest(strings.ToLower(address)), nil
}

// submission returns the id of a submission, which is the same when it is posted again.
func (f Form) submission(typed fields) string {
	field := f.ID
	if field == "" {
		field = "submission_id"
	}
	if id := typed.first(field); id != "" {
		return digest(f.Account, id)
	}
	parts := []string{f.Account}
	for _, name := range slices.Sorted(maps.Keys(typed)) {
		if name != f.RenderedAt {
			parts = append(append(parts, name), typed[name]...)
		}
	}
	return digest(parts...)
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
