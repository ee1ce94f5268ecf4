package postgres_test

import (
	"flag"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/filter/filtergen"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/internal/pgtest"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

var seed = flag.Uint64("postgres.seed", 0, "seed of the random tests; 0 picks one")

// TestModes writes and reads in every query mode of the driver that a host can set, such as those
// for PgBouncer, and compares the results of random filters with filter.Match.
func TestModes(t *testing.T) {
	t.Parallel()
	s := *seed
	if s == 0 {
		s = rand.Uint64()
	}
	t.Logf("run again with -postgres.seed=%d", s)
	for _, mode := range []pgx.QueryExecMode{
		pgx.QueryExecModeCacheStatement, pgx.QueryExecModeCacheDescribe, pgx.QueryExecModeDescribeExec,
		pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol,
	} {
		t.Run(mode.String(), func(t *testing.T) {
			t.Parallel()
			name := map[pgx.QueryExecMode]string{
				pgx.QueryExecModeCacheStatement: "cache_statement", pgx.QueryExecModeCacheDescribe: "cache_describe",
				pgx.QueryExecModeDescribeExec: "describe_exec", pgx.QueryExecModeExec: "exec", pgx.QueryExecModeSimpleProtocol: "simple_protocol",
			}[mode]
			st := openAt(t, pgtest.Database(t, &pgtest.Options{Template: migrated})+" default_query_exec_mode="+name, nil)
			g := filtergen.New(s, nil)
			visitors := fill(t, st, g, 60)
			for range 60 {
				e := g.Expr(4)
				bound, err := filter.Bind(e, g.Env())
				require.NoError(t, err)
				compare(t, st, visitors, bound, e)
			}
			ws := workspace(t, st, "acme")
			name = "Renamed"
			renamed, err := ws.Update(t.Context(), visitors[0].ID, visitor.Patch{Name: &name, Set: visitor.Attributes{"score": visitor.Number(1), "list": visitor.List("a", "b")}})
			require.NoError(t, err)
			got, err := ws.Get(t.Context(), renamed.ID)
			require.NoError(t, err)
			require.Equal(t, renamed, got)
			gone, err := ws.Delete(t.Context(), visitors[0].ID, visitors[1].ID)
			require.NoError(t, err)
			require.Equal(t, 2, gone.Changed)
		})
	}
}

// compare checks ids, order and count of one filter's matches.
func compare(t *testing.T, st driver.Store, visitors []visitor.Visitor, bound filter.Bound, e filter.Expr) {
	t.Helper()
	var want []visitor.Visitor
	for _, v := range visitors {
		if filter.Match(bound, v) {
			want = append(want, v)
		}
	}
	n, err := st.CountVisitors(t.Context(), "acme", bound, 0)
	require.NoError(t, err)
	require.EqualValues(t, len(want), n, "count of %+v", e)
	for _, o := range driver.Orders() {
		_, descending, _ := driver.Sorting(o)
		slices.SortFunc(want, func(a, b visitor.Visitor) int {
			if descending {
				a, b = b, a
			}
			return driver.PositionOf(o, a).Compare(driver.PositionOf(o, b))
		})
		found, err := st.FindVisitors(t.Context(), "acme", driver.Select{Where: bound, Order: o, Limit: len(visitors)})
		require.NoError(t, err)
		require.Equal(t, idsOf(want), idsOf(found), "%s of %+v", o, e)
	}
}

// fill writes visitors of a generator, and returns them as they are read.
func fill(t *testing.T, st driver.Store, g *filtergen.Generator, n int) []visitor.Visitor {
	t.Helper()
	var changes []driver.Change
	for _, made := range g.Tags() {
		changes = append(changes, driver.CreateTag{Audit: driver.Audit{At: g.Now()}, Tag: made})
	}
	for _, withRule := range []bool{false, true} { // rules may mention groups without a rule
		for _, made := range g.Groups() {
			if (made.Rule != nil) == withRule {
				made := group.Group{ID: made.ID, Name: made.Name, Rule: made.Rule, CreatedAt: g.Now()}
				changes = append(changes, driver.CreateGroup{Audit: driver.Audit{At: g.Now()}, Group: made})
			}
		}
	}
	visitors := g.Visitors(n)
	for i, v := range visitors {
		create := driver.CreateVisitor{Audit: driver.Audit{At: v.CreatedAt}, Visitor: v.Clone(), Groups: v.Groups()}
		create.Visitor.Tags, create.Visitor.Memberships = nil, nil
		for _, a := range v.Tags {
			create.Tags = append(create.Tags, tag.Key(a.Name))
		}
		changes = append(changes, create)
		for _, g := range v.Excluded {
			changes = append(changes, driver.RemoveFromGroup{Group: g, ID: v.ID, Audit: driver.Audit{At: v.CreatedAt}})
		}
		if i%20 == 19 { // so that some batches have one visitor and some have many
			_, err := st.Apply(t.Context(), "acme", changes)
			require.NoError(t, err)
			changes = nil
		}
	}
	_, err := st.Apply(t.Context(), "acme", changes)
	require.NoError(t, err)
	for i, v := range visitors {
		visitors[i], err = st.GetVisitor(t.Context(), "acme", v.ID)
		require.NoError(t, err)
	}
	return visitors
}
