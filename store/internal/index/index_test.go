package index

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/filter/bound"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor"
)

func TestAnswersAreWhatMatchSaysAfterRandomChanges(t *testing.T) {
	t.Parallel()
	for _, few := range []int{0, 4_096} {
		t.Run(fmt.Sprint("few ", few), func(t *testing.T) {
			t.Parallel()
			m := newModel(t, few)
			for round := range 8 {
				for _, v := range m.Visitors(100) {
					m.put(len(m.all), &v)
				}
				for range 60 {
					m.change()
				}
				if round%4 == 3 {
					m.deleteTag(m.Tags()[m.rand.IntN(len(m.Tags()))].ID)
				}
				m.check()
				if m.rand.IntN(2) == 0 {
					m.renumber()
					m.check()
				}
				if m.rand.IntN(2) == 0 {
					m.restore()
				}
				for range 12 {
					m.compare(m.Expr(3))
				}
				m.check() // the orderings that the comparisons have built
			}
			for _, e := range m.Each() {
				m.compare(e)
			}
		})
	}
}

// Thousands of visitors take several windows and bins, are renumbered when late, and when most
// are deleted.
func TestAnswersAreWhatMatchSaysOfThousands(t *testing.T) {
	t.Parallel()
	m := newModel(t, 0)
	for _, v := range m.Visitors(6_000) {
		m.put(len(m.all), &v)
		if len(m.all)%100 == 0 {
			m.renumber()
		}
	}
	m.check()
	require.Less(t, len(m.x.lateID), 6_000/4, "not renumbered")
	compare := func() {
		t.Helper()
		for range 6 {
			m.compare(m.Expr(3))
		}
		m.compare(filter.LastSeenAt.Before(m.last.AddDate(-1, 0, 0)))
		m.compare(filter.UpdatedAt.Exists())
		m.check()
	}
	compare()
	for p := range m.all {
		if m.rand.IntN(3) > 0 {
			m.delete(p)
		}
	}
	compare()
	m.renumber()
	require.Less(t, len(m.all), 3_000, "the gaps are still there")
	compare()
	m.restore()
	compare()
}

func TestVisitorsInOrderAreNotRenumbered(t *testing.T) {
	t.Parallel()
	m := newModel(t, 0)
	visitors := m.Visitors(600)
	slices.SortFunc(visitors, func(a, b visitor.Visitor) int { return a.CreatedAt.Compare(b.CreatedAt) })
	for i := range visitors {
		visitors[i].CreatedAt = time.UnixMicro(int64(i) * 1_500).UTC()
		visitors[i].ID = visitor.NewID(visitors[i].CreatedAt)
		m.put(len(m.all), &visitors[i])
	}
	require.Empty(t, m.x.lateID)
	_, before := m.x.Renumber()
	require.Empty(t, before)
	m.check()
}

// The position of the deleted visitor still has the id.
func TestTheNewestVisitorIsCreatedAgain(t *testing.T) {
	t.Parallel()
	m := newModel(t, 0)
	v := m.Visitors(1)[0]
	for i := range 3 {
		m.put(i, &v)
		m.check()
		m.delete(i)
		m.check()
	}
}

// Ids round times up, and ids of other generators do not use the smallest of a microsecond.
func TestTheSmallestIDOfATime(t *testing.T) {
	t.Parallel()
	m := newModel(t, 0)
	for range 20_000 {
		var id uuid.UUID
		for i := range id {
			id[i] = byte(m.rand.Uint32())
		}
		id[6], id[8] = 0x70|id[6]&0x0F, 0x80|id[8]&0x3F
		at, ok := visitor.ID(id.String()).Time()
		require.True(t, ok)
		require.LessOrEqual(t, compareIDs(firstID(at.UnixMicro()), id), 0, "%s at %s", id, at)
		require.Greater(t, compareIDs(firstID(at.UnixMicro()+1), id), 0, "%s at %s", id, at)
	}
	require.Equal(t, uuid.Nil, firstID(math.MinInt64))
	require.Equal(t, uuid.Nil, firstID(0))
	require.Equal(t, uuid.Max, firstID(math.MaxInt64))
}

