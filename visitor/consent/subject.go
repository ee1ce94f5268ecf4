package consent

import (
	"cmp"
	"errors"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor/address"
)

// MaxAddress is the maximum length of an address or a sender in bytes.
const MaxAddress = 255

// NormalForm is the version of the form of addresses that Subject.Normalize returns. A store
// records it next to hashes, and computes them again when it changes.
const NormalForm = 1

// Subject is one address towards one sender. Consent and health are of a subject. Normalized
// subjects are the same if they are equal.
type Subject struct {
	Channel Channel `json:"channel"`
	// Sender is the business's own account: the phone_number_id on WhatsApp, the page, the
	// professional account, the bot, the sending domain. Empty: every sender of the business.
	Sender string `json:"sender,omitempty"`
	// Address is the person's: an e-mail address, a phone number in E.164 form for SMS and
	// without the + on WhatsApp, or the id of the person on the channel.
	Address string `json:"address"`
}

// Normalize returns s in the form in which subjects are compared and hashed, or a
// *text.FieldError. Every spelling of an address has the same form:
//
//   - E-mail: as of address.Email, all in lower case, with the domain in Unicode. Dots and +tags
//     are kept, since their meaning differs between providers.
//   - SMS: E.164, in one of the spellings of a number (see address.OneSpelling).
//   - WhatsApp: the digits of such a number, given as digits alone or in any international form, or
//     a business-scoped user id such as US.13491208655302741918.
//   - Others: the id as the channel has it.
//
// A number in this form is to compare, not to send to: see Decision.Address.
func (s Subject) Normalize() (Subject, error) {
	if err := channels.check("channel", s.Channel); err != nil {
		return Subject{}, err
	}
	sender, err := normalizeSender(s.Channel, s.Sender)
	if err != nil {
		return Subject{}, err
	}
	normal, err := normalizeAddress(s.Channel, s.Address)
	if err != nil {
		return Subject{}, inField("address", err)
	}
	return Subject{Channel: s.Channel, Sender: sender, Address: normal}, nil
}

// Compare orders subjects by channel, sender and address.
func (s Subject) Compare(t Subject) int {
	return cmp.Or(cmp.Compare(s.Channel, t.Channel), cmp.Compare(s.Sender, t.Sender), cmp.Compare(s.Address, t.Address))
}

func normalizeAddress(channel Channel, s string) (string, error) {
	switch channel {
	case Email:
		return normalizeEmail(s)
	case SMS:
		digits, err := phoneDigits(s)
		return "+" + digits, err
	case WhatsApp:
		if isScopedID(s) {
			return s, nil
		}
		if s != "" && strings.Trim(s, "0123456789") == "" {
			s = "+" + s
		}
		return phoneDigits(s)
	}
	s, err := text.Token("address", s, MaxAddress)
	if err == nil && s == "" {
		err = text.Refuse("address", "missing")
	}
	return s, err
}

func normalizeEmail(s string) (string, error) {
	s, err := address.Email(s)
	if err != nil {
		return "", err
	}
	if s == "" {
		return "", text.Refuse("address", "missing")
	}
	local, domain, _ := strings.Cut(s, "@")
	normal := norm.NFC.String(strings.ToLower(local)) + "@" + address.UnicodeDomain(domain)
	if normal == s {
		return s, nil
	}
	return address.Email(normal) // it can be longer, as some letters are in lower case
}

// phoneDigits returns the digits of an international number in one spelling.
func phoneDigits(s string) (string, error) {
	e164, err := address.Phone(s, nil)
	switch {
	case err != nil:
		return "", err
	case e164 == "":
		return "", text.Refuse("address", "missing")
	}
	return address.OneSpelling(e164[1:]), nil
}

// isScopedID reports whether s is an id by which WhatsApp knows a person towards one business:
// two capital letters, a dot, and letters, digits and dots.
func isScopedID(s string) bool {
	country, rest, _ := strings.Cut(s, ".")
	return len(country) == 2 && strings.Trim(country, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == "" &&
		rest != "" && len(s) <= MaxAddress &&
		!strings.ContainsFunc(rest, func(r rune) bool {
			return r != '.' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
		})
}

func normalizeSender(channel Channel, s string) (string, error) {
	s, err := text.Token("sender", s, MaxAddress)
	switch {
	case err != nil:
		return "", err
	case channel == Email:
		if s = address.UnicodeDomain(s); len(s) > MaxAddress {
			return "", text.Refuse("sender", "too long in lower case")
		}
	case channel == SMS && strings.HasPrefix(s, "+"):
		if s, err = address.Phone(s, nil); err != nil {
			return "", inField("sender", err)
		}
	}
	return s, nil
}

// inField returns an error about another field of the caller as one about field.
func inField(field string, err error) error {
	if refused := (*text.FieldError)(nil); errors.As(err, &refused) {
		return text.Refuse(field, refused.Reason)
	}
	return err
}
