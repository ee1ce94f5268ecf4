package storetest

import (
	"crypto/rand"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor"
)

// BenchJobs measures jobs on all visitors of a workspace of that size, on the store that open
// returns: how many visitors a second are planned, changed, and changed back, and for comparison
// how many a second Workspace.Tag changes without a job.
func BenchJobs(b *testing.B, open func(testing.TB) driver.Store, size int) {
	b.Helper()
	ctx := b.Context()
	ws, err := store.Open(open(b), "bench-"+strings.ToLower(rand.Text()), nil)
	check := func(err error) {
		b.Helper()
		if err != nil {
			b.Fatal(err)
		}
	}
	check(err)
	team, err := ws.CreateGroup(ctx, group.Draft{Name: "Team"})
	check(err)
	start := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	_, err = ws.Load(ctx, func(yield func(visitor.Draft, error) bool) {
		for i := range size {
			if !yield(visitor.Draft{
				Name: fmt.Sprint("Visitor ", i), Email: fmt.Sprintf("v%d@example.com", i), Source: visitor.Chat,
				Tags: []string{"every", fmt.Sprint("tag ", i%7)}, Attributes: visitor.Attributes{"plan": visitor.Text("free")},
				CreatedAt: start.Add(time.Duration(i) * time.Second),
			}, nil) {
				return
			}
		}
	}, nil)
	check(err)
	var ids []visitor.ID
	for v, err := range ws.All(ctx, store.Query{Where: filter.All(), Order: store.OldestFirst, Limit: store.MaxLimit}) {
		check(err)
		ids = append(ids, v.ID)
	}
	b.Run("without a job", func(b *testing.B) {
		for b.Loop() {
			for part := ids; len(part) > 0; part = part[min(len(part), driver.MaxJobPart):] {
				_, err := ws.Tag(ctx, []string{"plain"}, part[:min(len(part), driver.MaxJobPart)]...)
				check(err)
			}
			b.StopTimer()
			_, err := ws.Untag(ctx, []string{"plain"}, ids...)
			check(err)
			b.StartTimer()
		}
		b.ReportMetric(float64(size*b.N)/b.Elapsed().Seconds(), "changed/s")
	})
	for _, a := range []store.Action{
		{Kind: store.ActionTag, Tags: []string{"new"}},
		{Kind: store.ActionUntag, Tags: []string{"every"}},
		{Kind: store.ActionAddToGroup, Group: team.ID},
		{Kind: store.ActionSet, Set: visitor.Attributes{"plan": visitor.Text("pro")}},
	} {
		a.Where = filter.All()
		b.Run(string(a.Kind), func(b *testing.B) {
			var planned, changed, back time.Duration
			for b.Loop() {
				begin := time.Now()
				j, err := ws.Plan(ctx, a)
				check(err)
				planned += time.Since(begin)
				begin = time.Now()
				j, err = ws.RunJob(ctx, j.ID)
				check(err)
				changed += time.Since(begin)
				begin = time.Now()
				j, err = ws.UndoJob(ctx, j.ID)
				check(err)
				back += time.Since(begin)
				if j.Undo.Restored != size {
					b.Fatalf("restored %d of %d", j.Undo.Restored, size)
				}
			}
			for unit, took := range map[string]time.Duration{"planned/s": planned, "changed/s": changed, "undone/s": back} {
				b.ReportMetric(float64(size*b.N)/took.Seconds(), unit)
			}
		})
	}
}
