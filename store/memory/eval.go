package memory

import (
	"cmp"
	"context"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/contactpipeline/visitors/filter/bound"
	"github.com/contactpipeline/visitors/visitor"
)

// evaluator finds the visitors that a filter matches, in a workspace that does not change.
type evaluator struct {
	ctx     context.Context
	w       *workspace
	visitor visitor.Visitor // buffer of check
}

// eval returns the positions in within that n matches. The result may be shared, so it must
// not be modified.
func (e *evaluator) eval(n bound.Node, within *roaring.Bitmap) (*roaring.Bitmap, error) {
	if err := e.ctx.Err(); err != nil {
		return nil, err
	}
	if sets, ok := e.sets(n); ok {
		return e.union(sets, within), nil
	}
	switch n := n.(type) {
	case bound.Constant:
		if n {
			return within, nil
		}
		return roaring.New(), nil
	case bound.AllOf:
		return e.all(n, within)
	case bound.AnyOf:
		return e.any(n, within)
	case bound.Negation:
		if sets, ok := e.sets(n.Of); ok && len(sets) == 1 {
			return roaring.AndNot(within, sets[0]), nil
		}
		found, err := e.eval(n.Of, within)
		if err != nil {
			return nil, err
		}
		return roaring.AndNot(within, found), nil
	case bound.Terms:
		return e.terms(n, within)
	case *bound.Test:
		if n.Op == bound.OpAll {
			return e.every(n, within), nil
		}
		return e.test(n, within)
	}
	return e.check(n, within)
}

// all narrows within by one node after another, the cheapest first.
func (e *evaluator) all(nodes bound.AllOf, within *roaring.Bitmap) (*roaring.Bitmap, error) {
	for _, n := range e.cheapestFirst(nodes) {
		var err error
		if within, err = e.eval(n, within); err != nil || within.IsEmpty() {
			return within, err
		}
	}
	return within, nil
}

// every returns the visitors in within that have all of some tags, or are in all of some groups.
func (e *evaluator) every(t *bound.Test, within *roaring.Bitmap) *roaring.Bitmap {
	sets := e.w.catalogSetsOf(t)
	if len(sets) < len(t.Texts) {
		return roaring.New()
	}
	slices.SortFunc(sets, func(a, b *roaring.Bitmap) int { return cmp.Compare(a.GetCardinality(), b.GetCardinality()) })
	for _, set := range sets {
		if within = e.union([]*roaring.Bitmap{set}, within); within.IsEmpty() {
			break
		}
	}
	return within
}

// any evaluates each node only where the cheaper ones found nothing.
func (e *evaluator) any(nodes bound.AnyOf, within *roaring.Bitmap) (*roaring.Bitmap, error) {
	var easy []*roaring.Bitmap
	var hard []bound.Node
	for _, n := range nodes {
		if sets, ok := e.sets(n); ok {
			easy = append(easy, sets...)
		} else {
			hard = append(hard, n)
		}
	}
	found := e.union(easy, within).Clone()
	rest := roaring.AndNot(within, found)
	for _, n := range e.cheapestFirst(hard) {
		more, err := e.eval(n, rest)
		if err != nil {
			return nil, err
		}
		found.Or(more)
		rest = roaring.AndNot(rest, more)
	}
	return found, nil
}

// union returns the positions in within that are in one of the sets.
func (e *evaluator) union(sets []*roaring.Bitmap, within *roaring.Bitmap) *roaring.Bitmap {
	switch {
	case len(sets) == 0:
		return roaring.New()
	case len(sets) > 1:
		sets = []*roaring.Bitmap{roaring.FastOr(sets...)}
	}
	if within == e.w.live {
		return sets[0] // every set is a subset of it
	}
	return roaring.And(sets[0], within)
}

// Costs of nodes that bitmaps do not answer, above every number of visitors.
const (
	costOfInverse = 1 << (33 + iota)
	costOfTime
	costOfText
	costOfCheck
)

// cost estimates the cost of eval: the size of the sets of n, or the most expensive work.
func (e *evaluator) cost(n bound.Node) uint64 {
	if sets, ok := e.sets(n); ok {
		var size uint64
		for _, set := range sets {
			size += set.GetCardinality()
		}
		return size
	}
	switch n := n.(type) {
	case bound.AllOf:
		return e.highestCost(n)
	case bound.AnyOf:
		return e.highestCost(n)
	case bound.Negation:
		return max(costOfInverse, e.cost(n.Of))
	case bound.Terms:
		return costOfText
	case *bound.Test:
		if _, ok := e.w.column(n); ok {
			return costOfTime
		}
		if n.Op == bound.OpAll {
			return e.w.rarest(n)
		}
		if needles(n) != nil {
			return costOfText
		}
	}
	return costOfCheck
}

func (e *evaluator) highestCost(nodes []bound.Node) (highest uint64) {
	for _, n := range nodes {
		highest = max(highest, e.cost(n))
	}
	return highest
}

func (e *evaluator) cheapestFirst(nodes []bound.Node) []bound.Node {
	type costed struct {
		node bound.Node
		cost uint64
	}
	list := make([]costed, len(nodes))
	for i, n := range nodes {
		list[i] = costed{n, e.cost(n)}
	}
	slices.SortStableFunc(list, func(a, b costed) int { return cmp.Compare(a.cost, b.cost) })
	sorted := make([]bound.Node, len(nodes))
	for i := range list {
		sorted[i] = list[i].node
	}
	return sorted
}
