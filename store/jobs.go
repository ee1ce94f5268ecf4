package store

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/tag/id"
	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

// The types of jobs.
type (
	// Job is an action on visitors whose ids were written down when it was planned.
	Job = driver.Job
	// JobID identifies a job.
	JobID = driver.JobID
	// Action is what a job does, and with which visitors.
	Action = driver.Action
	// ActionKind says what a job does with each visitor.
	ActionKind = driver.ActionKind
	// JobState says how far a job is.
	JobState = driver.JobState
	// JobWarning is a reason to look at a plan again.
	JobWarning = driver.JobWarning
	// Expected says what a job would have changed when it was planned.
	Expected = driver.Expected
	// Progress counts what a job has done.
	Progress = driver.Progress
	// UndoProgress counts what the undoing of a job has done.
	UndoProgress = driver.UndoProgress
)

// The kinds of actions.
const (
	ActionTag             = driver.ActionTag
	ActionUntag           = driver.ActionUntag
	ActionAddToGroup      = driver.ActionAddToGroup
	ActionRemoveFromGroup = driver.ActionRemoveFromGroup
	ActionSet             = driver.ActionSet
	ActionUnset           = driver.ActionUnset
	ActionDelete          = driver.ActionDelete
	ActionMerge           = driver.ActionMerge
)

// The states of jobs.
const (
	JobFreezing = driver.JobFreezing
	JobPlanned  = driver.JobPlanned
	JobHeld     = driver.JobHeld
	JobRunning  = driver.JobRunning
	JobDone     = driver.JobDone
	JobFailed   = driver.JobFailed
	JobCanceled = driver.JobCanceled
	JobUndoing  = driver.JobUndoing
	JobUndone   = driver.JobUndone
	JobDeleting = driver.JobDeleting
)

// The warnings of a plan.
const (
	WarnEveryone = driver.WarnEveryone
	WarnMajority = driver.WarnMajority
)

// PlanLife is how long after Plan a job can be started.
const PlanLife = 24 * time.Hour

// maxSamples is the number of ids in Job.Samples.
const maxSamples = 10

// Plan writes down which visitors an action is about, and returns what it would do: how many it
// would change, the ids of some of them, and warnings. Nothing is changed before RunJob, which
// changes these visitors and no others. Plan reads pages, so of visitors that change meanwhile, it
// finds those that match when they are read. A tag to give need not exist.
//
// Plan also deletes jobs that ended before Options.JobRetention, as DeleteOldJobs does, but without
// its error. Until then a job keeps its filter and the attributes to set, and, of each visitor, the
// values that it has replaced, which are deleted with the visitor.
//
// The error matches ErrInvalid for an action that is not valid (a *visitor.FieldError or
// *filter.Error), or ErrNotFound if a group, or a tag to remove, does not exist.
func (w *Workspace) Plan(ctx context.Context, a Action) (Job, error) {
	const op = "plan job"
	now := w.now()
	j := Job{ID: JobID(id.New(now)), State: JobFreezing, At: now, Actor: w.actor, Cause: w.cause, Expires: now.Add(PlanLife)}
	var err error
	if j.Action, err = w.checkAction(a); err != nil {
		return Job{}, fail(op, err)
	}
	if err := w.resolveAction(ctx, &j, now); err != nil {
		return Job{}, fail(op, err)
	}
	_, _ = w.DeleteOldJobs(ctx) // the next call tries again what has failed
	// A part is stored when the next one is known, so that the last is stored with the whole plan.
	var part []visitor.ID
	put := func() error {
		if len(part) > 0 {
			j.Parts++
		}
		_, err := w.apply(ctx, op, driver.PutJob{Audit: w.audit(now), Job: j, Part: j.Parts, Visitors: part})
		return err
	}
	for next, err := range w.planned(ctx, &j, now) {
		if err == nil && part != nil {
			err = put()
		}
		if err != nil {
			return Job{}, fail(op, err)
		}
		part = next
	}
	if err := w.warn(ctx, &j); err != nil {
		return Job{}, fail(op, err)
	}
	j.State = JobPlanned
	return j, put()
}

