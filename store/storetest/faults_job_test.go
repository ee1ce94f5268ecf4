package storetest

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// onJobs changes jobs as they are stored.
func (f *faultyStore) onJobs(edit func(*driver.PutJob)) {
	f.onChange(func(_ context.Context, _ ws, c driver.Change) []driver.Change {
		if c, ok := c.(driver.PutJob); ok {
			edit(&c)
			return []driver.Change{c}
		}
		return []driver.Change{c}
	})
}

// onSteps changes the steps of jobs.
func (f *faultyStore) onSteps(edit func(context.Context, ws, driver.StepJob) []driver.Change) {
	f.onChange(func(ctx context.Context, w ws, c driver.Change) []driver.Change {
		if c, ok := c.(driver.StepJob); ok {
			return edit(ctx, w, c)
		}
		return []driver.Change{c}
	})
}

// job returns a job as it is stored.
func (f *faultyStore) job(ctx context.Context, w ws, id driver.JobID) (j driver.Job) {
	found, _ := f.correct.Records(ctx, w, driver.RecordQuery{Kind: driver.JobRecords, Keys: []string{string(id)}})
	if len(found) > 0 {
		j, _ = driver.JobOf(found[0])
	}
	return j
}

// onJobRecords changes jobs as they are read.
func (f *faultyStore) onJobRecords(edit func(*driver.Job)) {
	f.onRecords(func(q driver.RecordQuery, found []driver.Record) []driver.Record {
		for i := range found {
			var j driver.Job
			if q.Kind == driver.JobRecords && json.Unmarshal(found[i].Value, &j) == nil {
				edit(&j)
				found[i].Value, _ = json.Marshal(j)
			}
		}
		return found
	})
}

