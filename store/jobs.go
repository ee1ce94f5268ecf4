package store

import (
	"context"
	"iter"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag/id"
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

// Job returns a job. The error matches ErrNotFound, or ErrInvalid for a malformed id.
func (w *Workspace) Job(ctx context.Context, job JobID) (Job, error) {
	j, err := w.job(ctx, job)
	return j, fail("get job", err)
}

func (w *Workspace) job(ctx context.Context, job JobID) (Job, error) {
	key, err := id.Parse("job id", string(job))
	if err != nil {
		return Job{}, err
	}
	return oneRecord(ctx, w, "job", driver.JobRecords, key, driver.JobOf)
}

// Jobs iterates over all jobs, oldest first. An error ends the iteration.
func (w *Workspace) Jobs(ctx context.Context) iter.Seq2[Job, error] {
	return recordsOf(ctx, w, "list jobs", driver.JobRecords, driver.JobOf)
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
