package store

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/filter/bound"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

// Advanced is what Advance did.
type Advanced struct {
	Entered, Left int // events recorded
	// Next is when to call it again: as the visitors are now, the clock changes nothing before it. It
	// is at most an hour ahead, and zero if no watched group has a rule that depends on the time.
	Next time.Time
}

// Advance records which visitors entered or left watched groups since the time passed, up to until.
// It need not be called in time, by one process only, or for the present: the events and their At
// are the same. If it ends early, by an error or a crash, the next call goes on where it ended. The
// error matches ErrInvalid if until is in the future.
func (w *Workspace) Advance(ctx context.Context, until time.Time) (Advanced, error) {
	const op = "advance watched groups"
	if until = until.UTC().Truncate(time.Microsecond); until.After(w.now()) {
		return Advanced{}, fail(op, text.Refuse("until", "in the future: nothing is known yet; see UpcomingChanges"))
	}
	done, err := w.advance(ctx, until, time.Hour)
	return done, fail(op, err)
}

// advance is Advance. It looks for what comes next up to a distance.
func (w *Workspace) advance(ctx context.Context, until time.Time, ahead time.Duration) (done Advanced, err error) {
	for {
		watching, err := w.watching(ctx)
		if err != nil || watching == nil {
			return done, err
		}
		if watching.Next == 0 {
			to := max(driver.Micros(until), watching.Clock)
			moved, err := w.crossed(ctx, watching, to)
			if err != nil {
				return done, err
			}
			if !moved {
				done.Next, err = w.nextFlip(ctx, watching, max(to, watching.At), ahead.Microseconds())
				return done, err
			}
			begin := driver.AdvanceWatch{Audit: driver.Audit{At: driver.FromMicros(to)}, To: driver.FromMicros(to)}
			if _, err := w.store.Apply(ctx, w.id, []driver.Change{begin}); err != nil {
				return done, err
			}
			continue
		}
		if err := w.finish(ctx, watching, &done); err != nil {
			return done, err
		}
	}
}

// crossed reports whether a membership may have changed by an instant.
func (w *Workspace) crossed(ctx context.Context, watching *driver.Watching, to int64) (bool, error) {
	if to <= watching.At {
		return false, nil
	}
	for _, s := range watching.Groups {
		if edits, err := s.Edits(watching.At, to); err != nil || len(edits) > 0 {
			return true, err
		}
		if first := s.Boundary(watching.At); first != 0 && first <= to {
			return true, nil
		}
		if s.Rules[0].Since > watching.At && len(s.Ages()) > 0 {
			return true, nil // from then on, less is to be looked at
		}
	}
	for _, c := range crossing(watching, to) {
		for _, r := range c.Ranges {
			found, err := w.within(ctx, c.Field, r, 1)
			if err != nil || len(found) > 0 {
				return true, err
			}
		}
	}
	return false, nil
}

// crossing returns the times of the visitors that the clock may have moved in or out of a group.
func crossing(watching *driver.Watching, to int64) (all []filter.Times) {
	for _, s := range watching.Groups {
		all = append(all, s.Crossing(watching.At, to)...)
	}
	return filter.JoinTimes(all)
}

// finish records the flips up to watching.Next, in the order of ids, in a transaction for each
// thousand. It stops if another call does the same.
func (w *Workspace) finish(ctx context.Context, watching *driver.Watching, done *Advanced) error {
	ids, err := w.flipping(ctx, watching)
	if err != nil {
		return err
	}
	after, to := watching.Cursor, driver.FromMicros(watching.Next)
	for {
		n := min(len(ids), driver.MaxAdvance)
		part := driver.AdvanceWatch{Audit: driver.Audit{At: to}, To: to, After: after, Visitors: ids[:n], Last: n == len(ids)}
		outcomes, err := w.store.Apply(ctx, w.id, []driver.Change{part})
		if err != nil || outcomes[0].Effect == driver.Unchanged {
			return err
		}
		done.Entered += outcomes[0].Entered
		done.Left += outcomes[0].Left
		if part.Last {
			return nil
		}
		after, ids = ids[n-1], ids[n:]
	}
}

