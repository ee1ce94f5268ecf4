package visitor

import (
	"slices"
	"time"

	"github.com/contactpipeline/visitors/tag/text"
)

// Contact is what one event on a channel tells of a person. Source and ExternalID are
// required.
type Contact struct {
	Source     Source     `json:"source"`
	Account    string     `json:"account,omitempty"` // the scope of the ids, see Identity
	ExternalID string     `json:"external_id"`
	Name       string     `json:"name,omitempty"`
	Username   string     `json:"username,omitempty"`
	Email      string     `json:"email,omitempty"`
	Phone      string     `json:"phone,omitempty"`
	Tags       []string   `json:"tags,omitempty"` // names; put on the visitor, and made where they are not there yet
	Attributes Attributes `json:"attributes,omitempty"`
	EventID    string     `json:"event_id,omitempty"`   // the channel's own; the same event again changes nothing
	OccurredAt time.Time  `json:"occurred_at,omitzero"` // default: now

	// Also are further ids of the same person, as the channel itself says: the visitor is
	// looked up by any, and gets all that nobody else has.
	AlternateIDs []Identity `json:"alternate_ids,omitempty"`
	// Was are the ids that the person had before: the visitor who has one loses it, since
	// it may pass to somebody else, and gets those above.
	PreviousIDs []Identity `json:"previous_ids,omitempty"`
	// Variants are other spellings of the ids: the visitor is looked up by them too, but
	// they are never kept.
	LookupAliases []Identity `json:"lookup_aliases,omitempty"`
	// Claimed says that nobody has proven the name, the e-mail and the phone.
	Unverified bool `json:"unverified,omitempty"`
	// Known says that only a visitor who is there may change: none is made, and it does
	// not count as seen.
	UpdateOnly bool `json:"update_only,omitempty"`
}

// Identity returns the id under which the channel knows the person.
func (c Contact) Identity() Identity {
	return Identity{Source: c.Source, Account: c.Account, ExternalID: c.ExternalID}
}

// Identities returns every id that the person has now, that of the contact first.
func (c Contact) Identities() []Identity { return append([]Identity{c.Identity()}, c.AlternateIDs...) }

// Contact returns c as a store takes it in, and what was left out of it. An id that is
// missing or not valid refuses the contact. Of the rest, what is not valid is left out and
// told, since the person cannot be asked again: a mistyped e-mail must not cost the
// visitor. OccurredAt becomes now when it is zero or later.
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

// profile copies into out what is valid of c's profile, and returns why the rest is not.
func (r Rules) profile(c Contact, out *Contact) (refused []error) {
	for _, field := range []struct {
		from      string
		to        *string
		normalize func(string) (string, error)
	}{
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

// references returns identities as they are looked up: without what is told of them.
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
