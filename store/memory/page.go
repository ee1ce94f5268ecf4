package memory

import (
	"context"
	"iter"

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
		top.after = &rank{name: []byte(q.After.Name), micros: q.After.Micros, id: id}
	}
	e := &evaluator{ctx: ctx, w: w}
	find := e.sorted
	if key == driver.ByID {
		find = e.inOrder
	}
	positions, err := find(q.Where.Node(), top)
	if err != nil || len(positions) == 0 {
		return nil, err
	}
	page := make([]visitor.Visitor, len(positions))
	for i, p := range positions {
		page[i] = w.records[p].visitor()
	}
	return page, nil
}

// sorted selects the first of all matches.
func (e *evaluator) sorted(where bound.Node, top topN) ([]uint32, error) {
	matches, err := e.eval(where, e.w.live)
	if err != nil {
		return nil, err
	}
	for p := range matches.Iterate {
		top.offer(p)
	}
	return top.positions(), nil
}

// inOrder walks the positions in the order of ids until a page is full, and merges the
// visitors that are out of order into it.
func (e *evaluator) inOrder(where bound.Node, top topN) ([]uint32, error) {
	outOfOrder, err := e.eval(where, e.w.outOfOrder)
	if err != nil {
		return nil, err
	}
	for p := range outOfOrder.Iterate {
		top.offer(p)
	}
	from, to := 0, len(e.w.records)
	switch {
	case top.after == nil:
	case top.descending:
		to = e.w.firstFrom(top.after.id)
	default:
		from = e.w.firstAfter(top.after.id)
	}
	var found []uint32
	for window := range windows(from, to, top.limit, top.descending) {
		window.And(e.w.live)
		window.AndNot(e.w.outOfOrder)
		matches, err := e.eval(where, window)
		if err != nil {
			return nil, err
		}
		found = appendFirst(found, matches, top.limit, top.descending)
		if len(found) == top.limit {
			break
		}
	}
	return top.merge(found), nil
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

// appendFirst appends positions from one end of the set until to has limit.
func appendFirst(to []uint32, set *roaring.Bitmap, limit int, backward bool) []uint32 {
	var it roaring.IntIterable = set.Iterator()
	if backward {
		it = set.ReverseIterator()
	}
	for len(to) < limit && it.HasNext() {
		to = append(to, it.Next())
	}
	return to
}
