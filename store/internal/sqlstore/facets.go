package sqlstore

import (
	"context"

	sq "github.com/Masterminds/squirrel"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// Facets is store.Faceter's.
func (e *Engine) Facets(ctx context.Context, ws store.WorkspaceID, where filter.Bound) (f store.Facets, err error) {
	err = e.read(ctx, ws, func(s scope) error {
		f, err = s.facets(ctx, where.Node())
		return err
	})
	return f, err
}

func (s scope) facets(ctx context.Context, n filter.Node) (f store.Facets, err error) {
	c := compiler{scope: s, id: "v.id"}
	where, err := c.node(n)
	if err != nil {
		return f, err
	}
	matches := s.from(visitorTable, "v", "v.id AS id", "v.source AS source").Where(where)
	sources := s.over(matches, "m", "m.source", "count(*)").GroupBy("m.source").OrderBy("m.source")
	err = s.query(ctx, sources, func(r row) error {
		var c store.SourceCount
		err := r.Scan(&c.Source, &c.Count)
		f.Sources = append(f.Sources, c)
		f.Total += c.Count
		return err
	})
	if err != nil {
		return f, err
	}
	byTag, err := countBy[tag.ID](ctx, s, s.hangingOn(matches, n, visitorTagTable, "h.tag_id", "count(*)").GroupBy("h.tag_id"))
	if err != nil {
		return f, err
	}
	byGroup, err := countBy[visitor.GroupID](ctx, s, s.hangingOn(matches, n, visitorGroupTable, "h.group_id", "count(*)").Where("h.excluded = 0").GroupBy("h.group_id"))
	if err != nil {
		return f, err
	}
	return s.named(ctx, f, byTag, byGroup)
}

// named lists every tag and group with its count.
func (s scope) named(ctx context.Context, f store.Facets, byTag map[tag.ID]int64, byGroup map[group.ID]int64) (store.Facets, error) {
	tags, err := s.tags(ctx, store.List{})
	if err != nil {
		return f, err
	}
	for _, t := range tags {
		f.Tags = append(f.Tags, store.TagCount{Tag: t, Count: byTag[t.ID]})
	}
	groups, err := s.groups(ctx, store.List{})
	if err != nil {
		return f, err
	}
	for _, g := range groups {
		f.Groups = append(f.Groups, store.GroupCount{Group: g, Count: byGroup[g.ID]})
	}
	return f, nil
}

// countBy reads rows of an id and a count.
func countBy[T ~string](ctx context.Context, s scope, q sq.SelectBuilder) (map[T]int64, error) {
	counts := map[T]int64{}
	err := s.query(ctx, q, func(r row) error {
		var id T
		var n int64
		err := r.Scan(into(&id), &n)
		counts[id] = n
		return err
	})
	return counts, err
}
