package sqlstore

import (
	"context"
	"math"

	"github.com/samber/lo"

	"github.com/contactpipeline/visitors/filter/bound"
	"github.com/contactpipeline/visitors/store/driver"
)

const (
	sortCost = 1.5    // of reading a visitor that is to be sorted, in units of testing one in order
	minWalk  = 250    // a shorter walk is not worth counting lists
	maxProbe = 1_000  // visitors on a list that are counted at first
	maxList  = 10_000 // visitors on a list that are counted at most
	fewOf    = 20     // a list of unknown size is assumed to have one of so many visitors
)

// pagePlan is a way to find the visitors that match.
type pagePlan struct {
	paths []indexPath  // their union is read
	rest  []bound.Node // left to test
	size  int64        // visitors on the paths, or unknown
	sort  bool         // all visitors on the paths are read and sorted; else they are in order
}

const unknown = math.MaxInt64

// planner finds the profiles of a page. SQLite does not know how common a value is, so the
// planner chooses the index (INDEXED BY) and the order of tables (CROSS JOIN).
type planner struct {
	scope
	sel   driver.Select
	order ordering
	nodes []bound.Node // all must match
}

// findPage finds the profiles of the page, in order. It walks along an index that is in order
// until the page is full, or sorts a list of visitors that an index has for one condition.
func (p *planner) findPage(ctx context.Context) ([]record, error) {
	for i, n := range p.nodes {
		if t, ok := n.(*bound.Test); ok && t.Field.Kind == bound.IDKind && t.Op == bound.OpIn {
			return p.run(ctx, pagePlan{paths: p.testPaths(t), rest: without(p.nodes, i)})
		}
	}
	walk, lists, total, err := p.plans(ctx)
	if err != nil {
		return nil, err
	}
	if len(lists) == 0 || walk.size <= minWalk {
		return p.run(ctx, walk)
	}
	list, err := p.shortest(ctx, lists, max(maxProbe, total/fewOf), maxProbe)
	if err != nil {
		return nil, err
	}
	expected := min(walk.size, int64(p.sel.Limit)*total/max(1, list.size))
	if list.paths == nil || cost(list) > expected {
		// If the order and the conditions are not correlated, this finds the page.
		if found, done, err := p.runPart(ctx, walk, 2*expected); done || err != nil {
			return found, err
		}
		if list, err = p.shortest(ctx, lists, walk.size, maxList); err != nil {
			return nil, err
		}
		if list.paths == nil || cost(list) > walk.size {
			list = walk
		}
	}
	return p.run(ctx, list)
}

// cost returns the cost of sorting a list.
func cost(list pagePlan) int64 { return int64(sortCost * float64(list.size)) }

// plans returns the shortest way to walk, the lists that could be sorted instead, and the number
// of all visitors.
func (p *planner) plans(ctx context.Context) (walk pagePlan, lists []pagePlan, total int64, err error) {
	ordered := lo.Map(p.nodes, func(n bound.Node, _ int) []indexPath { return p.orderedPaths(n) })
	sizes, err := p.sizes(ctx, lo.Flatten(ordered))
	walk = pagePlan{paths: []indexPath{p.allInOrder()}, rest: p.nodes, size: sizes.total}
	for i, n := range p.nodes {
		others := without(p.nodes, i)
		if paths := ordered[i]; paths != nil {
			ordered := pagePlan{paths, others, sizes.sum(paths), p.order.column != ""}
			if ordered.sort {
				lists = append(lists, ordered)
			} else if ordered.size <= walk.size {
				walk = ordered
			}
			continue
		}
		for _, a := range p.unorderedPaths(n) {
			rest := p.nodes
			if a.exact {
				rest = others
			}
			lists = append(lists, pagePlan{[]indexPath{a}, rest, unknown, true})
		}
	}
	return walk, lists, sizes.total, err
}

// allInOrder is the path to all visitors in the order of the page.
func (p *planner) allInOrder() indexPath {
	return visitorsBy(map[string]string{
		"": "visitors_visitor_id", "name_fold": "visitors_visitor_name",
		"last_seen_at": "visitors_visitor_seen", "updated_at": "visitors_visitor_updated",
	}[p.order.column], nil)
}

// shortest returns the shortest list, if one is shorter than most. Lists of unknown size are
// counted up to a limit, but slow ones not if it is low.
func (p *planner) shortest(ctx context.Context, lists []pagePlan, most, limit int64) (best pagePlan, err error) {
	best.size = most
	for _, l := range lists {
		if l.size == unknown {
			a := l.paths[0]
			limit := min(limit, best.size)
			if a.slow && limit <= maxProbe || best.size <= minWalk {
				continue
			}
			n, same, err := p.pathLength(ctx, a, limit)
			if err != nil {
				return best, err
			}
			if n == limit {
				continue
			}
			l.size, l.paths = n, []indexPath{same}
		}
		if l.size < best.size {
			best = l
		}
	}
	return best, nil
}

// pathLength counts the visitors on a path, up to most. If it is one of row keys and has fewer, it
// returns a path to the same visitors that does not look for them again.
func (p *planner) pathLength(ctx context.Context, a indexPath, most int64) (n int64, same indexPath, err error) {
	if a.rowkey == "" {
		n, err = p.countRows(ctx, p.reachRows(a, "1"), most)
		return n, a, err
	}
	var rowkeys string
	found := p.reachRows(a, a.rowkey+" AS rowkey").Suffix("LIMIT ?", most)
	q := p.fromQuery(found, "m", "count(*)", "json_group_array(m.rowkey)")
	err = p.query(ctx, q, func(r row) error { return r.Scan(&n, &rowkeys) })
	if n < most {
		a = a.byRowkeys(rowkeys)
	}
	return n, a, err
}
