package index

import (
	"context"
	"iter"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/google/uuid"

	"github.com/contactpipeline/visitors/filter/bound"
	"github.com/contactpipeline/visitors/store/driver"
)

// Page is which matches Index.Page returns.
type Page struct {
	Key        driver.SortKey
	Descending bool
	Limit      int   // 1 or more
	After      *Rank // where the page starts; nil for the first
}

// Rank is the place of a visitor in an order, as driver.Position. Only the fields that the
// order compares matter.
type Rank struct {
	Name   []byte // folded
	Micros int64
	ID     uuid.UUID
}

// Page returns the positions of a page of matches, in order.
func (x *Index) Page(ctx context.Context, where bound.Node, page Page) ([]uint32, error) {
	top := topN{x: x, Page: page}
	top.Limit = min(page.Limit, x.Len()+1)
	e := &evaluator{ctx, x}
	offer := e.offer
	if page.Key == driver.ByID {
		offer = e.offerInOrder
	}
	if err := offer(where, &top); err != nil {
		return nil, err
	}
	var positions []uint32
	for _, r := range top.first() {
		positions = append(positions, r.position)
	}
	return positions, nil
}

// offer offers all matches to top or, if they are many, those in one bin after another until
// the page is full.
func (e *evaluator) offer(where bound.Node, top *topN) error {
	matches, err := e.eval(where, e.x.live)
	if err != nil {
		return err
	}
	if matches.GetCardinality() <= uint64(e.x.few) {
		top.offerAll(matches)
		return nil
	}
	for bin := range e.x.inOrder(top.Page) {
		if err := e.ctx.Err(); err != nil {
			return err
		}
		if top.offerAll(roaring.And(bin, matches)); len(top.first()) >= top.Limit {
			break
		}
	}
	return nil
}

// inOrder iterates over the bins of an order, from the start of a page on.
func (x *Index) inOrder(page Page) iter.Seq[*roaring.Bitmap] {
	after := page.After
	if after == nil {
		after = &Rank{}
	}
	switch page.Key {
	case driver.ByName:
		x.names.build(x.live)
		return x.names.from(after.Name, page.After == nil, page.Descending)
	case driver.BySeen:
		x.seen.build(x.live)
		return x.seen.from(after.Micros, page.After == nil, page.Descending)
	default:
		x.updated.build(x.live)
		return x.updated.from(after.Micros, page.After == nil, page.Descending)
	}
}

// offerInOrder offers the matches that are late, and then those in the order of ids until the
// page is full.
func (e *evaluator) offerInOrder(where bound.Node, top *topN) error {
	late, err := e.eval(where, e.x.late)
	if err != nil {
		return err
	}
	top.offerAll(late)
	from, to := 0, e.x.Len()
	switch {
	case top.After == nil:
	case top.Descending:
		to = e.x.firstFrom(top.After.ID)
	default:
		from = e.x.firstFrom(top.After.ID)
	}
	left := top.Limit + 1 // the first may be the start of the page
	for window := range windows(from, to, left, top.Descending) {
		window.And(e.x.live)
		window.AndNot(e.x.late)
		matches, err := e.eval(where, window)
		if err != nil {
			return err
		}
		var it roaring.IntIterable = matches.Iterator()
		if top.Descending {
			it = matches.ReverseIterator()
		}
		for ; left > 0 && it.HasNext(); left-- {
			top.offer(it.Next())
		}
		if left == 0 {
			break
		}
	}
	return nil
}

// windows divides the positions into windows, each four times as large as the one before:
// a page that is soon full costs little, and one without matches takes few steps.
func windows(from, to, limit int, backward bool) iter.Seq[*roaring.Bitmap] {
	return func(yield func(*roaring.Bitmap) bool) {
		for size := max(4_096, 4*limit); from < to; size *= 4 {
			size = min(size, to-from)
			start := from
			if backward {
				start = to - size
				to = start
			} else {
				from += size
			}
			window := roaring.New()
			window.AddRange(uint64(start), uint64(start+size))
			if !yield(window) {
				return
			}
		}
	}
}
