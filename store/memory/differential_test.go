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
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

var (
	seedFlag  = flag.Uint64("memory.seed", 0, "seed of the random tests; 0 picks one")
	seedsFlag = flag.Int("memory.seeds", 1, "number of seeds for TestResultsAgreeWithMatch")
)

func seed(t *testing.T) uint64 {
	seed := *seedFlag
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("seed: -memory.seed=%d", seed)
	return seed
}

const acme = driver.WorkspaceID("acme")

// model is a store of random visitors and the visitors that it is expected to have.
type model struct {
	*filtergen.Generator
	t     *testing.T
	st    *Store
	rand  *rand.Rand
	all   map[visitor.ID]visitor.Visitor
	clock time.Time

	applied bool // changes since readConsents
}

func newModel(t *testing.T, seed uint64) *model {
	m := &model{
		Generator: filtergen.New(seed, nil), t: t, st: New(), rand: rand.New(rand.NewPCG(seed, 1)),
		all: map[visitor.ID]visitor.Visitor{}, clock: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	var changes []driver.Change
	for _, made := range m.Tags() {
		changes = append(changes, driver.CreateTag{Tag: made})
	}
	for _, topic := range filtergen.Topics() {
		changes = append(changes, driver.PutTopic{Topic: topic})
	}
	for _, withRule := range []bool{false, true} { // a rule may mention groups that have none
		for _, g := range m.Groups() {
			if (g.Rule != nil) == withRule {
				changes = append(changes, driver.CreateGroup{Group: group.Group{ID: g.ID, Name: g.Name, Rule: g.Rule}})
			}
		}
	}
	m.apply(changes...)
	return m
}

func (m *model) apply(changes ...driver.Change) []driver.Outcome {
	m.t.Helper()
	outcomes, err := m.st.Apply(context.Background(), acme, changes)
	require.NoError(m.t, err)
	m.applied = true
	return outcomes
}

// readConsents reads what stands about the addresses of all visitors; storetest tests that.
func (m *model) readConsents() {
	if !m.applied {
		return
	}
	m.applied = false
	for id, v := range m.all {
		now, err := m.st.GetVisitor(context.Background(), acme, id)
		require.NoError(m.t, err)
		v.Consents, v.Health = now.Consents, now.Health
		m.all[id] = v
	}
}

func (m *model) audit() driver.Audit {
	m.clock = m.clock.Add(time.Second)
	return driver.Audit{At: m.clock, Actor: fmt.Sprint("actor ", m.rand.IntN(3)), Cause: fmt.Sprint("cause ", m.rand.IntN(3))}
}

// create returns the changes that create the visitors.
func (m *model) create(visitors []visitor.Visitor) (changes []driver.Change) {
	for _, v := range visitors {
		v = v.Clone()
		a := m.audit()
		c := driver.CreateVisitor{Audit: a, Visitor: v.Clone(), Groups: v.Groups()}
		for i := range v.Tags {
			c.Tags = append(c.Tags, tag.Key(v.Tags[i].Name))
			v.Tags[i].At, v.Tags[i].Actor, v.Tags[i].Cause = a.At, a.Actor, a.Cause
		}
		for i := range v.Memberships {
			v.Memberships[i] = visitor.Membership{Group: v.Memberships[i].Group, At: a.At, Actor: a.Actor, Cause: a.Cause}
		}
		c.Visitor.Tags, c.Visitor.Memberships, c.Visitor.Excluded = nil, nil, nil
		changes = append(changes, c)
		for _, g := range v.Excluded {
			changes = append(changes, driver.RemoveFromGroup{Audit: m.audit(), Group: g, ID: v.ID})
		}
		v.Revision = 1
		m.all[v.ID] = v
		if m.rand.IntN(1+len(visitors)/10) > 0 { // hundreds have the same address
			continue
		}
		entries, reports := m.Statements(v)
		for _, e := range entries {
			changes = append(changes, driver.RecordConsent{Audit: m.audit(), Entry: e, FromChannel: true})
		}
		for _, r := range reports {
			changes = append(changes, driver.ReportHealth{Audit: m.audit(), Report: r, FromChannel: true})
		}
	}
	return changes
}

// some returns the ids of n visitors.
func (m *model) some(n int) []visitor.ID {
	ids := slices.Sorted(maps.Keys(m.all))
	m.rand.Shuffle(len(ids), func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
	return ids[:min(n, len(ids))]
}

// edit returns changes to visitors, and deletions.
func (m *model) edit() (changes []driver.Change) {
	for _, id := range m.some(40) {
		v, other, a := m.all[id].Clone(), m.all[m.some(1)[0]], m.audit()
		switch m.rand.IntN(6) {
		case 0:
			changes = append(changes, driver.DeleteVisitor{Audit: a, ID: id})
			delete(m.all, id)
			continue
		case 1, 2:
			p := visitor.Patch{Name: &other.Name, Email: &other.Email, Phone: &other.Phone, Source: &other.Source, Set: other.Attributes, Unset: slices.Sorted(maps.Keys(v.Attributes))}
			changes = append(changes, driver.UpdateVisitor{Audit: a, ID: id, Patch: p})
			if next, changed := p.Apply(v, a.At); len(changed) > 0 {
				v = next
				v.UpdatedAt, v.Revision = a.At, v.Revision+1
			}
		case 3:
			t := m.Tags()[m.rand.IntN(len(m.Tags()))]
			changes = append(changes, driver.AddTags{Audit: a, ID: id, Tags: []string{tag.Key(t.Name)}})
			if !slices.ContainsFunc(v.Tags, func(a tag.Assignment) bool { return a.Tag == t.ID }) {
				v.Tags = append(v.Tags, tag.Assignment{Tag: t.ID, Name: t.Name, Color: t.Color, At: a.At, Actor: a.Actor, Cause: a.Cause})
			}
		case 4:
			t := m.Tags()[m.rand.IntN(len(m.Tags()))]
			changes = append(changes, driver.RemoveTags{Audit: a, ID: id, Tags: []string{tag.Key(t.Name)}})
			v.Tags = slices.DeleteFunc(v.Tags, func(a tag.Assignment) bool { return a.Tag == t.ID })
		case 5:
			g := m.Groups()[m.rand.IntN(len(m.Groups()))].ID
			changes = append(changes, driver.AddToGroup{Audit: a, Group: g, ID: id})
			v.Excluded = slices.DeleteFunc(v.Excluded, func(other group.ID) bool { return other == g })
			if !v.MemberOf(g) {
				v.Memberships = append(v.Memberships, visitor.Membership{Group: g, At: a.At, Actor: a.Actor, Cause: a.Cause})
			}
		}
		m.all[id] = v.Sorted()
	}
	return changes
}

// fail applies the changes followed by one that fails, and checks that they have no effect.
func (m *model) fail(changes []driver.Change) {
	m.t.Helper()
	w := workspaceOf(m.t, m.st, acme)
	events, records := w.events.last, len(w.records)
	_, err := m.st.Apply(context.Background(), acme, append(changes, driver.AddToGroup{Group: "none", ID: m.some(1)[0]}))
	var failed *driver.ChangeError
	require.ErrorAs(m.t, err, &failed)
	require.ErrorIs(m.t, err, driver.ErrNotFound)
	require.Equal(m.t, len(changes), failed.Index)
	require.Equal(m.t, events, w.events.last)
	require.Len(m.t, w.records, records)
}

// compare compares the results of the store for a filter with those of filter.Match.
func (m *model) compare(e filter.Expr) {
	m.t.Helper()
	where, err := filter.Bind(e, m.Env())
	require.NoError(m.t, err)
	m.readConsents()
	var want []visitor.Visitor
	for _, v := range m.all {
		if filter.Match(where, v) {
			want = append(want, v)
		}
	}
	ctx := context.Background()
	n, err := m.st.CountVisitors(ctx, acme, where, 0)
	require.NoError(m.t, err)
	require.EqualValues(m.t, len(want), n, "count of %#v", e)
	limit := int64(1 + m.rand.IntN(len(m.all)+1))
	n, err = m.st.CountVisitors(ctx, acme, where, limit)
	require.NoError(m.t, err)
	require.Equal(m.t, min(limit, int64(len(want))), n, "count up to %d of %#v", limit, e)

	order := driver.Orders()[m.rand.IntN(len(driver.Orders()))]
	arrange(order, want)
	page := 1 + m.rand.IntN(len(want)/3+10)
	q := driver.Select{Where: where, Order: order, Limit: page}
	for from := 0; ; from += page {
		got, err := m.st.FindVisitors(ctx, acme, q)
		require.NoError(m.t, err)
		expected := want[min(from, len(want)):min(from+page, len(want))]
		require.Equal(m.t, len(expected), len(got), "order %s, page of %d from %d, %#v", order, page, from, e)
		for i := range got {
			require.Equal(m.t, expected[i], got[i], "order %s, page of %d from %d, %#v", order, page, from, e)
		}
		if len(got) == 0 {
			break
		}
		last := driver.PositionOf(order, got[len(got)-1])
		q.After = &last
	}
	facets, err := m.st.Facets(ctx, acme, where)
	require.NoError(m.t, err)
	require.Equal(m.t, countFacets(want), facets, "facets of %#v", e)
}

func arrange(o driver.Order, visitors []visitor.Visitor) {
	_, descending, _ := driver.Sorting(o)
	slices.SortFunc(visitors, func(a, b visitor.Visitor) int {
		if descending {
			a, b = b, a
		}
		return driver.PositionOf(o, a).Compare(driver.PositionOf(o, b))
	})
}

func countFacets(visitors []visitor.Visitor) driver.Facets {
	f := driver.Facets{
		Total:   int64(len(visitors)),
		Sources: map[visitor.Source]int64{}, Tags: map[tag.ID]int64{}, Groups: map[group.ID]int64{},
	}
	for _, v := range visitors {
		f.Sources[v.Source]++
		for _, a := range v.Tags {
			f.Tags[a.Tag]++
		}
		for _, m := range v.Memberships {
			f.Groups[m.Group]++
		}
	}
	return f
}

func TestResultsAgreeWithMatch(t *testing.T) {
	t.Parallel()
	start := seed(t)
	for i := range uint64(*seedsFlag) {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			m := newModel(t, start+i)
			for part := range slices.Chunk(m.Visitors(400), 50) {
				m.apply(m.create(part)...)
				before := maps.Clone(m.all)
				m.fail(append(m.create(m.Visitors(5)), m.edit()...))
				m.all = before
				m.apply(m.edit()...)
				requireConsistent(t, workspaceOf(t, m.st, acme))
			}
			for _, e := range m.Each() {
				m.compare(e)
			}
			for range 150 {
				m.compare(m.Expr(4))
			}
		})
	}
}

// With thousands of visitors pages take several windows, visitors out of order are
// renumbered, and the gaps of deleted ones are closed.
func TestResultsOfThousandsAgreeWithMatch(t *testing.T) {
	t.Parallel()
	m := newModel(t, seed(t))
	for part := range slices.Chunk(m.Visitors(9_000), 250) {
		m.apply(m.create(part)...)
	}
	w := workspaceOf(t, m.st, acme)
	requireConsistent(t, w)
	for range 25 {
		m.compare(m.Expr(3))
	}
	for range 8 { // the orders by name and times follow changes
		m.compare(filter.All())
		m.apply(m.edit()...)
	}
	for part := range slices.Chunk(m.some(6_000), 500) {
		var changes []driver.Change
		for _, id := range part {
			changes = append(changes, driver.DeleteVisitor{ID: id})
			delete(m.all, id)
		}
		m.apply(changes...)
	}
	requireConsistent(t, w)
	require.Less(t, len(w.records), 9_000, "the gaps of deleted visitors are not closed")
	for range 25 {
		m.compare(m.Expr(3))
	}
}