// flipping returns the visitors with flips up to watching.Next, in order. A visitor that is changed
// from now on is not missed: its change records all up to then.
func (w *Workspace) flipping(ctx context.Context, watching *driver.Watching) ([]visitor.ID, error) {
	var ids []visitor.ID
	collect := func(found []visitor.Visitor) {
		for n := range found {
			v := &found[n]
			if v.ID > watching.Cursor && slices.ContainsFunc(watching.Groups, func(s *driver.Segment) bool {
				flips, _ := s.Flips(v, watching.At, watching.Next)
				return len(flips) > 0
			}) {
				ids = append(ids, v.ID)
			}
		}
	}
	for _, s := range watching.Groups {
		edits, err := s.Edits(watching.At, watching.Next)
		if err != nil {
			return nil, err
		}
		for _, e := range edits {
			differ := filter.Or(filter.And(e.After, filter.Not(e.Before)), filter.And(e.Before, filter.Not(e.After)))
			if err := w.pagesOf(ctx, differ, driver.OldestFirst, nil, collect); err != nil {
				return nil, err
			}
		}
	}
	for _, c := range crossing(watching, watching.Next) {
		for _, r := range c.Ranges {
			order, start := orderOf(c.Field, r.Min)
			if err := w.pagesOf(ctx, inRange(c.Field, r), order, start, collect); err != nil {
				return nil, err
			}
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

// pagesOf calls do with all visitors that match, a page at a time.
func (w *Workspace) pagesOf(ctx context.Context, e filter.Expr, o Order, after *driver.Position, do func([]visitor.Visitor)) error {
	where, err := filter.Bind(e, nil)
	if err != nil {
		return err
	}
	for found, err := range w.batches(ctx, driver.Select{Where: where, Order: o, After: after, Limit: MaxLimit}) {
		if err != nil {
			return err
		}
		do(found)
	}
	return nil
}

// within returns at most limit visitors with a time in a range.
func (w *Workspace) within(ctx context.Context, f filter.TimeField, r bound.Range[int64], limit int) ([]visitor.Visitor, error) {
	where, err := filter.Bind(inRange(f, r), nil)
	if err != nil {
		return nil, err
	}
	order, start := orderOf(f, r.Min)
	return w.store.FindVisitors(ctx, w.id, driver.Select{Where: where, Order: order, After: start, Limit: limit})
}

func inRange(f filter.TimeField, r bound.Range[int64]) filter.Expr {
	switch {
	case r.Max == math.MaxInt64:
		return f.Since(time.UnixMicro(r.Min))
	case r.Min == math.MinInt64:
		return f.Until(time.UnixMicro(r.Max))
	}
	return f.Between(time.UnixMicro(r.Min), time.UnixMicro(r.Max))
}

// orderOf returns the order in which visitors with a time from least on are read, and where to
// start: by the index that finds them, if there is an order for it.
func orderOf(f filter.TimeField, least int64) (Order, *driver.Position) {
	switch f {
	case filter.LastSeenAt:
		return LeastRecentlySeen, nil
	case filter.UpdatedAt:
		return RecentlyUpdated, nil
	case filter.CreatedAt:
		if before := time.UnixMicro(least).Add(-time.Millisecond); before.UnixMilli() > 0 {
			return OldestFirst, &driver.Position{ID: visitor.NewID(before)} // ids are in the order of creation
		}
	}
	return OldestFirst, nil
}

// nextFlip returns an instant before which the clock changes nothing after another, if all is
// recorded up to that; it looks no further than the horizon.
func (w *Workspace) nextFlip(ctx context.Context, watching *driver.Watching, now, horizon int64) (time.Time, error) {
	next := int64(0)
	sooner := func(at int64) {
		if at = max(at, now+1); next == 0 || at < next {
			next = at
		}
	}
	ages := map[filter.TimeField][]int64{}
	for _, s := range watching.Groups {
		if first := s.Boundary(now); first != 0 {
			sooner(min(first, now+horizon))
		}
		for f, some := range s.Ages() {
			ages[f] = append(ages[f], some...)
			sooner(now + horizon)
		}
	}
	for f, some := range ages {
		slices.Sort(some)
		for _, age := range slices.Compact(some) {
			until, err := w.firstWithin(ctx, f, now-age, horizon)
			if err != nil {
				return time.Time{}, err
			}
			sooner(until + age)
		}
	}
	return driver.FromMicros(next), nil
}

// firstWithin returns the first time of a field from least on, or an earlier one from least on where
// the exact one would take long to find; it looks no further than a distance.
func (w *Workspace) firstWithin(ctx context.Context, f filter.TimeField, least, distance int64) (int64, error) {
	found, err := w.within(ctx, f, bound.Range[int64]{Min: least, Max: least + distance}, 1)
	if err != nil || len(found) == 0 {
		return least + distance, err
	}
	switch f { // found is the first
	case filter.LastSeenAt:
		return found[0].LastSeenAt.UnixMicro(), nil
	case filter.CreatedAt:
		return found[0].CreatedAt.UnixMicro(), nil
	}
	const exact = int64(100 * time.Millisecond / time.Microsecond)
	low, high := int64(0), distance // nothing is before low, something before high
	for step := exact; high-low > exact; step *= 2 {
		middle := min(low+step, (low+high)/2)
		found, err := w.within(ctx, f, bound.Range[int64]{Min: least + low, Max: least + middle}, 1)
		if err != nil {
			return 0, err
		}
		if len(found) > 0 {
			high, step = middle, exact/2
		} else {
			low = middle
		}
	}
	return least + low, nil
}
