package memory

import (
	"context"
	"iter"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/contactpipeline/visitors/filter/bound"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

func (w *workspace) find(ctx context.Context, q driver.Select) ([]visitor.Visitor, error) {
	key, descending, ok := driver.Sorting(q.Order)
	if !ok {
		return nil, text.Refuse("order", "unknown")
	}
	if q.Limit < 1 {
		return nil, text.Refuse("limit", "less than 1")
	}
	top := topN{w: w, key: key, descending: descending, limit: min(q.Limit, len(w.records)+1)}
	if q.After != nil {
		id, ok := parseID(q.After.ID)
		if !ok && q.After.ID != "" {
			return nil, text.Refuse("after", "not an id")
		}
		top.after = &rank{&record{id: id}, []byte(q.After.Name), q.After.Micros}
	}
	e := &evaluator{ctx, w}
	var err error
	if key == driver.ByID {
		err = e.offerInOrder(q.Where.Node(), &top)
	} else {
		err = e.offer(q.Where.Node(), w.live, &top)
	}
	if err != nil {
		return nil, err
	}
	best := top.first()
	page := slices.Grow([]visitor.Visitor(nil), len(best))
	for _, r := range best {
		page = append(page, r.record.visitor())
	}
	return page, nil
}

// offer offers all matches in within to top.
func (e *evaluator) offer(where bound.Node, within *roaring.Bitmap, top *topN) error {
	matches, err := e.eval(where, within)
	if err != nil {
		return err
	}
	for p := range matches.Iterate {
		top.offer(p)
	}
	return nil
}

// offerInOrder offers the matches that are out of order, and then those in the order of ids
// until the page is full.
func (e *evaluator) offerInOrder(where bound.Node, top *topN) error {
	if err := e.offer(where, e.w.outOfOrder, top); err != nil {
		return err
	}
	from, to := 0, len(e.w.records)
	switch {
	case top.after == nil:
	case top.descending:
		to = e.w.firstFrom(top.after.record.id)
	default:
		from = e.w.firstFrom(top.after.record.id)
	}
	left := top.limit + 1 // the first may be the start of the page
	for window := range windows(from, to, left, top.descending) {
		window.And(e.w.live)
		window.AndNot(e.w.outOfOrder)
		matches, err := e.eval(where, window)
		if err != nil {
			return err
		}
		var it roaring.IntIterable = matches.Iterator()
		if top.descending {
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
