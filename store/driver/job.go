package driver

import (
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

// MaxJobPart is the most visitors, or pairs of visitors, that a step of a job changes.
const MaxJobPart = maxBatch

// JobID identifies a job: a UUIDv7 of the time when it was planned.
type JobID string

// Cause is the cause of all changes that the job makes: "job:" and the id.
func (id JobID) Cause() string { return "job:" + string(id) }

// ActionKind says what a job does with each visitor.
type ActionKind string

// The kinds of actions.
const (
	ActionTag             ActionKind = "tag"
	ActionUntag           ActionKind = "untag"
	ActionAddToGroup      ActionKind = "add_to_group"
	ActionRemoveFromGroup ActionKind = "remove_from_group"
	ActionSet             ActionKind = "set"    // attributes
	ActionUnset           ActionKind = "unset"  // attributes
	ActionDelete          ActionKind = "delete" // cannot be undone
	ActionMerge           ActionKind = "merge"  // pairs of visitors
)

// Action is what a job does, and with which visitors: those that match Where, or with IDs or, for a
// merge, Pairs. Other fields are only for some kinds.
type Action struct {
	Kind   ActionKind      `json:"kind"`
	Where  filter.Expr     `json:"-"`                // filter.All() matches every visitor
	Filter string          `json:"filter,omitempty"` // Where in text form, which is read if Where is nil
	IDs    []visitor.ID    `json:"-"`
	Pairs  [][2]visitor.ID `json:"-"` // the second is merged into the first

	Tags  []string           `json:"tags,omitempty"`  // names, of ActionTag and ActionUntag
	Group group.ID           `json:"group,omitempty"` // of ActionAddToGroup and ActionRemoveFromGroup
	Set   visitor.Attributes `json:"set,omitempty"`   // of ActionSet
	Unset []string           `json:"unset,omitempty"` // of ActionUnset
	// Hold is the time from the start of the job to its first change. Until then it can be
	// canceled without effect. Default: none.
	Hold time.Duration `json:"hold,omitempty"`
}

// JobState says how far a job is.
type JobState string

// The states.
const (
	JobFreezing JobState = "freezing" // its visitors are being written down
	JobPlanned  JobState = "planned"
	JobHeld     JobState = "held" // it was started, and begins at NotBefore
	JobRunning  JobState = "running"
	JobDone     JobState = "done"
	JobFailed   JobState = "failed" // its tag or group was deleted; Failure says which
	JobCanceled JobState = "canceled"
	JobUndoing  JobState = "undoing"
	JobUndone   JobState = "undone"
	JobDeleting JobState = "deleting"
)

// Job is an action on visitors whose ids were written down when it was planned.
type Job struct {
	ID       JobID        `json:"id"`
	State    JobState     `json:"state"`
	Action   Action       `json:"action"`
	At       time.Time    `json:"at"` // when it was planned
	Actor    string       `json:"actor,omitempty"`
	Cause    string       `json:"cause,omitempty"`
	Count    int          `json:"count"` // visitors or, for a merge, pairs
	Expected Expected     `json:"expected"`
	Samples  []visitor.ID `json:"samples,omitempty"`
	Warnings []JobWarning `json:"warnings,omitempty"`
	Progress Progress     `json:"progress"`
	Undo     UndoProgress `json:"undo"`

	Expires   time.Time `json:"expires"`             // a plan that was not started before cannot be started
	NotBefore time.Time `json:"not_before,omitzero"` // the end of the hold; zero: no hold, or not started
	StartedAt time.Time `json:"started_at,omitzero"` // when the first visitor was changed
	EndedAt   time.Time `json:"ended_at,omitzero"`   // when it was done, failed, canceled or undone
	Failure   string    `json:"failure,omitempty"`   // of a job that has failed

	Tags   []tag.Tag       `json:"tags,omitempty"`   // of Action.Tags; those that do not exist are created at the start
	Rule   bool            `json:"rule,omitempty"`   // the group had a rule when the job was planned
	Policy *visitor.Policy `json:"policy,omitempty"` // of a merge
	Parts  int             `json:"parts"`            // in which the visitors are kept
	Cursor int             `json:"cursor"`           // the parts that were changed, and not changed back
	Worked time.Duration   `json:"worked,omitempty"` // that Timed visitors took
	Timed  int             `json:"timed,omitempty"`
}

// Expected says what a job would have changed when it was planned.
type Expected struct {
	Changed   int `json:"changed"`
	Unchanged int `json:"unchanged"`
}

// Progress counts the visitors or pairs of a job. Done is the sum of the others.
type Progress struct {
	Done      int `json:"done"`
	Changed   int `json:"changed"`
	Unchanged int `json:"unchanged"` // were already as wanted
	Missing   int `json:"missing"`   // were deleted since, or merged into another visitor
	Refused   int `json:"refused"`   // would have exceeded a limit
}

// UndoProgress counts the visitors or pairs that a job had changed. Done is the sum of the others.
type UndoProgress struct {
	Done     int `json:"done"`
	Restored int `json:"restored"`
	Left     int `json:"left"` // something had changed since, and was left as it is
	Gone     int `json:"gone"` // were deleted since
}

// JobWarning is a reason to look at a plan again.
type JobWarning string

// The warnings.
const (
	WarnEveryone JobWarning = "everyone" // the job is about all visitors
	WarnMajority JobWarning = "majority" // the job is about more than half of all visitors
)

// Rate is how many visitors a second the job changes, or changes back. 0: not known yet.
func (j Job) Rate() float64 {
	if j.Worked <= 0 {
		return 0
	}
	return float64(j.Timed) / j.Worked.Seconds()
}

// TimeLeft is how long the rest of the job takes at its rate. 0: not known yet, or nothing is left.
func (j Job) TimeLeft() time.Duration {
	left := 0
	switch j.State {
	case JobRunning:
		left = j.Count - j.Progress.Done
	case JobUndoing:
		left = j.Progress.Changed - j.Undo.Done
	}
	if rate := j.Rate(); rate > 0 {
		return time.Duration(float64(left) / rate * float64(time.Second))
	}
	return 0
}

// JobError says why a job cannot be started, canceled, undone or deleted now. It matches
// ErrConflict.
type JobError struct {
	ID     JobID
	Reason string
}

// Error returns "job id: reason".
func (e *JobError) Error() string { return fmt.Sprintf("job %s: %s", e.ID, e.Reason) }

// Is reports whether target is ErrConflict.
func (e *JobError) Is(target error) bool { return target == ErrConflict }

// JobOf returns the job that a record of the kind JobRecords holds.
func JobOf(r Record) (j Job, err error) { return j, decode("job", r.Key, r.Value, &j) }

// JobVisitorsOf returns the visitors that a record of the kind JobVisitors holds; of a merge, the
// two of each pair.
func JobVisitorsOf(r Record) ([]visitor.ID, error) { return unpackIDs("job", r) }

// packIDs returns ids as 16 bytes each.
func packIDs(ids []visitor.ID) ([]byte, error) {
	packed := make([]byte, 0, len(ids)*len(uuid.UUID{}))
	for _, id := range ids {
		parsed, err := uuid.Parse(string(id))
		if err != nil {
			return nil, text.Refuse("visitor id", "not a UUID")
		}
		packed = append(packed, parsed[:]...)
	}
	return packed, nil
}

// unpackIDs is the inverse of packIDs.
func unpackIDs(kind string, r Record) ([]visitor.ID, error) {
	const size = len(uuid.UUID{})
	if len(r.Value)%size != 0 {
		return nil, &Error{Kind: kind, Key: r.Key, Err: fmt.Errorf("a record of %d bytes", len(r.Value))}
	}
	ids := make([]visitor.ID, 0, len(r.Value)/size)
	for id := range slices.Chunk(r.Value, size) {
		ids = append(ids, visitor.ID(uuid.UUID(id).String()))
	}
	return ids, nil
}
