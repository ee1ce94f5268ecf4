package visitor

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Identity is one account under which a channel knows the visitor: unique in a
// workspace by source, account and external id.
type Identity struct {
	Source Source `json:"source"`
	// Account is the scope in which the external id is unique, at most MaxIdentity bytes: the
	// page on Messenger, the professional account on Instagram, the site of a chat widget or a
	// form. It is empty on WhatsApp and Telegram, where a person has the same id for every
	// number or bot of the business.
	Account    string    `json:"account,omitempty"`
	ExternalID string    `json:"external_id"` // the channel's id of the person, at most MaxIdentity bytes; text, since some ids are larger than 2^53
	Username   string    `json:"username,omitempty"`
	UsernameAt time.Time `json:"username_at,omitzero"` // time of the event with the username; zero: set by hand
	FirstSeen  time.Time `json:"first_seen,omitzero"`
	LastSeen   time.Time `json:"last_seen,omitzero"`
	// Inboxes are the business's own numbers, bots, pages and sites that received events of the
	// person with this identity: the MaxInboxes with the latest events, newest first. Those
	// with equal times are in the order of their names.
	Inboxes []string `json:"inboxes,omitempty"`
	// InboxTimes are the times of the last event in each of Inboxes; zero: unknown.
	InboxTimes []time.Time `json:"inbox_times,omitempty"`
}

// Compare orders identities by source, account and external id.
func (i Identity) Compare(j Identity) int {
	return slices.Compare(
		[]string{string(i.Source), i.Account, i.ExternalID},
		[]string{string(j.Source), j.Account, j.ExternalID})
}

// Is reports whether i and j have the same source, account and external id.
func (i Identity) Is(j Identity) bool {
	return i.Source == j.Source && i.Account == j.Account && i.ExternalID == j.ExternalID
}

// Equal reports whether all fields of i and j are equal.
func (i Identity) Equal(j Identity) bool {
	return i.Is(j) && i.Username == j.Username && i.UsernameAt.Equal(j.UsernameAt) &&
		i.FirstSeen.Equal(j.FirstSeen) && i.LastSeen.Equal(j.LastSeen) &&
		slices.Equal(i.Inboxes, j.Inboxes) && slices.EqualFunc(i.InboxTimes, j.InboxTimes, time.Time.Equal)
}

// Clone returns a copy that shares nothing with i.
func (i Identity) Clone() Identity {
	i.Inboxes, i.InboxTimes = slices.Clone(i.Inboxes), slices.Clone(i.InboxTimes)
	return i
}

// hasInboxesOf reports whether i has each inbox of j.
func (i Identity) hasInboxesOf(j Identity) bool {
	return !slices.ContainsFunc(j.Inboxes, func(s string) bool { return !slices.Contains(i.Inboxes, s) })
}

// addInbox records an event in an inbox. It changes the lists in place. Only the newest are
// kept: an inbox that was dropped stays behind these, since their times never decrease, so the
// result does not depend on the order of events.
func (i *Identity) addInbox(inbox string, at time.Time) {
	if n := slices.Index(i.Inboxes, inbox); n >= 0 {
		if !at.After(i.InboxTimes[n]) {
			return
		}
		i.Inboxes, i.InboxTimes = slices.Delete(i.Inboxes, n, n+1), slices.Delete(i.InboxTimes, n, n+1)
	}
	n := 0
	for n < len(i.Inboxes) && cmp.Or(at.Compare(i.InboxTimes[n]), cmp.Compare(i.Inboxes[n], inbox)) < 0 {
		n++
	}
	i.Inboxes, i.InboxTimes = slices.Insert(i.Inboxes, n, inbox), slices.Insert(i.InboxTimes, n, at)
	if len(i.Inboxes) > MaxInboxes {
		i.Inboxes, i.InboxTimes = i.Inboxes[:MaxInboxes], i.InboxTimes[:MaxInboxes]
	}
}

// Conflicts reports whether one person cannot have both i and j at the same time: they are
// different ids of the same form, on the same account of a channel. WhatsApp has three forms:
// the number, the business-scoped user id and the id in the parent portfolio. Ids with a
// prefix that ends in ':' (anonymous browsers, form submissions) never conflict, since a
// person has many.
func (i Identity) Conflicts(j Identity) bool {
	form := i.form()
	return i.Source == j.Source && i.Account == j.Account && i.ExternalID != j.ExternalID &&
		form != multipleForm && form == j.form()
}

// multipleForm is the form of ids of which a person has many.
const multipleForm = ":"

func (i Identity) form() string {
	switch {
	case strings.Contains(i.ExternalID, ":"):
		return multipleForm
	case i.Source != WhatsApp:
		return ""
	case strings.Contains(i.ExternalID, ".ENT."):
		return "parent"
	case strings.Contains(i.ExternalID, "."):
		return "scoped"
	}
	return "number"
}

// anyConflict reports whether an identity of a conflicts with one of b.
func anyConflict(a, b []Identity) bool {
	return slices.ContainsFunc(a, func(i Identity) bool { return slices.ContainsFunc(b, i.Conflicts) })
}

// Identified returns the index in v.Identities of the same identity, or -1.
func (v Visitor) Identified(i Identity) int { return slices.IndexFunc(v.Identities, i.Is) }
