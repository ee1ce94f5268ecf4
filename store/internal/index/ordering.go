package index

import (
	"iter"
	"slices"
	"sync"

	"github.com/RoaringBitmap/roaring/v2"
)

// ordering divides the visitors into bins by a key: the keys of a bin are smaller than those of
// the next one. It is built when it is first used, follows every change from then on, and is
// dropped when so much has changed that the bins may differ much in size.
type ordering[K any] struct {
	key     func(p uint32) K
	compare func(a, b K) int
	clone   func(K) K
	next    func(K) K // the smallest key that is larger
	fixed   []K       // where bins begin in any case
	private bool      // a key must not stay in memory when its visitor is deleted

	notAfter func(sorted []K, key K) int // how many are not larger than key

	mu     sync.Mutex // several readers may want it built
	built  bool
	starts []K // of each bin after the first: the smallest key that it may have
	sets   []*roaring.Bitmap
	of     []uint16 // if private, by position: 1 + number of the bin, with the flag sampled; 0 without visitor
	moves  int      // left until it is dropped
}

const (
	bins       = 256     // into which an ordering is divided, but for fixed and frequent keys
	sampleSize = 4_096   // visitors whose keys decide where bins begin
	sampled    = 1 << 15 // flags visitors whose private key is in starts
)

// build builds the ordering if it is not there.
func (o *ordering[K]) build(live *roaring.Bitmap) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.built {
		return
	}
	chosen := o.sample(live)
	var of []uint16
	if !live.IsEmpty() {
		of = make([]uint16, live.Maximum()+1)
	}
	ends := make([]int, len(o.starts)+1)
	for p := range live.Iterate {
		bin := o.bin(o.key(p))
		of[p] = uint16(bin + 1)
		ends[bin]++
	}
	visitors := 0
	for bin, size := range ends {
		ends[bin] = visitors // the start, until the bin is filled
		visitors += size
	}
	sorted := make([]uint32, visitors)
	for p := range live.Iterate {
		end := &ends[of[p]-1]
		sorted[*end] = p
		*end++
	}
	o.sets = make([]*roaring.Bitmap, len(ends))
	start := 0
	for bin, end := range ends {
		o.sets[bin] = roaring.BitmapOf(sorted[start:end]...).Clone() // without spare capacity
		start = end
	}
	if o.private {
		for _, p := range chosen {
			of[p] |= sampled
		}
		o.of = of
	}
	o.built, o.moves = true, visitors/8+bins
}

// sample decides where bins begin, and returns visitors who have these keys. A key that is so
// frequent that it would fill several bins gets one for itself.
func (o *ordering[K]) sample(live *roaring.Bitmap) (chosen []uint32) {
	step := int(live.GetCardinality())/sampleSize + 1
	var some []uint32
	n := 0
	for p := range live.Iterate {
		if n%step == 0 {
			some = append(some, p)
		}
		n++
	}
	compare := func(a, b uint32) int { return o.compare(o.key(a), o.key(b)) }
	slices.SortFunc(some, compare)
	o.starts = slices.Clone(o.fixed)
	for i := range some {
		if i*bins/len(some) == (i-1)*bins/len(some) {
			continue
		}
		if last := len(chosen) - 1; last >= 0 && compare(chosen[last], some[i]) == 0 {
			o.starts = append(o.starts, o.next(o.key(some[i])))
		} else {
			o.starts, chosen = append(o.starts, o.clone(o.key(some[i]))), append(chosen, some[i])
		}
	}
	slices.SortFunc(o.starts, o.compare)
	o.starts = slices.CompactFunc(o.starts, func(a, b K) bool { return o.compare(a, b) == 0 })
	return chosen
}

// bin returns the number of the bin for a key.
func (o *ordering[K]) bin(key K) int { return o.notAfter(o.starts, key) }

// from iterates over the bins from that of a key on, in one direction. All bins if all.
func (o *ordering[K]) from(key K, all, descending bool) iter.Seq[*roaring.Bitmap] {
	return func(yield func(*roaring.Bitmap) bool) {
		first, step := 0, 1
		if descending {
			first, step = len(o.sets)-1, -1
		}
		if !all {
			first = o.bin(key)
		}
		for i := first; i >= 0 && i < len(o.sets); i += step {
			if !yield(o.sets[i]) {
				return
			}
		}
	}
}

// changing is what an ordering does when its index changes.
type changing interface {
	put(p uint32)
	remove(p uint32)
	take(p uint32) uint16
	restore(p uint32, bin uint16)
	truncate(n int)
	holds() (bitmaps []*roaring.Bitmap, more int)
}

// put gives the visitor at p, who is in no bin, the place of its key.
func (o *ordering[K]) put(p uint32) {
	if !o.built {
		return
	}
	o.restore(p, uint16(o.bin(o.key(p))+1))
	if o.moves--; o.moves < 0 {
		o.drop()
	}
}

// remove removes the visitor at p, whose key is still what it was unless it is private.
func (o *ordering[K]) remove(p uint32) {
	if o.take(p)&sampled != 0 {
		o.drop()
	}
}

func (o *ordering[K]) drop() { o.built, o.starts, o.sets, o.of = false, nil, nil, nil }

// take does the same, and returns the bin for restore.
func (o *ordering[K]) take(p uint32) (bin uint16) {
	switch {
	case !o.built:
		return 0
	case !o.private:
		bin = uint16(o.bin(o.key(p)) + 1)
	case int(p) < len(o.of):
		bin, o.of[p] = o.of[p], 0
	}
	if bin != 0 {
		o.sets[bin&^sampled-1].Remove(p)
	}
	return bin
}

// restore puts the visitor at p into a bin, unless it is 0.
func (o *ordering[K]) restore(p uint32, bin uint16) {
	if bin == 0 {
		return
	}
	if o.private {
		for int(p) >= len(o.of) {
			o.of = append(o.of, 0)
		}
		o.of[p] = bin
	}
	o.sets[bin&^sampled-1].Add(p)
}

// holds returns the bins, and how many bytes there are beside them.
func (o *ordering[K]) holds() (bitmaps []*roaring.Bitmap, more int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.sets, 2 * cap(o.of)
}

func (o *ordering[K]) truncate(n int) { o.of = o.of[:min(n, len(o.of))] }
