package storetest

import (
	"strings"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor"
)

// profiles returns visitors without what a change and its undoing leave.
func (f *fixture) profiles() []visitor.Visitor {
	f.Helper()
	people := f.visitors(f.ws)
	for n := range people {
		people[n].UpdatedAt, people[n].Revision = time.Time{}, 0
	}
	return people
}

func checkJobUndo(f *fixture) {
	vip, lead, team, rule := f.tag("vip"), f.tag("lead"), f.group("Team", nil), f.group("Rule", filter.All())
	a, b, c, d := f.everything("Ada", team.ID), inGroups(f.visitor("Bob"), team.ID, rule.ID), f.visitor("Cleo"), f.withMail("Dee", "dee@example.com")
	f.given(
		driver.CreateTag{Tag: vip}, driver.CreateTag{Tag: lead}, driver.CreateGroup{Group: team}, driver.CreateGroup{Group: rule},
		create(a, vip, lead), create(b, lead), create(c), create(d, vip), driver.RemoveFromGroup{Audit: f.audit(), ID: d.ID, Group: rule.ID},
	)
	contact := f.contact("5", "Eve")
	contact.Attributes = visitor.Attributes{"city": visitor.Text("Rio")}
	f.given(f.capture(contact))
	ws := f.open(nil)
	everyone := filter.All()
	for _, action := range []store.Action{
		{Kind: store.ActionTag, Where: everyone, Tags: []string{"vip", "new"}},
		{Kind: store.ActionUntag, Where: everyone, Tags: []string{"vip", "lead"}},
		{Kind: store.ActionAddToGroup, Where: everyone, Group: team.ID},
		{Kind: store.ActionAddToGroup, Where: everyone, Group: rule.ID},
		{Kind: store.ActionRemoveFromGroup, Where: everyone, Group: team.ID},
		{Kind: store.ActionRemoveFromGroup, Where: everyone, Group: rule.ID},
		{Kind: store.ActionSet, Where: everyone, Set: visitor.Attributes{"city": visitor.Text("Lima"), "score": visitor.Number(0.1), "new": visitor.Bool(true)}},
		{Kind: store.ActionUnset, Where: everyone, Unset: []string{"city", "score", "born", "none"}},
		{Kind: store.ActionMerge, Pairs: [][2]visitor.ID{{a.ID, b.ID}, {b.ID, c.ID}, {c.ID, d.ID}}},
	} {
		before := f.profiles()
		j := f.run(ws, f.plan(ws, action).ID, store.JobDone)
		if j.Progress.Changed != j.Expected.Changed || j.Progress.Unchanged != j.Expected.Unchanged || j.Progress.Done != j.Count {
			f.Errorf("%s: progress %+v, expected %+v", action.Kind, j.Progress, j.Expected)
		}
		if d := diff(f.profiles(), before); d == "" {
			f.Errorf("%s: the job has changed nothing", action.Kind)
		}
		f.undo(ws, j.ID, j.Progress.Changed, 0, 0)
		f.same("visitors after "+string(action.Kind)+" was undone", f.profiles(), before)
		_, err := ws.UndoJob(f.Context(), j.ID)
		f.conflict("undoing again", err)
	}
}

