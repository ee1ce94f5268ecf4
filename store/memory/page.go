package memory

import (
	"context"
	"iter"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

func (w *workspace) find(ctx context.Context, q store.Select) ([]visitor.Visitor, error) {
	key, descending, ok := q.Order.Key()
	if !ok {
		return nil, text.Refuse("order", "unknown")
	}
	if q.Limit < 1 {
		return nil, text.Refuse("limit", "less than 1")
	}
	a := arrangement{w: w, key: key, descending: descending, limit: min(q.Limit, len(w.records)+1)}
	if q.After != nil {
		id, ok := parseID(q.After.ID)
		if !ok && q.After.ID != "" {
			return nil, text.Refuse("after", "not an id")
		}
		a.after = &place{name: []byte(q.After.Name), micros: q.After.Micros, id: id}
	}
	r := &run{ctx: ctx, w: w}
	find := r.sorted
	if key == store.ByID {
		find = r.inOrder
	}
	positions, err := find(q.Where.Node(), a)
	if err != nil {
		return nil, err
	}
	if len(positions) == 0 {
		return nil, nil
	}
	page := make([]visitor.Visitor, len(positions))
	for i, p := range positions {
		w.records[p].fill(&page[i])
	}
	return page, nil
}

// sorted picks the first of all matches.
func (r *run) sorted(where filter.Node, a arrangement) ([]uint32, error) {
	matches, err := r.eval(where, r.w.live)
	if err != nil {
		return nil, err
	}
	for p := range matches.Iterate {
		a.offer(p)
	}
	return a.done(), nil
}

// inOrder walks the positions in their order until it has enough, and puts those who are
// late between them.
func (r *run) inOrder(where filter.Node, a arrangement) ([]uint32, error) {
	late, err := r.eval(where, r.w.late)
	if err != nil {
		return nil, err
	}
	for p := range late.Iterate {
		a.offer(p)
	}
	from, to := 0, len(r.w.records)
	switch {
	case a.after == nil:
	case a.descending:
		to = r.w.firstFrom(a.after.id)
	default:
		from = r.w.firstAfter(a.after.id)
	}
	var found []uint32
	for window := range windows(from, to, a.limit, a.descending) {
		window.And(r.w.live)
		window.AndNot(r.w.late)
		matches, err := r.eval(where, window)
		if err != nil {
			return nil, err
		}
		found = appendFirst(found, matches, a.limit, a.descending)
		if len(found) == a.limit {
			break
		}
	}
	return a.merge(found), nil
}

// windows cuts the positions into stretches, each four times as long as the one before,
// so that a full page costs little and an empty one few steps.
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

// appendFirst appends positions from one end of the set until there are limit.
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
