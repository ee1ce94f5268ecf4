package visitor

import (
	"slices"
	"strings"
	"time"
)

// Identity is one account under which a channel knows the visitor: unique in a
// workspace by source, account and external id.
type Identity struct {
	Source Source `json:"source"`
	// Account is the scope within which the external id is one person, ≤ MaxIdentity bytes:
	// the page for Messenger, the professional account for Instagram, the site for the chat
	// widget and forms. Of WhatsApp and Telegram it is empty, since a person has the same id
	// towards every number or bot of the business.
	Account    string    `json:"account,omitempty"`
	ExternalID string    `json:"external_id"` // the person's id there, ≤ MaxIdentity bytes; text, since ids pass 2^53
	Username   string    `json:"username,omitempty"`
	UsernameAt time.Time `json:"username_at,omitzero"` // when the channel told the username; zero: given by hand
	FirstSeen  time.Time `json:"first_seen,omitzero"`
	LastSeen   time.Time `json:"last_seen,omitzero"`
}

// Compare orders identities by source, account and external id.
func (i Identity) Compare(j Identity) int {
	return slices.Compare(
		[]string{string(i.Source), i.Account, i.ExternalID},
		[]string{string(j.Source), j.Account, j.ExternalID})
}

// Is reports whether i and j are the same source, account and external id.
func (i Identity) Is(j Identity) bool {
	return i.Source == j.Source && i.Account == j.Account && i.ExternalID == j.ExternalID
}

// Rivals reports whether i and j cannot be one person's at the same time: two ids of one
// form on one account of one channel. WhatsApp has three forms: the number, the
// business-scoped user id and that of the parent portfolio. Ids with a prefix up to ':'
// (anonymous browsers, submissions of forms) rival nobody: a person has many.
func (i Identity) Conflicts(j Identity) bool {
	form := i.form()
	return i.Source == j.Source && i.Account == j.Account && i.ExternalID != j.ExternalID &&
		form != manyForm && form == j.form()
}

// manyForm is that of ids of which a person has many.
const manyForm = ":"

func (i Identity) form() string {
	switch {
	case strings.Contains(i.ExternalID, ":"):
		return manyForm
	case i.Source != WhatsApp:
		return ""
	case strings.Contains(i.ExternalID, ".ENT."):
		return "parent"
	case strings.Contains(i.ExternalID, "."):
		return "scoped"
	}
	return "number"
}

// rivals reports whether any two of the identities rival.
func rivals(a, b []Identity) bool {
	return slices.ContainsFunc(a, func(i Identity) bool { return slices.ContainsFunc(b, i.Conflicts) })
}

// Identified returns the place of the identity among v's, or -1.
func (v Visitor) Identified(i Identity) int { return slices.IndexFunc(v.Identities, i.Is) }
