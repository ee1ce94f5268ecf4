package sqlstore

import (
	"context"

	sq "github.com/Masterminds/squirrel"

	"github.com/contactpipeline/visitors/filter/bound"
)

// count counts the visitors that match, up to limit if that is above 0.
func (s scope) count(ctx context.Context, n bound.Node, limit int64) (int64, error) {
	if m := s.matcherOf(n); len(m.rest) > 0 {
		return s.countMatches(ctx, m, limit)
	}
	if n == bound.Constant(true) {
		n = bound.Negation{Of: bound.Constant(false)}
	}
	// Counting what a node excludes is quicker than looking for it with every visitor.
	not, inverse := n.(bound.Negation)
	if inverse = inverse && limit <= 0; inverse {
		n = not.Of
	}
	q, err := s.matches(ctx, conjuncts(n), "1")
	switch {
	case err != nil:
		return 0, err
	case inverse:
		return s.number(ctx, s.allExcept(s.fromQuery(q, "m", "count(*)")))
	}
	return s.countRows(ctx, q, limit)
}

// allExcept starts a SELECT of the number of all visitors less that of a query. The subtraction
// is inside a SELECT from a table, so that Citus sees on which node the workspace is.
func (s scope) allExcept(excluded sq.Sqlizer) sq.SelectBuilder {
	if s.d.Index() != nil {
		return s.from(sourceTable, "c").Column(sq.Expr("coalesce(sum(c.visitors), 0) - (?)", excluded))
	}
	return s.from(visitorTable, "v").Column(sq.Expr("count(*) - (?)", excluded))
}

// countRows counts the rows of a query, up to limit if that is above 0.
func (s scope) countRows(ctx context.Context, q sq.SelectBuilder, limit int64) (int64, error) {
	if limit > 0 {
		q = q.Suffix("LIMIT ?", limit)
	}
	return s.number(ctx, s.fromQuery(q, "m", "count(*)"))
}

// number reads the number that a query returns.
func (s scope) number(ctx context.Context, q sq.Sqlizer) (n int64, err error) {
	err = s.query(ctx, q, func(r row) error { return r.Scan(&n) })
	return n, err
}

// matches starts a SELECT of a row for each visitor that matches all nodes. Its column is "1", or
// "id" for the visitor's id.
func (s scope) matches(ctx context.Context, nodes []bound.Node, column string) (q sq.SelectBuilder, err error) {
	plan, err := s.d.reader.countPlan(ctx, s, nodes)
	if err != nil {
		return q, err
	}
	a := s.union(plan.paths)
	if column == "id" {
		column = a.id + " AS id"
	} else if len(plan.rest) == 0 {
		return s.reachRows(a, column), nil
	}
	return s.where(s.reach(a, column), a, plan.rest, ordering{}, nil), nil
}
