package storetest

import (
	"fmt"
	"reflect"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor"
)

// auditPromises are about when, by whom and why changes were made.
var auditPromises = []promise{
	{"every event has the time, actor and cause of its change", "The events must answer who made a change, and why.", checkAuditOfEvents},
	{"all events of one capture have its time, actor and cause", "A capture may create tags and merge visitors.", checkAuditOfCapture},
	{"a membership has the time, actor and cause of its first addition", "A campaign asks who added a person and when; adding again must not overwrite that.", checkAuditOfMembership},
	{"memberships and assignments keep time, actor and cause through a merge and its undoing", "A correction must not rewrite history.", checkAuditThroughMerge},
	{"a Workspace records its actor and cause", "A host sets its user once per request.", checkWorkspaceActor},
}

// auditOf is an audit that differs for every n.
func (m *maker) auditOf(n int) driver.Audit {
	return driver.Audit{At: m.now(), Actor: fmt.Sprint("actor ", n), Cause: fmt.Sprint("cause ", n)}
}

func withAudit(c driver.Change, a driver.Audit) driver.Change {
	v := reflect.New(reflect.TypeOf(c)).Elem()
	v.Set(reflect.ValueOf(c))
	v.FieldByName("Audit").Set(reflect.ValueOf(a))
	return v.Interface().(driver.Change)
}

// audits returns what events record of their changes.
func audits(events []driver.Event) []driver.Audit {
	var all []driver.Audit
	for _, e := range events {
		all = append(all, driver.Audit{At: e.At, Actor: e.Actor, Cause: e.Cause})
	}
	return all
}

func checkAuditOfEvents(f *fixture) {
	before, changes := f.everyChange()
	f.given(before...)
	after := driver.Seq(len(before))
	var want []driver.Audit
	for i, c := range changes {
		want = append(want, f.auditOf(i))
		changes[i] = withAudit(c, want[i])
	}
	want[len(want)-1] = driver.Audit{At: f.now()} // without actor and cause
	changes[len(want)-1] = withAudit(changes[len(want)-1], want[len(want)-1])
	f.must(changes...)
	f.same("audits of the events", audits(f.events(f.ws, after)), want)
}

func checkAuditOfCapture(f *fixture) {
	a, b, both := f.contact("111", "Ada"), f.contact("BR.1", "Ada"), f.contact("111", "Ada")
	a.Source, b.Source, both.Source = visitor.WhatsApp, visitor.WhatsApp, visitor.WhatsApp
	both.AlternateIDs = []visitor.Identity{{Source: visitor.WhatsApp, ExternalID: "BR.1"}}
	f.captured(a)
	f.captured(b)
	n := driver.Seq(len(f.events(f.ws, 0)))
	c := f.capture(both, f.tag("new"), f.tag("newer"))
	c.Audit = f.auditOf(1)
	v := f.must(c)[0].Visitor
	f.same("audits of the events", audits(f.events(f.ws, n)), []driver.Audit{c.Audit, c.Audit, c.Audit, c.Audit})
	for _, t := range f.get(v.ID).Tags {
		f.same("audit of the tag", driver.Audit{At: t.At, Actor: t.Actor, Cause: t.Cause}, c.Audit)
	}
}

