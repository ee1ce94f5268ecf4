package index

import (
	"fmt"
	"slices"
	"testing"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// check compares every bitmap, list, column and ordering with what follows from the visitors.
func (m *model) check() {
	t, x := m.t, m.x
	t.Helper()
	require.Equal(t, len(m.all), x.Len())
	require.LessOrEqual(t, len(x.lists), (x.Len()+block-1)/block)
	live, late := roaring.New(), roaring.New()
	members := make([]*roaring.Bitmap, len(x.sets))
	for i := range members {
		members[i] = roaring.New()
	}
	var ofKind [kinds]*roaring.Bitmap
	for k := range ofKind {
		ofKind[k] = roaring.New()
	}
	var largest uuid.UUID
	for i, v := range m.all {
		p := uint32(i)
		require.GreaterOrEqual(t, compareIDs(x.ids[i], largest), 0, "the largest id decreases at %d", i)
		largest = x.ids[i]
		var list []string
		for numbers := x.lists.of(p); len(numbers) > 0; {
			var n uint32
			n, numbers = next(numbers)
			list = append(list, fmt.Sprint(x.sets[n].kind, x.sets[n].Name))
		}
		if v == nil {
			require.Empty(t, list)
			require.Zero(t, [2]int64{x.updated.at[i], x.seen.at[i]})
			continue
		}
		id := idOf(t, v)
		live.Add(p)
		if x.firstFrom(id) != i {
			late.Add(p)
		}
		found, ok := x.Position(id)
		require.True(t, ok && found == p && x.ID(p) == id, "position of %s", id)
		require.Equal(t, driver.Micros(v.UpdatedAt), x.updated.at[i])
		require.Equal(t, driver.Micros(v.LastSeenAt), x.seen.at[i])
		var want []string
		for _, s := range m.sets(v) {
			want = append(want, fmt.Sprint(s.kind, s.Name))
			members[s.number].Add(p)
			ofKind[s.kind].Add(p)
		}
		slices.Sort(want)
		slices.Sort(list)
		require.Equal(t, slices.Compact(want), list)
	}
	requireSame(t, "live", live, x.live)
	requireSame(t, "late", late, x.late)
	require.Len(t, x.lateID, len(x.lateAt))
	require.EqualValues(t, late.GetCardinality(), len(x.lateAt))
	for n, s := range x.sets {
		if s != nil {
			requireSame(t, s.Name, members[n], s.members)
			require.Same(t, s, x.kinds[s.kind].byName[s.Name])
		}
	}
	for k, want := range ofKind {
		requireSame(t, fmt.Sprint("kind ", k), want, x.kinds[k].any)
	}
	checkOrdering(t, &x.updated.ordering, live)
	checkOrdering(t, &x.seen.ordering, live)
	checkOrdering(t, &x.names, live)
}

func requireSame(t testing.TB, name string, want, got *roaring.Bitmap) {
	t.Helper()
	require.True(t, want.Equals(got), "%s: got %v, want %v", name, got, want)
}

// checkOrdering checks that each visitor is in the bin of its key, and no key of another is kept.
func checkOrdering[K any](t testing.TB, o *ordering[K], live *roaring.Bitmap) {
	t.Helper()
	if !o.built {
		require.Nil(t, o.starts)
		return
	}
	require.True(t, slices.IsSortedFunc(o.starts, o.compare))
	all, kept := roaring.New(), map[string]bool{}
	for i, set := range o.sets {
		require.False(t, all.Intersects(set), "a visitor is in two bins")
		all.Or(set)
		for p := range set.Iterate {
			require.Equal(t, i, o.bin(o.key(p)))
			if o.private {
				require.EqualValues(t, i+1, o.of[p]&^sampled)
			}
			if o.private && o.of[p]&sampled != 0 {
				kept[fmt.Sprint(o.key(p))] = true
				kept[fmt.Sprint(o.next(o.key(p)))] = true
			}
		}
	}
	requireSame(t, "bins", live, all)
	for _, start := range o.starts {
		require.True(t, !o.private || kept[fmt.Sprint(start)], "a bin starts at the key of nobody")
	}
}
