package index

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/filter/bound"
	"github.com/contactpipeline/visitors/filter/filtergen"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

var seedFlag = flag.Uint64("index.seed", 0, "seed of the random tests; 0 picks one")

// model is an owner that has its visitors by position, and evaluates filters one by one.
type model struct {
	*filtergen.Generator
	t    testing.TB
	rand *rand.Rand
	x    *Index
	all  []*visitor.Visitor // nil if deleted
	last time.Time          // of a change
}

// newModel returns a model whose index uses bins for any number of visitors if few is 0.
func newModel(t testing.TB, few int) *model {
	seed := *seedFlag
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("seed: -index.seed=%d", seed)
	m := &model{Generator: filtergen.New(seed, nil), t: t, rand: rand.New(rand.NewPCG(seed, 1)), last: time.Now()}
	m.x = New(m)
	m.x.few = few
	for i := range 125 { // some numbers of sets take one byte, some two
		m.x.Set(Tag, fmt.Sprint("unused ", i))
	}
	return m
}

// Known knows the visitors with external ids, as an engine with an index of them.
func (m *model) Known(n bound.Node) *roaring.Bitmap {
	t, ok := n.(*bound.Test)
	anyID := func(r bound.IdentityRef) bool { return r.ExternalID == "" }
	if !ok || t.Field.Kind != bound.IdentityKind || slices.ContainsFunc(t.Refs, anyID) {
		return nil
	}
	known, _ := m.Search(context.Background(), n, m.x.live)
	return known
}

func (m *model) Search(ctx context.Context, n bound.Node, within *roaring.Bitmap) (*roaring.Bitmap, error) {
	return Keep(ctx, within, func(p uint32) bool { return bound.Match(n, m.all[p]) })
}

func (m *model) Name(p uint32) []byte { return []byte(text.Fold(m.all[p].Name)) }

func idOf(t testing.TB, v *visitor.Visitor) uuid.UUID {
	id, err := uuid.Parse(string(v.ID))
	require.NoError(t, err)
	return id
}

// sets returns the sets of a visitor, some twice.
func (m *model) sets(v *visitor.Visitor) []*Set {
	sets := []*Set{m.x.Set(Source, string(v.Source))}
	for name, value := range map[string]string{"name": v.Name, "email": v.Email, "phone": v.Phone} {
		if value != "" {
			sets = append(sets, m.x.Set(Text, name))
		}
	}
	for _, a := range v.Tags {
		sets = append(sets, m.x.Set(Tag, string(a.Tag)))
	}
	for _, g := range v.Memberships {
		sets = append(sets, m.x.Set(Group, string(g.Group)))
	}
	for _, g := range v.Excluded {
		sets = append(sets, m.x.Set(Excluded, string(g)))
	}
	for _, i := range v.Identities {
		sets = append(sets, m.x.Set(Channel, string(i.Source)))
		for _, inbox := range i.Inboxes {
			sets = append(sets, m.x.Set(Inbox, inbox))
		}
	}
	for name := range v.Attributes {
		sets = append(sets, m.x.Set(Attribute, name))
	}
	return sets
}

// put makes v the visitor at p.
func (m *model) put(p int, v *visitor.Visitor) {
	if p == len(m.all) {
		m.all = append(m.all, nil)
	}
	renamed := m.all[p] != nil && m.all[p].Name != v.Name
	m.all[p] = v
	m.x.Put(uint32(p), Visitor{
		ID: idOf(m.t, v), Updated: driver.Micros(v.UpdatedAt), Seen: driver.Micros(v.LastSeenAt), Sets: m.sets(v),
	})
	if renamed {
		m.x.Renamed(uint32(p))
	}
}

func (m *model) delete(p int) {
	m.x.Delete(uint32(p))
	m.all[p] = nil
}

