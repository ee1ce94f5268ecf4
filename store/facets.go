package store

import (
	"context"
	"maps"
	"slices"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// Facets are the numbers of visitors that a filter matches, by source, by tag and by group.
type Facets struct {
	Total   int64
	Sources []SourceCount // every source of Workspace.Sources, in that order; then removed ones that visitors still have
	Tags    []TagCount    // every tag, ordered by key
	Groups  []GroupCount  // every group, ordered by key
}

// SourceCount is the number of matching visitors whose first contact was through a source.
type SourceCount struct {
	Source visitor.Source `json:"source"`
	Count  int64          `json:"count"`
}

// TagCount is the number of matching visitors with a tag.
type TagCount struct {
	Tag   tag.Tag `json:"tag"`
	Count int64   `json:"count"`
}

// GroupCount is the number of matching visitors in a group.
type GroupCount struct {
	Group group.Group
	Count int64
}

// Facets counts the visitors that e matches by source, tag and group, for the numbers next
// to the filters of a page. Zeros are included. Visitors that match a group's rule count as
// members; each group with a rule costs one more count. Errors are as for Count.
func (w *Workspace) Facets(ctx context.Context, e filter.Expr) (Facets, error) {
	f, err := w.facets(ctx, e)
	return f, fail("count facets", err)
}

func (w *Workspace) facets(ctx context.Context, e filter.Expr) (f Facets, err error) {
	now := w.now()
	where, err := w.bind(ctx, e, now)
	if err != nil {
		return f, err
	}
	counts, err := driver.CountFacets(ctx, w.store, w.id, where)
	if err != nil {
		return f, err
	}
	f.Total, f.Sources = counts.Total, w.sourceCounts(counts.Sources)
	for t, err := range w.Tags(ctx) {
		if err != nil {
			return f, err
		}
		f.Tags = append(f.Tags, TagCount{t, counts.Tags[t.ID]})
	}
	for g, err := range w.Groups(ctx) {
		if err != nil {
			return f, err
		}
		n := counts.Groups[g.ID]
		if g.Rule != nil {
			members, err := w.bind(ctx, filter.And(where, filter.Group.HasID(g.ID)), now)
			if err != nil {
				return f, err
			}
			if n, err = w.store.CountVisitors(ctx, w.id, members, 0); err != nil {
				return f, err
			}
		}
		f.Groups = append(f.Groups, GroupCount{g, n})
	}
	return f, nil
}

// sourceCounts orders counts as the catalog of sources; sources that are not in it come last.
func (w *Workspace) sourceCounts(counts map[visitor.Source]int64) []SourceCount {
	var all []SourceCount
	catalog := w.rules.Sources.Sources()
	for _, s := range catalog {
		all = append(all, SourceCount{s, counts[s]})
	}
	for _, s := range slices.Sorted(maps.Keys(counts)) {
		if counts[s] > 0 && !slices.Contains(catalog, s) {
			all = append(all, SourceCount{s, counts[s]})
		}
	}
	return all
}
