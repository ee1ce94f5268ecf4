package sqlstore

import (
	"context"
	"slices"

	sq "github.com/Masterminds/squirrel"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store/driver"
)

// nearby is how many of those with a tag are looked at before the server is asked to find
// its own way: a page is mostly among them, and they take a few milliseconds.
const nearby = 2_000

// near looks for the page among the next who carry a tag, or are of a group, that the nodes
// ask for beside things that many visitors are or have. The server would guess that those
// with the tag are spread evenly, and walk through all others where they are not. It reports
// whether the page is all that there is to find.
func (s scope) near(ctx context.Context, nodes []filter.Node, sel driver.Select, order ordering) (found []record, done bool, err error) {
	i := slices.IndexFunc(nodes, func(n filter.Node) bool { _, ok := s.membership(n); return ok })
	if i < 0 || order.column != "" || len(nodes) == 1 || slices.ContainsFunc(nodes, func(n filter.Node) bool { return !common(n) }) {
		return nil, false, nil
	}
	if _, _, ok := s.membersAlone(nodes); ok {
		return nil, false, nil
	}
	a, _ := s.membership(nodes[i])
	next := func(column string) (sq.SelectBuilder, error) {
		q, err := s.where(s.members(a, column), a, nil, order, sel.After)
		return q.OrderBy(order.by(a.id)...).Suffix("LIMIT ?", nearby), err
	}
	ids, err := next(a.id + " AS id")
	if err != nil {
		return nil, false, err
	}
	q := s.with(s.over(ids, "p", s.visitorColumns("v")...), visitorTable, "v", "v.id = p.id")
	if q, err = s.where(q, access{alias: "v", id: "v.id"}, without(nodes, i), order, nil); err != nil {
		return nil, false, err
	}
	if found, err = s.records(ctx, q, sel, order); err != nil || len(found) == sel.Limit {
		return found, err == nil, err
	}
	all, err := next("1")
	if err != nil {
		return nil, false, err
	}
	n, err := s.tally(ctx, all, 0)
	return found, err == nil && n < nearby, err
}

// common reports whether a node is of a kind that many visitors may match: none that an
// index of texts, identities or attributes would find a few by.
func common(n filter.Node) bool {
	switch n := n.(type) {
	case filter.Negation:
		return true
	case *filter.Test:
		switch n.Field.Kind {
		case filter.EnumKind, filter.TimeKind, filter.TagKind, filter.GroupKind:
			return true
		}
	}
	return false
}
