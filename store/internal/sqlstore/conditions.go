package sqlstore

import (
	sq "github.com/Masterminds/squirrel"

	"github.com/contactpipeline/visitors/filter/bound"
	"github.com/contactpipeline/visitors/store/driver"
)

// maxSeparateTests is the maximum of tags that are tested one by one if a visitor must have all
// of them: an index can be used for each. If there are more, one test counts them.
const maxSeparateTests = 8

// conjuncts returns the nodes that must all match.
func conjuncts(n bound.Node) []bound.Node {
	switch n := n.(type) {
	case bound.AllOf:
		all := make([]bound.Node, 0, len(n))
		for _, child := range n {
			all = append(all, conjuncts(child)...)
		}
		return all
	case bound.Constant:
		if n {
			return nil
		}
	case *bound.Test:
		if n.Op == bound.OpAll {
			return separateTests(n)
		}
	}
	return []bound.Node{n}
}

// separateTests returns a test for each of the first tags or groups and, if there are more, one
// for all.
func separateTests(t *bound.Test) []bound.Node {
	var all []bound.Node
	for _, id := range t.Texts[:min(len(t.Texts), maxSeparateTests)] {
		all = append(all, &bound.Test{Field: t.Field, Op: bound.OpIn, Texts: []string{id}})
	}
	if len(t.Texts) > maxSeparateTests {
		all = append(all, t)
	}
	return all
}

// without returns the nodes without the one at i.
func without(nodes []bound.Node, i int) []bound.Node {
	rest := make([]bound.Node, 0, len(nodes)-1)
	return append(append(rest, nodes[:i]...), nodes[i+1:]...)
}

// maxJoins is the maximum of EXISTS that the server may turn into joins. Its planner compares
// all orders of joins: five take 2 ms, sixteen 70 ms. It does not join what has an IS TRUE.
const maxJoins = 5

// where adds conditions to q, which selects from a path: visitors must match the nodes and come
// after a position. It joins the profile if a condition or the order needs it.
func (s scope) where(q sq.SelectBuilder, a indexPath, nodes []bound.Node, order ordering, after *driver.Position) sq.SelectBuilder {
	c := compiler{scope: s, id: a.id}
	joined := 0
	for _, n := range nodes {
		test := c.node(n)
		if testsChildren(n) {
			joined++
		}
		if s.d.server != nil && joined > maxJoins {
			test = sq.Expr("(?) IS TRUE", test)
		}
		q = q.Where(test)
	}
	if after != nil {
		q = q.Where(order.after(s.d, after, a.id))
	}
	if (c.profile || order.column != "") && !a.hasProfile() {
		q = s.join(q, visitorTable, "v", "v.id = "+a.id)
	}
	return q
}
