package memory

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// person returns a visitor created that many seconds after the start of 2026.
func person(second int, name string) visitor.Visitor {
	at := time.Date(2026, 1, 1, 0, 0, second, 0, time.UTC)
	return visitor.Visitor{ID: visitor.NewID(at), Name: name, Source: visitor.Chat, CreatedAt: at, UpdatedAt: at, Revision: 1}
}

func apply(t testing.TB, st *Store, changes ...driver.Change) []driver.Outcome {
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
func names(t testing.TB, st *Store, o driver.Order, page int) []string {
	t.Helper()
	var names []string
	q := driver.Select{Where: bind(t, filter.All()), Order: o, Limit: page}
	for {
		found, err := st.FindVisitors(context.Background(), acme, q)
		require.NoError(t, err)
		for _, v := range found {
			names = append(names, v.Name)
		}
		if len(found) < page {
			return names
		}
		last := driver.PositionOf(o, found[len(found)-1])
		q.After = &last
	}
}

func TestVisitorsOutOfOrder(t *testing.T) {
	t.Parallel()
	const n = 3_000
	for _, order := range []struct {
		name   string
		second func(i int) int
	}{
		{"descending", func(i int) int { return n - i }},
		{"from both ends", func(i int) int { return i%2*n + i - i%2*2*i }},
		{"every third out of order", func(i int) int { return i + i%3*n/4 }},
		{"all at the same time", func(int) int { return 7 }},
	} {
		t.Run(order.name, func(t *testing.T) {
			t.Parallel()
			st := New()
			var all []visitor.Visitor
			for i := range n {
				v := person(order.second(i), fmt.Sprint("visitor ", i))
				all = append(all, v)
				apply(t, st, driver.CreateVisitor{Visitor: v})
				if i%500 == 0 {
					requireConsistent(t, workspaceOf(t, st, acme))
				}
			}
			w := workspaceOf(t, st, acme)
			requireConsistent(t, w)
			for _, o := range []driver.Order{driver.OldestFirst, driver.NewestFirst} {
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

func TestFailedApplyChangesNothing(t *testing.T) {
	t.Parallel()
	st := New()
	ada, bob, eve, kim := person(1, "Ada"), person(5, "Bob"), person(3, "Eve"), person(7, "Kim")
	ada.Identities = []visitor.Identity{{Source: visitor.Telegram, ExternalID: "42"}, {Source: visitor.Telegram, Account: "bot", ExternalID: "42"}}
	eve.Identities = []visitor.Identity{{Source: visitor.Telegram, Account: "bot2", ExternalID: "42"}}
	vip := tag.Tag{ID: tag.NewID(epoch), Name: "VIP", Color: "#000000", CreatedAt: epoch}
	lead := tag.Tag{ID: tag.NewID(epoch), Name: "Lead", Color: "#000000", CreatedAt: epoch}
	team := group.Group{ID: group.NewID(epoch), Name: "Team", Rule: filter.Tag.Has("vip"), CreatedAt: epoch}
	apply(t, st, driver.CreateTag{Tag: vip}, driver.CreateGroup{Group: team},
		driver.CreateVisitor{Visitor: ada, Tags: []string{"vip"}}, driver.CreateVisitor{Visitor: bob},
		driver.AddToGroup{Group: team.ID, ID: ada.ID}, driver.RemoveFromGroup{Group: team.ID, ID: bob.ID})
	before := dump(t, st)

	name, description := "Ada King", "all of them"
	all := []driver.Change{
		driver.CreateTag{Tag: lead},
		driver.UpdateTag{ID: vip.ID, Patch: tag.Patch{Name: &name}},
		driver.UpdateGroup{ID: team.ID, Patch: group.Patch{Description: &description, ClearRule: true}},
		driver.CreateVisitor{Visitor: eve, Tags: []string{"lead"}},
		driver.UpdateVisitor{ID: ada.ID, Patch: visitor.Patch{Name: &name, Set: visitor.Attributes{"city": visitor.Text("Rio")}}},
		driver.AddTags{ID: bob.ID, Tags: []string{"lead"}},
		driver.RemoveTags{ID: ada.ID, Tags: []string{"ada king"}},
		driver.AddToGroup{Group: team.ID, ID: bob.ID},
		driver.RemoveFromGroup{Group: team.ID, ID: ada.ID},
		driver.LinkIdentity{ID: bob.ID, Identity: visitor.Identity{Source: visitor.WhatsApp, ExternalID: "4915777788899"}},
		driver.CaptureContact{
			ID: kim.ID, Contact: visitor.Contact{Source: visitor.Telegram, ExternalID: "77", Name: "Kim", EventID: "e1"}, Tags: []tag.Tag{newTag("New")},
		},
		driver.MergeVisitors{Into: ada.ID, From: bob.ID},
		driver.MergeVisitors{Into: ada.ID, From: kim.ID},
		driver.DeleteTag{ID: vip.ID},
		driver.DeleteGroup{ID: team.ID},
		driver.UnmergeVisitor{From: bob.ID},
		driver.DeleteVisitor{ID: ada.ID},
		driver.CreateGroup{Group: group.Group{ID: group.NewID(epoch), Name: "Team"}},
		driver.CreateTag{Tag: vip},
	}
	for n := range len(all) + 1 {
		_, err := st.Apply(context.Background(), acme, append(slices.Clone(all[:n]), driver.UpdateVisitor{ID: person(9, "").ID}))
		var failed *driver.ChangeError
		require.ErrorAs(t, err, &failed)
		require.Equal(t, n, failed.Index, "%v", err)
		require.ErrorIs(t, err, driver.ErrNotFound)
		require.Equal(t, before, dump(t, st), "after %d changes", n)
		requireConsistent(t, workspaceOf(t, st, acme))
	}
	apply(t, st, all...)
	requireConsistent(t, workspaceOf(t, st, acme))
}

// dump returns all data of the workspace, for comparison.
func dump(t testing.TB, st *Store) []any {
	t.Helper()
	ctx := context.Background()
	visitors, err := st.FindVisitors(ctx, acme, driver.Select{Where: bind(t, filter.All()), Order: driver.OldestFirst, Limit: 100_000})
	require.NoError(t, err)
	tags, err := st.ListTags(ctx, acme, driver.List{})
	require.NoError(t, err)
	groups, err := st.ListGroups(ctx, acme, driver.List{})
	require.NoError(t, err)
	events, err := st.Events(ctx, acme, driver.EventQuery{Limit: 1 << 30})
	require.NoError(t, err)
	w := workspaceOf(t, st, acme)
	return []any{visitors, tags, groups, events, maps.Clone(w.merges.byFrom), maps.Clone(w.merges.into), maps.Clone(w.processed.at), len(w.processed.queue)}
}

func TestRulesAreCopied(t *testing.T) {
	t.Parallel()
	st := New()
	rule := func() filter.Expr {
		return filter.Or(filter.Not(filter.Tag.HasAny("vip", "lead")), filter.And(filter.Search("ada"), filter.Name.Is("bob")))
	}
	overwrite := func(e filter.Expr) {
		or := e.(filter.OrExpr)
		or.Of[0].(filter.NotExpr).Of.(filter.Condition).Values[0] = filter.Value{}
		or.Of[1].(filter.AndExpr).Of[0] = filter.All()
		or.Of[1] = filter.All()
	}
	kept := func() {
		t.Helper()
		for range 2 {
			groups, err := st.ListGroups(context.Background(), acme, driver.List{})
			require.NoError(t, err)
			require.Equal(t, rule(), groups[0].Rule)
			overwrite(groups[0].Rule)
		}
	}
	apply(t, st, driver.CreateTag{Tag: newTag("vip")}, driver.CreateTag{Tag: newTag("lead")})
	given := rule()
	made := apply(t, st, driver.CreateGroup{Group: group.Group{ID: group.NewID(epoch), Name: "Team", Rule: given}})[0].Group
	overwrite(given)
	kept()
	apply(t, st, driver.UpdateGroup{ID: made.ID, Patch: group.Patch{ClearRule: true}})
	updated := apply(t, st, driver.UpdateGroup{ID: made.ID, Patch: group.Patch{Rule: rule()}})[0].Group
	overwrite(updated.Rule)
	kept()
	require.Equal(t, driver.Unchanged, apply(t, st, driver.UpdateGroup{ID: made.ID, Patch: group.Patch{Rule: rule()}})[0].Effect)
}

func TestTagsAreOrderedByTheirNewNames(t *testing.T) {
	t.Parallel()
	st := New()
	ada := person(1, "Ada")
	var changes []driver.Change
	var made []tag.Tag
	for _, name := range []string{"b", "c", "d"} {
		made = append(made, tag.Tag{ID: tag.NewID(epoch), Name: name, Color: "#000000", CreatedAt: epoch})
		changes = append(changes, driver.CreateTag{Tag: made[len(made)-1]})
	}
	apply(t, st, append(changes, driver.CreateVisitor{Visitor: ada, Tags: []string{"d", "b", "c"}})...)
	last := "z"
	apply(t, st, driver.UpdateTag{ID: made[0].ID, Patch: tag.Patch{Name: &last}})
	v, err := st.GetVisitor(context.Background(), acme, ada.ID)
	require.NoError(t, err)
	require.Equal(t, "c d z", v.Tags[0].Name+" "+v.Tags[1].Name+" "+v.Tags[2].Name)
}
