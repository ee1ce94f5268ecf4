package driver

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

type (
	// PutJob stores a plan with a part of its visitors, or another part of a plan whose state is
	// JobFreezing. ErrExists: there is a job with its id in another state. ErrInvalid: the state is
	// not that of a plan.
	PutJob struct {
		Audit
		Job      Job          // with the state JobFreezing or, with the last part, JobPlanned
		Part     int          // the number of the part, from 1
		Visitors []visitor.ID // of MaxJobPart visitors or pairs at most
	}
	// StepJob starts a job, makes its next step, or ends it. A step is a part of its visitors,
	// with its items and the new cursor. ErrNotFound: no such job. A *JobError: the state does
	// not allow it, or the job is not at From any more.
	StepJob struct {
		Audit
		ID   JobID
		Step JobStep
		From int           // the cursor of the job, as it was read; of a deletion, the number of parts
		Took time.Duration // that the same caller took for the part before; 0 for its first
	}
)

// JobStep says what a StepJob does.
type JobStep string

// The steps.
const (
	StepRun    JobStep = "run"    // ends in JobDone or JobFailed; a job with a hold is first held
	StepCancel JobStep = "cancel" // ends a job that is not done
	StepUndo   JobStep = "undo"   // ends in JobUndone
	StepDelete JobStep = "delete" // ends without the job
)

// JobBusy is the reason of a JobError if another call has made the step.
const JobBusy = "another call works on it"

// Other reasons of a JobError.
const (
	reasonExpired = "the plan has expired"
	reasonFinal   = "a deletion cannot be undone"
	reasonActive  = "it has not ended: cancel it first"
)

func (c PutJob) apply(b *batch) (Outcome, error) {
	if c.Job.State != JobFreezing && c.Job.State != JobPlanned {
		return Outcome{}, text.Refuse("state", "not that of a plan")
	}
	effect := Created
	before, err := b.job(c.Job.ID)
	switch {
	case errors.Is(err, ErrNotFound):
	case err != nil:
		return Outcome{}, err
	case before.State != JobFreezing:
		return Outcome{}, AlreadyExists("job", string(c.Job.ID))
	default:
		effect = Updated
	}
	ids, err := packIDs(c.Visitors)
	if err != nil {
		return Outcome{}, err
	}
	if len(ids) > 0 {
		key := partKey(c.Job.ID, c.Part)
		if err := b.tx.PutRecords([]Record{{JobVisitors, key, ids}}); err != nil {
			return Outcome{}, err
		}
	}
	return Outcome{Effect: effect}, b.putJob(c.Audit, c.Job, JobFreezing)
}

// job reads a job. The error matches ErrNotFound.
func (b *batch) job(id JobID) (Job, error) {
	found, err := b.tx.Records(RecordQuery{Kind: JobRecords, Keys: []string{string(id)}})
	if err != nil {
		return Job{}, err
	}
	if len(found) == 0 {
		return Job{}, NotFound("job", string(id))
	}
	return JobOf(found[0])
}

// putJob writes a job, and records an event if its state is not that from before.
func (b *batch) putJob(a Audit, j Job, before JobState) error {
	value, err := json.Marshal(j)
	if err != nil {
		return err
	}
	if j.State != before {
		b.event(a, Event{Kind: JobChanged, Fields: []string{string(j.ID), string(j.State)}})
	}
	return b.tx.PutRecords([]Record{{JobRecords, string(j.ID), value}})
}

// jobPart reads a part of the visitors of a job.
func (b *batch) jobPart(id JobID, part int) ([]visitor.ID, error) {
	key := partKey(id, part)
	found, err := b.tx.Records(RecordQuery{Kind: JobVisitors, Keys: []string{key}})
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, NotFound("part of job", key)
	}
	return JobVisitorsOf(found[0])
}

func (c StepJob) apply(b *batch) (Outcome, error) {
	j, err := b.job(c.ID)
	if err != nil {
		return Outcome{}, err
	}
	before := j.State
	step := map[JobStep]func(*batch, *Job) error{
		StepRun: c.run, StepCancel: c.cancel, StepUndo: c.undo, StepDelete: c.delete,
	}[c.Step]
	if step == nil {
		return Outcome{}, c.refuse("unknown step")
	}
	cursor := j.Cursor
	if err := step(b, &j); err != nil {
		return Outcome{}, err
	}
	switch {
	case c.Step == StepDelete && j.Parts == 0:
		b.event(c.Audit, Event{Kind: JobChanged, Fields: []string{string(c.ID), "deleted"}})
		return Outcome{Effect: Deleted, Job: &j}, b.tx.DeleteRecords(JobRecords, []string{string(c.ID)})
	case j.State == before && j.Cursor == cursor && c.Step != StepDelete:
		return Outcome{Effect: Unchanged, Job: &j}, nil
	}
	return Outcome{Effect: Updated, Job: &j}, b.putJob(c.Audit, j, before)
}

