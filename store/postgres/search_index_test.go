package postgres_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store/internal/pgtest"
	"github.com/contactpipeline/visitors/store/postgres"
	"github.com/contactpipeline/visitors/visitor"
)

func TestIndexSearch(t *testing.T) {
	t.Parallel()
	st, dsn := open(t, &postgres.Options{NoSearchIndex: true})
	indexed := func() bool {
		there, err := st.SearchIndexed(t.Context())
		require.NoError(t, err)
		return there
	}
	ws := workspace(t, st, "acme")
	_, err := ws.Create(t.Context(), ada())
	require.NoError(t, err)
	openAt(t, dsn, nil)
	require.False(t, indexed(), "made by Open beside visitors, while they could not write")
	require.NoError(t, st.IndexSearch(t.Context()))
	require.True(t, indexed())
	require.NoError(t, st.IndexSearch(t.Context()), "again")

	run(t, dsn, "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'visitors_visitor_search'::regclass")
	require.False(t, indexed(), "broken off")
	require.NoError(t, st.IndexSearch(t.Context()))
	require.True(t, indexed(), "made anew")
	n, err := ws.Count(t.Context(), filter.Search("lovelace"))
	require.NoError(t, err)
	require.EqualValues(t, 1, n)
}

func TestIndexSearchWithoutPrivilege(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Database(t, nil)
	st := openAt(t, asPlain(t, dsn, "crm"), &postgres.Options{Schema: "crm"})
	err := st.IndexSearch(t.Context())
	require.ErrorIs(t, err, postgres.ErrNoTrigrams)
	require.EqualError(t, err, "extension pg_trgm is not available")

	run(t, dsn, "CREATE SCHEMA extensions", "CREATE EXTENSION pg_trgm WITH SCHEMA extensions",
		"GRANT USAGE ON SCHEMA extensions TO plain_"+ask[string](t, dsn, "SELECT current_database()"))
	require.NoError(t, st.IndexSearch(t.Context()), "when an administrator has created it, outside of the search path")
	indexed, err := st.SearchIndexed(t.Context())
	require.NoError(t, err)
	require.True(t, indexed)
	require.NotContains(t, ask[string](t, dsn, "SELECT indexdef FROM pg_indexes WHERE indexname = 'visitors_visitor_search'"), "ws")

	run(t, dsn, "DROP INDEX crm.visitors_visitor_search", "CREATE EXTENSION btree_gin WITH SCHEMA extensions")
	require.NoError(t, st.IndexSearch(t.Context()))
	require.Contains(t, ask[string](t, dsn, "SELECT indexdef FROM pg_indexes WHERE indexname = 'visitors_visitor_search'"), "(ws, search")
}

// TestSearchStaysInTheWorkspace counts the rows that a search reads if all visitors of another
// workspace match.
func TestSearchStaysInTheWorkspace(t *testing.T) {
	t.Parallel()
	st, dsn := open(t, nil)
	require.Equal(t, "public", ask[string](t, dsn, "SELECT extnamespace::regnamespace::text FROM pg_extension WHERE extname = 'btree_gin'"))
	for ws, n := range map[string]int{"acme": 10_000, "Acme": 100} {
		loaded, err := workspace(t, st, ws).Load(t.Context(), func(yield func(visitor.Draft, error) bool) {
			for i := range n {
				d := visitor.Draft{Name: fmt.Sprint("Ada ", i), Source: visitor.Chat}
				if ws == "Acme" || i == 7 {
					d.Name = "Zykov"
				}
				if !yield(d, nil) {
					return
				}
			}
		}, nil)
		require.NoError(t, err)
		require.Equal(t, n, loaded.Created)
	}
	run(t, dsn, "VACUUM")
	plan := explain(t, dsn, "(ANALYZE, COSTS OFF, TIMING OFF) SELECT id FROM visitors_visitor WHERE ws = 'acme' AND search LIKE '%zykov%'")
	require.Contains(t, plan, "Bitmap Index Scan on visitors_visitor_search (actual rows=1 ", plan)
}

// TestSearchIndexServes checks the server's plans of each kind of condition that the index serves.
func TestSearchIndexServes(t *testing.T) {
	t.Parallel()
	for _, ctype := range []string{"C", ""} {
		dsn := pgtest.Database(t, &pgtest.Options{Ctype: ctype})
		st := openAt(t, dsn, nil)
		ws := workspace(t, st, "acme")
		for i := range 300 {
			d := visitor.Draft{Name: fmt.Sprintf("Person %d", i), Email: fmt.Sprintf("p%d@example.com", i), Phone: fmt.Sprintf("+5511987%06d", i), Source: visitor.Chat}
			if i == 7 {
				d.Name = "Мария Зыкова"
			}
			_, err := ws.Create(t.Context(), d)
			require.NoError(t, err)
		}
		for _, c := range []struct {
			pattern string
			where   filter.Expr
			found   int64
			letters bool // other than ASCII
		}{
			{"%person 12%", filter.Search("person 12"), 13, false},
			{"%CXQKBBBB%", filter.Search("1987000012"), 1, false},
			{"%зыков%", filter.Search("зыков"), 1, true},
		} {
			n, err := ws.Count(t.Context(), c.where)
			require.NoError(t, err)
			require.Equal(t, c.found, n, c.pattern)
			if c.letters && ctype == "C" {
				continue // checked above: the results are the same
			}
			plan := explain(t, dsn, "SELECT id FROM visitors_visitor WHERE search LIKE '"+c.pattern+"'")
			require.Contains(t, plan, "Bitmap Index Scan on visitors_visitor_search", c.pattern)
		}
	}
}

// explain returns the server's plan with sequential scans disabled.
func explain(t *testing.T, dsn, query string) string {
	t.Helper()
	run(t, dsn, "ANALYZE")
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	defer conn.Close(t.Context())
	_, err = conn.Exec(t.Context(), "SET enable_seqscan = off; SET enable_indexscan = off")
	require.NoError(t, err)
	rows, err := conn.Query(t.Context(), "EXPLAIN "+query)
	require.NoError(t, err)
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	return strings.Join(lines, "\n")
}
