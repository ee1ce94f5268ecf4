package memory

import (
	"github.com/RoaringBitmap/roaring/v2"

	"github.com/contactpipeline/visitors/filter/bound"
)

// column returns the column of times that t tests, if it tests one.
func (w *workspace) column(t *bound.Test) ([]int64, bool) {
	if t.Op != bound.OpBetween && t.Op != bound.OpExists {
		return nil, false
	}
	switch t.Field.Name {
	case "created":
		return w.created, true
	case "updated":
		return w.updated, true
	case "seen":
		return w.seen, true
	}
	return nil, false
}

// chunk is the number of positions in a container of a bitmap.
const chunk = 1 << 16

// between tests the times of the visitors in within. If these are dense, it reads the whole
// column between the first and the last.
func (e *evaluator) between(t *bound.Test, column []int64, within *roaring.Bitmap) (*roaring.Bitmap, error) {
	if within.IsEmpty() {
		return within, nil
	}
	first, last := within.Minimum(), within.Maximum()
	if within.GetCardinality() < uint64(last-first)/16 {
		var hits []uint32
		for p := range within.Iterate {
			if fits(t, column[p]) {
				hits = append(hits, p)
			}
		}
		return roaring.BitmapOf(hits...), nil
	}
	base := first - first%chunk
	words := make([]uint64, (int(last-base)/chunk+1)*(chunk/64))
	for from := first; from <= last; from = from - from%chunk + chunk {
		if err := e.ctx.Err(); err != nil {
			return nil, err
		}
		for p := from; p <= min(last, from|(chunk-1)); p++ {
			if fits(t, column[p]) {
				words[(p-base)/64] |= 1 << (p % 64)
			}
		}
	}
	found := roaring.AddOffset64(roaring.FromDense(words, false), int64(base))
	found.And(within)
	return found, nil
}

// fits reports whether t matches a time. 0 is no time.
func fits(t *bound.Test, micros int64) bool {
	return micros != 0 && (t.Op == bound.OpExists || t.HasTime(micros))
}
