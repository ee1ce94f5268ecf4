package visitor

import (
	"crypto/sha256"
	"encoding/base32"
	"slices"
	"strings"
	"time"
)

// MergeContact returns v updated from a contact that Rules.Contact has normalized. It adds the
// identities in keep, which are ids of the contact, and removes those in c.PreviousIDs. The
// result is the same in whatever order contacts are merged, and however often each is. Tags
// and groups are not changed. A visitor without a name gets a placeholder.
func (p Policy) MergeContact(v Visitor, c Contact, keep []Identity) Visitor {
	v = v.Clone()
	v.Identities = slices.DeleteFunc(v.Identities, func(i Identity) bool {
		return slices.ContainsFunc(c.PreviousIDs, i.Is) && !slices.ContainsFunc(keep, i.Is)
	})
	for _, i := range keep {
		v.addIdentity(i, c)
	}
	slices.SortFunc(v.Identities, Identity.Compare)
	if !c.UpdateOnly && c.OccurredAt.After(v.LastSeenAt) {
		v.LastSeenAt = c.OccurredAt
	}
	provenance := Provenance{At: c.OccurredAt, Source: c.Source, Account: c.Account, ExternalID: c.ExternalID, Unverified: c.Unverified}
	for _, f := range profileFields {
		v.fill(f, p, c, provenance)
	}
	for name := range c.Attributes {
		v.fill(attributeField(name), p, c, provenance)
	}
	v.setPlaceholderName(c.OccurredAt)
	return v
}

// addIdentity adds an identity of the contact, or updates its times, inboxes and username. The
// inbox of an UpdateOnly contact, such as a failed delivery, tells only where the business wrote
// from. If the person's ids changed, the channel reports that to the inboxes which the person
// wrote to.
func (v *Visitor) addIdentity(i Identity, c Contact) {
	at := v.Identified(i)
	if at < 0 {
		at = len(v.Identities)
		v.Identities = append(v.Identities, i)
	}
	known := &v.Identities[at]
	if known.FirstSeen.IsZero() || c.OccurredAt.Before(known.FirstSeen) {
		known.FirstSeen = c.OccurredAt
	}
	if !c.UpdateOnly && c.OccurredAt.After(known.LastSeen) {
		known.LastSeen = c.OccurredAt
	}
	if c.Inbox != "" && (!c.UpdateOnly || len(c.PreviousIDs) > 0) {
		known.addInbox(c.Inbox, c.OccurredAt)
	}
	if c.Username == "" || !known.Is(c.Identity()) {
		return
	}
	old, new := fieldValue{known.Username, Provenance{At: known.UsernameAt}}, fieldValue{c.Username, Provenance{At: c.OccurredAt}}
	if old.value == "" || IfNewer.prefers(new, old) {
		known.Username, known.UsernameAt = c.Username, c.OccurredAt
	}
}

// fill sets a field to its value in the contact if the policy allows it.
func (v *Visitor) fill(f *profileField, p Policy, c Contact, provenance Provenance) {
	if f.fromContact == nil {
		return
	}
	value := f.fromContact(c)
	if value.kind == "" {
		return
	}
	provenance.Changed = f.changesWithID && len(c.PreviousIDs) > 0
	if old, ok := f.current(v); f.fill(p).replaces(fieldValue{value.key(), provenance}, old, ok) {
		f.set(v, value)
		v.setProvenance(f.name, provenance)
	}
}

// key returns a text that is equal for equal values, "" for the zero Value. Values of
// different kinds have different keys, since a text contains no NUL.
func (v Value) key() string {
	if v.kind == "" || v.kind == TextKind {
		return v.text
	}
	return "\x00" + string(v.kind) + v.String()
}

func (v *Visitor) setProvenance(field string, p Provenance) {
	if v.Provenance == nil {
		v.Provenance = Provenances{}
	}
	v.Provenance[field] = p
}

// setPlaceholderName sets or updates the placeholder if v has no real name.
func (v *Visitor) setPlaceholderName(now time.Time) {
	if v.Name != "" && !v.Placeholder() {
		return
	}
	v.Name = v.placeholderName()
	v.setProvenance("name", Provenance{At: v.firstSeen(now), Source: v.Source, Placeholder: true})
}

// placeholderName returns a username, else the phone, else the source and a short code, which
// people can read more easily than an id.
func (v *Visitor) placeholderName() string {
	oldest := slices.Clone(v.Identities)
	slices.SortStableFunc(oldest, func(a, b Identity) int { return a.FirstSeen.Compare(b.FirstSeen) })
	for _, i := range oldest {
		if name, err := NormalizeName(i.Username); err == nil {
			return name
		}
	}
	if v.Phone != "" {
		return v.Phone
	}
	code := string(v.ID)
	if len(oldest) > 0 {
		code = strings.Join([]string{string(oldest[0].Source), oldest[0].Account, oldest[0].ExternalID}, "\n")
	}
	sum := sha256.Sum256([]byte(code))
	return v.Source.Info().Label + " visitor " + crockford.EncodeToString(sum[:])[:4]
}

// crockford has no letters that look like digits.
var crockford = base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ")

// firstSeen returns when v was first seen on a channel, now if that is unknown.
func (v *Visitor) firstSeen(now time.Time) time.Time {
	first := now
	for _, i := range v.Identities {
		if !i.FirstSeen.IsZero() && i.FirstSeen.Before(first) {
			first = i.FirstSeen
		}
	}
	return first
}
