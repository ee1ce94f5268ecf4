package store

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

// Limits of a page.
const (
	DefaultLimit = 50
	MaxLimit     = 1_000
)

// Query asks for visitors.
type Query struct {
	Where filter.Expr // required; filter.All() for everyone
	Order Order       // default: NewestFirst
	After string      // the Next of the page before; "" from the start
	Limit int         // 1 to MaxLimit; default: DefaultLimit
}

// Page is a part of a result.
type Page struct {
	Visitors []visitor.Visitor
	Next     string // for Query.After, to go on; "" when there are no more
}

// Find returns a page of the visitors that match. While visitors come, change and go
// between pages, a visitor that stays where it is in the order is neither skipped nor
// repeated; relative dates count from the time of the first page. The error matches
// ErrInvalid for a filter that is not valid or empty, and for a cursor of another query or
// workspace.
func (w *Workspace) Find(ctx context.Context, q Query) (Page, error) {
	const op = "find visitors"
	if q.Limit == 0 {
		q.Limit = DefaultLimit
	}
	if q.Limit < 0 || q.Limit > MaxLimit {
		return Page{}, fail(op, text.Refuse("limit", fmt.Sprintf("want 1 to %d", MaxLimit)))
	}
	if q.Order == "" {
		q.Order = NewestFirst
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
	// One more than asked for tells whether there is a next page.
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

// start is where q's page begins: at its cursor, or at the start, as of now.
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

// All iterates over all visitors that match, Query.Limit at a time (default and most:
// MaxLimit), from Query.After. It holds nothing open while the caller works, so it is not a
// snapshot; see Find for what holds meanwhile. An error ends it.
func (w *Workspace) All(ctx context.Context, q Query) iter.Seq2[visitor.Visitor, error] {
	if q.Limit == 0 {
		q.Limit = MaxLimit
	}
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

// Count returns how many visitors match: exactly.
func (w *Workspace) Count(ctx context.Context, e filter.Expr) (int64, error) {
	return w.count(ctx, e, 0)
}

// CountUpTo returns how many visitors match, or limit if there are more: for a screen that
// shows "10,000+".
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

// errNoFilter refuses a query without a filter: no filter does not mean everyone.
var errNoFilter = &filter.Error{Reason: "missing: say filter.All() for everyone"}

// bind makes e ready to run, as of now.
func (w *Workspace) bind(ctx context.Context, e filter.Expr, now time.Time) (filter.Bound, error) {
	if e == nil {
		return filter.Bound{}, errNoFilter
	}
	env, err := w.env(ctx, e, now)
	if err != nil {
		return filter.Bound{}, err
	}
	return filter.Bind(e, env)
}
