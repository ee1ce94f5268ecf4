package index

import (
	"context"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/contactpipeline/visitors/filter/bound"
)

// evaluator finds the visitors that a filter matches, in an index that does not change.
type evaluator struct {
	ctx context.Context
	x   *Index
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
		if sets, ok := e.x.known(n.Of); ok {
			return without(within, sets), nil
		}
		found, err := e.eval(n.Of, within)
		if err != nil {
			return nil, err
		}
		return roaring.AndNot(within, found), nil
	case bound.Constant:
		if n {
			return within, nil
		}
		return roaring.New(), nil
	}
	return e.condition(n, within)
}

// all narrows within by one node after another, the cheapest first.
func (e *evaluator) all(nodes bound.AllOf, within *roaring.Bitmap) (*roaring.Bitmap, error) {
	for _, n := range e.x.cheapestFirst(nodes) {
		var err error
		if within, err = e.eval(n, within); err != nil || within.IsEmpty() {
			return within, err
		}
	}
	return within, nil
}

// any takes the union of what is known, and evaluates each other node only where the cheaper ones
// found nothing.
func (e *evaluator) any(nodes bound.AnyOf, within *roaring.Bitmap) (*roaring.Bitmap, error) {
	var sets []*roaring.Bitmap
	var others []bound.Node
	for _, n := range nodes {
		if more, ok := e.x.known(n); ok {
			sets = append(sets, more...)
		} else {
			others = append(others, n)
		}
	}
	found := e.union(sets, within)
	for _, n := range e.x.cheapestFirst(others) {
		within = roaring.AndNot(within, found)
		more, err := e.eval(n, within)
		if err != nil {
			return nil, err
		}
		found = roaring.Or(found, more)
	}
	return found, nil
}

// condition evaluates a Test or Terms.
func (e *evaluator) condition(n bound.Node, within *roaring.Bitmap) (*roaring.Bitmap, error) {
	if sets, ok := e.x.known(n); ok {
		return e.union(sets, within), nil
	}
	if t, ok := n.(*bound.Test); ok {
		switch t.Field.Name {
		case "created":
			return e.created(t, within), nil
		case "updated":
			return e.during(t, &e.x.updated, within)
		case "seen":
			return e.during(t, &e.x.seen, within)
		case "attr":
			within = e.union(e.x.existing(Attribute, t.Attr), within)
		}
	}
	return e.x.owner.Search(e.ctx, n, within)
}

// union returns the positions in within that are in one of the sets.
func (e *evaluator) union(sets []*roaring.Bitmap, within *roaring.Bitmap) *roaring.Bitmap {
	switch {
	case len(sets) == 0:
		return roaring.New()
	case len(sets) == 1 && within == e.x.live:
		return sets[0] // every set is a subset of it
	case len(sets) == 1:
		return roaring.And(sets[0], within)
	case within == e.x.live:
		return roaring.FastOr(sets...)
	}
	found := within.Clone()
	found.AndAny(sets...)
	return found
}

// without returns the positions in within that are in none of the sets.
func without(within *roaring.Bitmap, sets []*roaring.Bitmap) *roaring.Bitmap {
	for i, set := range sets {
		if i == 0 {
			within = roaring.AndNot(within, set)
		} else {
			within.AndNot(set)
		}
	}
	return within
}

// Costs of nodes, by what answers them.
const (
	costOfBitmaps = iota
	costOfTime
	costOfText
	costOfOther
)

// cost returns the cost of eval, which is that of the most expensive part of n.
func (x *Index) cost(n bound.Node) (cost int) {
	switch n := n.(type) {
	case bound.AllOf:
		for _, child := range n {
			cost = max(cost, x.cost(child))
		}
		return cost
	case bound.AnyOf:
		return x.cost(bound.AllOf(n))
	case bound.Negation:
		return x.cost(n.Of)
	case bound.Constant:
		return costOfBitmaps
	}
	if _, ok := x.known(n); ok {
		return costOfBitmaps
	}
	if t, ok := n.(*bound.Test); ok {
		switch t.Field.Kind {
		case bound.TimeKind:
			return costOfTime
		case bound.TextKind, bound.PhoneKind:
			return costOfText
		}
		return costOfOther
	}
	return costOfText
}

// cheapestFirst sorts nodes by their costs, each of which is found once.
func (x *Index) cheapestFirst(nodes []bound.Node) []bound.Node {
	var sorted [costOfOther + 1][]bound.Node
	for _, n := range nodes {
		cost := x.cost(n)
		sorted[cost] = append(sorted[cost], n)
	}
	return slices.Concat(sorted[:]...)
}
