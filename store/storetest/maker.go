package storetest

import (
	"fmt"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/tag/id"
	"github.com/contactpipeline/visitors/visitor"
)

// maker makes values as a Workspace passes them to a store. Its clock advances by a little
// more than a second each time it is read.
type maker struct {
	clock time.Time
	ids   uint64 // made so far
}

func (m *maker) now() time.Time {
	m.clock = m.clock.Add(time.Second + time.Microsecond)
	return m.clock
}

// id makes an id of time t. Ids of one time are not in the order in which they are made.
func (m *maker) id(t time.Time) string {
	m.ids++
	const mask = 1<<48 - 1
	return fmt.Sprintf("%s%012x", id.First(t)[:24], m.ids*0x9E3779B97F4B&mask)
}

// audit returns the audit of a change that is made now.
func (m *maker) audit() driver.Audit { return auditAt(m.now()) }

func auditAt(t time.Time) driver.Audit { return driver.Audit{At: t, Actor: "ann", Cause: "import"} }

func (m *maker) visitor(name string) visitor.Visitor { return m.visitorAt(name, m.now()) }

func (m *maker) visitorAt(name string, at time.Time) visitor.Visitor {
	return visitor.Visitor{
		ID: visitor.ID(m.id(at)), Name: name, Source: visitor.Instagram,
		CreatedAt: at, UpdatedAt: at.Add(time.Minute), Revision: 1,
	}
}

func (m *maker) tag(name string) tag.Tag {
	at := m.now()
	return tag.Tag{ID: tag.ID(m.id(at)), Name: name, Color: tag.ColorFor(name), CreatedAt: at}
}

func (m *maker) group(name string, rule filter.Expr) group.Group {
	at := m.now()
	return group.Group{ID: group.ID(m.id(at)), Name: name, Rule: rule, CreatedAt: at}
}

// everything returns a visitor with every field, in the groups.
func (m *maker) everything(name string, groups ...group.ID) visitor.Visitor {
	v := m.visitor(name)
	v.Email, v.Phone, v.Source = "Ada.Lovelace@example.com", "+5511987654321", visitor.WhatsApp
	v.Identities = []visitor.Identity{
		{Source: visitor.Telegram, ExternalID: "9007199254740993", Username: "ada", FirstSeen: v.CreatedAt, LastSeen: v.CreatedAt.Add(time.Hour),
			Inboxes: []string{"Bot", "bot 2"}, InboxTimes: []time.Time{v.CreatedAt.Add(time.Hour), v.CreatedAt}},
		{Source: visitor.WhatsApp, Account: "5511000", ExternalID: "5511987654321"},
		{Source: visitor.WhatsApp, Account: "5511001", ExternalID: "5511987654321", LastSeen: v.CreatedAt, Inboxes: []string{"1055", "Bot"}, InboxTimes: make([]time.Time, 2)},
	}
	v.Attributes = visitor.Attributes{
		"born":  visitor.Time(time.Date(1815, 12, 10, 8, 0, 0, 1_000, time.UTC)),
		"city":  visitor.Text("São Paulo"),
		"langs": visitor.List("pt", "en", "pt"),
		"no":    visitor.Bool(false),
		"score": visitor.Number(0.1),
		"vip":   visitor.Bool(true),
	}
	v.LastSeenAt = v.CreatedAt.Add(time.Hour)
	return inGroups(v, groups...)
}

// create returns the change that creates v, with the tags and in the groups that v is in.
func create(v visitor.Visitor, tags ...tag.Tag) driver.CreateVisitor {
	return driver.CreateVisitor{Audit: auditAt(v.UpdatedAt), Visitor: v, Tags: keys(tags...), Groups: v.Groups()}
}

func keys(tags ...tag.Tag) []string {
	var keys []string
	for _, t := range tags {
		keys = append(keys, tag.Key(t.Name))
	}
	return keys
}

// with returns v as it is after create(v, tags...). The tags are given in the order of
// their names.
func with(v visitor.Visitor, tags ...tag.Tag) visitor.Visitor {
	v.Tags = nil
	for _, t := range tags {
		v.Tags = append(v.Tags, tag.Assignment{Tag: t.ID, Name: t.Name, Color: t.Color, At: v.UpdatedAt, Actor: "ann", Cause: "import"})
	}
	return v
}

// inGroups returns v as a member of these groups and no others since it was created.
func inGroups(v visitor.Visitor, groups ...group.ID) visitor.Visitor {
	v.Memberships = nil
	for _, g := range groups {
		v.Memberships = append(v.Memberships, membership(g, auditAt(v.UpdatedAt)))
	}
	return v.Sorted()
}

func membership(g group.ID, a driver.Audit) visitor.Membership {
	return visitor.Membership{Group: g, At: a.At, Actor: a.Actor, Cause: a.Cause}
}

func ptr[T any](v T) *T { return &v }
