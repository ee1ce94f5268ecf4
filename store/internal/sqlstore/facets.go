package sqlstore

import (
	"context"

	sq "github.com/Masterminds/squirrel"

	"github.com/contactpipeline/visitors/filter/bound"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

func (s scope) facets(ctx context.Context, n bound.Node) (driver.Facets, error) {
	var f driver.Facets
	var err error
	if m := s.matcherOf(n); len(m.rest) > 0 {
		f, err = s.facetsOfMatches(ctx, m)
	} else {
		f, err = s.d.reader.facets(ctx, s, n)
	}
	if err != nil {
		return driver.Facets{}, err
	}
	f.Total = 0
	for source, n := range f.Sources {
		if f.Total += n; n == 0 {
			delete(f.Sources, source)
		}
	}
	return f, nil
}

// facets counts in a statement for each facet, which the server plans.
func (serverReader) facets(ctx context.Context, s scope, n bound.Node) (t driver.Facets, err error) {
	nodes := conjuncts(n)
	matches := s.from(visitorTable, "v", "v.id AS id", "v.source AS source")
	matches = s.where(matches, indexPath{alias: "v", id: "v.id"}, nodes, ordering{}, nil)
	t.Sources, err = countBy[visitor.Source](ctx, s, s.fromQuery(matches, "m", "m.source", "count(*)").GroupBy("m.source"))
	if err != nil {
		return t, err
	}
	t.Tags, err = countBy[tag.ID](ctx, s, s.childRowsOf(matches, nodes, visitorTagTable, "h.tag_id", "count(*)").GroupBy("h.tag_id"))
	if err != nil {
		return t, err
	}
	t.Groups, err = countBy[visitor.GroupID](ctx, s, s.childRowsOf(matches, nodes, visitorGroupTable, "h.group_id", "count(*)").Where("h.excluded = 0").GroupBy("h.group_id"))
	return t, err
}

// countBy reads rows of an id or a source and a count.
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
