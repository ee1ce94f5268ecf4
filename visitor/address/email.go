package address

import (
	"fmt"
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/contactpipeline/visitors/tag/text"
)

// MaxEmail is the maximum length of an e-mail address in bytes (RFC 5321 §4.5.3.1.3, RFC 3696
// erratum 1690).
const MaxEmail = 254

// Email returns an e-mail address in normalized form: without white space and
// zero-width characters around it, in NFC, the domain in lower case. The part before the @
// keeps its case, since it can be case-sensitive on the receiving host (RFC 5321 §2.4). For
// blank text it returns "".
//
// It accepts the bare addresses of net/mail (RFC 5322) that are used on the Internet: at most
// MaxEmail bytes, one @, at most 64 bytes before it (RFC 5321 §4.5.3.1.1), no quotes, and a
// domain of at least two labels, in ASCII or as an international name in UTF-8 (RFC 6531). For
// others it returns a *text.FieldError. It does not check that the address exists.
func Email(s string) (string, error) {
	s = text.Trim(s)
	if s == "" {
		return "", nil
	}
	if err := checkEmail(s); err != nil {
		return "", err
	}
	local, domain, _ := strings.Cut(norm.NFC.String(s), "@")
	domain = norm.NFC.String(strings.ToLower(domain))
	address := local + "@" + domain
	switch {
	case len(address) > MaxEmail:
		return "", text.Refuse("email", fmt.Sprintf("longer than %d bytes", MaxEmail))
	case local == "":
		return "", text.Refuse("email", "nothing before the @")
	case len(local) > 64:
		return "", text.Refuse("email", "more than 64 bytes before the @")
	}
	if reason := badDomain(domain); reason != "" {
		return "", text.Refuse("email", reason)
	}
	parsed, err := mail.ParseAddress(address)
	if err != nil || parsed.Address != address || parsed.Name != "" {
		return "", text.Refuse("email", "not an address like name@example.com")
	}
	return address, nil
}

func checkEmail(s string) error {
	if _, err := text.Token("email", s, MaxEmail); err != nil {
		return err
	}
	switch {
	case strings.ContainsAny(s, "<>"):
		return text.Refuse("email", "give the address alone, without a name and < >")
	case strings.Contains(s, `"`):
		return text.Refuse("email", "quotes are not supported")
	}
	for _, r := range s {
		switch {
		case unicode.IsSpace(r):
			return text.Refuse("email", "white space inside")
		case unicode.Is(unicode.C, r):
			return text.Refuse("email", fmt.Sprintf("invisible character U+%04X", r))
		}
	}
	switch strings.Count(s, "@") {
	case 0:
		return text.Refuse("email", "no @")
	case 1:
		return nil
	}
	return text.Refuse("email", "more than one @")
}

// badDomain returns why a domain in lower case is not valid, "" if it is. Allowed are the
// characters of RFC 5321 §4.1.2 and, beyond ASCII, letters, marks and digits. The limit of 63
// (RFC 1035 §2.3.4) is for the ASCII form of a label, which is never shorter than the label.
func badDomain(domain string) string {
	if strings.HasPrefix(domain, "[") {
		return "a domain literal is not supported"
	}
	labels := strings.Split(domain, ".")
	if len(labels) < 2 {
		return "no dot in the domain"
	}
	for _, label := range labels {
		switch n := utf8.RuneCountInString(label); {
		case n == 0:
			return "an empty part in the domain"
		case n > 63:
			return "a part of the domain is longer than 63 characters"
		case label[0] == '-' || label[len(label)-1] == '-':
			return "a part of the domain starts or ends with a hyphen"
		case strings.ContainsFunc(label, notInDomain):
			return "a character that no domain has"
		}
	}
	if strings.Trim(labels[len(labels)-1], "0123456789") == "" {
		return "the last part of the domain is a number"
	}
	return ""
}

func notInDomain(r rune) bool {
	if r < utf8.RuneSelf {
		return r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z')
	}
	return !unicode.In(r, unicode.L, unicode.M, unicode.N)
}
