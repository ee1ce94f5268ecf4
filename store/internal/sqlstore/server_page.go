package sqlstore

import (
	"context"
	"slices"

	sq "github.com/Masterminds/squirrel"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store/driver"
)

// directly reads the visitors of a page in one statement, to which the server finds the
// way by itself, but for two cases. Alternatives by different tables it would go through as
// a whole: they are looked for each by itself, in order, and put together. And it cannot
// know that only old visitors carry a tag: the tag's own index is in the order of ids.
func (s scope) directly(ctx context.Context, nodes []filter.Node, sel driver.Select, order ordering) ([]record, error) {
	if found, done, err := s.near(ctx, nodes, sel, order); done || err != nil {
		return found, err
	}
	q, err := s.pageOf(nodes, sel, order)
	if err != nil {
		return nil, err
	}
	return s.records(ctx, q, sel, order)
}

// records reads the profiles of a page.
func (s scope) records(ctx context.Context, q sq.SelectBuilder, sel driver.Select, order ordering) ([]record, error) {
	found := make([]record, 0, min(sel.Limit, 1024))
	err := s.query(ctx, q.OrderBy(order.by("v.id")...).Suffix("LIMIT ?", sel.Limit), func(r row) error {
		rec, err := scanVisitor(r)
		found = append(found, rec)
		return err
	})
	return found, err
}

// pageOf starts a SELECT of the profiles of a page, and perhaps of some that come after.
func (s scope) pageOf(nodes []filter.Node, sel driver.Select, order ordering) (sq.SelectBuilder, error) {
	columns := s.visitorColumns("v")
	if either, rest := alternatives(nodes); either != nil {
		branches := make([]sq.Sqlizer, len(either))
		for i, n := range either {
			q, err := s.idsOf(append(conjuncts(n), rest...), sel, order)
			if err != nil {
				return q, err
			}
			branches[i] = sq.Expr("(?)", q)
		}
		return s.with(s.over(chain("UNION", branches), "p", columns...), visitorTable, "v", "v.id = p.id"), nil
	}
	if _, _, ok := s.membersAlone(nodes); ok && order.column == "" {
		q, err := s.idsOf(nodes, sel, order)
		return s.with(s.over(q, "p", columns...), visitorTable, "v", "v.id = p.id"), err
	}
	return s.where(s.from(visitorTable, "v", columns...), access{alias: "v", id: "v.id"}, nodes, order, sel.After)
}

// idsOf is the SELECT of the ids of a page.
func (s scope) idsOf(nodes []filter.Node, sel driver.Select, order ordering) (sq.SelectBuilder, error) {
	a := access{from: visitorTable, alias: "v", id: "v.id"}
	if members, rest, ok := s.membersAlone(nodes); ok && order.column == "" {
		a, nodes = members, rest
	}
	q, err := s.where(s.members(a, a.id+" AS id"), a, nodes, order, sel.After)
	return q.OrderBy(order.by(a.id)...).Suffix("LIMIT ?", sel.Limit), err
}

// members starts a SELECT of what an access reaches.
func (s scope) members(a access, columns ...string) sq.SelectBuilder {
	q := s.from(a.from, a.alias, columns...)
	if a.where != nil {
		q = q.Where(a.where)
	}
	return q
}

// membersAlone returns the access to those with one tag, or of one group, that nodes ask
// for, where what else they ask for does not need the profile.
func (s scope) membersAlone(nodes []filter.Node) (a access, rest []filter.Node, ok bool) {
	for i, n := range nodes {
		a, ok := s.membership(n)
		if !ok {
			continue
		}
		if rest := without(nodes, i); !s.needsProfile(rest) {
			return a, rest, true
		}
	}
	return access{}, nil, false
}

// mostAlternatives is how many are looked for apart: each may cost a pass over all.
const mostAlternatives = 8

// alternatives returns a node that asks for one of several things, some of which are in
// other tables than the profile, and what else must hold; nil if there is none.
func alternatives(nodes []filter.Node) (filter.AnyOf, []filter.Node) {
	for i, n := range nodes {
		either, ok := n.(filter.AnyOf)
		if ok && len(either) <= mostAlternatives && slices.ContainsFunc(either, hangs) {
			return either, without(nodes, i)
		}
	}
	return nil, nil
}

// hangs reports whether a node asks for something that hangs on the visitor.
func hangs(n filter.Node) bool {
	switch n := n.(type) {
	case filter.AllOf:
		return slices.ContainsFunc(n, hangs)
	case filter.AnyOf:
		return slices.ContainsFunc(n, hangs)
	case *filter.Test:
		return partOf(n.Field) != 0
	}
	return false
}

// countDirectly counts in one statement, on the table of a tag or group alone where
// nothing else is asked for.
func (s scope) countDirectly(ctx context.Context, n filter.Node, limit int64) (int64, error) {
	if not, ok := n.(filter.Negation); ok && limit <= 0 {
		return s.countRest(ctx, not.Of)
	}
	q, err := s.each(conjuncts(n))
	if err != nil {
		return 0, err
	}
	return s.tally(ctx, q, limit)
}

// countRest counts those that n does not match: all, without those that it does.
func (s scope) countRest(ctx context.Context, n filter.Node) (total int64, err error) {
	in, err := s.each(conjuncts(n))
	if err != nil {
		return 0, err
	}
	all := s.from(visitorTable, "v", "count(*)")
	err = s.query(ctx, sq.Expr("SELECT (?) - (?)", all, s.over(in, "m", "count(*)")), func(r row) error { return r.Scan(&total) })
	return total, err
}

// each starts a SELECT of a row for each visitor that matches.
func (s scope) each(nodes []filter.Node) (sq.SelectBuilder, error) {
	a, rest, ok := s.membersAlone(nodes)
	if !ok {
		a, rest = access{from: visitorTable, alias: "v", id: "v.id"}, nodes
	}
	return s.where(s.members(a, "1"), a, rest, ordering{}, nil)
}

// membership reaches those who carry one tag, or are in one group, each once.
func (s scope) membership(n filter.Node) (access, bool) {
	t, ok := n.(*filter.Test)
	if !ok || t.Op != filter.OpIn || len(t.Texts) != 1 {
		return access{}, false
	}
	switch t.Field.Kind {
	case filter.TagKind:
		return access{from: visitorTagTable, alias: "d", id: "d.visitor_id", where: sq.Expr("d.tag_id = ?", s.d.ID(t.Texts[0]))}, true
	case filter.GroupKind:
		return access{from: visitorGroupTable, alias: "d", id: "d.visitor_id", where: sq.Expr("d.group_id = ? AND d.excluded = 0", s.d.ID(t.Texts[0]))}, true
	}
	return access{}, false
}

// hangingOn starts a SELECT of the rows h of a table that hang on visitors who match, of
// whom matches is a SELECT. Where the profile is not needed the table tells it alone.
func (s scope) hangingOn(matches sq.SelectBuilder, nodes []filter.Node, table string, columns ...string) sq.SelectBuilder {
	if !s.needsProfile(nodes) {
		q, err := s.where(s.from(table, "h", columns...), access{alias: "h", id: "h.visitor_id"}, nodes, ordering{}, nil)
		if err == nil {
			return q
		}
	}
	return s.with(s.over(matches, "m", columns...), table, "h", "h.visitor_id = m.id")
}

// needsProfile reports whether nodes ask for something in the profile.
func (s scope) needsProfile(nodes []filter.Node) bool {
	c := compiler{scope: s}
	for _, n := range nodes {
		if _, err := c.node(n); err != nil {
			return true
		}
	}
	return c.profile
}
