package sqlstore

import (
	"context"

	sq "github.com/Masterminds/squirrel"

	"github.com/contactpipeline/visitors/filter/bound"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// facets reads the counters for all visitors, subtracts what a negation excludes from
// them, and otherwise reads each match once.
func (cr counterReader) facets(ctx context.Context, s scope, n bound.Node) (driver.Facets, error) {
	switch n := n.(type) {
	case bound.Constant:
		if n {
			return s.counters(ctx)
		}
		return driver.NewFacets(), nil
	case bound.Negation:
		all, err := s.counters(ctx)
		if err != nil {
			return driver.Facets{}, err
		}
		away, err := cr.facets(ctx, s, n.Of)
		subtract(all.Sources, away.Sources)
		subtract(all.Tags, away.Tags)
		subtract(all.Groups, away.Groups)
		return all, err
	}
	z, err := s.sizes(ctx, s.orderedPathsIn(n))
	if err != nil {
		return driver.Facets{}, err
	}
	c := counter{s, z, 0}
	nodes := conjuncts(n)
	q, err := c.matches(ctx, nodes, c.split(nodes), "id")
	if err != nil {
		return driver.Facets{}, err
	}
	return s.facetsOf(ctx, q)
}

// subtract subtracts the counts of b from those of a.
func subtract[K comparable](a, b map[K]int64) {
	for key, n := range b {
		a[key] -= n
	}
}

// counters reads all counters of the workspace.
func (s scope) counters(ctx context.Context) (f driver.Facets, err error) {
	if f.Sources, err = countBy[visitor.Source](ctx, s, s.from(sourceTable, "c", "c.source", "c.visitors")); err != nil {
		return f, err
	}
	if f.Tags, err = countBy[tag.ID](ctx, s, s.from(tagTable, "t", "t.id", "t.uses")); err != nil {
		return f, err
	}
	f.Groups, err = countBy[visitor.GroupID](ctx, s, s.from(groupTable, "g", "g.id", "g.members"))
	return f, err
}

// facetsOf counts matches in one statement, which stores them in between.
func (s scope) facetsOf(ctx context.Context, matches sq.SelectBuilder) (driver.Facets, error) {
	by := func(facet, column, table, id string) sq.SelectBuilder {
		return s.join(s.fromName("m", "'"+facet+"'", column, "count(*)"), table, "h", id+" = m.id").GroupBy(column)
	}
	f := driver.NewFacets()
	q := sq.Expr("WITH m AS MATERIALIZED (?) ? UNION ALL ? UNION ALL ?", matches,
		by("source", "h.source", visitorTable, "h.id"),
		by("tag", "h.tag_id", visitorTagTable, "h.visitor_id"),
		by("group", "h.group_id", visitorGroupTable, "h.visitor_id").Where("h.excluded = 0"))
	err := s.query(ctx, q, func(r row) error {
		var facet string
		var key []byte
		var n int64
		if err := r.Scan(&facet, &key, &n); err != nil {
			return err
		}
		if facet == "source" {
			f.Sources[visitor.Source(key)] = n
			return nil
		}
		id, err := readID(key)
		if facet == "tag" {
			f.Tags[tag.ID(id)] = n
		} else {
			f.Groups[visitor.GroupID(id)] = n
		}
		return err
	})
	return f, err
}
