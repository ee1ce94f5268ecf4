package sqlstore

import (
	"context"

	sq "github.com/Masterminds/squirrel"

	"github.com/contactpipeline/visitors/filter/bound"
	"github.com/contactpipeline/visitors/store/driver"
)

// facets counts the visitors that match by source, tag and group.
func (s scope) facets(ctx context.Context, n bound.Node) (f driver.Facets, err error) {
	m := s.matcherOf(n)
	if len(m.rest) > 0 {
		return s.facetsOfMatches(ctx, m)
	}
	f = driver.NewFacets()
	if err = countBy(ctx, s, f.Sources, m.nodes, visitorTable, "h.id", "h.source"); err != nil {
		return f, err
	}
	for _, n := range f.Sources {
		f.Total += n
	}
	if err = countBy(ctx, s, f.Tags, m.nodes, visitorTagTable, "h.visitor_id", "h.tag_id"); err != nil {
		return f, err
	}
	return f, countBy(ctx, s, f.Groups, m.nodes, visitorGroupTable, "h.visitor_id", "h.group_id", "h.excluded = 0")
}

// countBy counts the rows h that a table has of visitors that match all nodes, by the values of a
// column.
func countBy[T ~string](ctx context.Context, s scope, counts map[T]int64, nodes []bound.Node, table, id, column string, included ...string) error {
	q := s.from(table, "h", column, "count(*)")
	if len(nodes) > 0 {
		q = s.join(s.fromQuery(s.matches(nodes, "id"), "m", column, "count(*)"), table, "h", id+" = m.id")
	}
	for _, test := range included {
		q = q.Where(test)
	}
	return readCounts(ctx, s, counts, q.GroupBy(column))
}

// readCounts reads rows of a key and a count.
func readCounts[T ~string](ctx context.Context, s scope, counts map[T]int64, q sq.Sqlizer) error {
	return s.query(ctx, q, func(r row) error {
		var key T
		var n int64
		err := r.Scan(into(&key), &n)
		counts[key] = n
		return err
	})
}