func TestAnErrorOfTheOwnerEndsACall(t *testing.T) {
	t.Parallel()
	m := newModel(t, 0)
	for _, v := range m.Visitors(200) {
		m.put(len(m.all), &v)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := m.x.countSets(ctx, roaring.New())
	require.ErrorIs(t, err, context.Canceled)
	for _, e := range []filter.Expr{
		filter.Search("x"), filter.Not(filter.Or(filter.Search("x"), filter.Attr("n").AtLeast(1))),
	} {
		where, err := filter.Bind(e, m.Env())
		require.NoError(t, err)
		for _, limit := range []int64{0, 1} {
			_, err = m.x.Count(ctx, where.Node(), limit)
			require.ErrorIs(t, err, context.Canceled)
		}
		_, err = m.x.Facets(ctx, where.Node())
		require.ErrorIs(t, err, context.Canceled)
		for _, key := range []driver.SortKey{driver.ByName, driver.BySeen, driver.ByUpdated} {
			_, err = m.x.Page(ctx, where.Node(), Page{Key: key, Limit: 5})
			require.ErrorIs(t, err, context.Canceled)
		}
	}
}

// The first readers build the orderings.
func TestReadersAtOnce(t *testing.T) {
	t.Parallel()
	m := newModel(t, 0)
	for _, v := range m.Visitors(2_000) {
		m.put(len(m.all), &v)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			require.Positive(t, m.x.Bytes())
			m.x.BuildOrderings()
			for _, key := range []driver.SortKey{driver.ByName, driver.BySeen, driver.ByUpdated} {
				page, err := m.x.Page(context.Background(), bound.Constant(true), Page{Key: key, Limit: 50})
				require.NoError(t, err)
				require.Len(t, page, 50)
			}
			n, err := m.x.Count(context.Background(), &bound.Test{Field: bound.FieldNamed("seen"), Op: bound.OpExists}, 0)
			require.NoError(t, err)
			require.Positive(t, n)
		})
	}
	wg.Wait()
	m.check()
}

// An ordering follows changes until they are so many that its bins may differ much.
func TestAnOrderingIsDroppedAfterManyChanges(t *testing.T) {
	t.Parallel()
	m := newModel(t, 0)
	const n, moves = 1_000, 1_000/8 + bins
	for _, v := range m.Visitors(n) {
		m.put(len(m.all), &v)
	}
	m.x.BuildOrderings()
	for i := range moves + 1 {
		require.True(t, m.x.seen.built, i)
		v := m.all[i].Clone()
		v.LastSeenAt = m.last.Add(time.Duration(i) * time.Second)
		m.put(i, &v)
	}
	require.False(t, m.x.seen.built)
	require.True(t, m.x.updated.built)
	m.check()
}

// The name of a deleted or renamed visitor does not stay as the start of a bin.
func TestNamesAreNotKept(t *testing.T) {
	t.Parallel()
	m := newModel(t, 0)
	for i, v := range m.Visitors(1_000) {
		v.Name = fmt.Sprintf("Person %04d", i)
		m.put(len(m.all), &v)
	}
	kept := func() (all []uint32) {
		m.x.names.build(m.x.live)
		for p, of := range m.x.names.of {
			if of&sampled != 0 {
				all = append(all, uint32(p))
			}
		}
		require.NotEmpty(t, all)
		return all
	}
	m.delete(int(kept()[10]))
	require.False(t, m.x.names.built)
	v := m.all[kept()[10]].Clone()
	v.Name = "Somebody Else"
	m.put(int(kept()[10]), &v)
	require.False(t, m.x.names.built)
	require.NotEmpty(t, kept())
	m.check()
}

