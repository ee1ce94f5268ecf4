package memory

import (
	"bytes"
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/filter/filtergen"
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

func TestADeletedVisitorLeavesNothing(t *testing.T) {
	t.Parallel()
	st := New()
	ada := person(5, "Séraphine Ómega")
	ada.Email, ada.Phone = "seraphine.omega@example.com", "+4915777788899"
	ada.Identities = []visitor.Identity{{Source: visitor.Telegram, Account: "bot", ExternalID: "99887766", Username: "seraphine_o"}}
	ada.Attributes = visitor.Attributes{"city": visitor.Text("Omegaville")}
	twin := person(6, "Twin")
	twin.Identities = []visitor.Identity{{Source: visitor.Telegram, Account: "bot2", ExternalID: "99887766"}}
	var changes []store.Change
	for i := range 200 {
		if i == 100 {
			changes = append(changes, store.CreateVisitor{Visitor: ada}, store.CreateVisitor{Visitor: twin})
		}
		changes = append(changes, store.CreateVisitor{Visitor: person(i, "Somebody Else")})
	}
	apply(t, st, changes...)
	secrets := []string{"éraphine", "seraphine", "omega", "777788899", string(appendPhone(nil, "777788899")), "omegaville"}
	w := workspaceOf(t, st, acme)
	for _, secret := range secrets {
		require.True(t, holds(w, secret), "it is not looked for where it is")
	}
	ended := "Seraphine Omega, Duchess"
	apply(t, st, store.UpdateVisitor{ID: ada.ID, Patch: visitor.Patch{Name: &ended}})
	apply(t, st, store.DeleteVisitor{ID: ada.ID})
	for _, secret := range secrets {
		require.False(t, holds(w, secret))
	}
	requireWhole(t, w)
	text, phone := appendTrace(nil, []byte("seraphine")), appendTrace(nil, appendPhone(nil, "777788899"))
	for b := range w.text.signatures {
		require.False(t, w.text.signatures[b].has(text))
		require.False(t, w.text.signatures[b].has(phone))
	}
}

// holds reports whether anything that can be reached from w holds the text, in any case.
func holds(w *workspace, secret string) bool {
	seen := map[reflect.Value]bool{}
	var look func(v reflect.Value) bool
	look = func(v reflect.Value) bool {
		switch v.Kind() {
		case reflect.String:
			return strings.Contains(strings.ToLower(v.String()), secret)
		case reflect.Pointer, reflect.Interface:
			if v.IsNil() || v.Kind() == reflect.Pointer && seen[v] {
				return false
			}
			if v.Kind() == reflect.Pointer {
				seen[v] = true
			}
			return look(v.Elem())
		case reflect.Slice:
			if v.Type().Elem().Kind() == reflect.Uint8 {
				return bytes.Contains(v.Slice(0, v.Cap()).Bytes(), []byte(secret))
			}
			for i := range v.Cap() {
				if look(v.Slice(0, v.Cap()).Index(i)) {
					return true
				}
			}
		case reflect.Struct:
			for i := range v.NumField() {
				if look(v.Field(i)) {
					return true
				}
			}
		case reflect.Map:
			for entries := v.MapRange(); entries.Next(); {
				if look(entries.Key()) || look(entries.Value()) {
					return true
				}
			}
		}
		return false
	}
	return look(reflect.ValueOf(w))
}

func TestTextThatMovesLeavesNothing(t *testing.T) {
	t.Parallel()
	var b textBlock
	b.put(3, []byte("ada"))
	old := b.text[:cap(b.text)]
	b.put(1, bytes.Repeat([]byte("bob"), len(old)))
	require.Zero(t, bytes.Trim(old, "\x00"))
	require.Equal(t, "ada", string(b.text[b.ends[2]:b.ends[3]]))
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

// fading is a context that ends after it was asked a number of times.
type fading struct {
	context.Context
	mu   sync.Mutex
	left int
}

func (f *fading) Err() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.left--; f.left < 0 {
		return context.Canceled
	}
	return nil
}

func TestACallEndsWithItsContext(t *testing.T) {
	t.Parallel()
	st := New()
	g := filtergen.New(1, nil)
	var changes []store.Change
	for i := range 70_000 {
		v := person(i, "Ada Lovelace")
		v.LastSeenAt, v.Attributes = v.CreatedAt, visitor.Attributes{"n": visitor.Number(1)}
		changes = append(changes, store.CreateVisitor{Visitor: v})
	}
	_, err := st.Apply(&fading{Context: context.Background(), left: 60}, acme, changes)
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, []any{[]visitor.Visitor(nil), []tag.Tag(nil), []group.Group(nil), []store.Event(nil)}, dump(t, st))
	apply(t, st, changes...)
	for _, e := range []filter.Expr{
		filter.Search("lovelace"), filter.LastSeenAt.Before(epoch.AddDate(1, 0, 0)), filter.Attr("n").AtLeast(1), filter.Name.HasSuffix("e"),
		filter.Or(filter.Search("x"), filter.Not(filter.Attr("n").AtLeast(1))),
	} {
		where, err := filter.Bind(e, g.Env())
		require.NoError(t, err)
		// Asked once before the work begins and once for the node, it ends during the scan.
		_, err = st.CountVisitors(&fading{Context: context.Background(), left: 2}, acme, where, 0)
		require.ErrorIs(t, err, context.Canceled, "%#v", e)
		_, err = st.FindVisitors(&fading{Context: context.Background(), left: 2}, acme, store.Select{Where: where, Order: store.NameAZ, Limit: 5})
		require.ErrorIs(t, err, context.Canceled, "%#v", e)
	}
}

