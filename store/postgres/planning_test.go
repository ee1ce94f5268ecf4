package postgres

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store/internal/pgtest"
	"github.com/contactpipeline/visitors/store/internal/sqlstore"
	"github.com/contactpipeline/visitors/tag"
)

// TestPlanningTime checks how long the server plans filters with many tags, numbers and texts.
// The planner compares all orders of joins: for 40 tags, each a join, that would take seconds.
func TestPlanningTime(t *testing.T) {
	dsn := pgtest.Database(t, nil)
	st, err := Open(t.Context(), dsn, nil)
	require.NoError(t, err)
	defer st.Close()
	db, err := sql.Open("pgx", dsn)
	require.NoError(t, err)
	defer db.Close()
	env := &filter.Env{Tags: map[string]tag.ID{}}
	var names []string
	var tags, numbers, parts, attributes []filter.Expr
	for i := range filter.MaxList {
		name := fmt.Sprint("n", i)
		names, env.Tags[name] = append(names, name), tag.NewID(time.Unix(int64(i), 0))
		tags, parts = append(tags, filter.Tag.Has(name)), append(parts, filter.Attr("t").Contains(name))
		attributes = append(attributes, filter.Attr(name).Exists())
	}
	for k := range 4 {
		c := filter.Condition{Field: "attr", Attr: "a", Op: filter.OpIn}
		for i := range filter.MaxList {
			c.Values = append(c.Values, filter.Value{Kind: filter.NumberValue, Number: float64(1_000*k + i)})
		}
		numbers = append(numbers, c)
	}
	for name, e := range map[string]filter.Expr{
		"TagAll1000": filter.Tag.HasAll(names...), "And250Tags": filter.And(tags[:250]...), "AndNot120Tags": filter.Not(filter.Or(tags[:120]...)),
		"Or4x1000Numbers": filter.Or(numbers...), "Or250Contains": filter.Or(parts[:250]...), "And12Attributes": filter.And(attributes[:12]...),
	} {
		where, err := filter.Bind(e, env)
		require.NoError(t, err)
		text, args, err := sqlstore.Compile(dialect{format: format{"public"}}, "acme", where)
		require.NoError(t, err)
		best := time.Hour
		for range 3 {
			var plan string
			rows, err := db.QueryContext(t.Context(), "EXPLAIN (SUMMARY) "+text, args...)
			require.NoError(t, err)
			for rows.Next() {
				require.NoError(t, rows.Scan(&plan))
				if at, ok := strings.CutPrefix(plan, "Planning Time: "); ok {
					took, err := time.ParseDuration(strings.ReplaceAll(at, " ", ""))
					require.NoError(t, err)
					best = min(best, took)
				}
			}
			require.NoError(t, rows.Close())
		}
		require.Less(t, best, 200*time.Millisecond, name)
		t.Log(name, best)
	}
}
