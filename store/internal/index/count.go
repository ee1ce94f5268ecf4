package index

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/contactpipeline/visitors/filter/bound"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// Count counts all matches or, with a limit above 0, one window of positions after another
// until it has counted that many.
func (x *Index) Count(ctx context.Context, where bound.Node, limit int64) (int64, error) {
	e := &evaluator{ctx, x}
	if limit <= 0 {
		matches, err := e.eval(where, x.live)
		if err != nil {
			return 0, err
		}
		return int64(matches.GetCardinality()), nil
	}
	var total int64
	for window := range windows(0, x.Len(), int(min(limit, 1<<16)), true) {
		window.And(x.live)
		matches, err := e.eval(where, window)
		if err != nil {
			return 0, err
		}
		if total += int64(matches.GetCardinality()); total >= limit {
			return limit, nil
		}
	}
	return total, nil
}

// Facets counts the matches by source, tag and group, without zeros.
func (x *Index) Facets(ctx context.Context, where bound.Node) (driver.Facets, error) {
	matches, err := (&evaluator{ctx, x}).eval(where, x.live)
	if err != nil {
		return driver.Facets{}, err
	}
	f := driver.NewFacets()
	f.Total = int64(matches.GetCardinality())
	counts, err := x.countSets(ctx, matches)
	if err != nil {
		return driver.Facets{}, err
	}
	for number, n := range counts {
		if n == 0 {
			continue
		}
		switch s := x.sets[number]; s.kind {
		case Source:
			f.Sources[visitor.Source(s.Name)] = n
		case Tag:
			f.Tags[tag.ID(s.Name)] = n
		case Group:
			f.Groups[group.ID(s.Name)] = n
		}
	}
	return f, nil
}

const (
	window     = 1 << 16 // positions of a container of a bitmap
	fewMatches = 1 << 12 // up to so many in a window are stored as an array, which is slow to intersect
	share      = 8       // windows that are worth a goroutine
)

// countSets returns how many of the visitors are in each set, by its number. The counts of sets
// that are not for facets may be missing.
func (x *Index) countSets(ctx context.Context, visitors *roaring.Bitmap) ([]int64, error) {
	total := make([]int64, len(x.sets))
	if visitors == x.live {
		for number, s := range x.sets {
			if s != nil {
				total[number] = int64(s.members.GetCardinality())
			}
		}
		return total, nil
	}
	var started atomic.Int64
	var wg sync.WaitGroup
	var mu sync.Mutex
	for range min(runtime.GOMAXPROCS(0), 1+x.Len()/window/share) {
		wg.Go(func() {
			counts := make([]int64, len(x.sets))
			for ctx.Err() == nil {
				from := (started.Add(1) - 1) * window
				if from >= int64(x.Len()) {
					break
				}
				x.countWindow(visitors, uint64(from), counts)
			}
			mu.Lock()
			defer mu.Unlock()
			for number, n := range counts {
				total[number] += n
			}
		})
	}
	wg.Wait()
	return total, ctx.Err()
}

// countWindow adds, for each set, how many of the visitors in a window it has: by the lists of
// few, by the bitmaps of the sets else.
func (x *Index) countWindow(visitors *roaring.Bitmap, from uint64, counts []int64) {
	part := roaring.New()
	part.AddRange(from, from+window)
	part.And(visitors)
	if part.GetCardinality() > fewMatches {
		for number, s := range x.sets {
			if s != nil && s.kind <= Group {
				counts[number] += int64(s.members.AndCardinality(part))
			}
		}
		return
	}
	for p := range part.Iterate {
		for list := x.lists.of(p); len(list) > 0; {
			var n uint32
			n, list = next(list)
			counts[n]++
		}
	}
}