func TestReadersSeeWholeChanges(t *testing.T) {
	t.Parallel()
	st := New()
	red := tag.Tag{ID: tag.NewID(epoch), Name: "red", Color: "#ff0000", CreatedAt: epoch}
	blue := tag.Tag{ID: tag.NewID(epoch), Name: "blue", Color: "#0000ff", CreatedAt: epoch}
	apply(t, st, store.CreateTag{Tag: red}, store.CreateTag{Tag: blue})
	env := &filter.Env{Tags: map[string]tag.ID{"red": red.ID, "blue": blue.ID}}
	one, err := filter.Bind(filter.And(filter.Tag.Has("red"), filter.Not(filter.Tag.Has("blue"))), env)
	require.NoError(t, err)
	search := bind(t, filter.Search("lovelace"))

	ctx := context.Background()
	var writers, readers sync.WaitGroup
	done := make(chan struct{})
	for worker := range 4 {
		writers.Go(func() {
			for i := range 150 {
				v := person(i*7%50+worker, "Ada Lovelace")
				_, err := st.Apply(ctx, acme, []store.Change{
					store.CreateVisitor{Visitor: v, Tags: []string{"red"}}, store.AddTags{ID: v.ID, Tags: []string{"blue"}},
				})
				require.NoError(t, err)
				if i%3 == 0 {
					_, err = st.Apply(ctx, acme, []store.Change{store.DeleteVisitor{ID: v.ID}})
					require.NoError(t, err)
				}
			}
		})
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				n, err := st.CountVisitors(ctx, acme, one, 0)
				require.NoError(t, err)
				require.Zero(t, n, "half of a change was seen")
				page, err := st.FindVisitors(ctx, acme, store.Select{Where: search, Order: store.Orders()[worker], Limit: 20})
				require.NoError(t, err)
				for _, v := range page {
					require.Len(t, v.Tags, 2)
				}
				_, err = st.Facets(ctx, acme, search)
				require.NoError(t, err)
				_, err = st.Events(ctx, acme, 0, 50)
				require.NoError(t, err)
			}
		})
	}
	writers.Wait()
	close(done)
	readers.Wait()
	requireWhole(t, workspaceOf(t, st, acme))
	n, err := st.CountVisitors(ctx, acme, search, 0)
	require.NoError(t, err)
	require.EqualValues(t, 4*100, n)
}

func TestWhatCannotBeAskedIsRefused(t *testing.T) {
	t.Parallel()
	st := New()
	all := bind(t, filter.All())
	for _, q := range []store.Select{
		{Where: all, Order: "sideways", Limit: 1},
		{Where: all, Order: store.NewestFirst},
		{Where: all, Order: store.NewestFirst, Limit: 1, After: &store.Position{ID: "7"}},
	} {
		_, err := st.FindVisitors(context.Background(), acme, q)
		require.ErrorIs(t, err, store.ErrInvalid)
	}
	for _, c := range []store.Change{nil, store.CreateVisitor{Visitor: visitor.Visitor{ID: "7", Name: "Ada"}}} {
		_, err := st.Apply(context.Background(), acme, []store.Change{c})
		require.Error(t, err)
	}
	require.Equal(t, []any{[]visitor.Visitor(nil), []tag.Tag(nil), []group.Group(nil), []store.Event(nil)}, dump(t, st))
}
