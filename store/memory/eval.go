package memory

import (
	"cmp"
	"context"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/visitor"
)

// run runs a filter on a workspace that nobody changes meanwhile.
type run struct {
	ctx     context.Context
	w       *workspace
	visitor visitor.Visitor // of check, used again and again
}

// eval returns those within that n matches. The result may be shared: it is not changed.
func (r *run) eval(n filter.Node, within *roaring.Bitmap) (*roaring.Bitmap, error) {
	if err := r.ctx.Err(); err != nil {
		return nil, err
	}
	if sets, ok := r.sets(n); ok {
		return r.union(sets, within), nil
	}
	switch n := n.(type) {
	case filter.Constant:
		if n {
			return within, nil
		}
		return roaring.New(), nil
	case filter.AllOf:
		return r.all(n, within)
	case filter.AnyOf:
		return r.any(n, within)
	case filter.Inverse:
		if sets, ok := r.sets(n.Of); ok && len(sets) == 1 {
			return roaring.AndNot(within, sets[0]), nil
		}
		found, err := r.eval(n.Of, within)
		if err != nil {
			return nil, err
		}
		return roaring.AndNot(within, found), nil
	case filter.Terms:
		return r.terms(n, within)
	case *filter.Test:
		if n.Op == filter.OpAll {
			return r.every(n, within), nil
		}
		return r.test(n, within)
	}
	return r.check(n, within)
}

// all narrows within by one node after the other, the cheap ones first.
func (r *run) all(nodes filter.AllOf, within *roaring.Bitmap) (*roaring.Bitmap, error) {
	for _, n := range r.cheapFirst(nodes) {
		var err error
		if within, err = r.eval(n, within); err != nil || within.IsEmpty() {
			return within, err
		}
	}
	return within, nil
}

// every returns those within who carry all of some tags, or are in all of some groups.
func (r *run) every(t *filter.Test, within *roaring.Bitmap) *roaring.Bitmap {
	sets := r.w.labels(t)
	if len(sets) < len(t.Texts) {
		return roaring.New()
	}
	slices.SortFunc(sets, func(a, b *roaring.Bitmap) int { return cmp.Compare(a.GetCardinality(), b.GetCardinality()) })
	for _, set := range sets {
		if within = r.union([]*roaring.Bitmap{set}, within); within.IsEmpty() {
			break
		}
	}
	return within
}

// any asks each node for those that the cheaper ones have not found.
func (r *run) any(nodes filter.AnyOf, within *roaring.Bitmap) (*roaring.Bitmap, error) {
	var easy []*roaring.Bitmap
	var hard []filter.Node
	for _, n := range nodes {
		if sets, ok := r.sets(n); ok {
			easy = append(easy, sets...)
		} else {
			hard = append(hard, n)
		}
	}
	found := r.union(easy, within).Clone()
	rest := roaring.AndNot(within, found)
	for _, n := range r.cheapFirst(hard) {
		more, err := r.eval(n, rest)
		if err != nil {
			return nil, err
		}
		found.Or(more)
		rest = roaring.AndNot(rest, more)
	}
	return found, nil
}

// union returns those within that are in one of the sets.
func (r *run) union(sets []*roaring.Bitmap, within *roaring.Bitmap) *roaring.Bitmap {
	switch {
	case len(sets) == 0:
		return roaring.New()
	case len(sets) > 1:
		sets = []*roaring.Bitmap{roaring.FastOr(sets...)}
	}
	if within == r.w.live {
		return sets[0] // every set is a part of it
	}
	return roaring.And(sets[0], within)
}

// Weights of nodes that the bitmaps do not answer, above every number of visitors.
const (
	weightOfRest = 1 << (33 + iota) // of an Inverse
	weightOfTime
	weightOfText
	weightOfCheck
)

// weight guesses what eval of n costs: the size of its sets, or the dearest thing to do.
func (r *run) weight(n filter.Node) uint64 {
	if sets, ok := r.sets(n); ok {
		var size uint64
		for _, set := range sets {
			size += set.GetCardinality()
		}
		return size
	}
	switch n := n.(type) {
	case filter.AllOf:
		return r.heaviest(n)
	case filter.AnyOf:
		return r.heaviest(n)
	case filter.Inverse:
		return max(weightOfRest, r.weight(n.Of))
	case filter.Terms:
		return weightOfText
	case *filter.Test:
		if _, ok := r.w.column(n); ok {
			return weightOfTime
		}
		if n.Op == filter.OpAll {
			return r.w.rarest(n)
		}
		if needles(n) != nil {
			return weightOfText
		}
	}
	return weightOfCheck
}

func (r *run) heaviest(nodes []filter.Node) (most uint64) {
	for _, n := range nodes {
		most = max(most, r.weight(n))
	}
	return most
}

func (r *run) cheapFirst(nodes []filter.Node) []filter.Node {
	type weighed struct {
		node   filter.Node
		weight uint64
	}
	list := make([]weighed, len(nodes))
	for i, n := range nodes {
		list[i] = weighed{n, r.weight(n)}
	}
	slices.SortStableFunc(list, func(a, b weighed) int { return cmp.Compare(a.weight, b.weight) })
	sorted := make([]filter.Node, len(nodes))
	for i := range list {
		sorted[i] = list[i].node
	}
	return sorted
}
