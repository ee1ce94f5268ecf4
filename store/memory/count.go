package memory

import (
	"context"
	"maps"
	"slices"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/visitor"
)

// count counts all matches or, with a limit, part after part until there are enough.
func (w *workspace) count(ctx context.Context, where filter.Bound, limit int64) (int64, error) {
	r := &run{ctx: ctx, w: w}
	if limit <= 0 {
		matches, err := r.eval(where.Node(), w.live)
		if err != nil {
			return 0, err
		}
		return int64(matches.GetCardinality()), nil
	}
	var total int64
	for window := range windows(0, len(w.records), int(min(limit, chunk)), true) {
		window.And(w.live)
		matches, err := r.eval(where.Node(), window)
		if err != nil {
			return 0, err
		}
		if total += int64(matches.GetCardinality()); total >= limit {
			return limit, nil
		}
	}
	return total, nil
}

func (w *workspace) facets(ctx context.Context, where filter.Bound) (store.Facets, error) {
	r := &run{ctx: ctx, w: w}
	matches, err := r.eval(where.Node(), w.live)
	if err != nil {
		return store.Facets{}, err
	}
	f := store.Facets{Total: int64(matches.GetCardinality())}
	for _, name := range slices.Sorted(maps.Keys(w.sources)) {
		if n := w.sources[name].members.AndCardinality(matches); n > 0 {
			f.Sources = append(f.Sources, store.SourceCount{Source: visitor.Source(name), Count: int64(n)})
		}
	}
	for _, t := range w.tags.byKey {
		f.Tags = append(f.Tags, store.TagCount{Tag: t.value, Count: int64(t.members.AndCardinality(matches))})
	}
	for _, g := range w.groups.byKey {
		f.Groups = append(f.Groups, store.GroupCount{Group: cloneGroup(g.value), Count: int64(g.members.AndCardinality(matches))})
	}
	return f, nil
}
