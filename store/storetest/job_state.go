package storetest

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor"
)

func checkJobHold(f *fixture) {
	ctx := f.Context()
	a, b := f.visitor("Ada"), f.visitor("Bob")
	f.given(create(a), create(b))
	at := f.now()
	ws := f.open(&store.Options{Now: func() time.Time { return at }})
	plan := func(name string) store.JobID {
		return f.plan(ws, store.Action{Kind: store.ActionDelete, Where: filter.Name.Is(name), Hold: time.Hour}).ID
	}
	first, second := plan("Ada"), plan("Bob")
	for range 2 {
		j := f.run(ws, first, store.JobHeld)
		f.same("not before", j.NotBefore, at.Add(time.Hour))
	}
	f.run(ws, second, store.JobHeld)
	_, err := ws.DeleteJob(ctx, first)
	f.conflict("deleting a held job", err)
	at = at.Add(time.Hour - time.Second)
	n, err := ws.ResumeJobs(ctx)
	f.same("resumed too early", []any{n, err}, []any{0, error(nil)})
	j, err := ws.CancelJob(ctx, first)
	f.same("canceled", []any{j.State, err}, []any{store.JobCanceled, error(nil)})
	at = at.Add(time.Second)
	n, err = ws.ResumeJobs(ctx)
	f.same("resumed", []any{n, err}, []any{1, error(nil)})
	f.same("who is left", f.matches(filter.All()), "Ada")
	_, err = ws.CancelJob(ctx, second)
	f.conflict("canceling a deletion that was made", err)
	_, err = ws.RunJob(ctx, first)
	f.conflict("running a job that was canceled", err)
}

func checkJobRefused(f *fixture) {
	ctx := f.Context()
	f.given(create(f.visitor("Ada")), create(f.visitor("Bob")))
	at := f.now()
	ws := f.open(&store.Options{Now: func() time.Time { return at }})
	tagAll := store.Action{Kind: store.ActionTag, Where: filter.All(), Tags: []string{"vip"}}
	j := f.plan(ws, tagAll)
	before := f.dump(f.ws)
	_, err := ws.UndoJob(ctx, j.ID)
	f.conflict("undoing a plan", err)
	at = at.Add(store.PlanLife + time.Microsecond)
	_, err = ws.RunJob(ctx, j.ID)
	f.conflict("running a plan that has expired", err)
	f.same("the workspace", f.dump(f.ws), before)
	j = f.plan(ws, tagAll)
	at = at.Add(store.PlanLife)
	f.run(ws, j.ID, store.JobDone)
	_, err = ws.RunJob(ctx, j.ID)
	f.conflict("running a job again", err)
	_, err = ws.CancelJob(ctx, j.ID)
	f.conflict("canceling a job that is done", err)
	for _, call := range []func(store.JobID) error{
		func(id store.JobID) error { _, err := ws.Job(ctx, id); return err },
		func(id store.JobID) error { _, err := ws.RunJob(ctx, id); return err },
		func(id store.JobID) error { _, err := ws.CancelJob(ctx, id); return err },
		func(id store.JobID) error { _, err := ws.UndoJob(ctx, id); return err },
	} {
		if err := call(store.JobID(f.id(at))); !errors.Is(err, store.ErrNotFound) {
			f.Errorf("a job that does not exist: error %v, want ErrNotFound", err)
		}
		if err := call("42"); !errors.Is(err, store.ErrInvalid) {
			f.Errorf("a malformed id: error %v, want ErrInvalid", err)
		}
	}
	existed, err := ws.DeleteJob(ctx, store.JobID(f.id(at)))
	f.same("deleted", []any{existed, err}, []any{false, error(nil)})
}

func checkJobFails(f *fixture) {
	ctx := f.Context()
	team, all := f.group("Team", nil), []visitor.ID{}
	changes := []driver.Change{driver.CreateGroup{Group: team}}
	for range 4 {
		v := f.visitor("Ada")
		all, changes = append(all, v.ID), append(changes, create(v))
	}
	f.given(changes...)
	ws := f.open(nil)
	j := f.job(driver.Action{Kind: driver.ActionTag}, f.tag("vip"))
	f.must(f.parts(j, 2, all...)...)
	out := f.must(driver.StepJob{Audit: f.audit(), ID: j.ID, Step: driver.StepRun})
	f.ok(ws.DeleteTag(ctx, out[0].Job.Tags[0].ID))
	failed := f.run(ws, j.ID, store.JobFailed)
	f.same("progress", failed.Progress, store.Progress{Done: 2, Changed: 2})
	f.same("a reason is given", failed.Failure != "", true)
	f.undo(ws, j.ID, 0, 2, 0)
	k := f.plan(ws, store.Action{Kind: store.ActionAddToGroup, Where: filter.All(), Group: team.ID})
	f.ok(ws.DeleteGroup(ctx, team.ID))
	f.run(ws, k.ID, store.JobFailed)
	f.undo(ws, k.ID, 0, 0, 0)
}

func checkJobDeleted(f *fixture) {
	ctx := f.Context()
	f.given(create(f.everything("Ada")), create(f.visitor("Bob")))
	at := f.now()
	ws := f.open(&store.Options{Now: func() time.Time { return at }})
	var ids []store.JobID
	for _, city := range []string{"Rio", "Lima"} {
		j := f.plan(ws, store.Action{Kind: store.ActionSet, Where: filter.All(), Set: visitor.Attributes{"city": visitor.Text(city)}})
		f.run(ws, j.ID, store.JobDone)
		ids = append(ids, j.ID)
		at = at.Add(24 * time.Hour)
	}
	existed, err := ws.DeleteJob(ctx, ids[0])
	f.same("deleted", []any{existed, err}, []any{true, error(nil)})
	var items map[store.JobID]json.RawMessage
	for _, r := range f.recordsOf(f.ws, driver.JobItems) {
		items = nil
		f.ok(json.Unmarshal(r.Value, &items))
		f.same("items", len(items), 1)
	}
	f.same("items of the other job", items[ids[1]] != nil, true)
	unused := f.plan(ws, store.Action{Kind: store.ActionDelete, Where: filter.All()})
	at = at.Add(29 * 24 * time.Hour)
	n, err := ws.DeleteOldJobs(ctx)
	f.same("deleted too early", []any{n, err}, []any{0, error(nil)})
	at = at.Add(time.Second)
	n, err = ws.DeleteOldJobs(ctx)
	f.same("deleted", []any{n, err}, []any{1, error(nil)})
	for _, kind := range []driver.RecordKind{driver.JobItems, driver.JobChanges} {
		f.same("records of "+string(kind), len(f.recordsOf(f.ws, kind)), 0)
	}
	f.same("the plan stays until it has expired as long", len(f.recordsOf(f.ws, driver.JobVisitors)), 1)
	at = at.Add(2 * 24 * time.Hour)
	f.plan(ws, store.Action{Kind: store.ActionDelete, Where: filter.Not(filter.All())})
	f.same("records of visitors, after another plan", len(f.recordsOf(f.ws, driver.JobVisitors)), 0)
	_, err = ws.RunJob(ctx, unused.ID)
	if !errors.Is(err, store.ErrNotFound) {
		f.Errorf("a job that was deleted: error %v, want ErrNotFound", err)
	}
}
