package consent

import (
	"net/url"
	"strings"

	"github.com/contactpipeline/visitors/tag/text"
)

// OneClick is the body of the request, as a form, by which a mail program unsubscribes
// (RFC 8058 §3.2).
const OneClick = "List-Unsubscribe=One-Click"

// maxLink is the maximum length of a link in a header, whose lines have at most 998 characters
// (RFC 5322 §2.1.1).
const maxLink = 900

// Header is one header field of a mail.
type Header struct {
	Name  string
	Value string
}

// Headers returns the two header fields by which mail programs show a button to unsubscribe
// (RFC 8058). link is the URL to which the button sends a POST request with the body OneClick; it
// contains a Link.Token. A GET request of it must not unsubscribe, since programs follow links in
// mails to check them. The mail must be signed with DKIM, and the signature must cover both fields.
//
// It returns a *text.FieldError if link is not an absolute https URL of up to 900 visible ASCII
// characters, or has a user, a fragment, or one of < > ( ) " and the comma, which are written
// in percent-encoding.
func Headers(link string) ([]Header, error) {
	u, err := url.Parse(link)
	switch {
	case len(link) > maxLink:
		return nil, text.Refuse("link", "longer than 900 characters")
	case err != nil, strings.ContainsFunc(link, notInHeader):
		return nil, text.Refuse("link", "not a URL in plain ASCII")
	case u.Scheme != "https", u.Hostname() == "":
		return nil, text.Refuse("link", "not an absolute https URL")
	case u.User != nil, strings.Contains(link, "#"):
		return nil, text.Refuse("link", "has a user or a fragment")
	}
	return []Header{
		{"List-Unsubscribe", "<" + link + ">"},
		{"List-Unsubscribe-Post", OneClick},
	}, nil
}

// notInHeader reports whether a link with r would be read as something else in List-Unsubscribe.
func notInHeader(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`<>(),"`, r) }