// Bitmaps have many containers of all types. Facets of some windows are counted by lists, of
// others by bitmaps, by several goroutines.
func TestCountsAndFacetsOfManyVisitors(t *testing.T) {
	t.Parallel()
	const n = 10 * window
	x := New(&model{})
	chat, mail, vip := x.Set(Source, "chat"), x.Set(Source, "mail"), x.Set(Tag, "vip")
	x.Remove(x.Set(Tag, "removed"))
	group, email := x.Set(Group, "group"), x.Set(Text, "email")
	want := driver.NewFacets()
	chatInGroup := int64(0) // of those with the tag
	for p := range uint32(n) {
		sets := []*Set{email}
		switch p % 3 {
		case 0:
			sets = append(sets, chat)
		case 1:
			sets = append(sets, mail)
		}
		if p%5 == 0 {
			sets = append(sets, group)
		}
		if p > window && p < 4*window && (p > 2*window || p%256 == 0) { // few in a window, and all of the next two
			sets = append(sets, vip)
			want.Total++
			want.Tags["vip"]++
			switch p % 3 {
			case 0:
				want.Sources["chat"]++
			case 1:
				want.Sources["mail"]++
			}
			if p%5 == 0 {
				want.Groups["group"]++
			}
			if p%15 == 0 {
				chatInGroup++
			}
		}
		seen := int64(n) // of half of the visitors, a bin that has many of each window
		if p%2 == 0 {
			seen = int64(p) + 1
		}
		id := uuid.UUID{4: byte(p >> 24), 5: byte(p >> 16), 6: byte(p >> 8), 7: byte(p)}
		x.Put(p, Visitor{ID: id, Seen: seen, Sets: sets})
	}
	in := func(field string, names ...string) bound.Node {
		return &bound.Test{Field: bound.FieldNamed(field), Op: bound.OpIn, Texts: names}
	}
	seen := func(from, to int64) bound.Node {
		times := []bound.Range[int64]{{Min: from, Max: to}}
		return &bound.Test{Field: bound.FieldNamed("seen"), Op: bound.OpIn, Times: times}
	}
	either := bound.AnyOf{in("tag", "vip"), in("group", "group")}
	chats := int64(n+2) / 3
	chatsOfEither := want.Sources["chat"] + (n+14)/15 - chatInGroup
	for i, c := range []struct {
		where bound.Node
		want  int64
	}{
		{bound.AllOf{in("source", "chat"), either}, chatsOfEither},
		{bound.AllOf{in("source", "chat"), bound.Negation{Of: either}}, chats - chatsOfEither},
		{bound.AllOf{in("tag", "vip"), bound.Negation{Of: in("source", "chat", "none", "mail")}},
			want.Total - want.Sources["chat"] - want.Sources["mail"]},
		{bound.AnyOf{in("tag", "vip"), in("tag", "none")}, want.Total},
		{bound.AllOf{in("source", "chat"), in("tag", "none")}, 0},
		{seen(n-99_999, n), 50_000 + n/2},
		{seen(1, n-100_000), n/2 - 50_000},
		{bound.Negation{Of: seen(1, 100_000)}, n - 50_000},
	} {
		for _, limit := range []int64{0, n} {
			got, err := x.Count(t.Context(), c.where, limit)
			require.NoError(t, err)
			require.Equal(t, c.want, got, i)
		}
	}
	got, err := x.Facets(t.Context(), in("tag", "vip"))
	require.NoError(t, err)
	require.Equal(t, want, got)
	got, err = x.Facets(t.Context(), bound.Constant(true))
	require.NoError(t, err)
	require.EqualValues(t, n, got.Total)
	require.EqualValues(t, want.Total, got.Tags["vip"])
	require.Equal(t, chats, got.Sources["chat"])
}

// A number of a removed set is used again, and has no members of it.
func TestNumbersOfSetsAreUsedAgain(t *testing.T) {
	t.Parallel()
	x := New(&model{})
	for i := range 300 {
		s := x.Set(Tag, fmt.Sprint(i))
		require.Same(t, s, x.Set(Tag, fmt.Sprint(i)))
		x.Put(0, Visitor{ID: uuid.UUID{1}, Sets: []*Set{s, s}})
		require.Equal(t, []uint32{0}, s.Members().ToArray())
		x.Delete(0)
		require.True(t, s.Members().IsEmpty())
		x.Remove(s)
	}
	require.Len(t, x.sets, 1)
	require.Empty(t, x.Sets())
	require.True(t, x.live.IsEmpty())
}
