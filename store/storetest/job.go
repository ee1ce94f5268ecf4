package storetest

import (
	"errors"
	"strings"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

var jobPromises = []promise{
	{"a plan changes nothing, and says what the job would change", "The user confirms these numbers, not a filter.", checkPlan},
	{"a job changes the visitors of its plan and no others", "A filter that matches others a minute later must not delete them.", checkJobFrozen},
	{"a step is made once, with everything that it needs to be undone", "A job that is run again after a crash must not repeat anything.", checkJobStep},
	{"a job that was interrupted goes on where it was", "Programs are stopped at any time.", checkJobResumes},
	{"of several calls that run one job, one works", "Two servers find the same job after a restart.", checkJobRunners},
	{"each kind of job is undone to what was there before", "Who tags 10,000 people by mistake wants the day before back.", checkJobUndo},
	{"undoing leaves what has changed since the job", "An undo must not undo the work of others.", checkJobUndoLeaves},
	{"what a job keeps of a visitor goes with the visitor", "Values from before are personal data too.", checkJobItems},
	{"a held deletion can be canceled, and is final afterwards", "A deletion by mistake must be noticed in time.", checkJobHold},
	{"a job that cannot be run, canceled, undone or deleted is refused", "Each button of a page is clicked at the wrong time.", checkJobRefused},
	{"a job fails when its tag or group was deleted, and can be undone", "A job that goes on with half of its tags does something that nobody planned.", checkJobFails},
	{"a job is deleted with all that it keeps, some time after its end", "Values from before must not be kept longer than needed.", checkJobDeleted},
	{"a filter finds the visitors of a job, and the others", "Who a held deletion is about must be seen in the list that the user knows.", checkJobFilter},
	{"a job of another workspace is not found", "A workspace separates two customers of a host.", checkJobIsolation},
}

// job returns a plan with an action about these tags.
func (m *maker) job(a driver.Action, tags ...tag.Tag) driver.Job {
	now := m.now()
	j := driver.Job{
		ID: driver.JobID(m.id(now)), State: driver.JobPlanned, Action: a, At: now, Actor: "ann", Cause: "spring cleaning",
		Count: 1, Expires: now.Add(24 * time.Hour), Tags: tags, Parts: 1, Policy: &visitor.Policy{},
	}
	for _, t := range tags {
		j.Action.Tags = append(j.Action.Tags, t.Name)
	}
	return j
}

// parts returns the changes that store a plan of small parts.
func (f *fixture) parts(j driver.Job, size int, ids ...visitor.ID) (changes []driver.Change) {
	j.Count, j.Parts, j.State = len(ids), 0, driver.JobFreezing
	for len(ids) > 0 {
		n := min(size, len(ids))
		j.Parts++
		if n == len(ids) {
			j.State = driver.JobPlanned
		}
		changes = append(changes, driver.PutJob{Audit: f.audit(), Job: j, Part: j.Parts, Visitors: ids[:n]})
		ids = ids[n:]
	}
	return changes
}

func (f *fixture) plan(ws *store.Workspace, a store.Action) store.Job {
	f.Helper()
	j, err := ws.Plan(f.Context(), a)
	f.ok(err)
	return j
}

// run runs a job that must reach a state.
func (f *fixture) run(ws *store.Workspace, id store.JobID, want store.JobState) store.Job {
	f.Helper()
	j, err := ws.RunJob(f.Context(), id)
	f.ok(err)
	f.same("state", j.State, want)
	return j
}

func (f *fixture) undo(ws *store.Workspace, id store.JobID, restored, left, gone int) {
	f.Helper()
	j, err := ws.UndoJob(f.Context(), id)
	f.ok(err)
	f.same("state", j.State, store.JobUndone)
	f.same("undone", j.Undo, store.UndoProgress{Done: restored + left + gone, Restored: restored, Left: left, Gone: gone})
}

// conflict fails unless err is a *store.JobError.
func (f *fixture) conflict(what string, err error) {
	f.Helper()
	var e *store.JobError
	if !errors.As(err, &e) || !errors.Is(err, store.ErrConflict) {
		f.Errorf("%s: error %v, want a *store.JobError", what, err)
	}
}

func checkPlan(f *fixture) {
	ctx := f.Context()
	vip := f.tag("vip")
	a, b, c, d := f.visitor("Ada"), f.visitor("Bob"), f.visitor("Cleo"), f.visitor("Dan")
	f.given(driver.CreateTag{Tag: vip}, create(a, vip), create(b), create(c), create(d))
	ws, err := f.open(nil).WithActor("ann", "spring")
	f.ok(err)
	before := f.dump(f.ws)
	j := f.plan(ws, store.Action{Kind: store.ActionTag, Tags: []string{" VIP ", "brand new", "Brand New"}, Where: filter.Not(filter.Name.Is("Dan"))})
	f.same("expected", []int{j.Count, j.Expected.Changed, j.Expected.Unchanged}, []int{3, 3, 0})
	j = f.plan(ws, store.Action{Kind: store.ActionTag, Tags: []string{"vip"}, Filter: "is:everyone"})
	f.same("expected", []int{j.Count, j.Expected.Changed, j.Expected.Unchanged}, []int{4, 3, 1})
	f.same("samples", j.Samples, []visitor.ID{b.ID, c.ID, d.ID})
	f.same("warnings", j.Warnings, []store.JobWarning{store.WarnEveryone})
	f.same("by whom", []any{j.State, j.Actor, j.Cause, j.Action.Filter, j.Expires}, []any{store.JobPlanned, "ann", "spring", "is:everyone", j.At.Add(24 * time.Hour)})
	j = f.plan(ws, store.Action{Kind: store.ActionDelete, IDs: []visitor.ID{d.ID, a.ID, d.ID, c.ID, visitor.ID(f.id(f.clock))}})
	f.same("warnings", j.Warnings, []store.JobWarning{store.WarnMajority})
	f.same("count", j.Count, 3)
	stored, err := ws.Job(ctx, j.ID)
	f.ok(err)
	stored.Action.IDs, stored.Action.Where = j.Action.IDs, j.Action.Where
	f.same("the stored job", stored, j)
	n := 0
	for _, err := range ws.Jobs(ctx) {
		f.ok(err)
		n++
	}
	f.same("jobs", n, 3)
	after := f.dump(f.ws)
	f.same("visitors, tags and groups", []any{after.Visitors, after.Tags, after.Groups}, []any{before.Visitors, before.Tags, before.Groups})
	f.same("events", len(after.Events), len(before.Events)+3)
	for _, invalid := range []store.Action{
		{}, {Kind: "rename", Where: filter.All()}, {Kind: store.ActionDelete}, {Kind: store.ActionDelete, Filter: "tag:"},
		{Kind: store.ActionDelete, Where: filter.All(), IDs: []visitor.ID{a.ID}}, {Kind: store.ActionDelete, IDs: []visitor.ID{"42"}},
		{Kind: store.ActionDelete, Where: filter.All(), Tags: []string{"vip"}}, {Kind: store.ActionTag, Where: filter.All()},
		{Kind: store.ActionTag, Where: filter.All(), Tags: []string{"\x00"}}, {Kind: store.ActionAddToGroup, Where: filter.All()},
		{Kind: store.ActionSet, Where: filter.All()}, {Kind: store.ActionUnset, Where: filter.All(), Unset: []string{"A b"}},
		{Kind: store.ActionDelete, Where: filter.All(), Hold: -1}, {Kind: store.ActionMerge, Where: filter.All()},
		{Kind: store.ActionMerge, Pairs: [][2]visitor.ID{{a.ID, a.ID}}},
	} {
		if _, err := ws.Plan(ctx, invalid); !errors.Is(err, store.ErrInvalid) {
			f.Errorf("%+v: error %v, want ErrInvalid", invalid, err)
		}
	}
	for _, missing := range []store.Action{
		{Kind: store.ActionUntag, Where: filter.All(), Tags: []string{"none"}},
		{Kind: store.ActionAddToGroup, Where: filter.All(), Group: group.ID(f.id(f.clock))},
	} {
		if _, err := ws.Plan(ctx, missing); !errors.Is(err, store.ErrNotFound) {
			f.Errorf("%+v: error %v, want ErrNotFound", missing, err)
		}
	}
	f.same("the workspace after plans that were refused", f.dump(f.ws), after)
}

func checkJobFrozen(f *fixture) {
	vip := f.tag("vip")
	a, b, c, d, e := f.visitor("Ada"), f.visitor("Bob"), f.visitor("Cleo"), f.visitor("Dan"), f.visitor("Eve")
	f.given(driver.CreateTag{Tag: vip}, create(a, vip), create(b, vip), create(c), create(d, vip), create(e))
	ws := f.open(nil)
	j := f.plan(ws, store.Action{Kind: store.ActionDelete, Where: filter.Tag.Has("vip")})
	f.must(
		driver.RemoveTags{Audit: f.audit(), ID: a.ID, Tags: keys(vip)}, driver.AddTags{Audit: f.audit(), ID: c.ID, Tags: keys(vip)},
		driver.MergeVisitors{Audit: f.audit(), Into: e.ID, From: d.ID},
	)
	j = f.run(ws, j.ID, store.JobDone)
	f.same("progress", j.Progress, store.Progress{Done: 3, Changed: 2, Missing: 1})
	var all []visitor.ID
	for id, err := range ws.JobVisitors(f.Context(), j.ID) {
		f.ok(err)
		all = append(all, id)
	}
	f.same("visitors of the job", all, []visitor.ID{a.ID, b.ID, d.ID})
	f.same("who is left", f.matches(filter.All()), "Cleo, Eve")
	_, err := ws.UndoJob(f.Context(), j.ID)
	f.conflict("undoing a deletion", err)
}

func checkJobStep(f *fixture) {
	vip, lead := f.tag("vip"), f.tag("lead")
	a, b, c := f.visitor("Ada"), f.visitor("Bob"), f.visitor("Cleo")
	j := f.job(driver.Action{Kind: driver.ActionUntag}, vip, lead)
	f.given(driver.CreateTag{Tag: vip}, driver.CreateTag{Tag: lead}, create(a, vip), create(b, lead), create(c))
	f.given(f.parts(j, 2, a.ID, b.ID, c.ID)...)
	events := len(f.events(f.ws, 0))
	step := driver.StepJob{Audit: f.audit(), ID: j.ID, Step: driver.StepRun}
	out := f.must(step)
	f.same("progress", []any{out[0].Job.State, out[0].Job.Cursor, out[0].Job.Progress}, []any{driver.JobRunning, 1, driver.Progress{Done: 2, Changed: 2}})
	for n, e := range f.events(f.ws, driver.Seq(events)) {
		kind, cause := driver.VisitorUntagged, j.ID.Cause()
		if n == 2 {
			kind, cause = driver.JobChanged, "import"
		}
		f.same("event", []any{e.Kind, e.Actor, e.Cause, e.At}, []any{kind, "ann", cause, step.At})
	}
	f.same("items", len(f.recordsOf(f.ws, driver.JobItems)), 2)
	again := f.unchanged(step)
	var refused *driver.JobError
	if !errors.As(again, &refused) || refused.ID != j.ID {
		f.Errorf("the same step again: error %v, want a *driver.JobError", again)
	}
	// A step that fails at the end of a call leaves nothing.
	step.From = 1
	f.refused(driver.ErrNotFound, "job", string(a.ID), 1, step, driver.StepJob{Audit: f.audit(), ID: driver.JobID(a.ID), Step: driver.StepRun})
	out = f.must(step)
	f.same("progress", []any{out[0].Job.State, out[0].Job.Progress}, []any{driver.JobDone, driver.Progress{Done: 3, Changed: 2, Unchanged: 1}})
	f.refused(driver.ErrExists, "job", string(j.ID), 0, driver.PutJob{Audit: f.audit(), Job: j, Part: 1})
}

// taggedPeople returns a plan that gives people a tag, in parts of two.
func (f *fixture) taggedPeople(n int) (driver.Job, []visitor.ID) {
	f.Helper()
	var changes []driver.Change
	var all []visitor.ID
	for range n {
		v := f.visitor("Ada")
		all, changes = append(all, v.ID), append(changes, create(v))
	}
	j := f.job(driver.Action{Kind: driver.ActionTag}, f.tag("vip"))
	f.given(append(changes, f.parts(j, 2, all...)...)...)
	return j, all
}

// taggedOnce fails unless each visitor was tagged, by one event.
func (f *fixture) taggedOnce(all []visitor.ID) {
	f.Helper()
	f.same("how many have the tag", f.count(filter.Tag.Has("vip")), int64(len(all)))
	tagged := map[visitor.ID]int{}
	for _, e := range f.events(f.ws, 0) {
		if e.Kind == driver.VisitorTagged {
			tagged[e.Visitor]++
		}
	}
	for _, id := range all {
		f.same("events", tagged[id], 1)
	}
}

func checkJobResumes(f *fixture) {
	ctx := f.Context()
	j, all := f.taggedPeople(9)
	f.must(driver.StepJob{Audit: f.audit(), ID: j.ID, Step: driver.StepRun}, driver.StepJob{Audit: f.audit(), ID: j.ID, Step: driver.StepRun, From: 1})
	ws := f.open(nil)
	f.same("how many are changed", f.count(filter.Tag.Has("vip")), int64(4))
	n, err := ws.ResumeJobs(ctx)
	f.same("resumed", []any{n, err}, []any{1, error(nil)})
	f.taggedOnce(all)
	done, err := ws.Job(ctx, j.ID)
	f.ok(err)
	f.same("job", []any{done.State, done.Progress}, []any{store.JobDone, store.Progress{Done: 9, Changed: 9}})
	f.same("the rate is known", done.Rate() > 0 && done.TimeLeft() == 0, true)
	out := f.must(driver.StepJob{Audit: f.audit(), ID: j.ID, Step: driver.StepUndo, From: 5})
	f.same("how many are left", f.count(filter.Tag.Has("vip")), int64(8))
	f.same("state", out[0].Job.State, driver.JobUndoing)
	n, err = ws.ResumeJobs(ctx)
	f.same("resumed", []any{n, err}, []any{1, error(nil)})
	f.same("how many are left", f.count(filter.Tag.Has("vip")), int64(0))
}

func checkJobRunners(f *fixture) {
	j, all := f.taggedPeople(8)
	at := f.now()
	ws := f.open(&store.Options{Now: func() time.Time { return at }})
	won := 0
	f.race(4, func(int) error {
		_, err := ws.RunJob(f.Context(), j.ID)
		return err
	}, func(err error) {
		if err != nil {
			f.conflict("a second call", err)
			return
		}
		won++
	})
	f.same("calls that ran the job to its end", won, 1)
	f.taggedOnce(all)
}

func checkJobFilter(f *fixture) {
	ctx := f.Context()
	vip := f.tag("vip")
	a, b, c := f.visitor("Ada"), f.visitor("Bob"), f.visitor("Cleo")
	f.given(driver.CreateTag{Tag: vip}, create(a, vip), create(b), create(c))
	ws := f.open(nil)
	j := f.plan(ws, store.Action{Kind: store.ActionUntag, Where: filter.Tag.Has("vip"), Tags: []string{"vip"}})
	k := f.plan(ws, store.Action{Kind: store.ActionDelete, IDs: []visitor.ID{b.ID}})
	f.run(ws, j.ID, store.JobDone)
	for text, want := range map[string]string{
		"job:" + string(j.ID): "Ada", "-job:" + strings.ToUpper(string(j.ID)): "Bob, Cleo", "job:" + string(k.ID) + "," + string(j.ID): "Ada, Bob",
		"-job:" + string(j.ID) + " -job:" + string(k.ID): "Cleo",
	} {
		where, err := filter.Parse(text)
		f.ok(err)
		page, err := ws.Find(ctx, store.Query{Where: where, Order: store.OldestFirst})
		f.ok(err)
		f.same("who matches", names(page.Visitors), want)
		n, err := ws.Count(ctx, where)
		f.ok(err)
		f.same("count", n, int64(len(page.Visitors)))
	}
	why, err := ws.Explain(ctx, a.ID, filter.And(filter.Job.Is(string(j.ID)), filter.Not(filter.Job.Is(string(k.ID)))))
	f.ok(err)
	f.same("explained", why.Matches, true)
	findings, err := ws.Lint(ctx, filter.Job.Is(string(j.ID)))
	f.same("lint", []any{len(findings), err}, []any{0, error(nil)})
	none := filter.Job.Is(f.id(f.clock))
	var unknown *filter.UnknownError
	if _, err := ws.Count(ctx, filter.Not(none)); !errors.As(err, &unknown) || unknown.Kind != filter.JobKind {
		f.Errorf("a job that does not exist: error %v, want a *filter.UnknownError", err)
	}
	if _, err := ws.CreateGroup(ctx, group.Draft{Name: "Of a job", Rule: filter.Job.Is(string(j.ID))}); !errors.Is(err, store.ErrInvalid) {
		f.Errorf("a rule that mentions a job: error %v, want ErrInvalid", err)
	}
	_, err = ws.DeleteJob(ctx, j.ID)
	f.ok(err)
	if _, err := ws.Count(ctx, filter.Not(filter.Job.Is(string(j.ID)))); !errors.As(err, &unknown) {
		f.Errorf("a job that was deleted: error %v, want a *filter.UnknownError", err)
	}
}

func checkJobIsolation(f *fixture) {
	ctx := f.Context()
	f.given(create(f.visitor("Ada")))
	ours, theirs := f.open(nil), f.openOn(f.neighbour, nil)
	j := f.plan(ours, store.Action{Kind: store.ActionTag, Where: filter.All(), Tags: []string{"vip"}})
	for _, call := range []func() (store.Job, error){
		func() (store.Job, error) { return theirs.Job(ctx, j.ID) },
		func() (store.Job, error) { return theirs.RunJob(ctx, j.ID) },
		func() (store.Job, error) { return theirs.CancelJob(ctx, j.ID) },
		func() (store.Job, error) { return theirs.UndoJob(ctx, j.ID) },
	} {
		if _, err := call(); !errors.Is(err, store.ErrNotFound) {
			f.Errorf("a job of another workspace: error %v, want ErrNotFound", err)
		}
	}
	if _, err := theirs.Count(ctx, filter.Job.Is(string(j.ID))); !errors.Is(err, store.ErrInvalid) {
		f.Errorf("a filter on a job of another workspace: error %v, want ErrInvalid", err)
	}
	existed, err := theirs.DeleteJob(ctx, j.ID)
	f.same("deleted", []any{existed, err}, []any{false, error(nil)})
	f.run(ours, j.ID, store.JobDone)
}
