package memory

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/internal/index"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// set writes after into r, its profile only if it is among the parts. What before and after
// have in common is left as it is: tagging a visitor copies neither its texts nor its identities.
func (t *tx) set(r *record, before, after *visitor.Visitor, parts driver.Parts) (err error) {
	if parts.Has(driver.Profile) {
		r.source = t.index.Set(index.Source, string(after.Source))
		r.created, r.updated, r.seen = driver.Micros(after.CreatedAt), driver.Micros(after.UpdatedAt), driver.Micros(after.LastSeenAt)
		r.revision = after.Revision
		if r.name != after.Name || r.email != after.Email || r.phone != after.Phone {
			r.setText(after.Name, after.Email, after.Phone)
		}
		if !maps.Equal(before.Provenance, after.Provenance) {
			r.origins = after.Provenance.Clone()
		}
	}
	if !slices.EqualFunc(before.Identities, after.Identities, visitor.Identity.Equal) {
		r.identities = t.newIdentities(after.Identities)
	}
	if parts.Has(driver.Consents) {
		r.said = nil
		if len(after.Consents)+len(after.Health) > 0 {
			r.said = &said{slices.Clone(after.Consents), slices.Clone(after.Health)}
		}
	}
	if !before.Attributes.Equal(after.Attributes) {
		r.attributes = t.newAttributes(after.Attributes)
	}
	if !slices.Equal(before.Tags, after.Tags) {
		r.tags, err = newLinks(t, "tag", &t.tags, r.tags, before.Tags, after.Tags,
			func(a *tag.Assignment) (string, time.Time, author) {
				return string(a.Tag), a.At, author{a.Actor, a.Cause}
			})
		if err != nil {
			return err
		}
		slices.SortFunc(r.tags, func(a, b link[tag.Tag]) int { return cmp.Compare(a.to.value.Name, b.to.value.Name) })
	}
	if !slices.Equal(before.Memberships, after.Memberships) {
		r.memberships, err = newLinks(t, "group", &t.groups, r.memberships, before.Memberships, after.Memberships,
			func(m *visitor.Membership) (string, time.Time, author) {
				return string(m.Group), m.At, author{m.Actor, m.Cause}
			})
		if err != nil {
			return err
		}
	}
	if !slices.Equal(before.Excluded, after.Excluded) {
		r.excluded, err = newLinks(t, "group", &t.groups, r.excluded, before.Excluded, after.Excluded,
			func(g *group.ID) (string, time.Time, author) { return string(*g), time.Time{}, author{} })
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
			channel: w.index.Set(index.Channel, string(i.Source)),
			account: account, externalID: rest[:len(i.ExternalID)], username: rest[len(i.ExternalID):],
			usernameAt: driver.Micros(i.UsernameAt), first: driver.Micros(i.FirstSeen), last: driver.Micros(i.LastSeen),
		}
		for k, name := range i.Inboxes {
			list[n].inboxes = append(list[n].inboxes, inbox{w.index.Set(index.Inbox, name), driver.Micros(i.InboxTimes[k])})
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
		list = append(list, attribute{w.index.Set(index.Attribute, name), value})
	}
	slices.SortFunc(list, func(a, b attribute) int { return cmp.Compare(a.name.Name, b.name.Name) })
	return list
}

// newLinks returns the links of a list, in its order. An item that was read keeps its old
// link, since Visitors may have returned only its id.
func newLinks[T any, I comparable](
	t *tx, kind string, to *catalog[T], old []link[T], before, after []I, details func(*I) (id string, at time.Time, by author),
) ([]link[T], error) {
	if len(after) == 0 {
		return nil, nil
	}
	links := make([]link[T], len(after))
	next := 0
	for n := range after {
		id, at, by := details(&after[n])
		if i := indexOf(old, next, id); i >= 0 && slices.Contains(before, after[n]) {
			links[n], next = old[i], i+1
		} else if e := to.byID[id]; e != nil {
			links[n] = link[T]{e, driver.Micros(at), t.intern(by)}
		} else {
			return nil, driver.NotFound(kind, id)
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
