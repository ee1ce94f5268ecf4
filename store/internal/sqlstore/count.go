package sqlstore

import (
	"context"

	sq "github.com/Masterminds/squirrel"
	"github.com/samber/lo"

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
	not, ok := n.(bound.Negation)
	if !ok || limit > 0 {
		q, err := s.matches(ctx, conjuncts(n), "1")
		if err != nil {
			return 0, err
		}
		return s.countRows(ctx, q, limit)
	}
	// Counting what a node excludes is quicker than looking for it with every visitor.
	q, err := s.matches(ctx, conjuncts(not.Of), "1")
	if err != nil {
		return 0, err
	}
	return s.total(ctx, s.allExcept(s.fromQuery(q, "m", "count(*)")))
}

// allExcept starts a SELECT of the number of all visitors less that of a query. The subtraction
// is inside of a SELECT from a table, by which a router finds the server.
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
	return s.total(ctx, s.fromQuery(q, "m", "count(*)"))
}

// total reads the number that a query returns.
func (s scope) total(ctx context.Context, q sq.Sqlizer) (n int64, err error) {
	err = s.query(ctx, q, func(r row) error { return r.Scan(&n) })
	return n, err
}

// matches starts a SELECT of a row for each visitor that matches all nodes. Its column is "1", or
// "id" for the visitor's id.
func (s scope) matches(ctx context.Context, nodes []bound.Node, column string) (q sq.SelectBuilder, err error) {
	plan, err := s.d.reader.shortest(ctx, s, nodes)
	if err != nil {
		return q, err
	}
	a := plan.paths[0]
	if len(plan.paths) > 1 {
		a = indexPath{query: s.union(plan.paths), alias: "p", id: "p.id"}
	}
	if column == "id" {
		column = a.id + " AS id"
	} else if len(plan.rest) == 0 {
		return s.reachRows(a, column), nil
	}
	return s.where(s.reach(a, column), a, plan.rest, ordering{}, nil), nil
}

// union selects the ids of the visitors on some paths.
func (s scope) union(paths []indexPath) sq.Sqlizer {
	return chain("UNION", lo.Map(paths, func(a indexPath, _ int) sq.SelectBuilder { return s.reach(a, a.id+" AS id") }))
}
