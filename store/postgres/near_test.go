package postgres_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/postgres"
	"github.com/contactpipeline/visitors/visitor"
)

// TestPagesBeyondTheNearest reads pages that are not, or not completely, among the next thousands
// of visitors with a tag.
func TestPagesBeyondTheNearest(t *testing.T) {
	t.Parallel()
	st, dsn := open(t, &postgres.Options{NoSearchIndex: true})
	ws := workspace(t, st, "acme")
	const size = 4_300
	_, err := ws.Load(t.Context(), func(yield func(visitor.Draft, error) bool) {
		for i := range size {
			d := visitor.Draft{Name: "Ada", Source: visitor.Chat, Tags: []string{"many"}}
			if i < 40 || i >= size-20 { // the oldest and the newest
				d.Source = visitor.Telegram
			}
			if i%3 == 0 {
				d.Tags = append(d.Tags, "third")
			}
			if !yield(d, nil) {
				return
			}
		}
	}, nil)
	require.NoError(t, err)
	run(t, dsn, "ANALYZE")
	for _, c := range []struct {
		where filter.Expr
		want  int
	}{
		{filter.And(filter.Tag.Has("many"), filter.Source.Is(visitor.Telegram)), 60},
		{filter.And(filter.Tag.Has("many"), filter.Not(filter.Source.Is(visitor.Chat))), 60},
		{filter.And(filter.Source.Is(visitor.Telegram), filter.Tag.Has("third"), filter.Tag.Has("many")), 20 + 1},
		{filter.And(filter.Tag.Has("many"), filter.Source.Is(visitor.Instagram)), 0},
		{filter.And(filter.Tag.Has("third"), filter.Source.Is(visitor.Chat)), (size+2)/3 - 21},
	} {
		for _, order := range []driver.Order{driver.NewestFirst, driver.OldestFirst} {
			for _, limit := range []int{50, 1_000} {
				var all []visitor.ID
				for v, err := range ws.All(t.Context(), store.Query{Where: c.where, Order: order, Limit: limit}) {
					require.NoError(t, err)
					all = append(all, v.ID)
				}
				if order == driver.NewestFirst {
					require.IsDecreasing(t, append(all, ""))
				} else {
					require.IsIncreasing(t, append([]visitor.ID{""}, all...))
				}
				n, err := ws.Count(t.Context(), c.where)
				require.NoError(t, err)
				require.Len(t, all, int(n))
				require.InDelta(t, c.want, n, 1)
			}
		}
	}
}
