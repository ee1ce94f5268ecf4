package memory

import (
	"context"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor"
)

// count counts all matches or, with a limit, one window of positions after another until
// it has counted enough.
func (w *workspace) count(ctx context.Context, where filter.Bound, limit int64) (int64, error) {
	e := &evaluator{ctx, w}
	if limit <= 0 {
		matches, err := e.eval(where.Node(), w.live)
		if err != nil {
			return 0, err
		}
		return int64(matches.GetCardinality()), nil
	}
	var total int64
	for window := range windows(0, len(w.records), int(min(limit, 1<<16)), true) {
		window.And(w.live)
		matches, err := e.eval(where.Node(), window)
		if err != nil {
			return 0, err
		}
		if total += int64(matches.GetCardinality()); total >= limit {
			return limit, nil
		}
	}
	return total, nil
}

func (w *workspace) facets(ctx context.Context, where filter.Bound) (driver.Facets, error) {
	matches, err := (&evaluator{ctx, w}).eval(where.Node(), w.live)
	if err != nil {
		return driver.Facets{}, err
	}
	f := driver.NewFacets()
	f.Total = int64(matches.GetCardinality())
	for name, n := range w.sources {
		countFacet(f.Sources, visitor.Source(name), n.members, matches)
	}
	for _, t := range w.tags.byKey {
		countFacet(f.Tags, t.value.ID, t.members, matches)
	}
	for _, g := range w.groups.byKey {
		countFacet(f.Groups, g.value.ID, g.members, matches)
	}
	return f, nil
}

func countFacet[K comparable](counts map[K]int64, key K, members, matches *roaring.Bitmap) {
	if n := members.AndCardinality(matches); n > 0 {
		counts[key] = int64(n)
	}
}
