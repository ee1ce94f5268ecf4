package memory

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// set writes the given parts of after into r. What before and after have in common is left
// as it is: tagging a visitor copies neither its texts nor its identities.
func (t *tx) set(r *record, before, after *visitor.Visitor, parts driver.Parts) (err error) {
	if parts.Has(driver.Profile) {
		r.source = t.sources.intern(string(after.Source))
		r.created, r.updated, r.seen = driver.Micros(after.CreatedAt), driver.Micros(after.UpdatedAt), driver.Micros(after.LastSeenAt)
		r.revision = after.Revision
		if r.name != after.Name || r.email != after.Email || r.phone != after.Phone {
			r.setText(after.Name, after.Email, after.Phone)
		}
		if !maps.Equal(before.Provenance, after.Provenance) {
			r.origins = after.Provenance.Clone()
		}
	}
	if parts.Has(driver.Identities) && !slices.Equal(before.Identities, after.Identities) {
		r.identities = t.newIdentities(after.Identities)
	}
	if parts.Has(driver.Attributes) && !before.Attributes.Equal(after.Attributes) {
		r.attributes = t.newAttributes(after.Attributes)
	}
	if parts.Has(driver.Tags) && !slices.Equal(before.Tags, after.Tags) {
		if r.tags, err = t.newTags(r.tags, before.Tags, after.Tags); err != nil {
			return err
		}
	}
	if parts.Has(driver.Groups) && !slices.Equal(before.Memberships, after.Memberships) {
		if r.memberships, err = t.newMemberships(r.memberships, before.Memberships, after.Memberships); err != nil {
			return err
		}
	}
	if parts.Has(driver.Groups) && !slices.Equal(before.Excluded, after.Excluded) {
		r.excluded, err = t.newExcluded(after.Excluded)
	}
	return err
}

// setText stores the texts in one string of their own, so that r does not keep a larger
// string of the caller in memory.
func (r *record) setText(name, email, phone string) {
	all := name + email + phone
	if len(all) == len(name) {
		all = strings.Clone(name)
	}
	r.name, all = all[:len(name)], all[len(name):]
	r.email, r.phone = all[:len(email)], all[len(email):]
}

func (w *workspace) newIdentities(identities []visitor.Identity) []identity {
	if len(identities) == 0 {
		return nil
	}
	list := make([]identity, len(identities))
	for n, i := range identities {
		all := string(append([]byte(i.Account+i.ExternalID), i.Username...))
		account, rest := all[:len(i.Account)], all[len(i.Account):]
		list[n] = identity{
			channel: w.channels.intern(string(i.Source)),
			account: account, externalID: rest[:len(i.ExternalID)], username: rest[len(i.ExternalID):],
			usernameAt: driver.Micros(i.UsernameAt), first: driver.Micros(i.FirstSeen), last: driver.Micros(i.LastSeen),
		}
	}
	return list
}

func (w *workspace) newAttributes(attributes visitor.Attributes) []attribute {
	if len(attributes) == 0 {
		return nil
	}
	list := make([]attribute, 0, len(attributes))
	for name, value := range attributes {
		list = append(list, attribute{w.attributes.intern(name), value})
	}
	slices.SortFunc(list, func(a, b attribute) int { return cmp.Compare(a.name.text, b.name.text) })
	return list
}

// newTags returns the links to the tags of a visitor that has the old ones. An assignment
// that was read keeps its link, since Visitors may have returned only its id.
func (t *tx) newTags(old []link[tag.Tag], before, tags []tag.Assignment) ([]link[tag.Tag], error) {
	if len(tags) == 0 {
		return nil, nil
	}
	links := make([]link[tag.Tag], len(tags))
	next := 0
	for n := range tags {
		a := &tags[n]
		if i := indexOf(old, next, string(a.Tag)); i >= 0 && slices.Contains(before, *a) {
			links[n], next = old[i], i+1
		} else if e := t.tags.byID[string(a.Tag)]; e != nil {
			links[n] = link[tag.Tag]{e, driver.Micros(a.At), t.intern(author{a.Actor, a.Cause})}
		} else {
			return nil, driver.NotFound("tag", string(a.Tag))
		}
	}
	slices.SortFunc(links, func(a, b link[tag.Tag]) int { return cmp.Compare(a.to.value.Name, b.to.value.Name) })
	return links, nil
}

// newMemberships is newTags for groups.
func (t *tx) newMemberships(old []link[group.Group], before, memberships []visitor.Membership) ([]link[group.Group], error) {
	if len(memberships) == 0 {
		return nil, nil
	}
	links := make([]link[group.Group], len(memberships))
	next := 0
	for n := range memberships {
		m := &memberships[n]
		if i := indexOf(old, next, string(m.Group)); i >= 0 && slices.Contains(before, *m) {
			links[n], next = old[i], i+1
		} else if e := t.groups.byID[string(m.Group)]; e != nil {
			links[n] = link[group.Group]{e, driver.Micros(m.At), t.intern(author{m.Actor, m.Cause})}
		} else {
			return nil, driver.NotFound("group", string(m.Group))
		}
	}
	return links, nil
}

// indexOf returns the index of the link to the tag or group with that id, or -1. It looks at
// next first, since edited lists are mostly in the same order.
func indexOf[T any](links []link[T], next int, id string) int {
	for n := range links {
		if i := (next + n) % len(links); links[i].to.id == id {
			return i
		}
	}
	return -1
}

func (w *workspace) newExcluded(ids []group.ID) ([]*entry[group.Group], error) {
	var excluded []*entry[group.Group]
	for _, id := range ids {
		e := w.groups.byID[string(id)]
		if e == nil {
			return nil, driver.NotFound("group", string(id))
		}
		excluded = append(excluded, e)
	}
	return excluded, nil
}
