package memory

import (
	"slices"
	"unique"

	"github.com/google/uuid"

	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/internal/index"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

// record is a visitor as it is stored: in less memory than a visitor.Visitor. A record is
// never modified but replaced, so that a transaction that fails can put the old one back.
// Times are those of driver.Micros.
type record struct {
	id                     uuid.UUID
	name, email, phone     string // parts of one string
	source                 *index.Set
	created, updated, seen int64
	revision               int64
	tags                   []link[tag.Tag]     // ordered by name, except for tags that were renamed since
	memberships, excluded  []link[group.Group] // ordered by id
	identities             []identity          // ordered as by visitor.Identity.Compare
	attributes             []attribute         // ordered by name
	origins                visitor.Provenances
	said                   *said // nil: nothing
}

// said is what stands about the addresses of a visitor. It is not modified.
type said struct {
	consents []consent.Status
	health   []consent.Health
}

// link says that a visitor has a tag or was added to a group, when, by whom and why. Of a
// group that it was removed from, only the group is known.
type link[T any] struct {
	to *entry[T]
	at int64
	by unique.Handle[author]
}

// author is who made a change and why. Many changes have the same, so it is interned.
type author struct{ actor, cause string }

type identity struct {
	channel                       *index.Set
	account, externalID, username string // parts of one string
	usernameAt, first, last       int64
	inboxes                       []inbox // newest first
}

type inbox struct {
	name *index.Set
	at   int64
}

type attribute struct {
	name  *index.Set
	value visitor.Value
}

// parseID parses an id in the 36-character form.
func parseID(id visitor.ID) (uuid.UUID, bool) {
	if len(id) != 36 {
		return uuid.UUID{}, false
	}
	u, err := uuid.Parse(string(id))
	return u, err == nil
}

// formatID is the inverse of parseID. It returns "" for the zero UUID.
func formatID(id uuid.UUID) visitor.ID {
	if id == uuid.Nil {
		return ""
	}
	return visitor.ID(id.String())
}

// visitor returns a copy that shares nothing with r.
func (r *record) visitor() (v visitor.Visitor) {
	r.fill(&v, formatID(r.id), driver.AllParts)
	return v
}

// fill sets the id and the given parts of v, which is the zero Visitor. id is that of r.
func (r *record) fill(v *visitor.Visitor, id visitor.ID, parts driver.Parts) {
	v.ID = id
	if parts.Has(driver.Profile) {
		v.Name, v.Email, v.Phone = r.name, r.email, r.phone
		v.Source, v.Revision = visitor.Source(r.source.Name), r.revision
		v.CreatedAt, v.UpdatedAt, v.LastSeenAt = driver.FromMicros(r.created), driver.FromMicros(r.updated), driver.FromMicros(r.seen)
		v.Provenance = r.origins.Clone()
	}
	if parts.Has(driver.Identities) && len(r.identities) > 0 {
		v.Identities = r.appendIdentities(make([]visitor.Identity, 0, len(r.identities)))
	}
	if parts.Has(driver.Tags) && len(r.tags) > 0 {
		v.Tags = r.assignments(parts.Has(driver.Profile))
	}
	if parts.Has(driver.Groups) {
		v.Memberships, v.Excluded = r.groups(parts.Has(driver.Profile))
	}
	if parts.Has(driver.Consents) && r.said != nil {
		v.Consents, v.Health = slices.Clone(r.said.consents), slices.Clone(r.said.health)
	}
	if parts.Has(driver.Attributes) && len(r.attributes) > 0 {
		v.Attributes = make(visitor.Attributes, len(r.attributes))
		for _, a := range r.attributes {
			v.Attributes[a.name.Name] = a.value
		}
	}
}

// assignments returns the tags or, if not complete, only their ids.
func (r *record) assignments(complete bool) []tag.Assignment {
	list := make([]tag.Assignment, len(r.tags))
	for i, l := range r.tags {
		t := &l.to.value
		if list[i].Tag = t.ID; complete {
			by := l.by.Value()
			list[i] = tag.Assignment{Tag: t.ID, Name: t.Name, Color: t.Color, At: driver.FromMicros(l.at), Actor: by.actor, Cause: by.cause}
		}
	}
	if complete {
		slices.SortFunc(list, tag.Assignment.Compare)
	}
	return list
}

// groups returns the groups or, if not complete, only their ids.
func (r *record) groups(complete bool) (memberships []visitor.Membership, excluded []group.ID) {
	for _, l := range r.memberships {
		m := visitor.Membership{Group: l.to.value.ID}
		if complete {
			by := l.by.Value()
			m.At, m.Actor, m.Cause = driver.FromMicros(l.at), by.actor, by.cause
		}
		memberships = append(memberships, m)
	}
	for _, l := range r.excluded {
		excluded = append(excluded, l.to.value.ID)
	}
	return memberships, excluded
}

func (r *record) appendIdentities(to []visitor.Identity) []visitor.Identity {
	for _, i := range r.identities {
		v := visitor.Identity{
			Source: visitor.Source(i.channel.Name), Account: i.account, ExternalID: i.externalID, Username: i.username,
			UsernameAt: driver.FromMicros(i.usernameAt), FirstSeen: driver.FromMicros(i.first), LastSeen: driver.FromMicros(i.last),
		}
		for _, in := range i.inboxes {
			v.Inboxes, v.InboxTimes = append(v.Inboxes, in.name.Name), append(v.InboxTimes, driver.FromMicros(in.at))
		}
		to = append(to, v)
	}
	return to
}
