package sqlstore

import (
	"context"
	"slices"
	"unicode/utf8"

	sq "github.com/Masterminds/squirrel"

	"github.com/contactpipeline/visitors/filter/bound"
	"github.com/contactpipeline/visitors/store/driver"
)

// sizes are counters of a workspace.
type sizes struct {
	total int64                // visitors
	of    map[counterKey]int64 // visitors by source, tag or group
}

// sum returns the number of visitors on the paths, with those on several counted several times.
func (z sizes) sum(paths []indexPath) int64 {
	n := int64(0)
	for _, a := range paths {
		n += z.of[a.counter]
	}
	return n
}

// sizes reads the counters of the paths and the number of all visitors.
func (s scope) sizes(ctx context.Context, paths []indexPath) (sizes, error) {
	z := sizes{of: map[counterKey]int64{}}
	sources, err := countBy[string](ctx, s, s.from(sourceTable, "c", "c.source", "c.visitors"))
	if err != nil {
		return z, err
	}
	for source, n := range sources {
		z.of[counterKey{addToSource, source}] = n
		z.total += n
	}
	for _, t := range []struct{ update, table, column string }{{addToTag, tagTable, "uses"}, {addToGroup, groupTable, "members"}} {
		var ids []string
		for _, a := range paths {
			if a.counter.update == t.update {
				ids = append(ids, a.counter.key)
			}
		}
		if len(ids) == 0 {
			continue
		}
		counts, err := countBy[string](ctx, s, s.from(t.table, "c", "c.id", "c."+t.column).Where(s.d.InIDs("c.id", ids)))
		if err != nil {
			return z, err
		}
		for id, n := range counts {
			z.of[counterKey{t.update, id}] = n
		}
	}
	return z, nil
}

// maxProbe is the maximum of visitors that are counted on a path of the kind onlyIfFew.
const maxProbe = 1_000

// pathLength counts the visitors on a path, up to most. If it has fewer, it returns a path to
// the same visitors that does not search again.
func (s scope) pathLength(ctx context.Context, a indexPath, most int64) (n int64, same indexPath, err error) {
	if a.onlyIfFew {
		most = min(most, maxProbe)
	}
	if a.alias != "" {
		n, err = s.countRows(ctx, s.reachRows(a, "1"), most)
		return n, a, err
	}
	var rowkeys string
	listed := s.reachRows(a, "f.docid AS docid").Suffix("LIMIT ?", min(most, maxSorted+1))
	err = s.query(ctx, s.fromQuery(listed, "m", "count(*)", "json_group_array(m.docid)"), func(r row) error { return r.Scan(&n, &rowkeys) })
	switch {
	case err != nil:
		return 0, a, err
	case n < min(most, maxSorted+1):
		return n, a.byRowkeys(rowkeys), nil
	case n < most:
		n, err = s.countRows(ctx, s.reachRows(a, "1"), most)
	}
	return n, a, err
}

// shareOf estimates the share of visitors that match n, as if conditions were independent.
func (s scope) shareOf(z sizes, n bound.Node) float64 {
	if not, ok := n.(bound.Negation); ok {
		return 1 - s.shareOf(z, not.Of)
	}
	if terms, ok := n.(bound.Terms); ok {
		return guessTermsShare(terms)
	}
	if paths := s.orderedPaths(n); paths != nil && z.total > 0 {
		return min(1, float64(z.sum(paths))/float64(z.total))
	}
	if t, ok := n.(*bound.Test); ok {
		return guessShare(t)
	}
	return 0.5
}

// guessShare is the share for a condition without a counter: few visitors have a given text, id
// or identity, and some have a given part of a text.
func guessShare(t *bound.Test) float64 {
	const one = 1e-5
	switch t.Op {
	case bound.OpIn:
		switch t.Field.Kind {
		case bound.TextKind, bound.PhoneKind, bound.IDKind:
			return min(1, one*float64(len(t.Texts)))
		case bound.IdentityKind:
			if !slices.ContainsFunc(t.Refs, func(r bound.IdentityRef) bool { return r.ExternalID == "" }) {
				return min(1, one*float64(len(t.Refs)))
			}
		}
	case bound.OpContains, bound.OpPrefix, bound.OpSuffix:
		return 0.01
	}
	return 0.5
}

// guessTermsShare is the share for a search: many names have a given character or two.
func guessTermsShare(terms bound.Terms) float64 {
	share := 1.0
	for _, t := range terms {
		share *= [...]float64{1, 0.4, 0.2, 0.01}[min(3, utf8.RuneCountInString(t.Text))]
	}
	return share
}

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
