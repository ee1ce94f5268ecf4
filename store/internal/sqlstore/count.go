package sqlstore

import (
	"cmp"
	"context"
	"slices"

	sq "github.com/Masterminds/squirrel"
	"github.com/samber/lo"

	"github.com/contactpipeline/visitors/filter/bound"
)

// mergeCost is how many steps of a merge take as long as one lookup in an index.
const mergeCost = 6

// count counts the visitors that match, up to limit if that is above 0.
func (s scope) count(ctx context.Context, n bound.Node, limit int64) (int64, error) {
	if m := s.matcherOf(n); len(m.rest) > 0 {
		return s.countMatches(ctx, m, limit)
	}
	return s.d.reader.count(ctx, s, n, limit)
}

// countRows counts the rows of a query, up to limit if that is above 0.
func (s scope) countRows(ctx context.Context, q sq.SelectBuilder, limit int64) (total int64, err error) {
	if limit > 0 {
		q = q.Suffix("LIMIT ?", limit)
	}
	err = s.query(ctx, s.fromQuery(q, "m", "count(*)"), func(r row) error { return r.Scan(&total) })
	return total, err
}

// orderedPathsIn returns the ordered paths to all nodes of a tree.
func (s scope) orderedPathsIn(n bound.Node) (all []indexPath) {
	leaves(n, func(n bound.Node) { all = append(all, s.orderedPaths(n)...) })
	return all
}

// counter counts visitors: by the counters if they suffice, else by merging ordered paths, else
// by testing visitors.
type counter struct {
	scope
	sizes sizes
	limit int64
}

func (c counter) countNode(ctx context.Context, n bound.Node) (int64, error) {
	switch n := n.(type) {
	case bound.Constant:
		if n {
			return c.sizes.total, nil
		}
		return 0, nil
	case bound.Negation:
		matches, err := counter{c.scope, c.sizes, 0}.countNode(ctx, n.Of)
		return c.sizes.total - matches, err
	}
	if paths := c.orderedPaths(n); len(paths) == 1 || paths != nil && disjoint(paths) {
		return c.sizes.sum(paths), nil
	}
	return c.countAll(ctx, conjuncts(n))
}

// disjoint reports whether no visitor is on two paths: a visitor has one source.
func disjoint(paths []indexPath) bool {
	for _, a := range paths {
		if a.counter.update != addToSource {
			return false
		}
	}
	return true
}

// sizedNode is a conjunct that has ordered paths, or the negation of one.
type sizedNode struct {
	node  bound.Node
	paths []indexPath
	size  int64
}

// splitNodes are conjuncts by how they are counted.
type splitNodes struct {
	inside  []sizedNode  // the smallest first
	outside []sizedNode  // their negations are conjuncts
	rest    []bound.Node // without ordered paths
}

func (c counter) split(nodes []bound.Node) (p splitNodes) {
	for _, n := range nodes {
		not, inverse := n.(bound.Negation)
		of := n
		if inverse {
			of = not.Of
		}
		paths := c.orderedPaths(of)
		switch {
		case paths == nil:
			p.rest = append(p.rest, n)
		case inverse:
			p.outside = append(p.outside, sizedNode{of, paths, c.sizes.sum(paths)})
		default:
			p.inside = append(p.inside, sizedNode{of, paths, c.sizes.sum(paths)})
		}
	}
	slices.SortStableFunc(p.inside, func(a, b sizedNode) int { return cmp.Compare(a.size, b.size) })
	return p
}

// countAll counts the visitors that match all nodes.
func (c counter) countAll(ctx context.Context, nodes []bound.Node) (int64, error) {
	p := c.split(nodes)
	if len(p.rest) == 0 && len(p.inside) == 0 && len(p.outside) > 1 {
		// What is in none of these is what is not in one of them.
		either := lo.Map(p.outside, func(o sizedNode, _ int) bound.Node { return o.node })
		n, err := counter{c.scope, c.sizes, 0}.countNode(ctx, bound.AnyOf(either))
		return c.sizes.total - n, err
	}
	q, err := c.matches(ctx, nodes, p, "1")
	if err != nil {
		return 0, err
	}
	return c.countRows(ctx, q, c.limit)
}

