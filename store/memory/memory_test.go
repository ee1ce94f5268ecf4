package memory

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// person returns a visitor who came in that second.
func person(second int, name string) visitor.Visitor {
	at := time.Date(2026, 1, 1, 0, 0, second, 0, time.UTC)
	return visitor.Visitor{ID: visitor.NewID(at), Name: name, Source: visitor.Chat, CreatedAt: at, UpdatedAt: at, Revision: 1}
}

func apply(t testing.TB, st *Store, changes ...store.Change) []store.Outcome {
	t.Helper()
	outcomes, err := st.Apply(context.Background(), acme, changes)
	require.NoError(t, err)
	return outcomes
}

func bind(t testing.TB, e filter.Expr) filter.Bound {
	t.Helper()
	where, err := filter.Bind(e, nil)
	require.NoError(t, err)
	return where
}

// names returns all names in order, read in pages.
func names(t testing.TB, st *Store, o store.Order, page int) []string {
	t.Helper()
	var names []string
	q := store.Select{Where: bind(t, filter.All()), Order: o, Limit: page}
	for {
		found, err := st.FindVisitors(context.Background(), acme, q)
		require.NoError(t, err)
		for _, v := range found {
			names = append(names, v.Name)
		}
		if len(found) < page {
			return names
		}
		last := store.PositionOf(o, found[len(found)-1])
		q.After = &last
	}
}

func TestLateVisitorsStandWhereTheirIDsSay(t *testing.T) {
	t.Parallel()
	const n = 3_000
	for _, order := range []struct {
		name   string
		second func(i int) int
	}{
		{"backwards", func(i int) int { return n - i }},
		{"from both ends", func(i int) int { return i%2*n + i - i%2*2*i }},
		{"every third is late", func(i int) int { return i + i%3*n/4 }},
		{"one and the same", func(int) int { return 7 }},
	} {
		t.Run(order.name, func(t *testing.T) {
			t.Parallel()
			st := New()
			var all []visitor.Visitor
			for i := range n {
				v := person(order.second(i), fmt.Sprint("visitor ", i))
				all = append(all, v)
				apply(t, st, store.CreateVisitor{Visitor: v})
				if i%500 == 0 {
					requireWhole(t, workspaceOf(t, st, acme))
				}
			}
			w := workspaceOf(t, st, acme)
			requireWhole(t, w)
			require.Less(t, w.late.GetCardinality(), uint64(n/4), "nobody was renumbered")
			for _, o := range []store.Order{store.OldestFirst, store.NewestFirst} {
				arrange(o, all)
				var want []string
				for _, v := range all {
					want = append(want, v.Name)
				}
				require.Equal(t, want, names(t, st, o, 170), o)
			}
		})
	}
}

func TestVisitorsInOrderAreNotMoved(t *testing.T) {
	t.Parallel()
	st := New()
	for i := range 2_000 {
		apply(t, st, store.CreateVisitor{Visitor: person(i, "Ada")})
	}
	require.True(t, workspaceOf(t, st, acme).late.IsEmpty())
}

func TestAFailureUndoesEverything(t *testing.T) {
	t.Parallel()
	st := New()
	ada, bob, eve := person(1, "Ada"), person(5, "Bob"), person(3, "Eve")
	ada.Identities = []visitor.Identity{{Source: visitor.Telegram, ExternalID: "42"}, {Source: visitor.Telegram, Account: "bot", ExternalID: "42"}}
	eve.Identities = []visitor.Identity{{Source: visitor.Telegram, Account: "bot2", ExternalID: "42"}}
	vip := tag.Tag{ID: tag.NewID(epoch), Name: "VIP", Color: "#000000", CreatedAt: epoch}
	lead := tag.Tag{ID: tag.NewID(epoch), Name: "Lead", Color: "#000000", CreatedAt: epoch}
	team := group.Group{ID: group.NewID(epoch), Name: "Team", Rule: filter.Tag.Has("vip"), CreatedAt: epoch}
	apply(t, st, store.CreateTag{Tag: vip}, store.CreateGroup{Group: team},
		store.CreateVisitor{Visitor: ada, Tags: []string{"vip"}}, store.CreateVisitor{Visitor: bob},
		store.JoinGroup{Group: team.ID, ID: ada.ID}, store.LeaveGroup{Group: team.ID, ID: bob.ID})
	before := dump(t, st)

	name, description := "Ada King", "all of them"
	all := []store.Change{
		store.CreateTag{Tag: lead},
		store.UpdateTag{ID: vip.ID, Patch: tag.Patch{Name: &name}},
		store.UpdateGroup{ID: team.ID, Patch: group.Patch{Description: &description, ClearRule: true}},
		store.CreateVisitor{Visitor: eve, Tags: []string{"lead"}},
		store.UpdateVisitor{ID: ada.ID, Patch: visitor.Patch{Name: &name, Set: visitor.Attributes{"city": visitor.Text("Rio")}}},
		store.AddTags{ID: bob.ID, Tags: []string{"lead"}},
		store.RemoveTags{ID: ada.ID, Tags: []string{"ada king"}},
		store.JoinGroup{Group: team.ID, ID: bob.ID},
		store.LeaveGroup{Group: team.ID, ID: ada.ID},
		store.DeleteTag{ID: vip.ID},
		store.DeleteGroup{ID: team.ID},
		store.DeleteVisitor{ID: ada.ID},
		store.CreateGroup{Group: group.Group{ID: group.NewID(epoch), Name: "Team"}},
		store.CreateTag{Tag: vip},
	}
	for n := range len(all) + 1 {
		_, err := st.Apply(context.Background(), acme, append(slices.Clone(all[:n]), store.UpdateVisitor{ID: person(9, "").ID}))
		var failed *store.ChangeError
		require.ErrorAs(t, err, &failed)
		require.Equal(t, n, failed.Index, "%v", err)
		require.ErrorIs(t, err, store.ErrNotFound)
		require.Equal(t, before, dump(t, st), "after %d changes", n)
		requireWhole(t, workspaceOf(t, st, acme))
	}
	apply(t, st, all...)
	requireWhole(t, workspaceOf(t, st, acme))
}

