package visitor

import (
	"slices"
	"time"

	"github.com/contactpipeline/visitors/tag/text"
)

// Contact is the data about a person in one event on a channel. Source and ExternalID are
// required.
type Contact struct {
	Source     Source `json:"source"`
	Account    string `json:"account,omitempty"` // scope of the ids, see Identity
	ExternalID string `json:"external_id"`
	// Inbox is the business's own number, bot, page or site that received the event, at most
	// MaxIdentity bytes. It does not belong to the scope of the ids. It is added to the Inboxes
	// of the ids, for an UpdateOnly contact only if it has PreviousIDs. Default: unknown.
	Inbox      string     `json:"inbox,omitempty"`
	Name       string     `json:"name,omitempty"`
	Username   string     `json:"username,omitempty"`
	Email      string     `json:"email,omitempty"`
	Phone      string     `json:"phone,omitempty"`
	Tags       []string   `json:"tags,omitempty"` // names of tags to add; tags that do not exist are created
	Attributes Attributes `json:"attributes,omitempty"`
	EventID    string     `json:"event_id,omitempty"`   // the channel's id of the event; a repeated event changes nothing
	OccurredAt time.Time  `json:"occurred_at,omitzero"` // default: now

	// AlternateIDs are other ids of the same person, confirmed by the channel. A visitor with
	// any of them matches; it gets those that no other visitor has.
	AlternateIDs []Identity `json:"alternate_ids,omitempty"`
	// PreviousIDs are former ids of the person, which the channel can give to another person. A
	// visitor with any of them matches; it loses them and gets the current ids.
	PreviousIDs []Identity `json:"previous_ids,omitempty"`
	// LookupAliases are other spellings of the ids. A visitor with any of them matches, but they
	// are not stored.
	LookupAliases []Identity `json:"lookup_aliases,omitempty"`
	// Unverified is set if name, e-mail and phone were typed and not verified.
	Unverified bool `json:"unverified,omitempty"`
	// UpdateOnly is set if the contact can update a visitor but must not create one. It does not
	// change LastSeenAt.
	UpdateOnly bool `json:"update_only,omitempty"`
}

// Identity returns the channel's id of the person.
func (c Contact) Identity() Identity {
	return Identity{Source: c.Source, Account: c.Account, ExternalID: c.ExternalID}
}

// Identities returns the current ids of the person: Identity, then AlternateIDs.
func (c Contact) Identities() []Identity { return append([]Identity{c.Identity()}, c.AlternateIDs...) }

// Contact returns c in normalized form, and an error for each field that was left out because
// it is not valid: a mistyped e-mail must not lose the visitor, since the person cannot be
// asked again. It returns an error for the whole contact if an id, the event id or the time is
// missing or not valid. OccurredAt becomes now if it is zero or later than now.
func (r Rules) Contact(c Contact, now time.Time) (out Contact, refused []error, err error) {
	id, err := r.Identity(Identity{Source: c.Source, Account: c.Account, ExternalID: c.ExternalID})
	if err != nil {
		return Contact{}, nil, err
	}
	out = Contact{Source: id.Source, Account: id.Account, ExternalID: id.ExternalID, Unverified: c.Unverified, UpdateOnly: c.UpdateOnly}
	for _, ids := range []struct {
		from []Identity
		to   *[]Identity
	}{{c.AlternateIDs, &out.AlternateIDs}, {c.PreviousIDs, &out.PreviousIDs}, {c.LookupAliases, &out.LookupAliases}} {
		if *ids.to, err = r.references(ids.from); err != nil {
			return Contact{}, nil, err
		}
	}
	if out.EventID, err = text.Token("event_id", c.EventID, MaxIdentity); err != nil {
		return Contact{}, nil, err
	}
	if out.OccurredAt, err = normalizeSeen("occurred_at", c.OccurredAt); err != nil {
		return Contact{}, nil, err
	}
	if out.OccurredAt.IsZero() || out.OccurredAt.After(now) {
		out.OccurredAt = now
	}
	return out, r.profile(c, &out), nil
}

// profile copies the valid fields of c's profile into out, and returns errors for the others.
func (r Rules) profile(c Contact, out *Contact) (refused []error) {
	for _, field := range []struct {
		from      string
		to        *string
		normalize func(string) (string, error)
	}{
		{c.Inbox, &out.Inbox, func(s string) (string, error) { return text.Token("inbox", s, MaxIdentity) }},
		{c.Name, &out.Name, NormalizeName},
		{c.Username, &out.Username, func(s string) (string, error) { return line("username", s, MaxIdentity) }},
		{c.Email, &out.Email, NormalizeEmail},
		{c.Phone, &out.Phone, r.NormalizePhone},
	} {
		if text.Blank(field.from) {
			continue
		}
		value, err := field.normalize(field.from)
		if err != nil {
			refused = append(refused, err)
			continue
		}
		*field.to = value
	}
	for _, name := range c.Tags {
		tags, err := normalizeTags(append(slices.Clip(out.Tags), name))
		if err != nil {
			refused = append(refused, err)
			continue
		}
		out.Tags = tags
	}
	for name, value := range c.Attributes {
		one, err := r.Attributes(Attributes{name: value})
		if err != nil {
			refused = append(refused, err)
			continue
		}
		out.Attributes = out.Attributes.Merge(one, nil)
	}
	return refused
}

// references returns the identities without duplicates, usernames and times.
func (r Rules) references(given []Identity) ([]Identity, error) {
	var out []Identity
	for _, i := range given {
		i, err := r.Identity(Identity{Source: i.Source, Account: i.Account, ExternalID: i.ExternalID})
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(out, i.Is) {
			out = append(out, i)
		}
	}
	if len(out) > MaxIdentities {
		return nil, text.Refuse("identities", "too many")
	}
	return out, nil
}
