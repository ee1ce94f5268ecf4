package rest

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor"
)

// JobDraft is the body of POST /jobs: a store.Action as JSON.
type JobDraft struct {
	Action string             `json:"action" enum:"tag,untag,add_to_group,remove_from_group,set,unset,delete,merge"`
	Filter *string            `json:"filter,omitempty" doc:"A filter in the text form; is:everyone matches all visitors."`
	IDs    []visitor.ID       `json:"ids,omitempty" minItems:"1"`
	Pairs  [][]visitor.ID     `json:"pairs,omitempty" minItems:"1" doc:"For merge: the visitor that stays, and the one that is merged into it."`
	Tags   []string           `json:"tags,omitempty" doc:"For tag and untag: names. tag creates tags that do not exist."`
	Group  group.ID           `json:"group,omitempty" doc:"For add_to_group and remove_from_group: the id of a group."`
	Set    visitor.Attributes `json:"set,omitempty" doc:"For set: attributes."`
	Unset  []string           `json:"unset,omitempty" doc:"For unset: names of attributes."`
	Hold   int64              `json:"hold,omitempty" minimum:"0" maximum:"31536000" doc:"Seconds between the start of the job and its first change, in which it can be canceled."`
}

// Job is a store.Job as JSON.
type Job struct {
	ID        store.JobID        `json:"id"`
	State     store.JobState     `json:"state" enum:"freezing,planned,held,running,done,failed,canceled,undoing,undone,deleting"`
	Action    store.ActionKind   `json:"action"`
	Filter    string             `json:"filter,omitempty"`
	Tags      []string           `json:"tags,omitempty"`
	Group     group.ID           `json:"group,omitempty"`
	Set       visitor.Attributes `json:"set,omitempty"`
	Unset     []string           `json:"unset,omitempty"`
	Hold      int64              `json:"hold,omitempty"`
	Count     int                `json:"count" doc:"The number of visitors or, for merge, pairs."`
	Expected  store.Expected     `json:"expected" doc:"What the job would have changed when it was planned."`
	Samples   []visitor.ID       `json:"samples,omitempty" doc:"Some of the visitors that it would have changed."`
	Warnings  []store.JobWarning `json:"warnings,omitempty" doc:"everyone: it is about all visitors; majority: about more than half."`
	Progress  store.Progress     `json:"progress"`
	Undo      store.UndoProgress `json:"undo"`
	Rate      float64            `json:"rate" doc:"Visitors a second; 0 if not known yet."`
	TimeLeft  float64            `json:"time_left" doc:"Seconds; 0 if not known yet."`
	PlannedAt time.Time          `json:"planned_at"`
	Actor     string             `json:"actor,omitempty"`
	Expires   time.Time          `json:"expires" doc:"A plan cannot be run later."`
	NotBefore *time.Time         `json:"not_before,omitempty" doc:"The end of the hold."`
	StartedAt *time.Time         `json:"started_at,omitempty"`
	EndedAt   *time.Time         `json:"ended_at,omitempty"`
	Failure   string             `json:"failure,omitempty"`
}

// JobList lists jobs, newest first.
type JobList struct {
	Jobs []Job `json:"jobs"`
}

type jobsInput struct {
	scope
	Limit int `query:"limit" minimum:"1" maximum:"1000" doc:"Maximum number of jobs. Default: 100."`
}

// jobOutput is a job that has ended, with 200, or that has not, with 202.
type jobOutput struct {
	Status int
	Body   Job
}

func (h *handler) jobRoutes(r routes) {
	query(r, "GET /jobs", "listJobs", "List the newest jobs", body(h.listJobs))
	change(r.creating(), "POST /jobs", "planJob", "Plan a job: freeze the visitors, and show what it would change", h.planJob)
	query(r, "GET /jobs/{id}", "getJob", "Get a job", body(h.getJob))
	change(r, "DELETE /jobs/{id}", "deleteJob", "Delete a job that has ended; it cannot be undone afterwards", h.deleteJob)
	steps := r
	steps.base.DefaultStatus = http.StatusAccepted
	steps.base.Responses = map[string]*huma.Response{"200": {
		Description: "The job has ended, or is held.",
		Content:     map[string]*huma.MediaType{"application/json": {Schema: r.api.OpenAPI().Components.Schemas.Schema(typeOf[Job](), true, "")}},
	}}
	again := "; 202: send it again until it is 200"
	change(steps, "POST /jobs/{id}/run", "runJob", "Run a job for some time"+again, h.runJob)
	change(steps, "POST /jobs/{id}/undo", "undoJob", "Undo a job for some time"+again, h.undoJob)
	change(r, "POST /jobs/{id}/cancel", "cancelJob", "End a job that has not ended; what it has changed stays", body(h.cancelJob))
	r.base.Responses = map[string]*huma.Response{"200": {
		Description: "Server-sent events: event is the state, data the job as JSON, until it has ended.",
		Content:     map[string]*huma.MediaType{"text/event-stream": {Schema: &huma.Schema{Type: "string"}}},
	}}
	change(r, "GET /jobs/{id}/stream", "streamJob", "Stream the progress of a job as server-sent events", h.streamJob)
}

// action returns what a draft asks for.
func (d JobDraft) action() (store.Action, error) {
	a := store.Action{
		Kind: store.ActionKind(d.Action), IDs: d.IDs, Tags: d.Tags, Group: d.Group, Set: d.Set, Unset: d.Unset,
		Hold: time.Duration(d.Hold) * time.Second,
	}
	if len(d.IDs) > MaxBulkIDs || len(d.Pairs) > MaxBulkIDs {
		return a, invalid("ids", fmt.Sprintf("more than %d; use a filter", MaxBulkIDs))
	}
	if d.Filter != nil {
		var err error
		if a.Where, err = filter.Parse(*d.Filter); err != nil {
			return a, err
		}
	}
	for n, pair := range d.Pairs {
		if len(pair) != 2 {
			return a, invalid(fmt.Sprintf("pairs[%d]", n), "want two ids")
		}
		a.Pairs = append(a.Pairs, [2]visitor.ID{pair[0], pair[1]})
	}
	return a, nil
}

