package intake

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

// Form reads what a website's form posts, as application/json (a flat object),
// application/x-www-form-urlencoded or multipart/form-data (files are passed over). A
// submission is Inbound and its contact Claimed: anyone can type anyone's address.
//
// The ExternalID is that of the submission, so that each makes a visitor of its own; with
// ByEmail it is that of the e-mail address. Contact.OccurredAt is zero: the browser's clock
// is not asked. E-mail and phone are as they were typed, for the rules of the workspace to
// accept or refuse.
type Form struct {
	Source  visitor.Source // default: visitor.Chat, the website; a host with a source of its own for forms gives that
	Account string         // the form or the site: the scope of the ids; default: none
	// Fields names, for a field of the form, the field of the contact that it fills: name,
	// first_name, last_name, username, email, phone, or attributes.x for the attribute x. A
	// field that is not named is passed over. Default: the first six, each under its own name.
	Fields map[string]string
	Tags   []string // put on whoever fills it in; default: none
	// ID is the field with an id of the submission, which is the same when it is posted again.
	// Default: submission_id. Without such a field, all that was typed makes the id.
	ID          string
	ByEmail     bool             // submissions with the same e-mail are the same person, although nobody has proven it; default: not
	Consent     string           // the field of a box that must be ticked, else nothing is taken; default: none
	Honeypot    string           // the field, hidden from people, that only a machine fills in (honeypot); default: none
	RenderedAt  string           // the field with the time when the form was shown, as seconds or milliseconds since 1970; default: none
	MinFillTime time.Duration    // the shortest time after Shown in which a person fills it in; default: any
	Now         func() time.Time // the clock that MinFill needs; default: none
	Origins     []string         // pages that may post, such as https://example.com; default: any
}

// Verify checks the header Origin. The error matches ErrSignature.
func (f Form) Verify(h Header, _ []byte) error {
	return fail("verify", formErrors, fromOrigin(f.Origins, h))
}

// Allows reports whether pages of an origin may post, as Origins says.
func (f Form) Allows(origin string) bool { return allows(f.Origins, origin) }

// Parse reads a submission. The error matches ErrInvalid, and its *visitor.FieldError names
// the field: for a body that is not what the header Content-Type says, a submission
// without name, e-mail and phone, and a field of Form that cannot be used.
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

// formErrors is what errors call the channel, whatever source its visitors have.
const formErrors visitor.Source = "form"

func (f Form) source() visitor.Source {
	if f.Source == "" {
		return visitor.Chat
	}
	return f.Source
}

func (f Form) read(typed fields) (Event, error) {
	s := stamp{source: f.source(), account: f.Account, via: "form"}
	hasty, err := f.hasty(typed)
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

// hasty reports whether the form was sent sooner than a person can.
func (f Form) hasty(typed fields) (bool, error) {
	if f.MinFillTime <= 0 {
		return false, nil
	}
	if f.Now == nil || f.RenderedAt == "" {
		return false, text.Refuse("form", "MinFill needs Now and Shown")
	}
	shown := scalar(typed.first(f.RenderedAt)).time()
	return shown.IsZero() || f.Now().Sub(shown) < f.MinFillTime, nil
}

var sameNames = map[string]string{
	"name": "name", "first_name": "first_name", "last_name": "last_name",
	"username": "username", "email": "email", "phone": "phone",
}

// contact fills a contact from the fields, in the order of their names: of two that fill the
// same, the first that is not empty stays.
func (f Form) contact(typed fields) (visitor.Contact, error) {
	targets := f.Fields
	if targets == nil {
		targets = sameNames
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
				"Fields holds something else than name, first_name, last_name, username, email, phone or attributes.x")
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

// submission names a submission: what is posted again has the same name.
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

// ticked reports whether a box was ticked: a browser sends nothing for one that was not,
// scripts send a no.
func ticked(value string) bool {
	switch strings.ToLower(value) {
	case "", "0", "false", "no", "off":
		return false
	}
	return true
}