// dump reads all that callers can.
func dump(t testing.TB, st *Store) []any {
	t.Helper()
	ctx := context.Background()
	visitors, err := st.FindVisitors(ctx, acme, store.Select{Where: bind(t, filter.All()), Order: store.OldestFirst, Limit: 100_000})
	require.NoError(t, err)
	tags, err := st.ListTags(ctx, acme, store.List{})
	require.NoError(t, err)
	groups, err := st.ListGroups(ctx, acme, store.List{})
	require.NoError(t, err)
	events, err := st.Events(ctx, acme, 0, 0)
	require.NoError(t, err)
	return []any{visitors, tags, groups, events}
}

func TestRulesAreCopied(t *testing.T) {
	t.Parallel()
	st := New()
	rule := func() filter.Expr {
		return filter.Or(filter.Not(filter.Tag.HasAny("vip", "lead")), filter.And(filter.Search("ada"), filter.Name.Is("bob")))
	}
	scribble := func(e filter.Expr) {
		or := e.(filter.OrExpr)
		or.Of[0].(filter.NotExpr).Of.(filter.Condition).Values[0] = filter.Value{}
		or.Of[1].(filter.AndExpr).Of[0] = filter.All()
		or.Of[1] = filter.All()
	}
	kept := func() {
		t.Helper()
		for range 2 {
			groups, err := st.ListGroups(context.Background(), acme, store.List{})
			require.NoError(t, err)
			require.Equal(t, rule(), groups[0].Rule)
			scribble(groups[0].Rule)
			facets, err := st.Facets(context.Background(), acme, bind(t, filter.All()))
			require.NoError(t, err)
			require.Equal(t, rule(), facets.Groups[0].Group.Rule)
			scribble(facets.Groups[0].Group.Rule)
		}
	}
	given := rule()
	made := apply(t, st, store.CreateGroup{Group: group.Group{ID: group.NewID(epoch), Name: "Team", Rule: given}})[0].Group
	scribble(given)
	scribble(made.Rule)
	kept()
	apply(t, st, store.UpdateGroup{ID: made.ID, Patch: group.Patch{ClearRule: true}})
	given = rule()
	scribble(apply(t, st, store.UpdateGroup{ID: made.ID, Patch: group.Patch{Rule: given}})[0].Group.Rule)
	scribble(given)
	kept()
	require.Equal(t, store.Unchanged, apply(t, st, store.UpdateGroup{ID: made.ID, Patch: group.Patch{Rule: rule()}})[0].Effect)
}

func TestRenamedTagsStayInTheOrderOfNames(t *testing.T) {
	t.Parallel()
	st := New()
	ada := person(1, "Ada")
	var changes []store.Change
	var made []tag.Tag
	for _, name := range []string{"b", "c", "d"} {
		made = append(made, tag.Tag{ID: tag.NewID(epoch), Name: name, Color: "#000000", CreatedAt: epoch})
		changes = append(changes, store.CreateTag{Tag: made[len(made)-1]})
	}
	apply(t, st, append(changes, store.CreateVisitor{Visitor: ada, Tags: []string{"d", "b", "c"}})...)
	last := "z"
	apply(t, st, store.UpdateTag{ID: made[0].ID, Patch: tag.Patch{Name: &last}})
	v, err := st.GetVisitor(context.Background(), acme, ada.ID)
	require.NoError(t, err)
	require.Equal(t, "c d z", v.Tags[0].Name+" "+v.Tags[1].Name+" "+v.Tags[2].Name)
}
