package store

import (
	"context"
	"iter"
	"maps"
	"slices"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// Facets are the counts of the visitors that a filter matches, by source, by tag and by
// group.
type Facets struct {
	Total   int64
	Sources []SourceCount // of a Store: those with visitors, by value; of a Workspace: all of its catalogue
	Tags    []TagCount    // every tag, also those that no match carries, by key
	Groups  []GroupCount  // every group likewise; of a Store: members put in by hand only
}

// SourceCount is how many matches were first met through a source.
type SourceCount struct {
	Source visitor.Source
	Count  int64
}

// TagCount is how many matches carry a tag.
type TagCount struct {
	Tag   tag.Tag
	Count int64
}

// GroupCount is how many matches are members of a group.
type GroupCount struct {
	Group group.Group
	Count int64
}

// Facets counts the visitors that e matches by source, tag and group: what a screen shows
// beside its filters. Every source of the catalogue, every tag and every group is there,
// in the order of the catalogue and of the folded names. Members that a group's rule
// matches count too; each group with a rule costs a count of its own.
func (w *Workspace) Facets(ctx context.Context, e filter.Expr) (Facets, error) {
	const op = "count facets"
	now := w.now()
	where, err := w.bind(ctx, e, now)
	if err != nil {
		return Facets{}, fail(op, err)
	}
	var f Facets
	if faceter, ok := w.store.(Faceter); ok {
		f, err = faceter.Facets(ctx, w.id, where)
	} else {
		f, err = w.tally(ctx, where)
	}
	if err != nil {
		return Facets{}, fail(op, err)
	}
	for i, g := range f.Groups {
		if g.Group.Rule == nil {
			continue
		}
		members, err := w.bind(ctx, filter.And(where, filter.Group.HasID(g.Group.ID)), now)
		if err != nil {
			return Facets{}, fail(op, err)
		}
		if f.Groups[i].Count, err = w.store.CountVisitors(ctx, w.id, members, 0); err != nil {
			return Facets{}, fail(op, err)
		}
	}
	f.Sources = w.allSources(f.Sources)
	return f, nil
}

// allSources puts counts in the order of the catalogue, zeros too; sources that the
// catalogue no longer has come last.
func (w *Workspace) allSources(counted []SourceCount) []SourceCount {
	counts := make(map[visitor.Source]int64, len(counted))
	for _, c := range counted {
		counts[c.Source] = c.Count
	}
	var all []SourceCount
	for _, s := range w.rules.Sources.Sources() {
		all = append(all, SourceCount{s, counts[s]})
		delete(counts, s)
	}
	for _, c := range counted {
		if _, left := counts[c.Source]; left {
			all = append(all, c)
		}
	}
	return all
}

// tally counts facets by reading every match, for a store that cannot.
func (w *Workspace) tally(ctx context.Context, where filter.Bound) (Facets, error) {
	var f Facets
	sources := map[visitor.Source]int64{}
	tags := map[tag.ID]int64{}
	groups := map[group.ID]int64{}
	for v, err := range w.matches(ctx, where) {
		if err != nil {
			return Facets{}, err
		}
		f.Total++
		sources[v.Source]++
		for _, t := range v.Tags {
			tags[t.Tag]++
		}
		for _, g := range v.Groups {
			groups[g]++
		}
	}
	for _, s := range slices.Sorted(maps.Keys(sources)) {
		f.Sources = append(f.Sources, SourceCount{s, sources[s]})
	}
	for t, err := range w.Tags(ctx) {
		if err != nil {
			return Facets{}, err
		}
		f.Tags = append(f.Tags, TagCount{t, tags[t.ID]})
	}
	for g, err := range w.Groups(ctx) {
		if err != nil {
			return Facets{}, err
		}
		f.Groups = append(f.Groups, GroupCount{g, groups[g.ID]})
	}
	return f, nil
}

// matches iterates over all visitors that match, oldest first.
func (w *Workspace) matches(ctx context.Context, where filter.Bound) iter.Seq2[visitor.Visitor, error] {
	return pages("read visitors", func(after *Position, limit int) ([]visitor.Visitor, error) {
		return w.store.FindVisitors(ctx, w.id, Select{Where: where, Order: OldestFirst, After: after, Limit: limit})
	}, func(v visitor.Visitor) *Position { return &Position{ID: v.ID} })
}