func checkJobUndoLeaves(f *fixture) {
	vip, team := f.tag("vip"), f.group("Team", nil)
	a, b, c := f.visitor("Ada"), f.visitor("Bob"), f.visitor("Cleo")
	f.given(driver.CreateTag{Tag: vip}, driver.CreateGroup{Group: team}, create(a), create(b), create(c))
	ws := f.open(nil)
	add := func(id visitor.ID) driver.Change { return driver.AddTags{Audit: f.audit(), ID: id, Tags: keys(vip)} }
	remove := func(id visitor.ID) driver.Change { return driver.RemoveTags{Audit: f.audit(), ID: id, Tags: keys(vip)} }
	join := func(id visitor.ID) driver.Change { return driver.AddToGroup{Audit: f.audit(), ID: id, Group: team.ID} }
	leave := func(id visitor.ID) driver.Change {
		return driver.RemoveFromGroup{Audit: f.audit(), ID: id, Group: team.ID}
	}
	set := func(id visitor.ID, n float64) driver.Change {
		return driver.UpdateVisitor{Audit: f.audit(), ID: id, Patch: visitor.Patch{Set: visitor.Attributes{"n": visitor.Number(n)}}}
	}
	for _, c := range []struct {
		action        store.Action
		before, since []driver.Change
		matches       filter.Expr // what Ada and Bob match after the undo
		names         string
	}{
		{store.Action{Kind: store.ActionTag, Tags: []string{"vip"}}, nil, []driver.Change{remove(a.ID), add(a.ID)}, filter.Tag.Has("vip"), "Ada"},
		{store.Action{Kind: store.ActionUntag, Tags: []string{"vip"}}, []driver.Change{add(a.ID), add(b.ID), add(c.ID)}, []driver.Change{add(a.ID), remove(a.ID), add(b.ID)},
			filter.Tag.Has("vip"), "Ada, Bob, Cleo"},
		{store.Action{Kind: store.ActionAddToGroup, Group: team.ID}, []driver.Change{remove(a.ID)}, []driver.Change{leave(a.ID), join(a.ID)}, filter.Group.Has("Team"), "Ada"},
		{store.Action{Kind: store.ActionRemoveFromGroup, Group: team.ID}, []driver.Change{join(b.ID), join(c.ID)}, []driver.Change{join(a.ID)}, filter.Group.Has("Team"), "Ada, Bob, Cleo"},
		{store.Action{Kind: store.ActionSet, Set: visitor.Attributes{"n": visitor.Number(1)}}, nil, []driver.Change{set(a.ID, 2)}, filter.Attr("n").Exists(), "Ada"},
		{store.Action{Kind: store.ActionUnset, Unset: []string{"n"}}, []driver.Change{set(b.ID, 2), set(c.ID, 2)}, []driver.Change{set(a.ID, 3)}, filter.Attr("n").Exists(), "Ada, Bob, Cleo"},
	} {
		f.must(append(c.before, set(a.ID, 0))...)
		f.must(driver.UpdateVisitor{Audit: f.audit(), ID: b.ID, Patch: visitor.Patch{Name: ptr("Bob")}})
		c.action.Where = filter.All()
		j := f.run(ws, f.plan(ws, c.action).ID, store.JobDone)
		f.must(c.since...)
		j, err := ws.UndoJob(f.Context(), j.ID)
		f.ok(err)
		f.same("left by the undoing of "+string(c.action.Kind), j.Undo.Left, 1)
		f.same("restored or left", j.Undo.Done, j.Progress.Changed)
		f.same("after the undoing of "+string(c.action.Kind), f.matches(c.matches), c.names)
	}
	f.must(remove(a.ID), remove(b.ID), remove(c.ID))
	j := f.run(ws, f.plan(ws, store.Action{Kind: store.ActionTag, Tags: []string{"vip"}, Where: filter.All()}).ID, store.JobDone)
	f.must(driver.MergeVisitors{Audit: f.audit(), Into: a.ID, From: b.ID}, driver.DeleteVisitor{Audit: f.audit(), ID: c.ID})
	f.undo(ws, j.ID, 1, 1, 1) // the two that are one now have the tag once
	f.same("who has the tag", f.matches(filter.Tag.Has("vip")), "")
	pairs := [][2]visitor.ID{{a.ID, b.ID}}
	f.must(driver.UnmergeVisitor{Audit: f.audit(), From: b.ID})
	j = f.run(ws, f.plan(ws, store.Action{Kind: store.ActionMerge, Pairs: pairs}).ID, store.JobDone)
	d := f.visitor("Dan")
	f.must(create(d), driver.UnmergeVisitor{Audit: f.audit(), From: b.ID}, driver.MergeVisitors{Audit: f.audit(), Into: d.ID, From: b.ID})
	f.undo(ws, j.ID, 0, 1, 0)
}

func checkJobItems(f *fixture) {
	a, b, c, d := f.visitor("Ada"), f.visitor("Bob"), f.visitor("Cleo"), f.visitor("Dan")
	people := []*visitor.Visitor{&a, &b, &c, &d}
	var changes []driver.Change
	for _, v := range people {
		v.Attributes = visitor.Attributes{"secret": visitor.Text("secret of " + v.Name)}
		changes = append(changes, create(*v))
	}
	f.given(changes...)
	ws := f.open(nil)
	for _, value := range []float64{1, 2} {
		f.run(ws, f.plan(ws, store.Action{Kind: store.ActionSet, Where: filter.All(), Set: visitor.Attributes{"secret": visitor.Number(value)}}).ID, store.JobDone)
	}
	f.must(driver.MergeVisitors{Audit: f.audit(), Into: c.ID, From: b.ID})
	f.must(driver.DeleteVisitor{Audit: f.audit(), ID: a.ID})
	f.erase(c.ID)
	for _, kind := range []driver.RecordKind{driver.JobItems, driver.JobChanges, driver.JobRecords} {
		for _, r := range f.recordsOf(f.ws, kind) {
			for _, name := range []string{"Ada", "Bob", "Cleo"} {
				if strings.Contains(string(r.Value), "secret of "+name) {
					f.Errorf("a record of the kind %s holds a value of a visitor who was deleted", kind)
				}
			}
		}
	}
	f.same("visitors with items", len(f.recordsOf(f.ws, driver.JobItems)), 1)
	for j, err := range ws.Jobs(f.Context()) {
		f.ok(err)
		if j.Action.Set["secret"].Equal(visitor.Number(2)) {
			f.undo(ws, j.ID, 1, 0, 3)
			f.same("the value from before", f.get(d.ID).Attributes["secret"].Equal(visitor.Number(1)), true)
		}
	}
}
