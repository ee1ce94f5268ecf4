package sqlstore

import (
	"cmp"
	"context"
	"reflect"
	"slices"

	sq "github.com/Masterminds/squirrel"

	"github.com/contactpipeline/visitors/filter"
)

// mergeCost is how many steps of a merge take as long as one probe of an index.
const mergeCost = 6

// count counts the visitors that match, up to limit if that is above 0.
func (s scope) count(ctx context.Context, n filter.Node, limit int64) (int64, error) {
	if m := s.matcherOf(n); len(m.rest) > 0 {
		return s.countMatches(ctx, m, limit)
	}
	return s.d.reader.count(ctx, s, n, limit)
}

// tally counts the rows of a query.
func (s scope) tally(ctx context.Context, q sq.SelectBuilder, limit int64) (total int64, err error) {
	if limit > 0 {
		q = q.Suffix("LIMIT ?", limit)
	}
	err = s.query(ctx, s.over(q, "m", "count(*)"), func(r row) error { return r.Scan(&total) })
	return total, err
}

// streamsIn are all the streams of a tree.
func (s scope) streamsIn(n filter.Node) []access {
	var all []access
	switch n := n.(type) {
	case filter.AllOf:
		for _, child := range n {
			all = append(all, s.streamsIn(child)...)
		}
	case filter.AnyOf:
		for _, child := range n {
			all = append(all, s.streamsIn(child)...)
		}
	case filter.Negation:
		return s.streamsIn(n.Of)
	case *filter.Test:
		return s.streams(n)
	}
	return all
}

// counter counts by the counters where they suffice, by merging streams, and by testing
// visitors where it must.
type counter struct {
	scope
	sizes sizes
	limit int64
}

func (c counter) node(ctx context.Context, n filter.Node) (int64, error) {
	switch n := n.(type) {
	case filter.Constant:
		if n {
			return c.sizes.total, nil
		}
		return 0, nil
	case filter.Negation:
		matches, err := counter{c.scope, c.sizes, 0}.node(ctx, n.Of)
		return c.sizes.total - matches, err
	}
	if streams := c.streams(n); len(streams) == 1 || streams != nil && disjoint(streams) {
		return c.sizes.sum(streams), nil
	}
	return c.all(ctx, conjuncts(n))
}

// disjoint reports whether no visitor is reached by two streams: each has one source.
func disjoint(streams []access) bool {
	for _, a := range streams {
		if a.of.text != addToSource {
			return false
		}
	}
	return true
}

// part is a conjunct that streams reach, or the inverse of one.
type part struct {
	node    filter.Node
	streams []access
	size    int64
}

// parts are conjuncts by how they are counted.
type parts struct {
	inside  []part        // the smallest first
	outside []part        // whose inverse is a conjunct
	rest    []filter.Node // what no stream reaches
}

func (c counter) split(nodes []filter.Node) (p parts) {
	for _, n := range nodes {
		not, inverse := n.(filter.Negation)
		of := n
		if inverse {
			of = not.Of
		}
		streams := c.streams(of)
		switch {
		case streams == nil:
			p.rest = append(p.rest, n)
		case inverse:
			p.outside = append(p.outside, part{of, streams, c.sizes.sum(streams)})
		default:
			p.inside = append(p.inside, part{of, streams, c.sizes.sum(streams)})
		}
	}
	slices.SortStableFunc(p.inside, func(a, b part) int { return cmp.Compare(a.size, b.size) })
	return p
}

// all counts what matches every one of the nodes.
func (c counter) all(ctx context.Context, nodes []filter.Node) (int64, error) {
	p := c.split(nodes)
	if len(p.rest) == 0 {
		if q, ok := c.complement(p); ok {
			n, err := c.all(ctx, q.nodes)
			return q.of - n, err
		}
	}
	m, err := c.matches(ctx, nodes, p, "1")
	if err != nil {
		return 0, err
	}
	return c.tally(ctx, m.rows, c.limit)
}

// matched is a SELECT of a row for each visitor that matches.
type matched struct {
	rows    sq.SelectBuilder
	sourced bool // it gives the source beside the id
	light   bool // it is an index read in its order, as quickly as what it has given was read again
}

// matches starts a SELECT of a row for each visitor that matches every one of the nodes, by
// the way that takes least. A column "id" stands for the visitor's id and, where that is at
// hand, the source.
func (c counter) matches(ctx context.Context, nodes []filter.Node, p parts, column string) (m matched, err error) {
	base := part{streams: []access{everyone()}, size: c.sizes.total}
	if len(p.inside) > 0 {
		base = p.inside[0]
		p.inside = p.inside[1:]
	}
	a, others, err := c.shortest(ctx, nodes, p.rest, base.size/4)
	if err != nil {
		return m, err
	}
	if a == nil {
		a, others = c.whole(nodes), nil
	}
	if a == nil {
		return c.merged(base, p, column)
	}
	if len(others) == 0 && column != "id" && !a.many {
		return matched{rows: c.hits(*a, "1")}, nil
	}
	m.sourced = a.profiled()
	m.rows, err = c.where(c.reach(*a, named(*a, column)), *a, others, ordering{}, nil)
	if a.many {
		m.rows = m.rows.RemoveColumns().Columns(a.id + " AS id").Distinct()
	}
	return m, err
}

