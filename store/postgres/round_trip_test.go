package postgres_test

import (
	"context"
	"database/sql"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/internal/pgtest"
	"github.com/contactpipeline/visitors/store/postgres"
	"github.com/contactpipeline/visitors/visitor"
)

// TestReadsAreOneRoundTrip counts the statements of calls once the names of tags are known, with an
// index of the workspace and without.
func TestReadsAreOneRoundTrip(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(context.Context, *sql.DB) (*postgres.Store, error){
		"by index": postgres.NewIndexed,
		"by SQL": func(ctx context.Context, db *sql.DB) (*postgres.Store, error) {
			return postgres.New(ctx, db, &postgres.Options{Index: store.IndexOptions{Off: true}})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db, r := recorded(t, pgtest.Database(t, nil))
			st, err := open(t.Context(), db)
			require.NoError(t, err)
			requireOneRoundTrip(t, st, r)
		})
	}
}

func requireOneRoundTrip(t *testing.T, st *postgres.Store, r *recorder) {
	ws := workspace(t, st, "acme")
	draft := ada()
	draft.Tags = []string{"vip"}
	v, err := ws.Create(t.Context(), draft)
	require.NoError(t, err)
	_, err = ws.Create(t.Context(), visitor.Draft{Name: "Bob", Source: visitor.Chat})
	require.NoError(t, err)
	_, err = ws.Get(t.Context(), v.ID) // reads the names
	require.NoError(t, err)
	where, err := filter.Bind(filter.And(filter.Source.Is(draft.Source), filter.Tag.HasID(v.Tags[0].Tag)), nil)
	require.NoError(t, err)
	_, err = st.CountVisitors(t.Context(), "acme", where, 0) // looks at the size of the workspace, as one of 64 calls does
	require.NoError(t, err)
	for name, read := range map[string]func() error{
		"a visitor": func() error { _, err := st.GetVisitor(t.Context(), "acme", v.ID); return err },
		"a page": func() error {
			found, err := st.FindVisitors(t.Context(), "acme", driver.Select{Where: where, Order: driver.NewestFirst, Limit: 1})
			require.Len(t, found, 1)
			return err
		},
		"visitors by id": func() error {
			_, err := ws.Find(t.Context(), store.Query{Where: filter.ID.In(v.ID)})
			return err
		},
		"a count": func() error { _, err := st.CountVisitors(t.Context(), "acme", where, 0); return err },
		"facets":  func() error { _, err := st.Facets(t.Context(), "acme", where); return err },
	} {
		r.take()
		require.NoError(t, read(), name)
		require.Len(t, r.take(), 1, name)
	}
}

// TestFacetsSeeOneState reads what facets of all visitors send: their statements are in one
// transaction, so that they see one state.
func TestFacetsSeeOneState(t *testing.T) {
	t.Parallel()
	db, r := recorded(t, pgtest.Database(t, nil))
	st, err := postgres.New(t.Context(), db, &postgres.Options{Index: store.IndexOptions{Off: true}})
	require.NoError(t, err)
	_, err = workspace(t, st, "acme").Create(t.Context(), ada())
	require.NoError(t, err)
	all, err := filter.Bind(filter.All(), nil)
	require.NoError(t, err)
	r.take()
	f, err := st.Facets(t.Context(), "acme", all)
	require.NoError(t, err)
	require.EqualValues(t, 1, f.Total)
	sent := r.take()
	require.Greater(t, len(sent), 1)
	require.Equal(t, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", strings.ToUpper(sent[0]))
	require.Equal(t, "ROLLBACK", sent[len(sent)-1])
}
