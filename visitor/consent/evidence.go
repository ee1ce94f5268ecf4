package consent

import (
	"cmp"
	"fmt"
	"net/netip"

	"github.com/contactpipeline/visitors/tag/text"
)

// EvidenceKind is how an entry came to be known.
type EvidenceKind string

// The kinds of evidence.
const (
	ByForm        EvidenceKind = "form"          // the person submitted a form
	ByDoubleOptIn EvidenceKind = "double_opt_in" // the person followed the link of a confirmation
	ByMessage     EvidenceKind = "message"       // the person wrote it, in free words
	ByKeyword     EvidenceKind = "keyword"       // the person sent a word such as STOP
	ByPlatform    EvidenceKind = "platform"      // the channel reported it
	ByOneClick    EvidenceKind = "one_click"     // a one-click link (RFC 8058)
	ByImport      EvidenceKind = "import"        // a row of a file
	ByOperator    EvidenceKind = "operator"      // a user of the business entered it
	ByErasure     EvidenceKind = "erasure"       // the denial that stays when a person's data is erased
)

var evidenceKinds = codes[EvidenceKind]{
	{ByForm, "submitted in a form"},
	{ByDoubleOptIn, "confirmed by a link"},
	{ByMessage, "written in a message"},
	{ByKeyword, "sent as a keyword"},
	{ByPlatform, "reported by the channel"},
	{ByOneClick, "a one-click link"},
	{ByImport, "imported"},
	{ByOperator, "entered by a user"},
	{ByErasure, "left by an erasure"},
}

// Text returns the kind in English, or "" for an unknown one.
func (k EvidenceKind) Text() string { return evidenceKinds.text(k) }

// FromAddress reports whether only somebody who has the address can have caused it.
func (k EvidenceKind) FromAddress() bool {
	switch k {
	case ByDoubleOptIn, ByMessage, ByKeyword, ByPlatform:
		return true
	}
	return false
}

// MaxEvidence is the maximum length of an Evidence in bytes, all its texts together.
const MaxEvidence = 4 << 10

// Evidence shows that an entry is right, at most MaxEvidence bytes. Its texts can be erased without
// changing what the entry means; Kind must stay, since ByErasure and double opt-in depend on it.
type Evidence struct {
	Kind EvidenceKind `json:"kind,omitempty"`
	// Ref is the id of the form, the message or the import.
	Ref string `json:"ref,omitempty"`
	// Wording is what the person agreed to or said, or a hash and version of it.
	Wording   string `json:"wording,omitempty"`
	URL       string `json:"url,omitempty"`
	IP        string `json:"ip,omitempty"`
	UserAgent string `json:"user_agent,omitempty"`
}

// Normalize returns e in normalized form, or a *text.FieldError.
func (e Evidence) Normalize() (Evidence, error) {
	if err := evidenceKinds.checkOptional("evidence.kind", e.Kind); err != nil {
		return Evidence{}, err
	}
	if e.size() > MaxEvidence {
		return Evidence{}, tooMuchEvidence
	}
	for _, field := range []struct {
		name  string
		value *string
		clean func(field, s string, limit int) (string, error)
	}{
		{"evidence.ref", &e.Ref, text.Token},
		{"evidence.wording", &e.Wording, text.Clean},
		{"evidence.url", &e.URL, text.Token},
		{"evidence.user_agent", &e.UserAgent, text.Clean},
	} {
		var err error
		if *field.value, err = field.clean(field.name, *field.value, MaxEvidence); err != nil {
			return Evidence{}, err
		}
	}
	if e.IP != "" {
		ip, err := netip.ParseAddr(e.IP)
		if err != nil || ip.Zone() != "" {
			return Evidence{}, text.Refuse("evidence.ip", "not an IP address")
		}
		e.IP = ip.Unmap().String()
	}
	if e.size() > MaxEvidence { // a text can become longer in NFC
		return Evidence{}, tooMuchEvidence
	}
	return e, nil
}

var tooMuchEvidence = text.Refuse("evidence", fmt.Sprintf("longer than %d bytes", MaxEvidence))

func (e Evidence) size() int {
	return len(e.Ref) + len(e.Wording) + len(e.URL) + len(e.IP) + len(e.UserAgent)
}

func (e Evidence) compare(f Evidence) int {
	return cmp.Or(
		cmp.Compare(e.Kind, f.Kind), cmp.Compare(e.Ref, f.Ref), cmp.Compare(e.Wording, f.Wording),
		cmp.Compare(e.URL, f.URL), cmp.Compare(e.IP, f.IP), cmp.Compare(e.UserAgent, f.UserAgent))
}
