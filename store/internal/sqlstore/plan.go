package sqlstore

import (
	"context"

	sq "github.com/Masterminds/squirrel"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
)

// What things cost, in units of a visitor reached and tested.
const (
	sortCost = 1.5    // to reach one that is to be sorted, by way of its profile
	smallJob = 400    // less than this is not worth asking how to make less
	longList = 10_000 // a list of more is not sorted while there is another way
)

// route is a way to find the ids of a page.
type route struct {
	parts []access      // whose union is gone through
	rest  []filter.Node // what is left to be tested
	cost  float64       // a guess
	most  float64       // what it costs at worst
	sort  bool          // all that is reached is sorted, else it comes in order
}

// planner finds the ids of a page. SQLite does not know how common a value is, so the
// planner tells it from where to start: INDEXED BY names the index and CROSS JOIN fixes the
// order.
type planner struct {
	scope
	sel   store.Select
	order ordering
	nodes []filter.Node // which must all match
	sizes sizes
}

// ids returns queries of the ids of the page: the next one is asked when the one before
// has not filled the page.
func (p *planner) ids(ctx context.Context) ([]sq.Sqlizer, error) {
	walk := route{parts: []access{p.walkAll()}, rest: p.nodes}
	if p.d.Index() == nil || len(p.nodes) == 0 {
		return p.one(walk)
	}
	streams := make([][]access, len(p.nodes))
	lists := make([]*access, len(p.nodes))
	sole, ways := -1, 0
	for i, n := range p.nodes {
		if streams[i] = p.streams(n); streams[i] != nil {
			sole = i
			ways++
		} else if a, ok := p.list(n); ok {
			lists[i] = &a
			ways++
		}
	}
	switch {
	case ways == 0:
		return p.one(walk)
	case ways == 1 && sole >= 0 && p.order.column == "":
		return p.one(route{parts: streams[sole], rest: without(p.nodes, sole)})
	}
	return p.cheapest(ctx, walk, streams, lists)
}

func (p *planner) walkAll() access {
	index := map[string]string{
		"": "visitors_visitor_id", "name_fold": "visitors_visitor_name",
		"last_seen_at": "visitors_visitor_seen", "updated_at": "visitors_visitor_updated",
	}[p.order.column]
	a := profileBy(index, nil)
	if p.d.Index() == nil {
		a.from = visitorTable + " v"
	}
	return a
}

// cheapest compares the routes.
func (p *planner) cheapest(ctx context.Context, walk route, streams [][]access, lists []*access) ([]sq.Sqlizer, error) {
	var err error
	if p.sizes, err = p.scope.sizes(ctx, flat(streams, p.inverses())); err != nil {
		return nil, err
	}
	walk.most = float64(p.sizes.total)
	walk.cost = p.expected(walk.rest, walk.most)
	var sorted *route
	for i := range p.nodes {
		if streams[i] == nil {
			continue
		}
		r := route{parts: streams[i], rest: without(p.nodes, i), most: float64(p.sizes.sum(streams[i]))}
		if p.order.column == "" {
			if r.cost = p.expected(r.rest, r.most); r.cost <= walk.cost {
				walk = r
			}
			continue
		}
		r.sort, r.cost = true, r.most*sortCost
		sorted = better(sorted, r)
	}
	if sorted, err = p.shortest(ctx, walk, sorted, lists); err != nil {
		return nil, err
	}
	switch {
	case sorted == nil:
		return p.one(walk)
	case sorted.cost <= walk.cost:
		return p.one(*sorted)
	}
	return p.guarded(ctx, walk, *sorted)
}

// shortest looks for a list that is shorter than what there is to sort already.
func (p *planner) shortest(ctx context.Context, walk route, sorted *route, lists []*access) (*route, error) {
	for i, a := range lists {
		best := walk.cost
		if sorted != nil {
			best = min(best, sorted.cost)
		}
		if a == nil || best <= smallJob {
			continue
		}
		most := int64(min(best/sortCost, longList)) + 1
		n, err := p.length(ctx, *a, most)
		if err != nil {
			return nil, err
		}
		r := route{parts: []access{*a}, rest: p.nodes, sort: true, cost: float64(n) * sortCost}
		if n == most {
			r.cost = max(walk.most, r.cost) * sortCost // too long to tell
		}
		if a.exact {
			r.rest = without(p.nodes, i)
		}
		r.most = r.cost
		sorted = better(sorted, r)
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
		if not, ok := n.(filter.Inverse); ok {
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

func (p *planner) one(r route) ([]sq.Sqlizer, error) {
	q, err := p.query(r, nil)
	return []sq.Sqlizer{q}, err
}

// guarded goes along a route that promises to be the shorter one for no longer than the
// sure one takes, then takes that: values that go along with the order are no rarity.
func (p *planner) guarded(ctx context.Context, walk, sure route) ([]sq.Sqlizer, error) {
	if len(walk.parts) > 1 || walk.most <= sure.cost {
		return p.one(walk)
	}
	end, err := p.ahead(ctx, walk.parts[0], int64(sure.cost))
	if err != nil {
		return nil, err
	}
	if end == nil {
		return p.one(walk)
	}
	first, err := p.query(walk, end)
	if err != nil {
		return nil, err
	}
	second, err := p.query(sure, nil)
	return []sq.Sqlizer{first, second}, err
}
