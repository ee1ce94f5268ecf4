package sqlstore

import (
	"context"
	"math"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store/driver"
)

// What things cost, in units of a visitor reached and tested.
const (
	sortCost = 1.5    // to reach one that is to be sorted, by way of its profile
	smallJob = 400    // less than this is not worth asking how to make less
	longList = 10_000 // a list of more is not sorted while there is another way
	farther  = 8      // how many times longer than a guess something may be

	shortWalk = 1_000 // to begin with, where something else may be shorter
)

// route is a way to the visitors of a page.
type route struct {
	parts []access      // whose union is gone through
	rest  []filter.Node // what is left to be tested
	cost  float64       // a guess
	most  float64       // what it costs at worst
	sort  bool          // all that is reached is sorted, else it comes in order
}

// planner finds the profiles of a page. SQLite does not know how common a value is, so the
// planner tells it from where to start: INDEXED BY names the index and CROSS JOIN fixes the
// order.
type planner struct {
	scope
	sel   driver.Select
	order ordering
	nodes []filter.Node // which must all match
	sizes sizes
	found []record
}

// find finds the profiles of the page, in order.
func (p *planner) find(ctx context.Context) error {
	walk := route{parts: []access{p.everyone()}, rest: p.nodes}
	streams := make([][]access, len(p.nodes))
	lists := make([][]access, len(p.nodes))
	sole, ways := -1, 0
	for i, n := range p.nodes {
		if streams[i] = p.streams(n); streams[i] != nil {
			sole = i
			ways++
		} else if lists[i] = p.lists(n); lists[i] != nil {
			ways++
		}
	}
	switch {
	case ways == 0:
		return p.all(ctx, walk)
	case ways == 1 && sole >= 0 && p.order.column == "":
		return p.all(ctx, route{parts: streams[sole], rest: without(p.nodes, sole)})
	}
	return p.cheapest(ctx, walk, streams, lists)
}

// everyone reaches all visitors in order.
func (p *planner) everyone() access {
	return profileBy(map[string]string{
		"": "visitors_visitor_id", "name_fold": "visitors_visitor_name",
		"last_seen_at": "visitors_visitor_seen", "updated_at": "visitors_visitor_updated",
	}[p.order.column], nil)
}

// cheapest takes the route that promises to be the shortest, and does not trust it too far:
// values that go along with the order are no rarity.
func (p *planner) cheapest(ctx context.Context, walk route, streams, lists [][]access) (err error) {
	if p.sizes, err = p.scope.sizes(ctx, flat(streams, p.inverses())); err != nil {
		return err
	}
	walk, sorted := p.counted(walk, streams)
	if walk.cost > smallJob {
		if sorted, err = p.shortest(ctx, sorted, lists, true, walk.cost/sortCost); err != nil {
			return err
		}
	}
	if sorted != nil && sorted.cost <= smallJob {
		return p.all(ctx, *sorted)
	}
	length, measured := max(shortWalk, 2*walk.cost), walk.cost/sortCost
	if len(flat(lists, nil)) > 0 && walk.cost <= min(longList, walk.most-1) && (sorted == nil || walk.cost < sorted.cost) {
		if done, err := p.stretch(ctx, walk, shortWalk); done || err != nil {
			return err
		}
		// The guess was wrong. Of a list this long, a walk finds as many in the time that
		// sorting it takes.
		length, measured = shortWalk*farther, math.Sqrt(float64(p.sel.Limit)*walk.most/sortCost)
	}
	if sorted, err = p.shortest(ctx, sorted, lists, false, measured); err != nil {
		return err
	}
	if sorted == nil {
		return p.all(ctx, walk)
	}
	for ; sorted.cost > walk.cost && length < sorted.cost; length *= farther {
		if done, err := p.stretch(ctx, walk, length); done || err != nil {
			return err
		}
	}
	return p.all(ctx, *sorted)
}

// counted returns the best way to walk in order and, where streams are in another one, the
// shortest to sort.
func (p *planner) counted(walk route, streams [][]access) (route, *route) {
	walk.most = float64(p.sizes.total)
	walk.cost = p.expected(walk.rest, walk.most)
	var sorted *route
	for i := range p.nodes {
		if streams[i] == nil {
			continue
		}
		r := route{parts: streams[i], rest: without(p.nodes, i), most: float64(p.sizes.sum(streams[i]))}
		if p.order.column != "" {
			r.sort, r.cost = true, r.most*sortCost
			sorted = better(sorted, r)
		} else if r.cost = p.expected(r.rest, r.most); r.cost <= walk.cost {
			walk = r
		}
	}
	return walk, sorted
}

// shortest looks for a list, brief or other, that is shorter than most and than what there
// is to sort already.
func (p *planner) shortest(ctx context.Context, sorted *route, lists [][]access, brief bool, most float64) (*route, error) {
	most = min(most, longList)
	if sorted != nil {
		most = min(most, sorted.cost/sortCost)
	}
	for i := range p.nodes {
		for _, a := range lists[i] {
			if a.brief != brief {
				continue
			}
			if most*sortCost <= smallJob {
				return sorted, nil
			}
			n, a, err := p.length(ctx, a, int64(most)+1)
			if err != nil {
				return nil, err
			}
			r := route{parts: []access{a}, rest: p.nodes, sort: true, cost: float64(n) * sortCost}
			if a.exact {
				r.rest = without(p.nodes, i)
			}
			switch {
			case a.alias != "" && float64(n) <= most:
				most = float64(n)
			case brief:
				continue
			default:
				r.cost *= farther // too long to tell
			}
			sorted = better(sorted, r)
		}
	}
	return sorted, nil
}

func better(known *route, r route) *route {
	if known != nil && known.cost <= r.cost {
		return known
	}
	return &r
}

// expected guesses how many of the visitors on a route, which has most of them, are tested
// until the page is full.
func (p *planner) expected(rest []filter.Node, most float64) float64 {
	match := 1.0
	for _, n := range rest {
		match *= p.share(p.sizes, n)
	}
	return min(most, float64(p.sel.Limit)/max(match, 1e-9))
}

// inverses are the streams of what is excluded, whose sizes help to guess.
func (p *planner) inverses() []access {
	var all []access
	for _, n := range p.nodes {
		if not, ok := n.(filter.Negation); ok {
			all = append(all, p.streams(not.Of)...)
		}
	}
	return all
}

func flat(streams [][]access, more []access) []access {
	for _, some := range streams {
		more = append(more, some...)
	}
	return more
}
