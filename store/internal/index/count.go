package index

import (
	"context"

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

// fewMatches is the part of all visitors below which facets are counted by their lists.
const fewMatches = 16

// Facets counts the matches by source, tag and group, without zeros.
func (x *Index) Facets(ctx context.Context, where bound.Node) (driver.Facets, error) {
	matches, err := (&evaluator{ctx, x}).eval(where, x.live)
	if err != nil {
		return driver.Facets{}, err
	}
	f := driver.NewFacets()
	f.Total = int64(matches.GetCardinality())
	count := func(s *Set) int64 { return int64(s.members.AndCardinality(matches)) }
	if uint64(f.Total) < x.live.GetCardinality()/fewMatches {
		counts := x.countLists(matches)
		count = func(s *Set) int64 { return counts[s.number] }
	}
	for _, s := range x.sets {
		if s == nil || s.kind > Group {
			continue
		}
		n := count(s)
		if n == 0 {
			continue
		}
		switch s.kind {
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

// countLists returns how many of the visitors are in each set, by its number.
func (x *Index) countLists(visitors *roaring.Bitmap) []int64 {
	counts := make([]int64, len(x.sets))
	for p := range visitors.Iterate {
		for list := x.lists.of(p); len(list) > 0; {
			var n uint32
			n, list = next(list)
			counts[n]++
		}
	}
	return counts
}
