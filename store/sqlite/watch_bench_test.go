package sqlite_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/internal/crowd"
	"github.com/contactpipeline/visitors/store/sqlite"
	"github.com/contactpipeline/visitors/visitor"
)

// segments creates groups with rules such as hosts have, and watches them.
func segments(b *testing.B, ws *store.Workspace, n int) {
	const day = 24 * time.Hour
	ctx := context.Background()
	_, err := ws.Create(ctx, visitor.Draft{Name: "Seed", Source: visitor.Chat, Tags: []string{"vip", "lead", "customer"}})
	require.NoError(b, err)
	for i := range n {
		rule := []filter.Expr{
			filter.And(filter.Tag.Has("vip"), filter.LastSeenAt.OlderThan(time.Duration(i+1)*day)),
			filter.And(filter.Source.Is(visitor.Instagram), filter.Tag.Has("lead")),
			filter.And(filter.Tag.Has("customer"), filter.Attr("plan").Is(fmt.Sprint("plan ", i))),
			filter.And(filter.Email.HasSuffix(fmt.Sprintf("@company%d.com", i)), filter.Not(filter.Tag.Has("customer"))),
			filter.And(filter.Tag.Has("lead"), filter.CreatedAt.During(filter.ThisMonth)),
		}[i%5]
		g, err := ws.CreateGroup(ctx, group.Draft{Name: fmt.Sprint("Segment ", i), Rule: rule})
		require.NoError(b, err)
		require.NoError(b, ws.WatchGroup(ctx, g.ID, true, nil))
	}
}

// BenchmarkWatchedCapture captures contacts while groups are watched.
func BenchmarkWatchedCapture(b *testing.B) {
	for _, senders := range []int{1, 64} {
		for _, groups := range []int{0, 20, 50} {
			b.Run(fmt.Sprintf("senders=%d/groups=%d", senders, groups), func(b *testing.B) {
				ctx := context.Background()
				for range b.N {
					st, err := sqlite.Open(ctx, filepath.Join(b.TempDir(), "visitors.db"), nil)
					require.NoError(b, err)
					ws, err := store.Open(st, "acme", nil)
					require.NoError(b, err)
					segments(b, ws, groups)
					capture := func(r int) float64 {
						return crowd.PerSecond(b, senders, 8_000, func(i int64) error {
							_, err := ws.Capture(ctx, visitor.Contact{
								Source: visitor.Telegram, ExternalID: fmt.Sprint(i), Name: fmt.Sprint("Ada ", i), EventID: fmt.Sprint(r, ".", i),
							})
							return err
						})
					}
					b.ReportMetric(capture(1), "new/s")
					b.ReportMetric(capture(2), "known/s")
					require.NoError(b, st.Close())
				}
			})
		}
	}
}

// BenchmarkAdvance records that many visitors have entered a group, and ticks of the clock at which
// none does.
func BenchmarkAdvance(b *testing.B) {
	const n = 100_000
	ctx, clock := context.Background(), time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	st, err := sqlite.Open(ctx, filepath.Join(b.TempDir(), "visitors.db"), nil)
	require.NoError(b, err)
	defer st.Close()
	ws, err := store.Open(st, "acme", &store.Options{Now: func() time.Time { return clock }})
	require.NoError(b, err)
	_, err = ws.Load(ctx, func(yield func(visitor.Draft, error) bool) {
		for i := range n {
			at := clock.Add(-time.Duration(i) * time.Second)
			d := visitor.Draft{
				Name: fmt.Sprint("Visitor ", i), Source: visitor.Chat, CreatedAt: at, Tags: []string{"lead"},
				Attributes: visitor.Attributes{"due": visitor.Time(at)},
			}
			if !yield(d, nil) {
				return
			}
		}
	}, nil)
	require.NoError(b, err)
	const day = 24 * time.Hour
	for _, c := range []struct {
		name string
		rule filter.Expr
		days time.Duration
	}{
		{"created", filter.CreatedAt.OlderThan(60 * day), 61},
		{"due", filter.Attr("due").Time().OlderThan(130 * day), 75},
		{"updated", filter.UpdatedAt.OlderThan(200 * day), 75},
	} {
		g, err := ws.CreateGroup(ctx, group.Draft{Name: c.name, Rule: c.rule})
		require.NoError(b, err)
		require.NoError(b, ws.WatchGroup(ctx, g.ID, true, nil))
		b.Run("idle/"+c.name, func(b *testing.B) {
			for b.Loop() {
				clock = clock.Add(time.Microsecond)
				_, err := ws.Advance(ctx, clock)
				require.NoError(b, err)
			}
		})
		clock = clock.Add(c.days * day)
		start := time.Now()
		done, err := ws.Advance(ctx, clock)
		require.NoError(b, err)
		require.Equal(b, n, done.Entered)
		b.Logf("%s: %.0f flips/s", c.name, n/time.Since(start).Seconds())
		require.NoError(b, ws.WatchGroup(ctx, g.ID, false, nil))
	}
}
