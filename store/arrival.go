package store

import (
	"cmp"
	"reflect"
	"slices"

	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

// capture takes a contact in. It depends on nothing but what is kept, so that of the same
// events in any order the same comes out.
func capture(k Keeper, c CaptureContact) (Outcome, error) {
	found, err := find(k, c)
	if err != nil {
		return Outcome{}, err
	}
	if c.Contact.EventID != "" {
		before, err := k.Remember(KeyOf(c.Contact), c.At)
		if err != nil {
			return Outcome{}, err
		}
		if before {
			out := Outcome{Effect: Unchanged, Reason: SeenBefore}
			if len(found.people) > 0 {
				out.Visitor = found.people[0]
			}
			return out, nil
		}
	}
	if c.Contact.Known && len(found.people) == 0 {
		return Outcome{Effect: Missing, Reason: Unknown}, nil
	}
	if len(found.people) == 0 {
		return arrive(k, c, found)
	}
	return again(k, c, found)
}

// arrive makes a visitor of a contact.
func arrive(k Keeper, c CaptureContact, f finding) (Outcome, error) {
	created, ok := c.ID.Time()
	if !ok {
		return Outcome{}, text.Refuse("visitor id", "not a UUIDv7")
	}
	v := visitor.Visitor{ID: c.ID, Source: c.Contact.Source, CreatedAt: created, UpdatedAt: c.At, Revision: 1}
	v = c.Policy.Absorb(v, c.Contact, f.free(c.Contact))
	put, err := putOn(k, &v, c)
	if err != nil {
		return Outcome{}, err
	}
	if err := v.CheckLimits(); err != nil {
		return Outcome{}, err
	}
	if err := k.Put(nil, v); err != nil {
		return Outcome{}, err
	}
	return Outcome{Effect: Created, Visitor: v, Reason: NewPerson}, k.Emit(Event{
		Kind: VisitorCreated, At: c.At, Visitor: v.ID, Tags: put,
	})
}

// again takes in a contact of a visitor who is there, or of several who are one: those are
// merged first.
func again(k Keeper, c CaptureContact, f finding) (Outcome, error) {
	v, out := f.people[0], Outcome{Effect: Unchanged, Reason: f.reason}
	for _, other := range f.people[1:] {
		united, err := unite(k, c.Policy, v, other, c.At)
		if err != nil {
			return Outcome{}, err
		}
		v, out.Effect = united, Updated
	}
	before := v
	v = c.Policy.Absorb(v, c.Contact, f.free(c.Contact))
	put, err := putOn(k, &v, c)
	if err != nil {
		return Outcome{}, err
	}
	e := Event{At: c.At, Visitor: v.ID, Tags: put, Fields: visitor.Changed(before, v)}
	switch {
	case len(e.Fields) > 0:
		out.Effect, e.Kind = Updated, VisitorUpdated
		v.UpdatedAt, v.Revision = c.At, before.Revision+1
	case len(e.Tags) > 0:
		out.Effect, e.Kind = Updated, VisitorTagged
	case !reflect.DeepEqual(before, v):
		e.Kind = VisitorSeen
		if out.Effect == Unchanged {
			out.Effect = Seen
		}
	default:
		out.Visitor = v
		return out, nil
	}
	if err := v.CheckLimits(); err != nil {
		return Outcome{}, err
	}
	out.Visitor = v
	if err := k.Put(&before, v); err != nil {
		return Outcome{}, err
	}
	return out, k.Emit(e)
}

// putOn puts the tags of a capture on v, and returns the ids of those it did not carry.
func putOn(k Keeper, v *visitor.Visitor, c CaptureContact) ([]tag.ID, error) {
	var put []tag.ID
	for _, t := range c.Tags {
		t, err := k.EnsureTag(t)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(v.Tags, func(a tag.Assignment) bool { return a.Tag == t.ID }) {
			continue
		}
		v.Tags = append(v.Tags, tag.Assignment{Tag: t.ID, Name: t.Name, Color: t.Color, At: c.At, By: c.By, Cause: c.Cause})
		put = append(put, t.ID)
	}
	slices.SortFunc(v.Tags, tag.Assignment.Compare)
	slices.Sort(put)
	return put, nil
}

// finding is whom a contact is about.
type finding struct {
	people []visitor.Visitor // the same person, the one who is made first; none: nobody who is known
	reason Reason            // how the first that was found was found
	owners []visitor.ID      // of the contact's identities, "" for those that nobody has
}

// free are the contact's identities that the person has or may get.
func (f finding) free(c visitor.Contact) []visitor.Identity {
	var free []visitor.Identity
	for n, i := range c.Identities() {
		if f.owners[n] == "" || slices.ContainsFunc(f.people, func(v visitor.Visitor) bool { return v.ID == f.owners[n] }) {
			free = append(free, i)
		}
	}
	return free
}

// find looks a contact up: by its own id, by the others, by spellings, and, as far as the
// policy allows, by e-mail and phone. By anything but its own id nobody is found who has an
// id that cannot be the same person's. What the channel says to be ids of one person may
// lead to several visitors, who then are one.
func find(k Keeper, c CaptureContact) (f finding, err error) {
	for _, i := range c.Contact.Identities() {
		owner, err := f.search(k, c.Contact, i, OtherID)
		if err != nil {
			return f, err
		}
		f.owners = append(f.owners, owner)
	}
	for _, i := range c.Contact.Was {
		if _, err := f.search(k, c.Contact, i, OtherID); err != nil {
			return f, err
		}
	}
	for _, i := range c.Contact.Variants {
		if _, err := f.search(k, c.Contact, i, OtherForm); err != nil {
			return f, err
		}
	}
	if len(f.people) == 0 {
		err = f.byAddress(k, c)
	}
	slices.SortFunc(f.people, func(a, b visitor.Visitor) int { return cmp.Compare(a.ID, b.ID) })
	return f, err
}

// search takes the owner of an identity for the person, unless something speaks against it,
// and returns its id. Of a contact that is only claimed no two visitors are one.
func (f *finding) search(k Keeper, c visitor.Contact, i visitor.Identity, reason Reason) (owner visitor.ID, err error) {
	owner, taken, err := k.Owner(i)
	if err != nil || !taken {
		return "", err
	}
	own := i.Is(c.Identity())
	if own {
		reason = SameIdentity
	}
	known := func(v visitor.Visitor) bool { return v.ID == owner }
	if slices.ContainsFunc(f.people, known) || len(f.people) > 0 && c.Claimed {
		return owner, nil
	}
	v, found, err := k.Visitor(owner)
	if err != nil || !found {
		return owner, err
	}
	if !own && (rivals(c, v, c.Identities()) || slices.ContainsFunc(f.people, func(u visitor.Visitor) bool { return rivals(c, v, u.Identities) })) {
		return owner, nil
	}
	if f.people = append(f.people, v); f.reason == "" {
		f.reason = reason
	}
	return owner, nil
}

// rivals reports whether v has an id, which the contact does not call a former or other
// spelling, that cannot be of one person with the others.
func rivals(c visitor.Contact, v visitor.Visitor, others []visitor.Identity) bool {
	v.Identities = slices.DeleteFunc(slices.Clone(v.Identities), func(i visitor.Identity) bool {
		return slices.ContainsFunc(c.Was, i.Is) || slices.ContainsFunc(c.Variants, i.Is)
	})
	return v.Rival(visitor.Visitor{Identities: others})
}

// byAddress looks for the oldest visitor who has the e-mail or the phone.
func (f *finding) byAddress(k Keeper, c CaptureContact) error {
	for _, by := range []struct {
		trust        visitor.Trust
		field        string
		email, phone string
		reason       Reason
	}{
		{c.Policy.ByEmail, "email", c.Contact.Email, "", SameEmail},
		{c.Policy.ByPhone, "phone", "", c.Contact.Phone, SamePhone},
	} {
		if by.trust == visitor.NoTrust || by.email+by.phone == "" || by.trust == visitor.TrustProven && c.Contact.Claimed {
			continue
		}
		ids, err := k.Reachable(by.email, by.phone, mostReachable)
		if err != nil {
			return err
		}
		for _, id := range ids {
			v, found, err := k.Visitor(id)
			if err != nil {
				return err
			}
			claimed := by.trust == visitor.TrustProven && v.Origins[by.field].Claimed
			if found && !claimed && !rivals(c.Contact, v, c.Contact.Identities()) {
				f.people, f.reason = append(f.people, v), by.reason
				return nil
			}
		}
	}
	return nil
}

// mostReachable is how many visitors with one address are looked at.
const mostReachable = 20