func (h *handler) planJob(ctx context.Context, ws *store.Workspace, in *bodyInput[JobDraft]) (*createdOutput[Job], error) {
	text := ""
	if in.Body.Filter != nil {
		text = *in.Body.Filter
	}
	a, err := in.Body.action()
	if err != nil {
		return nil, err
	}
	j, err := ws.Plan(ctx, a)
	if err != nil {
		return nil, renameField(inText(text, err), jobNames)
	}
	return &createdOutput[Job]{"jobs/" + string(j.ID), jobOf(j)}, nil
}

func (h *handler) listJobs(ctx context.Context, ws *store.Workspace, in *jobsInput) (JobList, error) {
	all, err := collect(ws.Jobs(ctx)) // oldest first
	if err != nil {
		return JobList{}, err
	}
	list := JobList{[]Job{}}
	for _, j := range slices.Backward(all[max(0, len(all)-cmp.Or(in.Limit, 100)):]) {
		list.Jobs = append(list.Jobs, jobOf(j))
	}
	return list, nil
}

func (h *handler) getJob(ctx context.Context, ws *store.Workspace, in *idInput) (Job, error) {
	j, err := ws.Job(ctx, store.JobID(in.ID))
	return jobOf(j), err
}

func (h *handler) deleteJob(ctx context.Context, ws *store.Workspace, in *idInput) (*struct{}, error) {
	found, err := ws.DeleteJob(ctx, store.JobID(in.ID))
	if err == nil && !found {
		err = notFound("job", in.ID)
	}
	return nil, err
}

func (h *handler) cancelJob(ctx context.Context, ws *store.Workspace, in *idInput) (Job, error) {
	j, err := ws.CancelJob(ctx, store.JobID(in.ID))
	return jobOf(j), err
}

func (h *handler) runJob(ctx context.Context, ws *store.Workspace, in *idInput) (*jobOutput, error) {
	return h.work(ctx, ws, in, ws.RunJob)
}

func (h *handler) undoJob(ctx context.Context, ws *store.Workspace, in *idInput) (*jobOutput, error) {
	return h.work(ctx, ws, in, ws.UndoJob)
}

// work makes steps of a job for Options.JobTime. A job that another call works on is only read.
func (h *handler) work(
	ctx context.Context, ws *store.Workspace, in *idInput, step func(context.Context, store.JobID) (store.Job, error),
) (*jobOutput, error) {
	limited, cancel := context.WithTimeout(ctx, h.o.JobTime)
	defer cancel()
	j, err := step(limited, store.JobID(in.ID))
	var refused *store.JobError
	switch {
	case err == nil:
		return &jobOutput{http.StatusOK, jobOf(j)}, nil
	case errors.As(err, &refused) && refused.Reason == driver.JobBusy:
	case limited.Err() == nil || ctx.Err() != nil:
		return nil, err
	}
	j, err = ws.Job(ctx, store.JobID(in.ID))
	out := jobOutput{http.StatusAccepted, jobOf(j)}
	if !j.EndedAt.IsZero() { // by the other call
		out.Status = http.StatusOK
	}
	return &out, err
}

func (h *handler) streamJob(ctx context.Context, ws *store.Workspace, in *idInput) (*huma.StreamResponse, error) {
	j, err := ws.Job(ctx, store.JobID(in.ID))
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(ctx huma.Context) {
		_, w := humago.Unwrap(ctx)
		s := stream{w: w, to: http.NewResponseController(w)}
		s.runJob(ctx.Context(), ws, j)
	}}, nil
}

// jobInterval is how often a stream looks at its job.
const jobInterval = 250 * time.Millisecond

// runJob writes a job each time that it has changed, until it has ended.
func (s *stream) runJob(ctx context.Context, ws *store.Workspace, j store.Job) {
	if s.open() != nil {
		return
	}
	ticker := time.NewTicker(jobInterval)
	defer ticker.Stop()
	for last := ""; ; {
		data, err := json.Marshal(jobOf(j))
		if err != nil {
			return
		}
		if last != string(data) {
			last = string(data)
			err = s.write(fmt.Sprintf("event: %s\ndata: %s\n\n", j.State, data))
		} else {
			err = s.alive()
		}
		if err != nil || !j.EndedAt.IsZero() {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if j, err = ws.Job(ctx, j.ID); err != nil {
			return
		}
	}
}

func jobOf(j store.Job) Job {
	a := j.Action
	return Job{
		ID: j.ID, State: j.State, Action: a.Kind, Filter: a.Filter, Tags: a.Tags, Group: a.Group, Set: a.Set, Unset: a.Unset,
		Hold: int64(a.Hold / time.Second), Count: j.Count, Expected: j.Expected, Samples: j.Samples, Warnings: j.Warnings,
		Progress: j.Progress, Undo: j.Undo, Rate: j.Rate(), TimeLeft: j.TimeLeft().Seconds(), PlannedAt: j.At, Actor: j.Actor,
		Expires: j.Expires, NotBefore: given(j.NotBefore), StartedAt: given(j.StartedAt), EndedAt: given(j.EndedAt), Failure: j.Failure,
	}
}

// given returns nil for the zero time.
func given(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
