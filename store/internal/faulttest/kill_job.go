package faulttest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// KillJobs kills processes with SIGKILL while they run a job, and then while they undo it, until it
// has ended, and checks that nothing was done twice or left out. The test must do nothing else,
// because it runs again in the child processes.
func KillJobs(t *testing.T, e Engine) {
	if args := ChildArgs(); args != nil {
		fmt.Println("failed:", e.resumeJobs(args))
		os.Exit(1)
	}
	t.Parallel()
	const parts, size = 20, 10
	source, r := e.Source(t), rand.New(rand.NewPCG(seed(t), 0))
	st, err := e.Open(t.Context(), source)
	require.NoError(t, err)
	defer st.Close()
	ws, err := store.Open(st, workspace, nil)
	require.NoError(t, err)
	_, err = ws.Load(t.Context(), func(yield func(visitor.Draft, error) bool) {
		for n := range parts * size {
			if !yield(visitor.Draft{Name: fmt.Sprint("Visitor ", n), Source: visitor.Chat, Tags: []string{"old"}}, nil) {
				return
			}
		}
	}, nil)
	require.NoError(t, err)
	plan, err := ws.Plan(t.Context(), store.Action{Kind: store.ActionUntag, Where: filter.All(), Tags: []string{"old"}})
	require.NoError(t, err)
	smallParts(t, st, &plan, size)

	kills := 0
	for _, step := range []string{"run", "undo"} {
		for done := false; !done; kills++ {
			p := Start(t, source, "job", string(plan.ID), step)
			line, err := p.Line()
			require.NoError(t, err)
			require.Equal(t, "ready", line)
			time.Sleep(time.Duration(r.Int64N(int64(20 * time.Millisecond))))
			p.Kill()
			p.Gone()
			if e.Settle != nil {
				db := e.plain(t, source)
				e.Settle(t, db, "job")
				db.Close()
			}
			j, err := ws.Job(t.Context(), plan.ID)
			require.NoError(t, err)
			done = step == "run" && j.State == store.JobDone || j.State == store.JobUndone
			changed, err := ws.Count(t.Context(), filter.Not(filter.Tag.Has("old")))
			require.NoError(t, err)
			require.EqualValues(t, j.Progress.Changed-j.Undo.Restored, changed, "what is recorded is what was done")
			require.Equal(t, j.Progress.Done, j.Progress.Changed)
			require.Equal(t, j.Undo.Done, j.Undo.Restored)
		}
	}
	t.Logf("killed %d processes", kills)
	events := map[driver.EventKind]int{}
	for e, err := range ws.Events(t.Context(), 0) {
		require.NoError(t, err)
		events[e.Kind]++
	}
	require.Equal(t, parts*size, events[store.VisitorUntagged])
	require.Equal(t, parts*size, events[store.VisitorTagged])
	db := e.plain(t, source)
	defer db.Close()
	e.Consistent(t, db)
}

// smallParts stores a plan again, with another id and parts of that size.
func smallParts(t *testing.T, st driver.Store, plan *store.Job, size int) {
	found, err := st.Records(t.Context(), workspace, driver.RecordQuery{Kind: driver.JobVisitors, Prefix: string(plan.ID), Limit: 1})
	require.NoError(t, err)
	ids, err := driver.JobVisitorsOf(found[0])
	require.NoError(t, err)
	plan.ID, plan.State = store.JobID(tag.NewID(plan.At)), store.JobFreezing
	var changes []driver.Change
	for plan.Parts = 1; len(ids) > 0; plan.Parts++ {
		if len(ids) <= size {
			plan.State = store.JobPlanned
		}
		changes = append(changes, driver.PutJob{Audit: driver.Audit{At: plan.At}, Job: *plan, Part: plan.Parts, Visitors: ids[:size]})
		ids = ids[size:]
	}
	_, err = st.Apply(t.Context(), workspace, changes)
	require.NoError(t, err)
}

// resumeJobs runs or undoes a job in a child process until it is killed.
func (e Engine) resumeJobs(args []string) error {
	st, err := e.Open(context.Background(), args[0])
	if err != nil {
		return err
	}
	ws, err := store.Open(st, workspace, nil)
	if err != nil {
		return err
	}
	fmt.Println("ready")
	step := ws.RunJob
	if args[3] == "undo" {
		step = ws.UndoJob
	}
	if _, err := step(context.Background(), store.JobID(args[2])); err != nil {
		return err
	}
	select {} // until it is killed
}
