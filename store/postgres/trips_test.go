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

// TestRoundTrips counts the round trips of reads on a connection that has made them before: each
// is one, with and without an index. Without, a page that is not full can take more.
func TestRoundTrips(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]store.IndexOptions{"index": {MinVisitors: 1}, "SQL": {Off: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, dsn := open(t, nil)
			p, dsn := between(t, dsn, 0)
			st := openAt(t, dsn, &postgres.Options{Index: o})
			ws := workspace(t, st, "acme")
			v, err := ws.Create(t.Context(), ada())
			require.NoError(t, err)
			where, err := ws.Bind(t.Context(), filter.And(filter.Source.Is(visitor.Instagram), filter.Tag.Has("hot-lead")))
			require.NoError(t, err)
			for name, read := range map[string]func() error{
				"get": func() error {
					_, err := st.GetVisitor(t.Context(), "acme", v.ID)
					return err
				},
				"full page": func() error {
					_, err := st.FindVisitors(t.Context(), "acme", driver.Select{Where: where, Order: driver.NewestFirst, Limit: 1})
					return err
				},
				"count": func() error {
					_, err := st.CountVisitors(t.Context(), "acme", where, 0)
					return err
				},
			} {
				t.Run(name, func(t *testing.T) {
					require.NoError(t, read())
					before := p.trips.Load()
					require.NoError(t, read())
					require.EqualValues(t, 1, p.trips.Load()-before)
				})
			}
		})
	}
}
