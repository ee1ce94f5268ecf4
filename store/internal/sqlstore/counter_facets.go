package sqlstore

import (
	"context"

	sq "github.com/Masterminds/squirrel"

	"github.com/contactpipeline/visitors/filter/bound"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// counterFacets reads the counters for all visitors, subtracts what a negation excludes from
// them, and otherwise reads each match once.
func (s scope) counterFacets(ctx context.Context, n bound.Node) (driver.Facets, error) {
	switch n := n.(type) {
	case bound.Constant:
		if n {
			return s.counters(ctx)
		}
		return driver.Facets{}, nil
	case bound.Negation:
		all, err := s.counters(ctx)
		if err != nil {
			return driver.Facets{}, err
		}
		away, err := s.counterFacets(ctx, n.Of)
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
	m, err := c.matches(ctx, nodes, c.split(nodes), "id")
	if err != nil {
		return driver.Facets{}, err
	}
	return s.facetsOf(ctx, m)
}

// subtract subtracts the counts of b from those of a.
func subtract[K comparable](a, b map[K]int64) {
	for key, n := range b {
		a[key] -= n
	}
}

// counters reads all counters of the workspace.
func (s scope) counters(ctx context.Context) (t driver.Facets, err error) {
	z, err := s.sizes(ctx, nil)
	if err != nil {
		return t, err
	}
	t.Sources = map[visitor.Source]int64{}
	for of, n := range z.of {
		t.Sources[visitor.Source(of.key)] = n
	}
	if t.Tags, err = countBy[tag.ID](ctx, s, s.from(tagTable, "t", "t.id", "t.uses")); err != nil {
		return t, err
	}
	t.Groups, err = countBy[visitor.GroupID](ctx, s, s.from(groupTable, "g", "g.id", "g.members"))
	return t, err
}

// facetsOf counts matches in one statement. It stores the matches in between, unless reading
// them again is as quick.
func (s scope) facetsOf(ctx context.Context, m matched) (driver.Facets, error) {
	sources := s.fromName("m", "'source'", "m.source", "count(*)").GroupBy("m.source")
	if !m.sourced {
		sources = s.join(s.fromName("m", "'source'", "v.source", "count(*)"), visitorTable, "v", "v.id = m.id").GroupBy("v.source")
	}
	with := "WITH m AS MATERIALIZED (?)"
	if m.light {
		with = "WITH m AS NOT MATERIALIZED (?)"
	}
	q := sq.Expr(with+" ? UNION ALL ? UNION ALL ?", m.rows, sources,
		s.join(s.fromName("m", "'tag'", "h.tag_id", "count(*)"), visitorTagTable, "h", "h.visitor_id = m.id").GroupBy("h.tag_id"),
		s.join(s.fromName("m", "'group'", "h.group_id", "count(*)"), visitorGroupTable, "h", "h.visitor_id = m.id").Where("h.excluded = 0").GroupBy("h.group_id"))
	t := driver.Facets{Sources: map[visitor.Source]int64{}, Tags: map[tag.ID]int64{}, Groups: map[visitor.GroupID]int64{}}
	err := s.query(ctx, q, func(r row) error {
		var by string
		var key []byte
		var n int64
		if err := r.Scan(&by, &key, &n); err != nil {
			return err
		}
		if by == "source" {
			t.Sources[visitor.Source(key)] = n
			return nil
		}
		id, err := readID(key)
		if by == "tag" {
			t.Tags[tag.ID(id)] = n
		} else {
			t.Groups[visitor.GroupID(id)] = n
		}
		return err
	})
	return t, err
}
