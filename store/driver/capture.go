package driver

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

// lookupIdentities returns every identity by which a contact is looked up.
func lookupIdentities(c visitor.Contact) []visitor.Identity {
	return slices.Concat(c.Identities(), c.PreviousIDs, c.LookupAliases)
}

// apply records a contact. The result depends only on what is stored, so that the same
// events in any order lead to the same visitors.
func (c CaptureContact) apply(b *batch) (Outcome, error) {
	m, err := b.match(c)
	if err != nil {
		return Outcome{}, err
	}
	if c.Contact.EventID != "" {
		before, err := b.process(DedupKeyOf(c.Contact), c.At)
		if err != nil {
			return Outcome{}, err
		}
		if before {
			out := Outcome{Effect: Unchanged, Reason: AlreadyProcessed}
			if len(m.people) > 0 {
				out.Visitor = b.result(m.people[0].ID)
			}
			return out, nil
		}
	}
	switch {
	case len(m.people) > 0:
		return b.captureKnown(c, m)
	case c.Contact.UpdateOnly:
		return Outcome{Effect: Missing, Reason: UnknownPerson}, nil
	}
	return b.captureNew(c, m)
}

// process records that an event of a channel is processed, and reports whether it was before.
func (b *batch) process(key DedupKey, at time.Time) (before bool, err error) {
	if err := b.readEvents(key); err != nil {
		return false, err
	}
	if b.events.get(key) {
		return true, nil
	}
	b.events.set(key, true)
	b.processed, b.processedAt = append(b.processed, key), at
	return false, nil
}

// captureNew creates the visitor of a contact.
func (b *batch) captureNew(c CaptureContact, m match) (Outcome, error) {
	created, ok := c.ID.Time()
	if !ok {
		return Outcome{}, text.Refuse("id", "not a UUIDv7")
	}
	if err := b.checkFree(c.ID); err != nil {
		return Outcome{}, err
	}
	v := visitor.Visitor{ID: c.ID, Source: c.Contact.Source, CreatedAt: created, UpdatedAt: c.At, Revision: 1}
	v = c.Policy.MergeContact(v, c.Contact, m.available)
	added, err := b.assignNew(&v, c)
	if err != nil {
		return Outcome{}, err
	}
	if err := b.save(c.Audit, &v, Event{Kind: VisitorCreated, Tags: added}); err != nil {
		return Outcome{}, err
	}
	return Outcome{Effect: Created, Visitor: b.result(v.ID), Reason: NewPerson}, nil
}

// captureKnown records a contact of a person who is known. If several visitors are that
// person, it merges them first.
func (b *batch) captureKnown(c CaptureContact, m match) (Outcome, error) {
	before, out := m.people[0], Outcome{Effect: Unchanged, Reason: m.reason}
	for _, other := range m.people[1:] {
		merged, err := b.merge(c.Audit, c.Policy, *before, *other)
		if err != nil {
			return Outcome{}, err
		}
		before, out.Effect = merged, Updated
	}
	after := c.Policy.MergeContact(*before, c.Contact, m.available)
	added, err := b.assignNew(&after, c)
	if err != nil {
		return Outcome{}, err
	}
	normalize(&after)
	e := Event{Tags: added, Fields: visitor.Changed(*before, after)}
	switch {
	case len(e.Fields) > 0:
		out.Effect, e.Kind = Updated, VisitorUpdated
		after.UpdatedAt, after.Revision = c.At, before.Revision+1
	case len(e.Tags) > 0:
		out.Effect, e.Kind = Updated, VisitorTagged
	case !sameTimes(before, &after):
		e.Kind = VisitorSeen
		if out.Effect == Unchanged {
			out.Effect = Touched
		}
	}
	if e.Kind != "" {
		err = b.save(c.Audit, &after, e)
	}
	if err == nil {
		out.Visitor = b.result(after.ID)
	}
	return out, err
}

// sameTimes reports whether a capture that changes no field keeps the times of last contact
// and where values come from.
func sameTimes(before, after *visitor.Visitor) bool {
	return before.LastSeenAt.Equal(after.LastSeenAt) && slices.EqualFunc(before.Identities, after.Identities, visitor.Identity.Equal) &&
		maps.Equal(before.Provenance, after.Provenance)
}

// assignNew creates the tags of a capture that do not exist, and gives all to v.
func (b *batch) assignNew(v *visitor.Visitor, c CaptureContact) ([]tag.ID, error) {
	var keys []string
	for _, t := range c.Tags {
		if _, err := (EnsureTag{Audit: c.Audit, Tag: t}).apply(b); err != nil {
			return nil, err
		}
		keys = append(keys, keyOf(t))
	}
	return b.assign(v, keys, c.Audit)
}

// match is the person that a contact comes from.
type match struct {
	people    []*visitor.Visitor // the same person, oldest first; empty if the person is new
	reason    CaptureReason      // how the first one was found
	available []visitor.Identity // identities of the contact that the person has or can get
}