func checkAuditOfMembership(f *fixture) {
	team, crew, rule, v := f.group("Team", nil), f.group("Crew", nil), f.group("Rule", filter.None()), f.visitor("Ada")
	created := driver.CreateVisitor{Visitor: v, Groups: []group.ID{crew.ID, team.ID}, Audit: f.auditOf(1)}
	f.given(driver.CreateGroup{Group: team}, driver.CreateGroup{Group: crew}, driver.CreateGroup{Group: rule}, created)
	check := func(when string, audits map[group.ID]driver.Audit) {
		f.Helper()
		want := v
		for g, a := range audits {
			want.Memberships = append(want.Memberships, membership(g, a))
		}
		want = want.Sorted()
		f.same("the visitor "+when, f.get(v.ID), want)
		f.same("the visitor found "+when, f.visitors(f.ws), []visitor.Visitor{want})
	}
	check("as created", map[group.ID]driver.Audit{team.ID: created.Audit, crew.ID: created.Audit})
	f.must(driver.AddToGroup{Group: team.ID, ID: v.ID, Audit: f.auditOf(2)})
	check("added again", map[group.ID]driver.Audit{team.ID: created.Audit, crew.ID: created.Audit})
	f.must(driver.RemoveFromGroup{Group: team.ID, ID: v.ID, Audit: f.auditOf(3)})
	f.must(driver.RemoveFromGroup{Group: rule.ID, ID: v.ID, Audit: f.auditOf(4)})
	again, anew := f.auditOf(5), f.auditOf(6)
	f.must(driver.AddToGroup{Group: team.ID, ID: v.ID, Audit: again}, driver.AddToGroup{Group: rule.ID, ID: v.ID, Audit: anew})
	want := map[group.ID]driver.Audit{team.ID: again, crew.ID: created.Audit, rule.ID: anew}
	check("added after it was removed", want)
	f.must(driver.UpdateGroup{ID: team.ID, Patch: group.Patch{Name: ptr("Team 2")}, Audit: f.auditOf(7)}, driver.DeleteGroup{ID: crew.ID, Audit: f.auditOf(8)})
	delete(want, crew.ID)
	check("after groups changed", want)
}

func checkAuditThroughMerge(f *fixture) {
	vip, team, crew := f.tag("vip"), f.group("Team", nil), f.group("Crew", nil)
	f.given(driver.CreateTag{Tag: vip}, driver.CreateGroup{Group: team}, driver.CreateGroup{Group: crew})
	a, b := f.visitor("Ada"), f.visitor("Bea")
	f.given(create(a), create(b),
		driver.AddToGroup{Group: team.ID, ID: a.ID, Audit: f.auditOf(1)}, driver.AddToGroup{Group: team.ID, ID: b.ID, Audit: f.auditOf(2)},
		driver.AddToGroup{Group: crew.ID, ID: b.ID, Audit: f.auditOf(3)}, driver.AddTags{ID: b.ID, Tags: keys(vip), Audit: f.auditOf(4)})
	before := []visitor.Visitor{f.get(a.ID), f.get(b.ID)}
	f.given(f.merge(a.ID, b.ID))
	merged := f.get(a.ID)
	for _, m := range before[1].Memberships {
		if m.Group == crew.ID {
			f.same("the membership of the other visitor", merged.Memberships[len(merged.Memberships)-1:], []visitor.Membership{m})
		}
	}
	f.same("memberships", len(merged.Memberships), 2)
	f.same("tags", merged.Tags, before[1].Tags)
	f.given(driver.UnmergeVisitor{From: b.ID, Audit: f.audit()})
	for _, v := range before {
		f.same("memberships after the merge was undone", f.get(v.ID).Memberships, v.Memberships)
		f.same("tags after the merge was undone", f.get(v.ID).Tags, v.Tags)
	}
}

func checkWorkspaceActor(f *fixture) {
	ctx := f.Context()
	ws, err := f.open(nil).WithActor("ann@host", "campaign 7")
	f.ok(err)
	g, err := ws.CreateGroup(ctx, group.Draft{Name: "Team"})
	f.ok(err)
	v, err := ws.Create(ctx, visitor.Draft{Name: "Ada", Source: visitor.Chat, Tags: []string{"vip"}, Groups: []group.ID{g.ID}})
	f.ok(err)
	f.same("actor and cause of the tag", []string{v.Tags[0].Actor, v.Tags[0].Cause}, []string{"ann@host", "campaign 7"})
	f.same("actor and cause of the membership", []string{v.Memberships[0].Actor, v.Memberships[0].Cause}, []string{"ann@host", "campaign 7"})
	_, err = ws.Tag(ctx, []string{"new"}, v.ID)
	f.ok(err)
	events := 0
	for e, err := range ws.Events(ctx, 0) {
		f.ok(err)
		events++
		f.same("actor and cause of "+string(e.Kind), []string{e.Actor, e.Cause}, []string{"ann@host", "campaign 7"})
		f.same(string(e.Kind)+" has a time", e.At.IsZero(), false)
	}
	f.same("events", events, 5)
	var kinds []store.EventKind
	for e, err := range ws.EventsOf(ctx, v.ID) {
		f.ok(err)
		kinds = append(kinds, e.Kind)
	}
	f.same("history of the visitor", kinds, []store.EventKind{store.VisitorCreated, store.VisitorTagged})
}
