package sqlstore

import (
	"cmp"
	"context"
	"reflect"
	"slices"

	sq "github.com/Masterminds/squirrel"

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
func (s scope) orderedPathsIn(n bound.Node) []indexPath {
	var all []indexPath
	switch n := n.(type) {
	case bound.AllOf:
		for _, child := range n {
			all = append(all, s.orderedPathsIn(child)...)
		}
	case bound.AnyOf:
		for _, child := range n {
			all = append(all, s.orderedPathsIn(child)...)
		}
	case bound.Negation:
		return s.orderedPathsIn(n.Of)
	case *bound.Test:
		return s.orderedPaths(n)
	}
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
	if len(p.rest) == 0 {
		if q, ok := c.complement(p); ok {
			n, err := c.countAll(ctx, q.nodes)
			return q.of - n, err
		}
	}
	m, err := c.matches(ctx, nodes, p, "1")
	if err != nil {
		return 0, err
	}
	return c.countRows(ctx, m.rows, c.limit)
}

// matched is a SELECT of a row for each visitor that matches.
type matched struct {
	rows    sq.SelectBuilder
	sourced bool // it also returns the source
	light   bool // it reads an index only, so reading it twice is as quick as storing it
}

// matches starts the cheapest SELECT of a row for each visitor that matches all nodes. The
// column "id" means the visitor's id and, if the path has it, the source.
func (c counter) matches(ctx context.Context, nodes []bound.Node, p splitNodes, column string) (m matched, err error) {
	base := sizedNode{paths: []indexPath{allVisitors()}, size: c.sizes.total}
	if len(p.inside) > 0 {
		base = p.inside[0]
		p.inside = p.inside[1:]
	}
	a, others, err := c.shortestPath(ctx, nodes, p.rest, base.size/4)
	if err != nil {
		return m, err
	}
	if a == nil {
		a, others = c.exactPath(nodes), nil
	}
	if a == nil {
		return c.mergePaths(base, p, column)
	}
	if len(others) == 0 && column != "id" && !a.many {
		return matched{rows: c.reachRows(*a, "1")}, nil
	}
	m.sourced = a.hasProfile()
	m.rows, err = c.where(c.reach(*a, columnFor(*a, column)), *a, others, ordering{}, nil)
	if a.many {
		m.rows = m.rows.RemoveColumns().Columns(a.id + " AS id").Distinct()
	}
	return m, err
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
	switch {
	case column != "id":
		return column
	case a.hasProfile():
		return a.id + " AS id, v.source AS source"
	}
	return a.id + " AS id"
}

// complement is a count to subtract from a known one.
type complement struct {
	of    int64
	nodes []bound.Node
}

// complement turns "in none of these" and "in this but none of those" into a count of the
// others, if they are fewer.
func (c counter) complement(p splitNodes) (complement, bool) {
	if len(p.outside) == 0 || len(p.inside) > 1 {
		return complement{}, false
	}
	var excluded bound.AnyOf
	size := int64(0)
	for _, o := range p.outside {
		excluded = append(excluded, o.node)
		size += o.size
	}
	one := bound.Node(excluded)
	if len(excluded) == 1 {
		one = excluded[0]
	}
	if len(p.inside) == 0 {
		return complement{c.sizes.total, []bound.Node{one}}, true
	}
	in := p.inside[0]
	if size > in.size/2 || len(c.orderedPaths(one)) == 0 || len(in.paths) > 1 && !disjoint(in.paths) {
		return complement{}, false
	}
	return complement{in.size, []bound.Node{in.node, one}}, true
}

// shortestPath returns the shortest unordered path to one of rest, if it has fewer visitors
// than most, and the nodes left to test.
func (c counter) shortestPath(ctx context.Context, nodes, rest []bound.Node, most int64) (best *indexPath, others []bound.Node, err error) {
	for _, n := range rest {
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
				others = slices.DeleteFunc(slices.Clone(nodes), func(m bound.Node) bool { return sameNode(m, n) })
			}
		}
	}
	return best, others, nil
}

// sameNode reports whether two nodes of a tree are the same one.
func sameNode(a, b bound.Node) bool {
	x, ok := a.(*bound.Test)
	y, also := b.(*bound.Test)
	if ok || also {
		return ok && also && x == y
	}
	return reflect.DeepEqual(a, b)
}

// mergePaths merges ordered paths. Nodes whose paths are much longer than the shortest are
// tested instead.
func (c counter) mergePaths(base sizedNode, p splitNodes, column string) (m matched, err error) {
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
	if merges {
		a = indexPath{alias: "p", id: "p.id"}
		m.rows, err = c.where(c.fromQuery(merge, "p", columnFor(a, column)), a, rest, ordering{}, nil)
		return m, err
	}
	m.sourced, m.light = a.hasProfile(), len(rest) == 0
	m.rows, err = c.where(c.reach(a, columnFor(a, column)), a, rest, ordering{}, nil)
	return m, err
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