func (c StepJob) refuse(reason string) error { return &JobError{c.ID, reason} }

// run starts a job, and changes its next part.
func (c StepJob) run(b *batch, j *Job) error {
	switch j.State {
	case JobPlanned:
		if c.At.After(j.Expires) {
			return c.refuse(reasonExpired)
		}
		if j.Action.Hold > 0 {
			j.State, j.NotBefore = JobHeld, c.At.Add(j.Action.Hold)
			return nil
		}
	case JobHeld:
		if c.At.Before(j.NotBefore) {
			return nil
		}
	case JobRunning:
	default:
		return c.refuse("it is " + string(j.State))
	}
	if c.From != j.Cursor {
		return c.refuse(JobBusy)
	}
	if j.State != JobRunning {
		j.State, j.StartedAt = JobRunning, c.At
		if err := b.createJobTags(c.Audit, j); err != nil {
			return err
		}
	}
	if j.Cursor < j.Parts {
		if err := b.runPart(Audit{At: c.At, Actor: j.Actor, Cause: j.ID.Cause()}, j); err != nil {
			return err
		}
		j.clock(c.Took)
	}
	switch {
	case j.Failure != "":
		j.State, j.EndedAt = JobFailed, c.At
	case j.Cursor == j.Parts:
		j.State, j.EndedAt = JobDone, c.At
	}
	return nil
}

// clock adds the time that a full part took.
func (j *Job) clock(took time.Duration) {
	if took > 0 {
		j.Worked += took
		j.Timed += MaxJobPart
	}
}

// cancel ends a job that has not ended. What it has changed stays.
func (c StepJob) cancel(_ *batch, j *Job) error {
	switch j.State {
	case JobCanceled:
	case JobFreezing, JobPlanned, JobHeld, JobRunning:
		j.State, j.EndedAt = JobCanceled, c.At
	default:
		return c.refuse("it is " + string(j.State))
	}
	return nil
}

// undo changes the last part back that is changed.
func (c StepJob) undo(b *batch, j *Job) error {
	switch j.State {
	case JobDone, JobFailed, JobCanceled:
		if j.Action.Kind == ActionDelete {
			return c.refuse(reasonFinal)
		}
		j.State, j.EndedAt, j.Worked, j.Timed = JobUndoing, time.Time{}, 0, 0
	case JobUndoing:
	case JobFreezing, JobPlanned, JobHeld, JobRunning:
		return c.refuse(reasonActive)
	default:
		return c.refuse("it is " + string(j.State))
	}
	if c.From != j.Cursor {
		return c.refuse(JobBusy)
	}
	if j.Cursor > 0 {
		if err := b.undoPart(Audit{At: c.At, Actor: c.Actor, Cause: j.ID.undoCause()}, j); err != nil {
			return err
		}
		j.clock(c.Took)
	}
	if j.Cursor == 0 {
		j.State, j.EndedAt = JobUndone, c.At
	}
	return nil
}

// delete deletes the last part, with the items of its visitors.
func (c StepJob) delete(b *batch, j *Job) error {
	if j.State == JobHeld || j.State == JobRunning || j.State == JobUndoing {
		return c.refuse(reasonActive)
	}
	if c.From != j.Parts {
		return c.refuse(JobBusy)
	}
	j.State = JobDeleting
	if j.Parts == 0 {
		return nil
	}
	if j.keepsItems() {
		ids, err := b.jobPart(j.ID, j.Parts)
		if err != nil && !errors.Is(err, ErrNotFound) { // a plan that is not complete may lack it
			return err
		}
		if err := b.dropItems(j.ID, ids); err != nil {
			return err
		}
	}
	keys := []string{partKey(j.ID, j.Parts)}
	j.Parts--
	return errors.Join(b.tx.DeleteRecords(JobVisitors, keys), b.tx.DeleteRecords(JobChanges, keys))
}

// factBits is which facts of the visitors of a part a job has changed: j.facts() bits for each.
type factBits []byte

func newFactBits(n int) factBits  { return make(factBits, (n+7)/8) }
func (f factBits) has(n int) bool { return n/8 < len(f) && f[n/8]&(1<<(n%8)) != 0 }
func (f factBits) set(n int)      { f[n/8] |= 1 << (n % 8) }
