package sqlstore

import (
	"context"
	"math"
	"slices"

	"github.com/contactpipeline/visitors/filter/bound"
	"github.com/contactpipeline/visitors/store/driver"
)

// Costs, in units of reading and testing one visitor.
const (
	sortCost    = 1.5    // of reading a visitor that is to be sorted
	minPlanCost = 400    // cheaper plans are not worth improving
	maxSorted   = 10_000 // more visitors are not sorted if another plan exists
	retryFactor = 8      // a path can be this many times longer than guessed

	shortWalk = 1_000 // visitors read at first if another plan may be cheaper
)

// pagePlan is a way to find the visitors of a page.
type pagePlan struct {
	paths   []indexPath  // their union is read
	rest    []bound.Node // left to test
	cost    float64      // estimated
	maxCost float64      // at worst
	sort    bool         // all visitors on the paths are read and sorted; else they are in order
}

// planner finds the profiles of a page. SQLite does not know how common a value is, so the
// planner chooses the index (INDEXED BY) and the order of tables (CROSS JOIN).
type planner struct {
	scope
	sel   driver.Select
	order ordering
	nodes []bound.Node // all must match
	sizes sizes
	found []record
}

// findPage finds the profiles of the page, in order.
func (p *planner) findPage(ctx context.Context) error {
	walk := pagePlan{paths: []indexPath{p.allInOrder()}, rest: p.nodes}
	ordered := make([][]indexPath, len(p.nodes))
	unordered := make([][]indexPath, len(p.nodes))
	sole, ways := -1, 0
	for i, n := range p.nodes {
		if ordered[i] = p.orderedPaths(n); ordered[i] != nil {
			sole = i
			ways++
		} else if unordered[i] = p.unorderedPaths(n); unordered[i] != nil {
			ways++
		}
	}
	switch {
	case ways == 0:
		return p.run(ctx, walk)
	case ways == 1 && sole >= 0 && p.order.column == "":
		return p.run(ctx, pagePlan{paths: ordered[sole], rest: without(p.nodes, sole)})
	}
	return p.runCheapest(ctx, walk, ordered, unordered)
}

// allInOrder is the path to all visitors in the order of the page.
func (p *planner) allInOrder() indexPath {
	return visitorsBy(map[string]string{
		"": "visitors_visitor_id", "name_fold": "visitors_visitor_name",
		"last_seen_at": "visitors_visitor_seen", "updated_at": "visitors_visitor_updated",
	}[p.order.column], nil)
}

// runCheapest runs the plan that seems cheapest, and changes to another if it turns out to be
// longer: often, values and order are correlated.
func (p *planner) runCheapest(ctx context.Context, walk pagePlan, ordered, unordered [][]indexPath) (err error) {
	if p.sizes, err = p.scope.sizes(ctx, p.orderedPathsIn(bound.AllOf(p.nodes))); err != nil {
		return err
	}
	walk, sorted := p.fromCounters(walk, ordered)
	if walk.cost > minPlanCost {
		if sorted, err = p.shortestList(ctx, sorted, unordered, true, walk.cost/sortCost); err != nil {
			return err
		}
	}
	if sorted != nil && sorted.cost <= minPlanCost {
		return p.run(ctx, *sorted)
	}
	length, measured := max(shortWalk, 2*walk.cost), walk.cost/sortCost
	unmeasured := slices.ContainsFunc(unordered, func(some []indexPath) bool { return len(some) > 0 })
	if unmeasured && walk.cost <= min(maxSorted, walk.maxCost-1) && (sorted == nil || walk.cost < sorted.cost) {
		if done, err := p.runPart(ctx, walk, shortWalk); done || err != nil {
			return err
		}
		// The guess was wrong. Walking finds a list of this length in the time that sorting
		// it takes.
		length, measured = shortWalk*retryFactor, math.Sqrt(float64(p.sel.Limit)*walk.maxCost/sortCost)
	}
	if sorted, err = p.shortestList(ctx, sorted, unordered, false, measured); err != nil {
		return err
	}
	if sorted == nil {
		return p.run(ctx, walk)
	}
	for ; sorted.cost > walk.cost && length < sorted.cost; length *= retryFactor {
		if done, err := p.runPart(ctx, walk, length); done || err != nil {
			return err
		}
	}
	return p.run(ctx, *sorted)
}

// fromCounters returns the cheapest plan that walks in order and, if ordered paths are in another
// order than the page, the cheapest that sorts.
func (p *planner) fromCounters(walk pagePlan, ordered [][]indexPath) (pagePlan, *pagePlan) {
	walk.maxCost = float64(p.sizes.total)
	walk.cost = p.expectedCost(walk.rest, walk.maxCost)
	var sorted *pagePlan
	for i := range p.nodes {
		if ordered[i] == nil {
			continue
		}
		r := pagePlan{paths: ordered[i], rest: without(p.nodes, i), maxCost: float64(p.sizes.sum(ordered[i]))}
		if p.order.column != "" {
			r.sort, r.cost = true, r.maxCost*sortCost
			sorted = cheaper(sorted, r)
		} else if r.cost = p.expectedCost(r.rest, r.maxCost); r.cost <= walk.cost {
			walk = r
		}
	}
	return walk, sorted
}

// shortestList returns the plan that sorts the shortest unordered path, of those with that
// onlyIfFew, if it is shorter than most and cheaper than sorted; else sorted.
func (p *planner) shortestList(ctx context.Context, sorted *pagePlan, unordered [][]indexPath, onlyIfFew bool, most float64) (*pagePlan, error) {
	most = min(most, maxSorted)
	if sorted != nil {
		most = min(most, sorted.cost/sortCost)
	}
	for i := range p.nodes {
		for _, a := range unordered[i] {
			if a.onlyIfFew != onlyIfFew {
				continue
			}
			if most*sortCost <= minPlanCost {
				return sorted, nil
			}
			n, a, err := p.pathLength(ctx, a, int64(most)+1)
			if err != nil {
				return nil, err
			}
			r := pagePlan{paths: []indexPath{a}, rest: p.nodes, sort: true, cost: float64(n) * sortCost}
			if a.exact {
				r.rest = without(p.nodes, i)
			}
			switch {
			case a.alias != "" && float64(n) <= most:
				most = float64(n)
			case onlyIfFew:
				continue
			default:
				r.cost *= retryFactor // its length is unknown
			}
			sorted = cheaper(sorted, r)
		}
	}
	return sorted, nil
}

func cheaper(known *pagePlan, r pagePlan) *pagePlan {
	if known != nil && known.cost <= r.cost {
		return known
	}
	return &r
}

// expectedCost estimates how many of most visitors in order are tested until the page is full.
func (p *planner) expectedCost(rest []bound.Node, most float64) float64 {
	match := 1.0
	for _, n := range rest {
		match *= p.shareOf(p.sizes, n)
	}
	return min(most, float64(p.sel.Limit)/max(match, 1e-9))
}
