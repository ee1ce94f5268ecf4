package store

import (
	"cmp"
	"context"
	"fmt"
	"iter"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

// Sizes of a page.
const (
	DefaultLimit = 50
	MaxLimit     = 1_000
)

// Query selects and orders visitors.
type Query struct {
	Where filter.Expr // required; filter.All() matches every visitor
	Order Order       // default: NewestFirst
	After string      // Page.Next of the previous page; "" for the first page
	Limit int         // 1 to MaxLimit; default: DefaultLimit
}

// Page is one page of a result.
type Page struct {
	Visitors []visitor.Visitor
	Next     string // Query.After of the next page; "" on the last page
}

// Find returns one page of the matching visitors. If visitors are created, changed or deleted
// between pages, a visitor whose place in the order does not change is neither skipped nor
// repeated; relative dates are relative to the time of the first page. The error matches
// ErrInvalid for a missing or invalid filter, order or limit, and for an After of another
// query or workspace.
func (w *Workspace) Find(ctx context.Context, q Query) (Page, error) {
	const op = "find visitors"
	q.Limit, q.Order = cmp.Or(q.Limit, DefaultLimit), cmp.Or(q.Order, NewestFirst)
	if q.Limit < 0 || q.Limit > MaxLimit {
		return Page{}, fail(op, text.Refuse("limit", fmt.Sprintf("want 1 to %d", MaxLimit)))
	}
	if _, _, ok := driver.Sorting(q.Order); !ok {
		return Page{}, fail(op, text.Refuse("order", "unknown"))
	}
	at, err := w.start(q)
	if err != nil {
		return Page{}, fail(op, err)
	}
	where, err := w.bind(ctx, q.Where, at.now)
	if err != nil {
		return Page{}, fail(op, err)
	}
	// One visitor more than the limit means that a next page exists.
	found, err := w.store.FindVisitors(ctx, w.id, driver.Select{Where: where, Order: q.Order, After: at.position, Limit: q.Limit + 1})
	if err != nil {
		return Page{}, fail(op, err)
	}
	page := Page{Visitors: found}
	if len(found) > q.Limit {
		page.Visitors = found[:q.Limit]
		last := driver.PositionOf(q.Order, page.Visitors[q.Limit-1])
		sum, err := w.fingerprint(q)
		if err != nil {
			return Page{}, fail(op, err)
		}
		page.Next = cursor{now: at.now, position: &last}.String(sum)
	}
	return page, nil
}

// batches iterates over the visitors that match, q.Limit at a time. The last batch has fewer, and can be
// empty. An error ends the iteration.
func (w *Workspace) batches(ctx context.Context, q driver.Select) iter.Seq2[[]visitor.Visitor, error] {
	return func(yield func([]visitor.Visitor, error) bool) {
		for {
			found, err := w.store.FindVisitors(ctx, w.id, q)
			if !yield(found, err) || err != nil || len(found) < q.Limit {
				return
			}
			last := driver.PositionOf(q.Order, found[len(found)-1])
			q.After = &last
		}
	}
}

// start returns the position of q.After or, for the first page, the current time.
func (w *Workspace) start(q Query) (cursor, error) {
	if q.After == "" {
		return cursor{now: w.now()}, nil
	}
	if q.Where == nil {
		return cursor{}, errNoFilter
	}
	sum, err := w.fingerprint(q)
	if err != nil {
		return cursor{}, err
	}
	return readCursor(q.After, sum)
}

// All iterates over all matching visitors, starting at Query.After. It reads pages of
// Query.Limit (default: MaxLimit) and keeps nothing open between them, so it is not a
// snapshot; see Find about concurrent changes. An error ends the iteration.
func (w *Workspace) All(ctx context.Context, q Query) iter.Seq2[visitor.Visitor, error] {
	q.Limit = cmp.Or(q.Limit, MaxLimit)
	return func(yield func(visitor.Visitor, error) bool) {
		for q := q; ; {
			page, err := w.Find(ctx, q)
			if err != nil {
				yield(visitor.Visitor{}, err)
				return
			}
			for _, v := range page.Visitors {
				if !yield(v, nil) {
					return
				}
			}
			if page.Next == "" {
				return
			}
			q.After = page.Next
		}
	}
}

// Count returns the exact number of matching visitors. The error matches ErrInvalid for a
// missing or invalid filter.
func (w *Workspace) Count(ctx context.Context, e filter.Expr) (int64, error) {
	return w.count(ctx, e, 0)
}

// CountUpTo returns the number of matching visitors, or limit if there are more: for a screen
// that shows "10,000+". Errors are as for Count, and ErrInvalid for a limit below 1.
func (w *Workspace) CountUpTo(ctx context.Context, e filter.Expr, limit int64) (int64, error) {
	if limit < 1 {
		return 0, fail("count visitors", text.Refuse("limit", "want at least 1"))
	}
	n, err := w.count(ctx, e, limit)
	return min(n, limit), err
}

func (w *Workspace) count(ctx context.Context, e filter.Expr, limit int64) (int64, error) {
	const op = "count visitors"
	where, err := w.bind(ctx, e, w.now())
	if err != nil {
		return 0, fail(op, err)
	}
	n, err := w.store.CountVisitors(ctx, w.id, where, limit)
	return n, fail(op, err)
}
