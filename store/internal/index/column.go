package index

import (
	"cmp"
	"context"
	"math"
	"math/bits"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/contactpipeline/visitors/filter/bound"
)

// column is the times of visitors, by position, in microseconds since 1970; 0 for none.
type column struct {
	at []int64
	ordering[int64]
}

func (c *column) init() {
	c.key, c.compare = func(p uint32) int64 { return c.at[p] }, cmp.Compare[int64]
	c.clone, c.next = func(at int64) int64 { return at }, func(at int64) int64 { return at + 1 }
	c.notAfter = timesNotAfter
	c.fixed = []int64{0, 1} // visitors without a time have a bin of their own
}

// timesNotAfter is a binary search without branches, which processors would guess wrong.
func timesNotAfter(sorted []int64, at int64) int {
	const sign = 1 << 63 // makes the order of uint64 that of int64
	first := 0
	for n := len(sorted); n > 0; {
		half := (n + 1) / 2
		_, later := bits.Sub64(uint64(at)^sign, uint64(sorted[first+half-1])^sign, 0)
		first += half &^ -int(later)
		n -= half
	}
	return first
}

// set sets the time of the visitor at p, who is new if added is true.
func (c *column) set(p uint32, at int64, added bool) {
	switch {
	case added:
	case c.at[p] == at:
		return
	default:
		c.remove(p)
	}
	c.at[p] = at
	c.put(p)
}

// during returns the positions in within whose time t matches. Of many it takes whole bins, those
// that match or those that do not, and compares only the times of bins that match in part.
func (e *evaluator) during(t *bound.Test, c *column, within *roaring.Bitmap) (*roaring.Bitmap, error) {
	matches := func(p uint32) bool { return c.at[p] != 0 && (t.Op == bound.OpExists || t.HasTime(c.at[p])) }
	if n := int(within.GetCardinality()); n <= e.x.few || n <= len(c.at)/32 { // then it is faster
		return Keep(e.ctx, within, matches)
	}
	c.build(e.x.live)
	var all, none, partly []*roaring.Bitmap
	for i, set := range c.sets {
		first, last := c.limits(i)
		covers := func(r bound.Range[int64]) bool { return r.Min <= first && last <= r.Max }
		meets := func(r bound.Range[int64]) bool { return r.Min <= last && first <= r.Max }
		switch {
		case first == 0 && last == 0:
			none = append(none, set)
		case t.Op == bound.OpExists || slices.ContainsFunc(t.Times, covers):
			all = append(all, set)
		case slices.ContainsFunc(t.Times, meets):
			partly = append(partly, set)
		default:
			none = append(none, set)
		}
	}
	wanted, whole, combine := true, all, roaring.And
	if len(none) < len(all) {
		wanted, whole, combine = false, none, roaring.AndNot
	}
	words, dense := asWords(whole, len(c.at))
	for _, set := range partly {
		if err := e.ctx.Err(); err != nil {
			return nil, err
		}
		for p := range set.Iterate {
			if matches(p) == wanted {
				words[p/64] |= 1 << (p % 64)
			}
		}
	}
	return combine(within, roaring.FastOr(append(dense, roaring.FromDense(words, false))...)), nil
}

// asWords returns the positions below n that are in sets, as the bits of words and as the bitmaps
// that have many in a container. To set bits is faster than roaring.FastOr.
func asWords(sets []*roaring.Bitmap, n int) (words []uint64, dense []*roaring.Bitmap) {
	words = make([]uint64, (n+63)/64)
	for _, set := range sets {
		if set.Stats().BitmapContainers > 0 {
			dense = append(dense, set) // WriteDenseTo would overwrite what is there
		} else {
			set.WriteDenseTo(words)
		}
	}
	return words, dense
}

// limits returns the first and the last time that bin i may contain.
func (c *column) limits(i int) (first, last int64) {
	first, last = math.MinInt64, math.MaxInt64
	if i > 0 {
		first = c.starts[i-1]
	}
	if i < len(c.starts) {
		last = c.starts[i] - 1
	}
	return first, last
}

// Keep returns the positions in within that match. It returns the error of ctx if that ends.
func Keep(ctx context.Context, within *roaring.Bitmap, match func(p uint32) bool) (*roaring.Bitmap, error) {
	read := 0
	words := within.ToDense()
	for i, word := range words {
		for ; word != 0; word &= word - 1 {
			if read++; read%16 == 0 && ctx.Err() != nil {
				return nil, ctx.Err()
			}
			if bit := bits.TrailingZeros64(word); !match(uint32(i*64 + bit)) {
				words[i] &^= 1 << bit
			}
		}
	}
	return roaring.FromDense(words, false), nil
}