// planned iterates over the parts of a job, and counts them.
func (w *Workspace) planned(ctx context.Context, j *Job, now time.Time) iter.Seq2[[]visitor.ID, error] {
	a := &j.Action
	return func(yield func([]visitor.ID, error) bool) {
		for pairs := range slices.Chunk(a.Pairs, driver.MaxJobPart) {
			ids := make([]visitor.ID, 0, 2*len(pairs))
			for _, p := range pairs {
				ids = append(ids, p[0], p[1])
			}
			j.Count += len(pairs)
			j.Expected.Changed += len(pairs)
			j.Samples = append(j.Samples, ids[:min(len(ids), maxSamples-len(j.Samples))]...)
			if !yield(ids, nil) {
				return
			}
		}
		wheres := slices.Collect(func(yield func(filter.Expr) bool) {
			if a.Where != nil && !yield(a.Where) {
				return
			}
			for ids := range slices.Chunk(a.IDs, filter.MaxList) {
				if !yield(filter.ID.In(ids...)) {
					return
				}
			}
		})
		for _, where := range wheres {
			for found, err := range w.batches(ctx, where, now) {
				ids := make([]visitor.ID, len(found))
				for n := range found {
					ids[n] = found[n].ID
					if !j.WouldChange(&found[n]) {
						j.Expected.Unchanged++
					} else if j.Expected.Changed++; len(j.Samples) < maxSamples {
						j.Samples = append(j.Samples, ids[n])
					}
				}
				j.Count += len(found)
				if len(found) > 0 || err != nil {
					if !yield(ids, err) || err != nil {
						return
					}
				}
			}
		}
	}
}

// JobVisitors iterates over the ids of the visitors of a job, in the order in which it changes them;
// of a merge, over the two of each pair. They stay as planned: some may be deleted or merged by now.
// An error ends the iteration; it matches ErrNotFound, or ErrInvalid for a malformed id.
func (w *Workspace) JobVisitors(ctx context.Context, job JobID) iter.Seq2[visitor.ID, error] {
	const op = "read visitors of a job"
	return func(yield func(visitor.ID, error) bool) {
		j, err := w.job(ctx, job)
		if err != nil {
			yield("", fail(op, err))
			return
		}
		for ids, err := range w.parts(ctx, driver.JobVisitors, string(j.ID), driver.JobVisitorsOf) {
			if err != nil {
				yield("", fail(op, err))
				return
			}
			for _, id := range ids {
				if !yield(id, nil) {
					return
				}
			}
		}
	}
}

// batches iterates over the visitors that match, as many at a time as a part of a job has.
func (w *Workspace) batches(ctx context.Context, e filter.Expr, now time.Time) iter.Seq2[[]visitor.Visitor, error] {
	return func(yield func([]visitor.Visitor, error) bool) {
		where, err := w.bind(ctx, e, now)
		if err != nil {
			yield(nil, err)
			return
		}
		for q := (driver.Select{Where: where, Order: driver.OldestFirst, Limit: driver.MaxJobPart}); ; {
			found, err := w.store.FindVisitors(ctx, w.id, q)
			if !yield(found, err) || err != nil || len(found) < q.Limit {
				return
			}
			q.After = &driver.Position{ID: found[len(found)-1].ID}
		}
	}
}

// warn adds the warnings of a plan.
func (w *Workspace) warn(ctx context.Context, j *Job) error {
	if j.Count == 0 || j.Action.Kind == ActionMerge {
		return nil
	}
	all, err := w.bind(ctx, filter.All(), j.At)
	if err != nil {
		return err
	}
	total, err := w.store.CountVisitors(ctx, w.id, all, 2*int64(j.Count)+1)
	switch {
	case int64(j.Count) >= total:
		j.Warnings = []JobWarning{WarnEveryone}
	case 2*int64(j.Count) > total:
		j.Warnings = []JobWarning{WarnMajority}
	}
	return err
}

