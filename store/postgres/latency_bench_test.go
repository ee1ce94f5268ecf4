package postgres_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/internal/crowd"
	"github.com/contactpipeline/visitors/store/postgres"
	"github.com/contactpipeline/visitors/visitor"
)

// BenchmarkLatency reads from a server that is a millisecond away. It reports the time and the
// round trips of a call, and the time of one statement by key (hand-ms).
func BenchmarkLatency(b *testing.B) {
	eachSize(b, func(b *testing.B, c *city, size int) {
		p, dsn := between(b, c.copied(b), time.Millisecond)
		st := openAt(b, dsn, &postgres.Options{Index: benchIndex(true)})
		require.NoError(b, postgres.AwaitIndex(b.Context(), st, "acme", false))
		db := database(b, dsn)
		ctx := context.Background()
		everyone := c.bind(b, filter.All())
		newest, err := st.FindVisitors(ctx, "acme", driver.Select{Where: everyone, Order: driver.NewestFirst, Limit: 1})
		require.NoError(b, err)
		where := c.bind(b, filter.And(filter.Source.Is(visitor.Instagram), filter.Tag.Has("tag 001")))
		for _, call := range []struct {
			name string
			do   func() error
		}{
			{"get", func() error {
				_, err := st.GetVisitor(ctx, "acme", newest[0].ID)
				return err
			}},
			{"page", func() error {
				_, err := st.FindVisitors(ctx, "acme", driver.Select{Where: where, Order: driver.NewestFirst, Limit: 50})
				return err
			}},
			{"count", func() error {
				_, err := st.CountVisitors(ctx, "acme", where, 0)
				return err
			}},
		} {
			b.Run(call.name, func(b *testing.B) {
				crowd.Against(b, func() { require.NoError(b, call.do()) }, func() {
					var id string
					require.NoError(b, db.QueryRow("SELECT id FROM visitors_visitor WHERE ws = $1 AND id = $2", "acme", string(newest[0].ID)).Scan(&id))
				})
				before := p.trips.Load()
				require.NoError(b, call.do())
				b.ReportMetric(float64(p.trips.Load()-before), "trips")
			})
		}
	})
}
