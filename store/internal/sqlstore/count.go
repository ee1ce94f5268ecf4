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
	if not, ok := n.(bound.Negation); ok && limit <= 0 {
		return s.total(ctx, s.allExcept(s.fromQuery(s.matches(conjuncts(not.Of), "1"), "m", "count(*)")))
	}
	return s.countRows(ctx, s.matches(conjuncts(n), "1"), limit)
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
func (s scope) matches(nodes []bound.Node, column string) sq.SelectBuilder {
	a, rest := s.d.reader.path(s, nodes)
	if column == "id" {
		column = a.id + " AS id"
	} else if len(rest) == 0 {
		return s.reachRows(a, column)
	}
	return s.where(s.reach(a, column), a, rest, ordering{}, nil)
}