// checkAction returns an action in normalized form.
func (w *Workspace) checkAction(a Action) (Action, error) {
	var err error
	if a.Where == nil && a.Filter != "" {
		if a.Where, err = filter.Parse(a.Filter); err != nil {
			return a, err
		}
	}
	if err := checkScope(&a); err != nil {
		return a, err
	}
	a.Filter = ""
	if a.Where != nil {
		if a.Filter, err = filter.Format(a.Where); err != nil {
			return a, err
		}
	}
	kinds := func(kinds ...ActionKind) bool { return slices.Contains(kinds, a.Kind) }
	for _, f := range []struct {
		name          string
		given, wanted bool
	}{
		{"tags", len(a.Tags) > 0, kinds(ActionTag, ActionUntag)},
		{"group", a.Group != "", kinds(ActionAddToGroup, ActionRemoveFromGroup)},
		{"set", len(a.Set) > 0, kinds(ActionSet)},
		{"unset", len(a.Unset) > 0, kinds(ActionUnset)},
	} {
		switch {
		case f.wanted && !f.given:
			return a, text.Refuse(f.name, "missing")
		case f.given && !f.wanted:
			return a, text.Refuse(f.name, "not used by this action")
		}
	}
	if a.Hold < 0 {
		return a, text.Refuse("hold", "negative")
	}
	switch a.Kind {
	case ActionAddToGroup, ActionRemoveFromGroup:
		a.Group, err = group.ParseID(string(a.Group))
	case ActionSet, ActionUnset:
		var p visitor.Patch
		if p, err = w.rules.Patch(visitor.Patch{Set: a.Set, Unset: a.Unset}); err == nil {
			a.Set, a.Unset = p.Set, slices.Compact(slices.Sorted(slices.Values(p.Unset)))
		}
	case ActionTag, ActionUntag, ActionDelete, ActionMerge:
	default:
		err = text.Refuse("kind", "unknown")
	}
	return a, err
}

// checkScope checks which visitors an action is about.
func checkScope(a *Action) error {
	given := 0
	for _, is := range []bool{a.Where != nil, a.IDs != nil, a.Pairs != nil} {
		if is {
			given++
		}
	}
	switch {
	case a.Kind == ActionMerge && (a.Pairs == nil || given > 1):
		return text.Refuse("pairs", "want these, and neither a filter nor ids")
	case a.Kind != ActionMerge && (a.Pairs != nil || given != 1):
		return text.Refuse("filter", "want either a filter or ids")
	}
	ids := map[visitor.ID]bool{}
	for _, one := range a.IDs {
		parsed, err := visitor.ParseID(string(one))
		if err != nil {
			return err
		}
		ids[parsed] = true
	}
	if a.IDs != nil {
		a.IDs = slices.Sorted(maps.Keys(ids))
	}
	a.Pairs = slices.Clone(a.Pairs)
	for n, p := range a.Pairs {
		into, from, err := parsed(p[0], p[1])
		if err != nil {
			return err
		}
		if into == from {
			return text.Refuse("pairs", fmt.Sprintf("pair %d is one visitor", n+1))
		}
		a.Pairs[n] = [2]visitor.ID{into, from}
	}
	return nil
}

// resolveAction looks up the tags and the group of a job.
func (w *Workspace) resolveAction(ctx context.Context, j *Job, now time.Time) error {
	a := &j.Action
	switch a.Kind {
	case ActionTag, ActionUntag:
		names := a.Tags
		a.Tags = nil
		for _, name := range names {
			d, err := tag.Draft{Name: name}.Normalize()
			if err != nil {
				return err
			}
			if !slices.ContainsFunc(j.Tags, func(t tag.Tag) bool { return tag.Key(t.Name) == tag.Key(d.Name) }) {
				a.Tags, j.Tags = append(a.Tags, d.Name), append(j.Tags, newTag(d, now))
			}
		}
		if err := visitor.CheckLimit("tags", len(j.Tags), visitor.MaxTags); err != nil {
			return err
		}
		found, err := w.store.ListTags(ctx, w.id, driver.List{Keys: keysOf(a.Tags)})
		if err != nil {
			return err
		}
		for n, t := range j.Tags {
			at := slices.IndexFunc(found, func(f tag.Tag) bool { return tag.Key(f.Name) == tag.Key(t.Name) })
			if at >= 0 {
				j.Tags[n] = found[at]
			} else if a.Kind == ActionUntag {
				return driver.NotFound("tag", "") // its key is its name
			}
		}
	case ActionAddToGroup, ActionRemoveFromGroup:
		found, err := w.store.ListGroups(ctx, w.id, driver.List{IDs: []string{string(a.Group)}})
		if err != nil {
			return err
		}
		if len(found) == 0 {
			return driver.NotFound("group", string(a.Group))
		}
		j.Rule = found[0].Rule != nil
	case ActionMerge:
		j.Policy = &w.o.Capture
	}
	return nil
}
