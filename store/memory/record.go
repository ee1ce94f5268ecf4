package memory

import (
	"slices"
	"strings"
	"unique"

	"github.com/google/uuid"

	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// record is a visitor as it is kept. It is never changed: a change puts another one in
// its place. Times are in microseconds, as store.Micros has them.
type record struct {
	id                     uuid.UUID
	name, email, phone     string // parts of one string
	source                 *mark
	created, updated, seen int64
	revision               int64
	tags                   []assignment          // by name, unless one was renamed since
	groups, excluded       []*label[group.Group] // by id
	identities             []identity            // as visitor.Identity.Compare has them
	attributes             []attribute           // by name
	origins                visitor.Origins
}

type assignment struct {
	tag       *label[tag.Tag]
	at        int64
	by, cause unique.Handle[string]
}

type identity struct {
	channel                       *mark
	account, externalID, username string // parts of one string
	named, first, last            int64
}

type attribute struct {
	name  *mark
	value visitor.Value
}

// parseID reads an id, or returns false for what is none in the 36-character form.
func parseID(id visitor.ID) (uuid.UUID, bool) {
	if len(id) != 36 {
		return uuid.UUID{}, false
	}
	u, err := uuid.Parse(string(id))
	return u, err == nil
}

// newRecord returns v without tags and groups.
func (w *workspace) newRecord(id uuid.UUID, v visitor.Visitor) *record {
	r := &record{
		id:         id,
		source:     w.sources.at(string(v.Source)),
		created:    store.Micros(v.CreatedAt),
		updated:    store.Micros(v.UpdatedAt),
		seen:       store.Micros(v.LastSeenAt),
		revision:   v.Revision,
		attributes: w.attributesOf(v.Attributes),
		origins:    v.Origins.Clone(),
	}
	r.setText(v.Name, v.Email, v.Phone)
	if len(v.Identities) > 0 {
		sorted := slices.Clone(v.Identities)
		slices.SortFunc(sorted, visitor.Identity.Compare)
		r.identities = make([]identity, len(sorted))
		for i, given := range sorted {
			r.identities[i] = w.newIdentity(given)
		}
	}
	return r
}

// setText keeps the texts in one string of their own, so that they hold on to nothing of
// the caller's.
func (r *record) setText(name, email, phone string) {
	all := name + email + phone
	if len(all) == len(name) {
		all = string([]byte(name))
	}
	r.name, all = all[:len(name)], all[len(name):]
	r.email, r.phone = all[:len(email)], all[len(email):]
}

func (w *workspace) newIdentity(i visitor.Identity) identity {
	all := string(append([]byte(i.Account+i.ExternalID), i.Username...))
	account, rest := all[:len(i.Account)], all[len(i.Account):]
	return identity{
		channel: w.channels.at(string(i.Source)),
		account: account, externalID: rest[:len(i.ExternalID)], username: rest[len(i.ExternalID):],
		named: store.Micros(i.UsernameAt), first: store.Micros(i.FirstSeen), last: store.Micros(i.LastSeen),
	}
}

func (w *workspace) attributesOf(a visitor.Attributes) []attribute {
	if len(a) == 0 {
		return nil
	}
	list := make([]attribute, 0, len(a))
	for name, value := range a {
		list = append(list, attribute{w.attributes.at(name), value})
	}
	slices.SortFunc(list, func(a, b attribute) int { return strings.Compare(a.name.name, b.name.name) })
	return list
}

// visitor returns r as callers see it: a copy that shares nothing.
func (r *record) visitor() (v visitor.Visitor) {
	r.fill(&v)
	return v
}

// fill makes v, which is the zero Visitor, what visitor returns.
func (r *record) fill(v *visitor.Visitor) {
	v.ID, v.Name, v.Email, v.Phone = visitor.ID(r.id.String()), r.name, r.email, r.phone
	v.Source, v.Revision = visitor.Source(r.source.name), r.revision
	v.CreatedAt, v.UpdatedAt, v.LastSeenAt = store.FromMicros(r.created), store.FromMicros(r.updated), store.FromMicros(r.seen)
	v.Groups, v.Excluded = groupIDs(r.groups), groupIDs(r.excluded)
	if len(r.identities) > 0 {
		v.Identities = r.appendIdentities(make([]visitor.Identity, 0, len(r.identities)))
	}
	if len(r.tags) > 0 {
		v.Tags = make([]tag.Assignment, len(r.tags))
		for i, a := range r.tags {
			v.Tags[i] = tag.Assignment{
				Tag: a.tag.value.ID, Name: a.tag.value.Name, Color: a.tag.value.Color,
				At: store.FromMicros(a.at), By: a.by.Value(), Cause: a.cause.Value(),
			}
		}
		slices.SortFunc(v.Tags, tag.Assignment.Compare)
	}
	if len(r.attributes) > 0 {
		v.Attributes = make(visitor.Attributes, len(r.attributes))
		for _, a := range r.attributes {
			v.Attributes[a.name.name] = a.value
		}
	}
	v.Origins = r.origins.Clone()
}

func (r *record) appendIdentities(to []visitor.Identity) []visitor.Identity {
	for _, i := range r.identities {
		to = append(to, visitor.Identity{
			Source: visitor.Source(i.channel.name), Account: i.account, ExternalID: i.externalID, Username: i.username,
			UsernameAt: store.FromMicros(i.named), FirstSeen: store.FromMicros(i.first), LastSeen: store.FromMicros(i.last),
		})
	}
	return to
}

// carries returns the place of the tag among r's, or -1.
func (r *record) carries(t *label[tag.Tag]) int {
	return slices.IndexFunc(r.tags, func(a assignment) bool { return a.tag == t })
}

func groupIDs(groups []*label[group.Group]) []group.ID {
	if len(groups) == 0 {
		return nil
	}
	ids := make([]group.ID, len(groups))
	for i, g := range groups {
		ids[i] = g.value.ID
	}
	return ids
}