// jobFaults are in jobs on many visitors.
var jobFaults = []fault{
	{"runs plans at once", "Job/a plan changes nothing, and says what the job would change", func(f *faultyStore) {
		f.onChange(func(_ context.Context, _ ws, c driver.Change) []driver.Change {
			if c, ok := c.(driver.PutJob); ok && c.Job.State == driver.JobPlanned {
				return []driver.Change{c, driver.StepJob{Audit: c.Audit, ID: c.Job.ID, Step: driver.StepRun}}
			}
			return []driver.Change{c}
		})
	}},
	{"forgets who planned a job", "Job/a plan changes nothing, and says what the job would change", func(f *faultyStore) {
		f.onJobRecords(func(j *driver.Job) { j.Cause = "" })
	}},
	{"deletes the survivor of a visitor that was merged", "Job/a job changes the visitors of its plan and no others", func(f *faultyStore) {
		f.onSteps(func(ctx context.Context, w ws, c driver.StepJob) []driver.Change {
			changes := []driver.Change{c}
			if j := f.job(ctx, w, c.ID); j.Action.Kind == driver.ActionDelete {
				parts, _ := f.correct.Records(ctx, w, driver.RecordQuery{Kind: driver.JobVisitors, Prefix: string(c.ID), Limit: 10})
				for _, p := range parts {
					ids, _ := driver.JobVisitorsOf(p)
					for _, id := range ids {
						changes = append([]driver.Change{driver.DeleteVisitor{Audit: c.Audit, ID: id}}, changes...)
					}
				}
			}
			return changes
		})
	}},
	{"makes a step from any cursor", "Job/a step is made once, with everything that it needs to be undone", func(f *faultyStore) {
		f.onSteps(func(ctx context.Context, w ws, c driver.StepJob) []driver.Change {
			c.From = f.job(ctx, w, c.ID).Cursor
			return []driver.Change{c}
		})
	}},
	{"starts an interrupted job again", "Job/a job that was interrupted goes on where it was", func(f *faultyStore) {
		f.onJobRecords(func(j *driver.Job) { j.Cursor = 0 })
	}},
	{"lists no job that is running", "Job/a job that was interrupted goes on where it was", func(f *faultyStore) {
		f.onJobRecords(func(j *driver.Job) {
			if j.State == driver.JobRunning {
				j.State = driver.JobCanceled
			}
		})
	}},
	{"makes the step of each caller", "Job/of several calls that run one job, one works", func(f *faultyStore) {
		f.onSteps(func(ctx context.Context, w ws, c driver.StepJob) []driver.Change {
			j := f.job(ctx, w, c.ID)
			if c.From = j.Cursor; j.State == driver.JobDone {
				return []driver.Change{driver.StepJob{Audit: c.Audit, ID: c.ID, Step: driver.StepUndo, From: j.Cursor}}
			}
			return []driver.Change{c}
		})
	}},
	{"restores tags at the time of the undo", "Job/each kind of job is undone to what was there before", func(f *faultyStore) {
		last := time.Time{}
		f.onSteps(func(_ context.Context, _ ws, c driver.StepJob) []driver.Change {
			last = c.At
			return []driver.Change{c}
		})
		find := f.find
		f.find = func(ctx context.Context, w ws, s driver.Select) ([]visitor.Visitor, error) {
			found, err := find(ctx, w, s)
			for i := range found {
				found[i].Tags = slices.Clone(found[i].Tags)
				for n := range found[i].Tags {
					if !last.IsZero() {
						found[i].Tags[n].At = last
					}
				}
			}
			return found, err
		}
	}},
	{"removes tags of others when it undoes a job", "Job/undoing leaves what has changed since the job", func(f *faultyStore) {
		f.onSteps(func(ctx context.Context, w ws, c driver.StepJob) []driver.Change {
			changes := []driver.Change{c}
			if j := f.job(ctx, w, c.ID); c.Step == driver.StepUndo && j.Action.Kind == driver.ActionTag {
				people, _ := f.correct.FindVisitors(ctx, w, driver.Select{Where: bind(filter.All()), Order: driver.OldestFirst, Limit: 100})
				for _, v := range people {
					changes = append([]driver.Change{driver.RemoveTags{Audit: c.Audit, ID: v.ID, Tags: []string{tag.Key(j.Tags[0].Name)}}}, changes...)
				}
			}
			return changes
		})
	}},
	{"keeps values of deleted visitors", "Job/what a job keeps of a visitor goes with the visitor", func(f *faultyStore) {
		var kept []driver.Record
		f.onRecords(func(q driver.RecordQuery, found []driver.Record) []driver.Record {
			if q.Kind == driver.JobItems && len(found) > 0 {
				kept = append(kept, driver.Record{Kind: q.Kind, Key: "x", Value: []byte(`{"1":{"attributes":{"secret":"secret of Ada"}}}`)})
			}
			return append(found, kept...)
		})
	}},
	{"deletes before the end of the hold", "Job/a held deletion can be canceled, and is final afterwards", func(f *faultyStore) {
		f.onJobs(func(c *driver.PutJob) { c.Job.Action.Hold = 0 })
	}},
	{"runs plans that have expired", "Job/a job that cannot be run, canceled, undone or deleted is refused", func(f *faultyStore) {
		f.onJobs(func(c *driver.PutJob) { c.Job.Expires = c.Job.Expires.AddDate(1, 0, 0) })
	}},
	{"cancels jobs that have ended", "Job/a job that cannot be run, canceled, undone or deleted is refused", func(f *faultyStore) {
		f.onSteps(func(ctx context.Context, w ws, c driver.StepJob) []driver.Change {
			if j := f.job(ctx, w, c.ID); c.Step == driver.StepCancel && j.State == driver.JobDone {
				c.Step, c.From = driver.StepUndo, j.Cursor
			}
			return []driver.Change{c}
		})
	}},
	{"creates a deleted tag again", "Job/a job fails when its tag or group was deleted, and can be undone", func(f *faultyStore) {
		f.onSteps(func(ctx context.Context, w ws, c driver.StepJob) []driver.Change {
			changes := []driver.Change{}
			for _, t := range f.job(ctx, w, c.ID).Tags {
				changes = append(changes, driver.EnsureTag{Audit: c.Audit, Tag: t})
			}
			return append(changes, c)
		})
	}},
	{"keeps jobs", "Job/a job is deleted with all that it keeps, some time after its end", func(f *faultyStore) {
		f.onJobRecords(func(j *driver.Job) { j.At = j.At.AddDate(1, 0, 0) })
	}},
	{"finds jobs of other workspaces", "Job/a job of another workspace is not found", func(f *faultyStore) {
		var last ws
		apply := f.apply
		f.apply = func(ctx context.Context, w ws, changes []driver.Change) ([]driver.Outcome, error) {
			if _, ok := changes[0].(driver.PutJob); ok {
				last = w
			}
			return apply(ctx, w, changes)
		}
		records := f.records
		f.records = func(ctx context.Context, w ws, q driver.RecordQuery) ([]driver.Record, error) {
			if q.Kind == driver.JobRecords && len(q.Keys) > 0 && last != "" {
				w = last
			}
			return records(ctx, w, q)
		}
	}},
}
