package sqlite_test

import (
	"flag"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/filter/filtergen"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

var seed = flag.Uint64("sqlite.seed", 0, "seed of the random tests; 0 picks one")

func randomSeed(t testing.TB) uint64 {
	s := *seed
	if s == 0 {
		s = rand.Uint64()
	}
	t.Logf("run again with -sqlite.seed=%d", s)
	return s
}

func TestFiltersMeanWhatMatchSays(t *testing.T) {
	t.Parallel()
	s := randomSeed(t)
	for round := range uint64(6) {
		g := filtergen.New(s+round, nil)
		st := openFile(t)
		visitors := fillFrom(t, st, "acme", g, 60)
		for range 150 {
			e := g.Expr(4)
			bound, err := filter.Bind(e, g.Env())
			require.NoError(t, err)
			compare(t, st, visitors, bound, e)
		}
	}
}

// compare checks ids, order and count of one filter in every order.
func compare(t *testing.T, st store.Store, visitors []visitor.Visitor, bound filter.Bound, e filter.Expr) {
	t.Helper()
	ctx := t.Context()
	var want []visitor.Visitor
	for _, v := range visitors {
		if filter.Match(bound, v) {
			want = append(want, v)
		}
	}
	n, err := st.CountVisitors(ctx, "acme", bound, 0)
	require.NoError(t, err)
	require.EqualValues(t, len(want), n, "count of %+v", e)
	for _, o := range store.Orders() {
		_, descending, _ := o.Key()
		slices.SortFunc(want, func(a, b visitor.Visitor) int {
			c := store.PositionOf(o, a).Compare(store.PositionOf(o, b))
			if descending {
				return -c
			}
			return c
		})
		got, after := []visitor.Visitor{}, (*store.Position)(nil)
		for {
			page, err := st.FindVisitors(ctx, "acme", store.Select{Where: bound, Order: o, After: after, Limit: 7})
			require.NoError(t, err)
			got = append(got, page...)
			if len(page) < 7 {
				break
			}
			last := store.PositionOf(o, page[len(page)-1])
			after = &last
		}
		require.Equal(t, idsOf(want), idsOf(got), "%s of %+v", o, e)
	}
}

func idsOf(visitors []visitor.Visitor) []visitor.ID {
	ids := make([]visitor.ID, len(visitors))
	for i, v := range visitors {
		ids[i] = v.ID
	}
	return ids
}

// fillFrom writes visitors of a generator, and returns them as they are read.
func fillFrom(t *testing.T, st store.Store, ws store.WorkspaceID, g *filtergen.Generator, n int) []visitor.Visitor {
	t.Helper()
	var changes []store.Change
	for _, made := range g.Tags() {
		changes = append(changes, store.CreateTag{Tag: made})
	}
	for _, made := range g.Groups() {
		changes = append(changes, store.CreateGroup{Group: group.Group{ID: made.ID, Name: made.Name, Rule: made.Rule, CreatedAt: g.Now()}})
	}
	visitors := g.Visitors(n)
	for _, v := range visitors {
		create := store.CreateVisitor{Visitor: v.Clone()}
		create.Visitor.Tags = nil
		for _, a := range v.Tags {
			create.Tags = append(create.Tags, tag.Key(a.Name))
		}
		changes = append(changes, create)
		for _, g := range v.Excluded {
			changes = append(changes, store.LeaveGroup{Group: g, ID: v.ID, At: v.CreatedAt})
		}
	}
	_, err := st.Apply(t.Context(), ws, changes)
	require.NoError(t, err)
	for i, v := range visitors {
		got, err := st.GetVisitor(t.Context(), ws, v.ID)
		require.NoError(t, err)
		v.Revision = 1
		require.Equal(t, v, got)
		visitors[i] = got
	}
	return visitors
}
