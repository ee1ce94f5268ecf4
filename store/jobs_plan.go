package store

import (
	"context"
	"iter"
	"slices"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag/id"
	"github.com/contactpipeline/visitors/visitor"
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
// A plan that was interrupted, by an error, the context or the end of the program, is listed with the
// state JobFreezing, and cannot be run.
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
		if err != nil {
			return Job{}, fail(op, err)
		}
		if part != nil {
			if err := put(); err != nil {
				return Job{}, err
			}
		}
		part = next
	}
	if err := w.warn(ctx, &j); err != nil {
		return Job{}, fail(op, err)
	}
	j.State = JobPlanned
	if err := put(); err != nil {
		return Job{}, err
	}
	return j, nil
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
			bound, err := w.bind(ctx, where, now)
			if err != nil {
				yield(nil, err)
				return
			}
			for found, err := range w.batches(ctx, driver.Select{Where: bound, Order: driver.OldestFirst, Limit: driver.MaxJobPart}) {
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
