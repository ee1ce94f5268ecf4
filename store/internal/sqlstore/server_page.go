package sqlstore

import (
	"context"
	"slices"

	sq "github.com/Masterminds/squirrel"

	"github.com/contactpipeline/visitors/filter/bound"
	"github.com/contactpipeline/visitors/store/driver"
)

// serverPage reads the profiles of a page in one statement, which the server plans, with two
// exceptions. It would read all visitors for alternatives in different tables: they become a
// UNION of pages. And it does not know that only old visitors have a tag: see serverTagPage.
func (s scope) serverPage(ctx context.Context, nodes []bound.Node, sel driver.Select, order ordering) ([]record, error) {
	if found, done, err := s.serverTagPage(ctx, nodes, sel, order); done || err != nil {
		return found, err
	}
	q, err := s.pageOf(nodes, sel, order)
	if err != nil {
		return nil, err
	}
	return s.records(ctx, q, sel, order)
}

// pageOf starts a SELECT of the profiles of a page, and perhaps of some after it.
func (s scope) pageOf(nodes []bound.Node, sel driver.Select, order ordering) (sq.SelectBuilder, error) {
	if either, rest := alternatives(nodes); either != nil {
		branches := make([]sq.Sqlizer, len(either))
		for i, n := range either {
			q, err := s.idsOf(append(conjuncts(n), rest...), sel, order)
			if err != nil {
				return q, err
			}
			branches[i] = sq.Expr("(?)", q)
		}
		return s.profilesOf(chain("UNION", branches)), nil
	}
	if _, _, ok := s.membershipOnly(nodes); ok && order.column == "" {
		q, err := s.idsOf(nodes, sel, order)
		return s.profilesOf(q), err
	}
	return s.where(s.from(visitorTable, "v", s.visitorColumns("v")...), indexPath{alias: "v", id: "v.id"}, nodes, order, sel.After)
}

// idsOf returns the SELECT of the ids of a page.
func (s scope) idsOf(nodes []bound.Node, sel driver.Select, order ordering) (sq.SelectBuilder, error) {
	a := indexPath{from: visitorTable + " v", alias: "v", id: "v.id"}
	if members, rest, ok := s.membershipOnly(nodes); ok && order.column == "" {
		a, nodes = members, rest
	}
	q, err := s.where(s.reach(a, a.id+" AS id"), a, nodes, order, sel.After)
	return q.OrderBy(order.by(a.id)...).Suffix("LIMIT ?", sel.Limit), err
}

// membershipOnly returns the path to the visitors with a tag, or in a group, that nodes
// require, if the rest of the nodes does not need the profile.
func (s scope) membershipOnly(nodes []bound.Node) (a indexPath, rest []bound.Node, ok bool) {
	for i, n := range nodes {
		a, ok := s.membershipPath(n)
		if !ok {
			continue
		}
		if rest := without(nodes, i); !s.needsProfile(rest) {
			return a, rest, true
		}
	}
	return indexPath{}, nil, false
}

// maxAlternatives is the maximum of branches of a UNION: for each, all visitors may be read.
const maxAlternatives = 8

// alternatives returns the first node with alternatives of which some are in other tables than
// the profile, and the rest of the nodes; nil if no node has.
func alternatives(nodes []bound.Node) (bound.AnyOf, []bound.Node) {
	for i, n := range nodes {
		either, ok := n.(bound.AnyOf)
		if ok && len(either) <= maxAlternatives && slices.ContainsFunc(either, testsChildren) {
			return either, without(nodes, i)
		}
	}
	return nil, nil
}

// testsChildren reports whether a node tests other tables than the profile.
func testsChildren(n bound.Node) bool {
	parts, _ := needed(bound.AllOf{n})
	return parts != 0
}

// serverCount counts in one statement, only on the table of tags or groups if possible.
func (s scope) serverCount(ctx context.Context, n bound.Node, limit int64) (int64, error) {
	if not, ok := n.(bound.Negation); ok && limit <= 0 {
		return s.countOthers(ctx, not.Of)
	}
	q, err := s.matchingRows(conjuncts(n))
	if err != nil {
		return 0, err
	}
	return s.countRows(ctx, q, limit)
}

// countOthers counts the visitors that n does not match: all, minus those that it matches.
func (s scope) countOthers(ctx context.Context, n bound.Node) (total int64, err error) {
	in, err := s.matchingRows(conjuncts(n))
	if err != nil {
		return 0, err
	}
	all := s.from(visitorTable, "v", "count(*)")
	err = s.query(ctx, sq.Expr("SELECT (?) - (?)", all, s.fromQuery(in, "m", "count(*)")), func(r row) error { return r.Scan(&total) })
	return total, err
}

// matchingRows starts a SELECT of a row for each visitor that matches.
func (s scope) matchingRows(nodes []bound.Node) (sq.SelectBuilder, error) {
	a, rest, ok := s.membershipOnly(nodes)
	if !ok {
		a, rest = indexPath{from: visitorTable + " v", alias: "v", id: "v.id"}, nodes
	}
	return s.where(s.reach(a, "1"), a, rest, ordering{}, nil)
}

// membershipPath is the path to the visitors with a tag or in a group.
func (s scope) membershipPath(n bound.Node) (indexPath, bool) {
	t, ok := n.(*bound.Test)
	if !ok || t.Op != bound.OpIn || len(t.Texts) != 1 {
		return indexPath{}, false
	}
	if t.Field.Kind != bound.TagKind && t.Field.Kind != bound.GroupKind {
		return indexPath{}, false
	}
	return s.orderedPath(t.Field.Kind, t.Texts[0])
}

// childRowsOf starts a SELECT of the rows h that a table has of visitors that match nodes, which
// matches selects. If nodes do not need the profile, it reads only that table.
func (s scope) childRowsOf(matches sq.SelectBuilder, nodes []bound.Node, table string, columns ...string) sq.SelectBuilder {
	if !s.needsProfile(nodes) {
		q, err := s.where(s.from(table, "h", columns...), indexPath{alias: "h", id: "h.visitor_id"}, nodes, ordering{}, nil)
		if err == nil {
			return q
		}
	}
	return s.join(s.fromQuery(matches, "m", columns...), table, "h", "h.visitor_id = m.id")
}

// needsProfile reports whether nodes test the profile.
func (s scope) needsProfile(nodes []bound.Node) bool {
	c := compiler{scope: s}
	for _, n := range nodes {
		if _, err := c.node(n); err != nil {
			return true
		}
	}
	return c.profile
}
