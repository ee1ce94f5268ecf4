package sqlstore

import (
	"context"
	"slices"

	sq "github.com/Masterminds/squirrel"

	"github.com/contactpipeline/visitors/filter/bound"
	"github.com/contactpipeline/visitors/store/driver"
)

// maxTagged is how many visitors with a tag are read before the server plans the page itself:
// most pages are among them, and they take a few milliseconds.
const maxTagged = 2_000

// serverTagPage looks for the page among the next visitors with a tag, or in a group, if the
// other nodes match many visitors. The server would assume that those with the tag are spread
// evenly, and read all visitors if they are not. done reports whether the page is complete.
func (s scope) serverTagPage(ctx context.Context, nodes []bound.Node, sel driver.Select, order ordering) (found []record, done bool, err error) {
	i := slices.IndexFunc(nodes, func(n bound.Node) bool { _, ok := s.membershipPath(n); return ok })
	if i < 0 || order.column != "" || len(nodes) == 1 || slices.ContainsFunc(nodes, func(n bound.Node) bool { return !matchesMany(n) }) {
		return nil, false, nil
	}
	if _, _, ok := s.membershipOnly(nodes); ok {
		return nil, false, nil
	}
	a, _ := s.membershipPath(nodes[i])
	next := func(column string) sq.SelectBuilder {
		q := s.where(s.reach(a, column), a, nil, order, sel.After)
		return q.OrderBy(order.by(a.id)...).Suffix("LIMIT ?", maxTagged)
	}
	q := s.where(s.profilesOf(next(a.id+" AS id")), indexPath{alias: "v", id: "v.id"}, without(nodes, i), order, nil)
	if found, err = s.records(ctx, q, order.by("v.id"), sel); err != nil || len(found) == sel.Limit {
		return found, err == nil, err
	}
	if err := s.several(); err != nil {
		return nil, false, err
	}
	n, err := s.countRows(ctx, next("1"), 0)
	return found, err == nil && n < maxTagged, err
}

// matchesMany reports whether a node is of a kind that many visitors may match: not one for
// which an index of texts, identities or attributes would find a few.
func matchesMany(n bound.Node) bool {
	switch n := n.(type) {
	case bound.Negation:
		return true
	case *bound.Test:
		switch n.Field.Kind {
		case bound.EnumKind, bound.TimeKind, bound.TagKind, bound.GroupKind:
			return true
		}
	}
	return false
}
