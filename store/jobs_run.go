package store

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/contactpipeline/visitors/store/driver"
)

// RunJob starts a planned job, or continues one that was interrupted, and returns it as it is at
// the end. It changes up to 1,000 visitors a transaction, which also records how far the job is: so
// it can end at any point, with the context or the program, and the next RunJob continues there.
// Assignments, memberships and events have the actor who planned it and the cause "job:" and its id.
//
// A job with a hold is only started, with the state JobHeld, and RunJob returns at once until
// Job.NotBefore has passed.
//
// The error matches ErrNotFound, or ErrConflict (a *JobError) if the plan has expired, if the job
// has ended, or if another call works on it, which then goes on alone. A tag or group that was
// deleted meanwhile is no error: the state is JobFailed.
func (w *Workspace) RunJob(ctx context.Context, job JobID) (Job, error) {
	return w.stepJob(ctx, "run job", job, driver.StepRun)
}

// CancelJob ends a job that has not ended. What it has changed stays changed, and can be undone.
// The error matches ErrNotFound, or ErrConflict (a *JobError) if it has ended.
func (w *Workspace) CancelJob(ctx context.Context, job JobID) (Job, error) {
	return w.stepJob(ctx, "cancel job", job, driver.StepCancel)
}

// UndoJob undoes what a job has changed that has ended, as RunJob runs it, and returns it with what
// was restored. Each fact (a tag, a membership, an attribute, a merge) is restored only if it still
// is as the job has left it: a restored assignment has its time, actor and cause from before. Job.Undo
// counts what was left as it is. A deletion cannot be undone.
//
// The error matches ErrNotFound, or ErrConflict (a *JobError) if the job has not ended, was undone or
// is a deletion, or if another call works on it.
func (w *Workspace) UndoJob(ctx context.Context, job JobID) (Job, error) {
	return w.stepJob(ctx, "undo job", job, driver.StepUndo)
}

// DeleteJob deletes a job that has ended, and everything that is kept to undo it, and reports
// whether it existed. The error matches ErrConflict (a *JobError) if it has not ended.
func (w *Workspace) DeleteJob(ctx context.Context, job JobID) (bool, error) {
	_, err := w.stepJob(ctx, "delete job", job, driver.StepDelete)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// stepJob makes steps until the job is where they end.
func (w *Workspace) stepJob(ctx context.Context, op string, job JobID, step driver.JobStep) (Job, error) {
	j, err := w.job(ctx, job)
	if err != nil {
		return Job{}, fail(op, err)
	}
	for last := (time.Time{}); ; {
		if err := ctx.Err(); err != nil {
			return j, err
		}
		now := w.now()
		c := driver.StepJob{Audit: w.audit(now), ID: j.ID, Step: step, From: j.Cursor}
		if step == driver.StepDelete {
			c.From = j.Parts
		}
		if !last.IsZero() {
			c.Took = max(now.Sub(last), 0)
		}
		out, err := w.applyLast(ctx, op, c)
		if err != nil {
			return j, err
		}
		last = now
		switch j = *out.Job; {
		case j.State == JobRunning, j.State == JobUndoing, j.State == JobDeleting && out.Effect != driver.Deleted:
		default:
			return j, nil
		}
	}
}

// ResumeJobs runs or undoes the jobs that were interrupted, and runs the held ones whose hold has passed:
// call it when the program starts, and from time to time if jobs have holds. It returns how many it
// has brought to an end. A job that another call works on is left to it. If a job fails, ResumeJobs
// goes on with the others, and returns the first error.
func (w *Workspace) ResumeJobs(ctx context.Context) (ended int, err error) {
	for j, failed := range w.Jobs(ctx) {
		switch {
		case failed != nil:
			return ended, cmp.Or(err, failed)
		case j.State == JobRunning, j.State == JobHeld && !w.now().Before(j.NotBefore):
			_, failed = w.RunJob(ctx, j.ID)
		case j.State == JobUndoing:
			_, failed = w.UndoJob(ctx, j.ID)
		default:
			continue
		}
		switch {
		case failed == nil:
			ended++
		case ctx.Err() != nil:
			return ended, failed
		case err == nil && !errors.Is(failed, ErrConflict) && !errors.Is(failed, ErrNotFound):
			err = failed
		}
	}
	return ended, err
}

// DeleteOldJobs deletes the jobs that ended, and the plans that expired, longer than
// Options.JobRetention ago, and returns how many these were.
func (w *Workspace) DeleteOldJobs(ctx context.Context) (int, error) {
	before, deleted := w.now().Add(-w.o.JobRetention), 0
	for j, err := range w.Jobs(ctx) {
		switch {
		case err != nil:
			return deleted, err
		case j.At.After(before): // and so are the jobs after it
			return deleted, nil
		}
		end := j.EndedAt
		if j.State == JobPlanned || j.State == JobFreezing {
			end = j.Expires
		}
		if j.State == JobDeleting || !end.IsZero() && end.Before(before) {
			existed, err := w.DeleteJob(ctx, j.ID)
			switch {
			case errors.Is(err, ErrConflict): // another call deletes it
			case err != nil:
				return deleted, err
			case existed:
				deleted++
			}
		}
	}
	return deleted, nil
}