// has reports whether the visitor with that id is one of the people.
func (m *match) has(id visitor.ID) bool {
	return slices.ContainsFunc(m.people, func(v *visitor.Visitor) bool { return v.ID == id })
}

// match looks a contact up: by its own id, by alternate and previous ids, by other
// spellings and, if no id is known and the policy allows it, by e-mail and phone. Except by
// its own id, it does not match a visitor that has an id which conflicts with the contact's.
// The ids of one contact can match several visitors.
func (b *batch) match(c CaptureContact) (m match, err error) {
	identities := lookupIdentities(c.Contact)
	for n, i := range identities {
		reason := AlternateID
		switch {
		case i.Is(c.Contact.Identity()):
			reason = SameIdentity
		case n >= len(identities)-len(c.Contact.LookupAliases):
			reason = OtherSpelling
		}
		if err := b.matchIdentity(&m, c.Contact, i, reason); err != nil {
			return m, err
		}
	}
	if len(m.people) == 0 {
		err = b.matchAddress(&m, c)
	}
	slices.SortFunc(m.people, func(a, b *visitor.Visitor) int { return cmp.Compare(a.ID, b.ID) })
	for _, i := range c.Contact.Identities() {
		if owner := b.owners.get(identityKeyOf(i)); owner == "" || m.has(owner) {
			m.available = append(m.available, i)
		}
	}
	return m, err
}

// matchIdentity adds the owner of an identity to the match unless ids conflict. An unverified
// contact never matches two visitors.
func (b *batch) matchIdentity(m *match, c visitor.Contact, i visitor.Identity, reason CaptureReason) error {
	owner, err := b.owner(i)
	if err != nil || owner == "" || m.has(owner) || len(m.people) > 0 && c.Unverified {
		return err
	}
	v, err := b.target(owner)
	if err != nil || v == nil {
		return err
	}
	conflict := func(u *visitor.Visitor) bool { return conflicts(c, v, u.Identities) }
	if reason != SameIdentity && (conflicts(c, v, c.Identities()) || slices.ContainsFunc(m.people, conflict)) {
		return nil
	}
	m.people, m.reason = append(m.people, v), cmp.Or(m.reason, reason)
	return nil
}

// conflicts reports whether v has an id that one person cannot have besides the others,
// and that is not a previous id or another spelling.
func conflicts(c visitor.Contact, v *visitor.Visitor, others []visitor.Identity) bool {
	own := slices.DeleteFunc(slices.Clone(v.Identities), func(i visitor.Identity) bool {
		return slices.ContainsFunc(c.PreviousIDs, i.Is) || slices.ContainsFunc(c.LookupAliases, i.Is)
	})
	return visitor.Visitor{Identities: own}.Conflicts(visitor.Visitor{Identities: others})
}

// maxSameAddress is how many visitors with one address are considered.
const maxSameAddress = 20

// matchAddress looks for the oldest visitor that has the contact's e-mail or phone.
func (b *batch) matchAddress(m *match, c CaptureContact) error {
	for _, by := range []struct {
		policy       visitor.MatchPolicy
		field        string
		email, phone string
		reason       CaptureReason
	}{
		{c.Policy.ByEmail, "email", c.Contact.Email, "", SameEmail},
		{c.Policy.ByPhone, "phone", "", c.Contact.Phone, SamePhone},
	} {
		if by.policy == visitor.MatchNever || by.email+by.phone == "" ||
			by.policy == visitor.MatchVerified && c.Contact.Unverified {
			continue
		}
		ids, err := b.byAddress(by.email, by.phone)
		if err != nil {
			return err
		}
		if err := b.readVisitors(ids...); err != nil {
			return err
		}
		for _, id := range ids {
			v := b.visitors.get(id).now
			if v == nil || by.policy == visitor.MatchVerified && v.Provenance[by.field].Unverified {
				continue
			}
			if !conflicts(c.Contact, v, c.Contact.Identities()) {
				m.people, m.reason = append(m.people, v), by.reason
				return nil
			}
		}
	}
	return nil
}

// byAddress returns the oldest visitors with an address, also those that are not written
// yet.
func (b *batch) byAddress(email, phone string) ([]visitor.ID, error) {
	folded := text.Fold(email)
	var ids []visitor.ID
	changed := 0
	for _, e := range b.visitors.values {
		if e.now == e.before {
			continue
		}
		changed++
		if v := e.now; v != nil && (email != "" && text.Equal(v.Email, folded) || phone != "" && v.Phone == phone) {
			ids = append(ids, v.ID)
		}
	}
	stored, err := b.tx.ByAddress(email, phone, maxSameAddress+changed)
	if err != nil {
		return nil, err
	}
	for _, id := range stored {
		if e := b.visitors.get(id); e == nil || e.now == e.before {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids[:min(len(ids), maxSameAddress)], nil
}