// change makes one random change.
func (m *model) change() {
	p := m.rand.IntN(len(m.all))
	v := m.all[p]
	switch n := m.rand.IntN(10); {
	case v == nil:
	case n == 0:
		m.delete(p)
		if m.rand.IntN(2) == 0 { // comes back, as if a transaction had failed
			m.put(p, v)
		} else if m.rand.IntN(2) == 0 { // is created again
			m.put(len(m.all), v)
		}
	case n == 1: // a transaction that creates visitors fails
		length := len(m.all)
		for _, other := range m.Visitors(3) {
			m.put(len(m.all), &other)
		}
		for p := length; p < len(m.all); p++ {
			m.delete(p)
		}
		m.all = m.all[:length]
		m.x.Truncate(length)
	default:
		next := m.Visitors(1)[0]
		next.ID, next.CreatedAt = v.ID, v.CreatedAt
		m.last = m.last.Add(time.Second)
		if n < 5 { // most changes change little
			updated := v.Clone()
			updated.UpdatedAt, updated.LastSeenAt, updated.Tags = m.last, next.LastSeenAt, next.Tags
			next = updated
		}
		m.put(p, &next)
	}
}

// deleteTag removes a tag from all visitors, and its set.
func (m *model) deleteTag(id tag.ID) {
	s := m.x.Set(Tag, string(id))
	for _, p := range s.Members().ToArray() {
		v := m.all[p].Clone()
		v.Tags = slices.DeleteFunc(v.Tags, func(a tag.Assignment) bool { return a.Tag == id })
		m.put(int(p), &v)
	}
	m.x.Remove(s)
}

func (m *model) renumber() {
	from, before := m.x.Renumber()
	if before == nil {
		return
	}
	all := slices.Clone(m.all[:from])
	for _, p := range before {
		all = append(all, m.all[p])
	}
	m.all = all
}

// compare compares the answers about a filter with what filter.Match says.
func (m *model) compare(e filter.Expr) {
	t := m.t
	t.Helper()
	where, err := filter.Bind(e, m.Env())
	require.NoError(t, err)
	want := driver.NewFacets()
	var matches []visitor.Visitor
	for _, v := range m.all {
		if v != nil && where.Match(v) {
			matches = append(matches, *v)
			want.Add(*v)
		}
	}
	ctx := context.Background()
	n, err := m.x.Count(ctx, where.Node(), 0)
	require.NoError(t, err)
	require.EqualValues(t, len(matches), n, "%#v", e)
	limit := 1 + m.rand.Int64N(int64(len(m.all))+1)
	n, err = m.x.Count(ctx, where.Node(), limit)
	require.NoError(t, err)
	require.Equal(t, min(limit, int64(len(matches))), n, "up to %d of %#v", limit, e)
	facets, err := m.x.Facets(ctx, where.Node())
	require.NoError(t, err)
	require.Equal(t, want, facets, "%#v", e)
	for _, order := range driver.Orders() {
		m.comparePages(e, where.Node(), order, matches)
	}
}

func (m *model) comparePages(e filter.Expr, where bound.Node, order driver.Order, want []visitor.Visitor) {
	m.t.Helper()
	key, descending, _ := driver.Sorting(order)
	slices.SortFunc(want, func(a, b visitor.Visitor) int {
		if descending {
			a, b = b, a
		}
		return driver.PositionOf(order, a).Compare(driver.PositionOf(order, b))
	})
	q := Page{Key: key, Descending: descending, Limit: 1 + len(want)/20 + m.rand.IntN(len(want)/3+10)}
	for from := 0; ; from += q.Limit {
		page, err := m.x.Page(context.Background(), where, q)
		require.NoError(m.t, err)
		var got, expected []visitor.ID
		for _, p := range page {
			got = append(got, m.all[p].ID)
		}
		for _, v := range want[min(from, len(want)):min(from+q.Limit, len(want))] {
			expected = append(expected, v.ID)
		}
		require.Equal(m.t, expected, got, "order %s, page of %d from %d, %#v", order, q.Limit, from, e)
		if len(page) == 0 {
			return
		}
		last := m.all[page[len(page)-1]]
		after := driver.PositionOf(order, *last)
		q.After = &Rank{Name: []byte(after.Name), Micros: after.Micros, ID: idOf(m.t, last)}
	}
}
