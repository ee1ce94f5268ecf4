package storetest

import (
	"fmt"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

// everyChange returns one change of every kind but ReapplyErasure, which needs a receipt of the
// store, each with an effect and one event, and the changes that
// must be made before.
func (f *fixture) everyChange() (before, changes []driver.Change) {
	vip, lead, fresh := f.tag("vip"), f.tag("Hot Lead"), f.tag("fresh")
	team, rule, newGroup := f.group("Team", nil), f.group("Rule", filter.All()), f.group("New", nil)
	a, b, c := f.everything("Ada", team.ID), f.visitor("Bob"), inGroups(f.visitor("Cleo"), newGroup.ID)
	eve, past, next := f.visitor("Eve"), f.audience("Past", 2), f.audience("Next", 1)
	job := f.job(driver.Action{Kind: driver.ActionTag}, vip)
	bens := consent.Subject{Channel: consent.Email, Address: "ben@example.com"}
	before = []driver.Change{
		driver.CreateTag{Tag: vip, Audit: f.audit()}, driver.CreateTag{Tag: lead, Audit: f.audit()},
		driver.CreateGroup{Group: team, Audit: f.audit()}, driver.CreateGroup{Group: rule, Audit: f.audit()},
		create(a, vip, lead), create(b), create(eve),
		driver.PutTopic{Topic: consent.Topic{Key: "old", Default: consent.OptIn}, Audit: f.audit()},
		driver.PutAudience{Audience: past, Part: 1, Visitors: []visitor.ID{a.ID, b.ID}, Audit: f.audit()},
	}
	c.Identities = []visitor.Identity{{Source: visitor.Chat, ExternalID: "c"}}
	linked := visitor.Identity{Source: visitor.Telegram, ExternalID: "b"}
	dan := f.capture(f.contact("77", "Dan"))
	changes = []driver.Change{
		driver.EnsureTag{Tag: fresh, Audit: f.audit()},
		driver.CreateTag{Tag: f.tag("another"), Audit: f.audit()},
		driver.CreateGroup{Group: newGroup, Audit: f.audit()},
		create(c, fresh),
		driver.UpdateVisitor{ID: b.ID, Patch: visitor.Patch{Name: ptr("Ben"), Email: ptr("ben@example.com"), Set: visitor.Attributes{"n": visitor.Number(1)}}, Audit: f.audit()},
		driver.AddTags{ID: b.ID, Tags: []string{"vip", "fresh"}, Audit: f.audit()},
		driver.RemoveTags{ID: a.ID, Tags: []string{"vip"}, Audit: f.audit()},
		driver.UpdateTag{ID: lead.ID, Patch: tag.Patch{Name: ptr("Warm Lead")}, Audit: f.audit()},
		driver.AddToGroup{Group: team.ID, ID: b.ID, Audit: f.audit()},
		driver.RemoveFromGroup{Group: team.ID, ID: a.ID, Audit: f.audit()},
		driver.RemoveFromGroup{Group: rule.ID, ID: a.ID, Audit: f.audit()},
		driver.UpdateGroup{ID: rule.ID, Patch: group.Patch{Name: ptr("Rules"), Rule: filter.Email.Exists()}, Audit: f.audit()},
		driver.LinkIdentity{ID: b.ID, Identity: linked, Audit: f.audit()},
		driver.UnlinkIdentity{ID: b.ID, Identity: linked, Audit: f.audit()},
		dan,
		driver.MergeVisitors{Into: c.ID, From: dan.ID, Audit: f.audit()},
		driver.UnmergeVisitor{From: dan.ID, Audit: f.audit()},
		driver.DeleteVisitor{ID: dan.ID, Audit: f.audit()},
		driver.PutTopic{Topic: consent.Topic{Key: "news", Default: consent.OptIn}, Audit: f.audit()},
		driver.DeleteTopic{Key: "old", Audit: f.audit()},
		f.record(f.said(bens, "news", consent.Granted)),
		f.report(bens, consent.SoftBounce),
		driver.PutAudience{Audience: next, Part: 1, Visitors: []visitor.ID{b.ID}, Audit: f.audit()},
		driver.DeleteAudience{ID: past.ID, Audit: f.audit()},
		driver.EraseVisitor{ID: eve.ID, Reason: "a letter", Audit: f.audit()},
		driver.PutJob{Job: job, Part: 1, Visitors: []visitor.ID{b.ID}, Audit: f.audit()},
		driver.StepJob{ID: job.ID, Step: driver.StepCancel, Audit: f.audit()},
		driver.DeleteTag{ID: vip.ID, Audit: f.audit()},
		driver.DeleteGroup{ID: team.ID, Audit: f.audit()},
		driver.DeleteVisitor{ID: a.ID, Audit: f.audit()},
	}
	return before, changes
}

var applyPromises = []promise{
	{"a change sees the changes before it", "A visitor is created together with its new tag.", checkLaterChangesSeeEarlierOnes},
	{"changes in one call have the same result as one at a time", "How a host divides its work into calls must not change the result.", checkOneCallEqualsManyCalls},
	{"all changes of a call are made or none, wherever one fails", "Half an import can neither be kept nor be repeated.", checkAllOrNone},
	{"a failed call uses up no ids and no event numbers", "After a failure the corrected call must work.", checkFailedCallLeavesNothing},
	{"a call without changes does nothing", "An empty list is what remains if all of a batch was refused.", checkNoChanges},
	{"thousands of changes are made in one call", "Bulk work is safe only in one transaction.", checkThousandsOfChanges},
	{"one call may make and undo a change", "A rule engine that adds and removes in one call must end with the last change.", checkDoAndUndo},
	{"an item that is removed and added again in one call has its new data", "A back end that writes only differences must compare whole assignments, memberships and identities.", checkReplaceInOneCall},
}

func checkLaterChangesSeeEarlierOnes(f *fixture) {
	before, changes := f.everyChange()
	f.given(before...)
	out := f.must(changes...)
	f.effects(out, driver.Created, driver.Created, driver.Created, driver.Created, driver.Updated, driver.Updated, driver.Updated, driver.Updated,
		driver.Updated, driver.Updated, driver.Updated, driver.Updated, driver.Updated, driver.Updated, driver.Created, driver.Updated, driver.Updated,
		driver.Deleted, driver.Created, driver.Deleted, driver.Updated, driver.Updated, driver.Created, driver.Deleted, driver.Deleted,
		driver.Created, driver.Updated, driver.Deleted, driver.Deleted, driver.Deleted)
	f.same("visitors", f.matches(filter.All()), "Ben, Cleo")
	f.same("who has the new tag", f.matches(filter.Tag.Has("fresh")), "Ben, Cleo")
	f.same("who is in the new group", f.matches(filter.Group.Has("new")), "Cleo")
	f.same("tags", tagNames(f.tags(f.ws)), []string{"another", "fresh", "Warm Lead"})
}

func checkOneCallEqualsManyCalls(f *fixture) {
	before, changes := f.everyChange()
	f.given(before...)
	together := f.must(changes...)
	single := f.newFixture(f.reporter)
	single.given(before...)
	for i, c := range changes {
		f.same(fmt.Sprintf("outcome of %T", c), portable(together[i]), portable(single.must(c)[0]))
	}
	f.same("the workspace", f.dump(f.ws), single.dump(single.ws))
}

func checkAllOrNone(f *fixture) {
	before, changes := f.everyChange()
	f.given(before...)
	gone := visitor.ID(f.id(f.clock))
	failing := driver.UpdateVisitor{ID: gone, Patch: visitor.Patch{Name: ptr("x")}, Audit: f.audit()}
	for i := range len(changes) + 1 {
		f.refused(driver.ErrNotFound, "visitor", string(gone), i, append(append([]driver.Change{}, changes[:i]...), failing)...)
	}
	f.refused(driver.ErrNotFound, "visitor", string(gone), 2, append([]driver.Change{changes[0], changes[1], failing}, changes[2:]...)...)
}

func checkFailedCallLeavesNothing(f *fixture) {
	before, changes := f.everyChange()
	f.given(before...)
	n := len(f.events(f.ws, 0))
	failing := driver.UpdateGroup{ID: group.ID(f.id(f.clock)), Patch: group.Patch{Name: ptr("x")}, Audit: f.audit()}
	f.refused(driver.ErrNotFound, "group", string(failing.ID), len(changes), append(append([]driver.Change{}, changes...), failing)...)
	f.must(changes...)
	events := f.events(f.ws, 0)
	f.same("events", len(events), n+len(changes))
	f.same("the last number", events[len(events)-1].Seq, driver.Seq(n+len(changes)))
}

func checkNoChanges(f *fixture) {
	f.given(create(f.visitor("Ada")))
	before := f.dump(f.ws)
	for _, none := range [][]driver.Change{nil, {}} {
		out, err := f.apply(none...)
		if len(out) != 0 || err != nil {
			f.Errorf("outcomes %v, error %v", out, err)
		}
	}
	f.same("the workspace", f.dump(f.ws), before)
}

func checkThousandsOfChanges(f *fixture) {
	vip := f.tag("vip")
	changes := []driver.Change{driver.CreateTag{Tag: vip}}
	for range f.effort.rows / 10 {
		v := f.visitor("Ada")
		changes = append(changes, create(v, vip), driver.UpdateVisitor{ID: v.ID, Patch: visitor.Patch{Phone: ptr("+15550001234")}, Audit: f.audit()})
	}
	out := f.must(changes...)
	f.same("the last effect", out[len(out)-1].Effect, driver.Updated)
	f.same("how many have the tag", f.count(filter.And(filter.Tag.Has("vip"), filter.Phone.Exists())), int64(f.effort.rows/10))
	events, err := f.st.Events(f.Context(), f.ws, driver.EventQuery{After: driver.Seq(len(changes) - 1), Limit: 5})
	if err != nil || len(events) != 1 || events[0].Kind != driver.VisitorUpdated {
		f.Errorf("the last event: %v, error %v", events, err)
	}
}

func checkDoAndUndo(f *fixture) {
	vip, team, v := f.tag("vip"), f.group("Team", nil), f.visitor("Ada")
	f.given(driver.CreateTag{Tag: vip}, driver.CreateGroup{Group: team}, create(v))
	out := f.must(
		driver.AddTags{ID: v.ID, Tags: keys(vip), Audit: f.audit()}, driver.RemoveTags{ID: v.ID, Tags: keys(vip), Audit: f.audit()},
		driver.AddToGroup{Group: team.ID, ID: v.ID, Audit: f.audit()}, driver.RemoveFromGroup{Group: team.ID, ID: v.ID, Audit: f.audit()},
		driver.DeleteTag{ID: vip.ID, Audit: f.audit()}, driver.EnsureTag{Tag: vip},
		driver.DeleteVisitor{ID: v.ID, Audit: f.audit()}, create(v), driver.AddTags{ID: v.ID, Tags: keys(vip), Audit: driver.Audit{At: v.UpdatedAt, Actor: "ann", Cause: "import"}},
	)
	f.effects(out, driver.Updated, driver.Updated, driver.Updated, driver.Updated, driver.Deleted, driver.Created, driver.Deleted, driver.Created, driver.Updated)
	f.same("the visitor", f.get(v.ID), with(v, vip))
}

func checkReplaceInOneCall(f *fixture) {
	vip, team, rule := f.tag("vip"), f.group("Team", nil), f.group("Rule", filter.None())
	v := inGroups(f.everything("Ada"), team.ID, rule.ID)
	f.given(driver.CreateTag{Tag: vip}, driver.CreateGroup{Group: team}, driver.CreateGroup{Group: rule}, create(v, vip))
	tagged, added, linked := f.auditOf(1), f.auditOf(2), v.Identities[0]
	linked.Username, linked.FirstSeen, linked.LastSeen = "other", f.now(), time.Time{}
	f.must(driver.RemoveTags{ID: v.ID, Tags: keys(vip), Audit: f.audit()}, driver.AddTags{ID: v.ID, Tags: keys(vip), Audit: tagged})
	f.must(
		driver.RemoveFromGroup{Group: team.ID, ID: v.ID, Audit: f.audit()}, driver.AddToGroup{Group: team.ID, ID: v.ID, Audit: added},
		driver.RemoveFromGroup{Group: rule.ID, ID: v.ID, Audit: f.audit()}, driver.AddToGroup{Group: rule.ID, ID: v.ID, Audit: added},
	)
	out := f.must(
		driver.UnlinkIdentity{ID: v.ID, Identity: linked, Audit: f.audit()}, driver.LinkIdentity{ID: v.ID, Identity: linked, Audit: f.audit()},
		driver.UpdateVisitor{ID: v.ID, Patch: visitor.Patch{Unset: []string{"city"}}, Audit: f.audit()},
		driver.UpdateVisitor{ID: v.ID, Patch: visitor.Patch{Set: visitor.Attributes{"city": visitor.Text("Rio")}}, Audit: f.audit()},
	)
	want := *out[len(out)-1].Visitor
	want.Tags = []tag.Assignment{{Tag: vip.ID, Name: "vip", Color: vip.Color, At: tagged.At, Actor: tagged.Actor, Cause: tagged.Cause}}
	want.Memberships = []visitor.Membership{membership(team.ID, added), membership(rule.ID, added)}
	want.Identities = append([]visitor.Identity{linked}, v.Identities[1:]...)
	want.Attributes = v.Attributes.Merge(visitor.Attributes{"city": visitor.Text("Rio")}, nil)
	f.same("the visitor", f.get(v.ID), want.Sorted())
	f.same("the outcome", *out[len(out)-1].Visitor, f.get(v.ID))
}