// matches starts the cheapest SELECT of a row for each visitor that matches all nodes. Its column
// is "1", or "id" for the visitor's id.
func (c counter) matches(ctx context.Context, nodes []bound.Node, p splitNodes, column string) (q sq.SelectBuilder, err error) {
	base := sizedNode{paths: []indexPath{allVisitors()}, size: c.sizes.total}
	if len(p.inside) > 0 {
		base = p.inside[0]
		p.inside = p.inside[1:]
	}
	a, others, err := c.shortestPath(ctx, nodes, base.size/4)
	if err != nil {
		return q, err
	}
	if a == nil {
		a, others = c.exactPath(nodes), nil
	}
	switch {
	case a == nil:
		return c.mergePaths(base, p, column), nil
	case a.many:
		return c.where(c.reach(*a, a.id+" AS id"), *a, others, ordering{}, nil).Distinct(), nil
	case len(others) == 0 && column != "id":
		return c.reachRows(*a, "1"), nil
	}
	return c.where(c.reach(*a, columnFor(*a, column)), *a, others, ordering{}, nil), nil
}

// exactPath returns a path to exactly the visitors that a single node matches: of any length,
// it is shorter than allVisitors.
func (c counter) exactPath(nodes []bound.Node) *indexPath {
	if len(nodes) != 1 {
		return nil
	}
	if terms, ok := nodes[0].(bound.Terms); ok {
		a := searchPath(c.d.Index().Terms(c.ws, terms), true)
		return &a
	}
	for _, a := range c.unorderedPaths(nodes[0]) {
		if a.exact {
			return &a
		}
	}
	return nil
}

// columnFor returns what to select for column from a path.
func columnFor(a indexPath, column string) string {
	if column == "id" {
		return a.id + " AS id"
	}
	return column
}

// shortestPath returns the shortest unordered path to one of the nodes, if it has fewer visitors
// than most, and the nodes left to test.
func (c counter) shortestPath(ctx context.Context, nodes []bound.Node, most int64) (best *indexPath, others []bound.Node, err error) {
	for i, n := range nodes {
		if c.orderedPaths(n) != nil {
			continue
		}
		for _, a := range c.unorderedPaths(n) {
			if most <= minPlanCost {
				return best, others, nil
			}
			if a.exact && len(nodes) == 1 {
				continue // see exactPath
			}
			length, a, err := c.pathLength(ctx, a, most)
			if err != nil {
				return nil, nil, err
			}
			if length == most || a.onlyIfFew {
				continue
			}
			most, best, others = length, &a, nodes
			if a.exact {
				others = without(nodes, i)
			}
		}
	}
	return best, others, nil
}

// mergePaths merges ordered paths. Nodes whose paths are much longer than the shortest are
// tested instead.
func (c counter) mergePaths(base sizedNode, p splitNodes, column string) sq.SelectBuilder {
	rest := p.rest
	merge := chain("UNION", c.branches(base))
	merges := len(base.paths) > 1
	for _, in := range p.inside {
		if in.size > mergeCost*base.size {
			rest = append(rest, in.node)
			continue
		}
		merge, merges = sq.Expr("? INTERSECT ?", merge, c.operand(in)), true
	}
	for _, out := range p.outside {
		if out.size > mergeCost*base.size {
			rest = append(rest, bound.Negation{Of: out.node})
			continue
		}
		merge, merges = sq.Expr("? EXCEPT ?", merge, c.operand(out)), true
	}
	a := base.paths[0]
	q := c.reach(a, columnFor(a, column))
	if merges {
		a = indexPath{alias: "p", id: "p.id"}
		q = c.fromQuery(merge, "p", columnFor(a, column))
	}
	return c.where(q, a, rest, ordering{}, nil)
}

func (c counter) branches(p sizedNode) []sq.Sqlizer {
	all := make([]sq.Sqlizer, len(p.paths))
	for i, a := range p.paths {
		all[i] = c.reach(a, a.id+" AS id")
	}
	return all
}

// operand returns the right side of a set operator. There, duplicates do not matter, and UNION
// ALL is merged without sorting.
func (c counter) operand(p sizedNode) sq.Sqlizer {
	if len(p.paths) == 1 {
		return c.branches(p)[0]
	}
	return sq.Expr("SELECT id FROM (?)", chain("UNION ALL", c.branches(p)))
}
