package memory

import (
	"cmp"
	"context"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/contactpipeline/visitors/filter/bound"
)

// evaluator finds the visitors that a filter matches, in a workspace that does not change.
type evaluator struct {
	ctx context.Context
	w   *workspace
}

// eval returns the positions in within that n matches. The result may be shared, so it must
// not be modified.
func (e *evaluator) eval(n bound.Node, within *roaring.Bitmap) (*roaring.Bitmap, error) {
	if err := e.ctx.Err(); err != nil {
		return nil, err
	}
	switch n := n.(type) {
	case bound.AllOf:
		return e.all(n, within)
	case bound.AnyOf:
		return e.any(n, within)
	case bound.Negation:
		found, err := e.eval(n.Of, within)
		if err != nil {
			return nil, err
		}
		return roaring.AndNot(within, found), nil
	case bound.Terms:
		return e.terms(n, within)
	case *bound.Test:
		return e.test(n, within)
	}
	if n == bound.Constant(true) {
		return within, nil
	}
	return roaring.New(), nil
}

// all narrows within by one node after another, the cheapest first.
func (e *evaluator) all(nodes bound.AllOf, within *roaring.Bitmap) (*roaring.Bitmap, error) {
	for _, n := range e.w.cheapestFirst(nodes) {
		var err error
		if within, err = e.eval(n, within); err != nil || within.IsEmpty() {
			return within, err
		}
	}
	return within, nil
}

// any evaluates each node only where the cheaper ones found nothing.
func (e *evaluator) any(nodes bound.AnyOf, within *roaring.Bitmap) (*roaring.Bitmap, error) {
	found := roaring.New()
	for _, n := range e.w.cheapestFirst(nodes) {
		more, err := e.eval(n, within)
		if err != nil {
			return nil, err
		}
		found.Or(more)
		within = roaring.AndNot(within, more)
	}
	return found, nil
}

// union returns the positions in within that are in one of the sets.
func (e *evaluator) union(sets []*roaring.Bitmap, within *roaring.Bitmap) *roaring.Bitmap {
	if len(sets) != 1 {
		sets = []*roaring.Bitmap{roaring.FastOr(sets...)}
	}
	if within == e.w.live {
		return sets[0] // every set is a subset of it
	}
	return roaring.And(sets[0], within)
}

// Costs of nodes, by what answers them.
const (
	costOfBitmaps = iota
	costOfTime
	costOfText
	costOfCheck
)

// cost returns the cost of eval, which is that of the most expensive part of n.
func (w *workspace) cost(n bound.Node) (cost int) {
	switch n := n.(type) {
	case bound.AllOf:
		for _, child := range n {
			cost = max(cost, w.cost(child))
		}
	case bound.AnyOf:
		return w.cost(bound.AllOf(n))
	case bound.Negation:
		return w.cost(n.Of)
	case bound.Terms:
		return costOfText
	case *bound.Test:
		if _, ok := w.sets(n); ok {
			return costOfBitmaps
		}
		if w.column(n) != nil {
			return costOfTime
		}
		if needles(n) != nil {
			return costOfText
		}
		return costOfCheck
	}
	return cost
}

func (w *workspace) cheapestFirst(nodes []bound.Node) []bound.Node {
	return slices.SortedStableFunc(slices.Values(nodes), func(a, b bound.Node) int {
		return cmp.Compare(w.cost(a), w.cost(b))
	})
}
