package memory

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
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

var (
	seedFlag  = flag.Uint64("memory.seed", 0, "seed of the random tests; 0 picks one")
	seedsFlag = flag.Int("memory.seeds", 1, "how many seeds TestAgreesWithMatch tries")
)

func seed(t *testing.T) uint64 {
	seed := *seedFlag
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("to run it again: -memory.seed=%d", seed)
	return seed
}

const acme = store.WorkspaceID("acme")

// throng is a store full of random visitors, and what it should hold.
type throng struct {
	*filtergen.Generator
	t     *testing.T
	st    *Store
	rand  *rand.Rand
	all   map[visitor.ID]visitor.Visitor
	clock time.Time
}

func newThrong(t *testing.T, seed uint64) *throng {
	c := &throng{
		Generator: filtergen.New(seed, nil), t: t, st: New(), rand: rand.New(rand.NewPCG(seed, 1)),
		all: map[visitor.ID]visitor.Visitor{}, clock: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	var changes []store.Change
	for _, made := range c.Tags() {
		changes = append(changes, store.CreateTag{Tag: made})
	}
	for _, g := range c.Groups() {
		changes = append(changes, store.CreateGroup{Group: group.Group{ID: g.ID, Name: g.Name, Rule: g.Rule}})
	}
	c.apply(changes...)
	return c
}

func (c *throng) apply(changes ...store.Change) []store.Outcome {
	c.t.Helper()
	outcomes, err := c.st.Apply(context.Background(), acme, changes)
	require.NoError(c.t, err)
	return outcomes
}

// grow returns the changes that make the visitors.
func (c *throng) grow(visitors []visitor.Visitor) (changes []store.Change) {
	for _, v := range visitors {
		create := store.CreateVisitor{Visitor: v.Clone()}
		for _, a := range v.Tags {
			create.Tags = append(create.Tags, tag.Key(a.Name))
		}
		create.Visitor.Tags, create.Visitor.Excluded = nil, nil
		changes = append(changes, create)
		for _, g := range v.Excluded {
			changes = append(changes, store.LeaveGroup{Group: g, ID: v.ID})
		}
		v = v.Clone()
		v.Revision = 1
		for i := range v.Tags {
			v.Tags[i].At = v.UpdatedAt
		}
		c.all[v.ID] = v
	}
	return changes
}

// anyone returns the ids of n visitors.
func (c *throng) anyone(n int) []visitor.ID {
	ids := slices.Sorted(maps.Keys(c.all))
	c.rand.Shuffle(len(ids), func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
	return ids[:min(n, len(ids))]
}

// stir returns changes to visitors, and deletions.
func (c *throng) stir() (changes []store.Change) {
	for _, id := range c.anyone(40) {
		v := c.all[id].Clone()
		c.clock = c.clock.Add(time.Second)
		other := c.all[c.anyone(1)[0]]
		switch c.rand.IntN(6) {
		case 0:
			changes = append(changes, store.DeleteVisitor{ID: id, At: c.clock})
			delete(c.all, id)
			continue
		case 1, 2:
			p := visitor.Patch{Name: &other.Name, Email: &other.Email, Phone: &other.Phone, Source: &other.Source, Set: other.Attributes, Unset: slices.Sorted(maps.Keys(v.Attributes))}
			changes = append(changes, store.UpdateVisitor{ID: id, Patch: p, At: c.clock})
			if next, changed := p.Apply(v, c.clock); changed {
				v = next
				v.UpdatedAt, v.Revision = c.clock, v.Revision+1
			}
		case 3:
			t := c.Tags()[c.rand.IntN(len(c.Tags()))]
			changes = append(changes, store.AddTags{ID: id, Tags: []string{tag.Key(t.Name)}, At: c.clock, By: "eve", Cause: "test"})
			if !slices.ContainsFunc(v.Tags, func(a tag.Assignment) bool { return a.Tag == t.ID }) {
				v.Tags = append(v.Tags, tag.Assignment{Tag: t.ID, Name: t.Name, Color: t.Color, At: c.clock, By: "eve", Cause: "test"})
				slices.SortFunc(v.Tags, tag.Assignment.Compare)
			}
		case 4:
			t := c.Tags()[c.rand.IntN(len(c.Tags()))]
			changes = append(changes, store.RemoveTags{ID: id, Tags: []string{tag.Key(t.Name)}, At: c.clock})
			v.Tags = slices.DeleteFunc(v.Tags, func(a tag.Assignment) bool { return a.Tag == t.ID })
		case 5:
			g := c.Groups()[c.rand.IntN(len(c.Groups()))].ID
			changes = append(changes, store.JoinGroup{Group: g, ID: id, At: c.clock})
			v.Excluded = slices.DeleteFunc(v.Excluded, func(other group.ID) bool { return other == g })
			if !slices.Contains(v.Groups, g) {
				v.Groups = append(v.Groups, g)
				slices.Sort(v.Groups)
			}
		}
		c.all[id] = emptyToNil(v)
	}
	return changes
}

func emptyToNil(v visitor.Visitor) visitor.Visitor {
	v = v.Clone()
	if len(v.Tags) == 0 {
		v.Tags = nil
	}
	if len(v.Groups) == 0 {
		v.Groups = nil
	}
	if len(v.Excluded) == 0 {
		v.Excluded = nil
	}
	return v
}

// failing applies the changes with one behind them that fails: nothing may come of it.
func (c *throng) failing(changes []store.Change) {
	c.t.Helper()
	w := workspaceOf(c.t, c.st, acme)
	events, records := w.events.last(), len(w.records)
	_, err := c.st.Apply(context.Background(), acme, append(changes, store.JoinGroup{Group: "none", ID: c.anyone(1)[0]}))
	var failed *store.ChangeError
	require.ErrorAs(c.t, err, &failed)
	require.ErrorIs(c.t, err, store.ErrNotFound)
	require.Equal(c.t, len(changes), failed.Index)
	require.Equal(c.t, events, w.events.last())
	require.Len(c.t, w.records, records)
}

// agree compares what the store says with what filter.Match says.
func (c *throng) agree(e filter.Expr) {
	c.t.Helper()
	where, err := filter.Bind(e, c.Env())
	require.NoError(c.t, err)
	var want []visitor.Visitor
	for _, v := range c.all {
		if filter.Match(where, v) {
			want = append(want, v)
		}
	}
	ctx := context.Background()
	n, err := c.st.CountVisitors(ctx, acme, where, 0)
	require.NoError(c.t, err)
	require.EqualValues(c.t, len(want), n, "count of %#v", e)
	limit := int64(1 + c.rand.IntN(len(c.all)+1))
	n, err = c.st.CountVisitors(ctx, acme, where, limit)
	require.NoError(c.t, err)
	require.Equal(c.t, min(limit, int64(len(want))), n, "count up to %d of %#v", limit, e)

	order := store.Orders()[c.rand.IntN(len(store.Orders()))]
	arrange(order, want)
	page := 1 + c.rand.IntN(len(want)/3+10)
	q := store.Select{Where: where, Order: order, Limit: page}
	for from := 0; ; from += page {
		got, err := c.st.FindVisitors(ctx, acme, q)
		require.NoError(c.t, err)
		expected := want[min(from, len(want)):min(from+page, len(want))]
		require.Equal(c.t, len(expected), len(got), "order %s, page of %d from %d, %#v", order, page, from, e)
		for i := range got {
			require.Equal(c.t, expected[i], got[i], "order %s, page of %d from %d, %#v", order, page, from, e)
		}
		if len(got) == 0 {
			break
		}
		last := store.PositionOf(order, got[len(got)-1])
		q.After = &last
	}
	facets, err := c.st.Facets(ctx, acme, where)
	require.NoError(c.t, err)
	require.Equal(c.t, countFacets(want), flatten(facets), "facets of %#v", e)
}

func arrange(o store.Order, visitors []visitor.Visitor) {
	_, descending, _ := o.Key()
	slices.SortFunc(visitors, func(a, b visitor.Visitor) int {
		if descending {
			a, b = b, a
		}
		return store.PositionOf(o, a).Compare(store.PositionOf(o, b))
	})
}

func countFacets(visitors []visitor.Visitor) map[string]int64 {
	counts := map[string]int64{"total": int64(len(visitors))}
	for _, v := range visitors {
		counts["source "+string(v.Source)]++
		for _, a := range v.Tags {
			counts["tag "+string(a.Tag)]++
		}
		for _, g := range v.Groups {
			counts["group "+string(g)]++
		}
	}
	return counts
}

func flatten(f store.Facets) map[string]int64 {
	counts := map[string]int64{"total": f.Total}
	for _, s := range f.Sources {
		counts["source "+string(s.Source)] = s.Count
	}
	for _, t := range f.Tags {
		if t.Count > 0 {
			counts["tag "+string(t.Tag.ID)] = t.Count
		}
	}
	for _, g := range f.Groups {
		if g.Count > 0 {
			counts["group "+string(g.Group.ID)] = g.Count
		}
	}
	return counts
}

func TestAgreesWithMatch(t *testing.T) {
	t.Parallel()
	start := seed(t)
	for i := range uint64(*seedsFlag) {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			c := newThrong(t, start+i)
			people := c.Visitors(400)
			for part := range slices.Chunk(people, 50) {
				c.apply(c.grow(part)...)
				keep := maps.Clone(c.all)
				c.failing(append(c.grow(c.Visitors(5)), c.stir()...))
				c.all = keep
				c.apply(c.stir()...)
				requireWhole(t, workspaceOf(t, c.st, acme))
			}
			for _, e := range c.Each() {
				c.agree(e)
			}
			for range 150 {
				c.agree(c.Expr(4))
			}
		})
	}
}

// In a crowd of thousands pages take several windows, late visitors are renumbered, and
// the gaps of those who were deleted are closed.
func TestAgreesInALargeCrowd(t *testing.T) {
	t.Parallel()
	c := newThrong(t, seed(t))
	for part := range slices.Chunk(c.Visitors(9_000), 250) {
		c.apply(c.grow(part)...)
	}
	w := workspaceOf(t, c.st, acme)
	requireWhole(t, w)
	for range 25 {
		c.agree(c.Expr(3))
	}
	for part := range slices.Chunk(c.anyone(6_000), 500) {
		var changes []store.Change
		for _, id := range part {
			changes = append(changes, store.DeleteVisitor{ID: id})
			delete(c.all, id)
		}
		c.apply(changes...)
	}
	requireWhole(t, w)
	require.Less(t, len(w.records), 9_000, "the gaps are still there")
	for range 25 {
		c.agree(c.Expr(3))
	}
}
