package store_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/memory"
	"github.com/contactpipeline/visitors/visitor"
)

// withPeople returns a workspace with three visitors, and a clock that the caller can set.
func withPeople() (*store.Workspace, *time.Time) {
	now := time.Date(2026, 5, 4, 10, 0, 0, 0, time.UTC)
	ws, err := store.Open(memory.New(), "acme", &store.Options{Now: func() time.Time { return now }})
	check(err)
	for _, name := range []string{"Ada", "Bob", "Cleo"} {
		_, err := ws.Create(context.Background(), visitor.Draft{Name: name, Source: visitor.Chat})
		check(err)
		now = now.Add(time.Millisecond) // so that ids are in this order
	}
	return ws, &now
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func ExampleWorkspace_Plan() {
	ctx := context.Background()
	ws, _ := withPeople()
	job, err := ws.Plan(ctx, store.Action{Kind: store.ActionTag, Where: filter.Name.In("Ada", "Bob"), Tags: []string{"vip"}})
	check(err)
	fmt.Println("to change:", job.Expected.Changed, "of", job.Count, job.Warnings)
	job, err = ws.RunJob(ctx, job.ID)
	check(err)
	fmt.Println(job.State, job.Progress.Changed)
	job, err = ws.UndoJob(ctx, job.ID)
	check(err)
	fmt.Println(job.State, job.Undo.Restored)
	// Output:
	// to change: 2 of 2 [majority]
	// done 2
	// undone 2
}

func ExampleWorkspace_RunJob() {
	ctx := context.Background()
	ws, now := withPeople()
	job, err := ws.Plan(ctx, store.Action{Kind: store.ActionDelete, Where: filter.All()})
	check(err)
	*now = now.Add(25 * time.Hour)
	_, err = ws.RunJob(ctx, job.ID)
	var refused *store.JobError
	fmt.Println(errors.As(err, &refused), refused)
	n, err := ws.Count(ctx, filter.All())
	check(err)
	fmt.Println("visitors:", n)
	// Output:
	// true the plan has expired
	// visitors: 3
}

func ExampleWorkspace_CancelJob() {
	ctx := context.Background()
	ws, _ := withPeople()
	job, err := ws.Plan(ctx, store.Action{Kind: store.ActionDelete, Where: filter.All(), Hold: 24 * time.Hour})
	check(err)
	job, err = ws.RunJob(ctx, job.ID)
	check(err)
	fmt.Println(job.State, "until", job.NotBefore.Format(time.DateTime))
	job, err = ws.CancelJob(ctx, job.ID)
	check(err)
	fmt.Println(job.State)
	// Output:
	// held until 2026-05-05 10:00:00
	// canceled
}

func ExampleWorkspace_UndoJob() {
	ctx := context.Background()
	ws, _ := withPeople()
	job, err := ws.Plan(ctx, store.Action{Kind: store.ActionSet, Where: filter.All(), Set: visitor.Attributes{"plan": visitor.Text("pro")}})
	check(err)
	job, err = ws.RunJob(ctx, job.ID)
	check(err)
	ada, err := ws.Find(ctx, store.Query{Where: filter.Name.Is("Ada")})
	check(err)
	_, err = ws.Update(ctx, ada.Visitors[0].ID, visitor.Patch{Set: visitor.Attributes{"plan": visitor.Text("team")}})
	check(err)
	job, err = ws.UndoJob(ctx, job.ID)
	check(err)
	fmt.Println("restored:", job.Undo.Restored, "left as it is:", job.Undo.Left)
	// Output: restored: 2 left as it is: 1
}

func ExampleWorkspace_ResumeJobs() {
	ctx := context.Background()
	ws, now := withPeople()
	job, err := ws.Plan(ctx, store.Action{Kind: store.ActionDelete, Where: filter.All(), Hold: time.Hour})
	check(err)
	_, err = ws.RunJob(ctx, job.ID)
	check(err)
	*now = now.Add(time.Hour)
	n, err := ws.ResumeJobs(ctx) // when the program starts, and every minute
	check(err)
	job, err = ws.Job(ctx, job.ID)
	check(err)
	fmt.Println(n, job.State, job.Progress.Changed)
	// Output: 1 done 3
}

func ExampleWorkspace_Jobs() {
	ctx := context.Background()
	ws, now := withPeople()
	for _, name := range []string{"Ada", "Bob"} {
		*now = now.Add(time.Minute)
		_, err := ws.Plan(ctx, store.Action{Kind: store.ActionTag, Where: filter.Name.Is(name), Tags: []string{"vip"}})
		check(err)
	}
	for job, err := range ws.Jobs(ctx) {
		check(err)
		fmt.Println(job.Action.Kind, job.Action.Filter, job.State)
	}
	// Output:
	// tag name:Ada planned
	// tag name:Bob planned
}

func ExampleWorkspace_JobVisitors() {
	ctx := context.Background()
	ws, _ := withPeople()
	job, err := ws.Plan(ctx, store.Action{Kind: store.ActionDelete, Where: filter.Name.In("Ada", "Cleo")})
	check(err)
	for id, err := range ws.JobVisitors(ctx, job.ID) {
		check(err)
		v, err := ws.Get(ctx, id)
		check(err)
		fmt.Println(v.Name)
	}
	// Unordered output:
	// Ada
	// Cleo
}

func ExampleWorkspace_DeleteJob() {
	ctx := context.Background()
	ws, _ := withPeople()
	job, err := ws.Plan(ctx, store.Action{Kind: store.ActionDelete, Where: filter.All()})
	check(err)
	existed, err := ws.DeleteJob(ctx, job.ID)
	check(err)
	fmt.Println(existed)
	// Output: true
}

func ExampleWorkspace_DeleteOldJobs() {
	ctx := context.Background()
	ws, now := withPeople()
	job, err := ws.Plan(ctx, store.Action{Kind: store.ActionTag, Where: filter.All(), Tags: []string{"vip"}})
	check(err)
	_, err = ws.RunJob(ctx, job.ID)
	check(err)
	*now = now.AddDate(0, 0, 31)
	n, err := ws.DeleteOldJobs(ctx)
	check(err)
	fmt.Println(n)
	// Output: 1
}

func ExampleJob_TimeLeft() {
	job := store.Job{State: store.JobRunning, Count: 50_000, Progress: store.Progress{Done: 10_000}, Timed: 10_000, Worked: time.Second / 2}
	fmt.Println(job.Rate(), job.TimeLeft())
	// Output: 20000 2s
}