// whole returns an access to exactly what a single node matches: however long, it is
// shorter than everyone.
func (c counter) whole(nodes []filter.Node) *access {
	if len(nodes) != 1 {
		return nil
	}
	if terms, ok := nodes[0].(filter.Terms); ok {
		a := found(c.d.Index().Terms(c.ws, terms), true)
		return &a
	}
	for _, a := range c.lists(nodes[0]) {
		if a.exact {
			return &a
		}
	}
	return nil
}

// named is what stands for column where visitors are reached by a.
func named(a access, column string) string {
	switch {
	case column != "id":
		return column
	case a.profiled():
		return a.id + " AS id, v.source AS source"
	}
	return a.id + " AS id"
}

// complement is a count that is less work, to be taken off a known one.
type complement struct {
	of    int64
	nodes []filter.Node
}

// complement turns "in none of these" and "in this but none of those" round, where those
// are fewer.
func (c counter) complement(p parts) (complement, bool) {
	if len(p.outside) == 0 || len(p.inside) > 1 {
		return complement{}, false
	}
	var away filter.AnyOf
	size := int64(0)
	for _, o := range p.outside {
		away = append(away, o.node)
		size += o.size
	}
	one := filter.Node(away)
	if len(away) == 1 {
		one = away[0]
	}
	if len(p.inside) == 0 {
		return complement{c.sizes.total, []filter.Node{one}}, true
	}
	in := p.inside[0]
	if size > in.size/2 || len(c.streams(one)) == 0 || len(in.streams) > 1 && !disjoint(in.streams) {
		return complement{}, false
	}
	return complement{in.size, []filter.Node{in.node, one}}, true
}

// shortest returns the shortest access among the nodes that no stream reaches, if it
// reaches fewer than most, and what is left to be tested.
func (c counter) shortest(ctx context.Context, nodes, rest []filter.Node, most int64) (best *access, others []filter.Node, err error) {
	for _, n := range rest {
		for _, a := range c.lists(n) {
			if most <= smallJob {
				return best, others, nil
			}
			if a.exact && len(nodes) == 1 {
				continue // see whole
			}
			length, a, err := c.length(ctx, a, most)
			if err != nil {
				return nil, nil, err
			}
			if length == most || a.brief {
				continue
			}
			most, best, others = length, &a, nodes
			if a.exact {
				others = slices.DeleteFunc(slices.Clone(nodes), func(m filter.Node) bool { return same(m, n) })
			}
		}
	}
	return best, others, nil
}

// same reports whether two nodes of one tree are the same one.
func same(a, b filter.Node) bool {
	x, ok := a.(*filter.Test)
	y, also := b.(*filter.Test)
	if ok || also {
		return ok && also && x == y
	}
	return reflect.DeepEqual(a, b)
}

// merged merges streams, all in the order of ids. A stream much longer than the shortest
// is probed instead.
func (c counter) merged(base part, p parts, column string) (m matched, err error) {
	rest := p.rest
	merge := chain("UNION", c.branches(base))
	merges := len(base.streams) > 1
	for _, in := range p.inside {
		if in.size > mergeCost*base.size {
			rest = append(rest, in.node)
			continue
		}
		merge, merges = sq.Expr("? INTERSECT ?", merge, c.operand(in)), true
	}
	for _, out := range p.outside {
		if out.size > mergeCost*base.size {
			rest = append(rest, filter.Negation{Of: out.node})
			continue
		}
		merge, merges = sq.Expr("? EXCEPT ?", merge, c.operand(out)), true
	}
	a := base.streams[0]
	if merges {
		a = access{alias: "p", id: "p.id"}
		m.rows, err = c.where(c.over(merge, "p", named(a, column)), a, rest, ordering{}, nil)
		return m, err
	}
	m.sourced, m.light = a.profiled(), len(rest) == 0
	m.rows, err = c.where(c.reach(a, named(a, column)), a, rest, ordering{}, nil)
	return m, err
}

func (c counter) branches(p part) []sq.Sqlizer {
	all := make([]sq.Sqlizer, len(p.streams))
	for i, a := range p.streams {
		all[i] = c.reach(a, a.id+" AS id")
	}
	return all
}

// operand is a part on the right side of a set operator. There, repeats do no harm, and
// UNION ALL is merged without sorting.
func (c counter) operand(p part) sq.Sqlizer {
	if len(p.streams) == 1 {
		return c.branches(p)[0]
	}
	return sq.Expr("SELECT id FROM (?)", chain("UNION ALL", c.branches(p)))
}
