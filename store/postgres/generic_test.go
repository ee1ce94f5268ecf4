package postgres_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/postgres"
	"github.com/contactpipeline/visitors/visitor"
)

// TestFiltersArePlannedForTheirValues repeats a page, a count and facets often enough for the
// server to choose generic plans, and lists these on the only connection: there are some for
// statements with keys of rows, and none for statements that filter.
func TestFiltersArePlannedForTheirValues(t *testing.T) {
	t.Parallel()
	_, dsn := open(t, nil)
	db := database(t, dsn)
	db.SetMaxOpenConns(1)
	st, err := postgres.New(t.Context(), db, nil)
	require.NoError(t, err)
	ws := workspace(t, st, "acme")
	_, err = ws.Create(t.Context(), ada())
	require.NoError(t, err)
	where := filter.And(filter.Source.Is(visitor.Instagram), filter.Tag.Has("hot-lead"), filter.Search("ada"))
	for range 12 {
		page, err := ws.Find(t.Context(), store.Query{Where: where})
		require.NoError(t, err)
		require.Len(t, page.Visitors, 1)
		_, err = ws.Count(t.Context(), where)
		require.NoError(t, err)
		_, err = ws.Facets(t.Context(), where)
		require.NoError(t, err)
	}
	rows, err := db.QueryContext(t.Context(), "SELECT statement FROM pg_prepared_statements WHERE generic_plans > 0 AND parameter_types <> '{}'")
	require.NoError(t, err)
	defer rows.Close()
	seen := 0
	for rows.Next() {
		var text string
		require.NoError(t, rows.Scan(&text))
		require.NotRegexp(t, `LIKE|EXISTS|source = |count\(|ORDER BY v`, text)
		seen++
	}
	require.NoError(t, rows.Err())
	require.NotZero(t, seen, "the server plans nothing for any values: the test looks in the wrong place")
}
