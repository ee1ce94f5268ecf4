package sqlstore

import (
	"context"
	"slices"

	sq "github.com/Masterminds/squirrel"
	"github.com/samber/lo"

	"github.com/contactpipeline/visitors/filter/bound"
	"github.com/contactpipeline/visitors/store/driver"
)

// page reads the profiles of a page in one statement, which the server plans, with two
// exceptions. It would read all visitors for alternatives in different tables: they become a
// UNION of pages. And it does not know that only old visitors have a tag: see serverTagPage.
func (serverReader) page(ctx context.Context, s scope, nodes []bound.Node, sel driver.Select, order ordering) ([]record, error) {
	if found, done, err := s.serverTagPage(ctx, nodes, sel, order); done || err != nil {
		return found, err
	}
	return s.records(ctx, s.pageOf(nodes, sel, order), order.by("v.id"), sel)
}

// pageOf starts a SELECT of the profiles of a page, and perhaps of some after it.
func (s scope) pageOf(nodes []bound.Node, sel driver.Select, order ordering) sq.SelectBuilder {
	if either, rest := alternatives(nodes); either != nil {
		return s.profilesOf(chain("UNION", lo.Map(either, func(n bound.Node, _ int) sq.Sqlizer {
			return sq.Expr("(?)", s.idsOf(append(conjuncts(n), rest...), sel, order))
		})))
	}
	if _, _, ok := s.membershipOnly(nodes); ok && order.column == "" {
		return s.profilesOf(s.idsOf(nodes, sel, order))
	}
	return s.where(s.withCatalog(s.from(visitorTable, "v", s.visitorColumns(driver.AllParts)...)), indexPath{alias: "v", id: "v.id"}, nodes, order, sel.After)
}

// idsOf returns the SELECT of the ids of a page.
func (s scope) idsOf(nodes []bound.Node, sel driver.Select, order ordering) sq.SelectBuilder {
	a := indexPath{from: visitorTable + " v", alias: "v", id: "v.id"}
	if members, rest, ok := s.membershipOnly(nodes); ok && order.column == "" {
		a, nodes = members, rest
	}
	q := s.where(s.reach(a, a.id+" AS id"), a, nodes, order, sel.After)
	return q.OrderBy(order.by(a.id)...).Suffix("LIMIT ?", sel.Limit)
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
	return needed(bound.AllOf{n}) != 0
}

// countPlan reads only the table of tags or groups if that suffices.
func (serverReader) countPlan(_ context.Context, s scope, nodes []bound.Node) (pagePlan, error) {
	if a, rest, ok := s.membershipOnly(nodes); ok {
		return pagePlan{paths: []indexPath{a}, rest: rest}, nil
	}
	return pagePlan{paths: []indexPath{{from: visitorTable + " v", alias: "v", id: "v.id"}}, rest: nodes}, nil
}

// needsProfile reports whether nodes test the profile.
func (s scope) needsProfile(nodes []bound.Node) bool {
	c := compiler{scope: s}
	for _, n := range nodes {
		c.node(n)
	}
	return c.profile
}
