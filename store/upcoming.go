package store

import (
	"cmp"
	"context"
	"iter"
	"math"
	"slices"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

// UpcomingChange is a visitor that enters or leaves a group by the passing of time alone.
type UpcomingChange struct {
	Visitor visitor.ID
	At      time.Time // the instant from which it is a member, or not any more
	Entered bool
}

// UpcomingChanges iterates over who will enter or leave a group from now until a time, in the order
// of the instants, if no visitor changes until then: for example who lapses next week. A visitor can
// occur several times. The group need not be watched. It reads all of these visitors before the
// first is returned, and keeps about 100 bytes of each. An error ends the iteration; it matches
// ErrNotFound if there is no such group, or ErrInvalid if its rule cannot be watched: see WatchGroup.
func (w *Workspace) UpcomingChanges(ctx context.Context, id group.ID, until time.Time) iter.Seq2[UpcomingChange, error] {
	return func(yield func(UpcomingChange, error) bool) {
		all, err := w.upcoming(ctx, id, until)
		if err != nil {
			yield(UpcomingChange{}, fail("list upcoming changes", err))
			return
		}
		for _, c := range all {
			if !yield(c, nil) {
				return
			}
		}
	}
}

func (w *Workspace) upcoming(ctx context.Context, id group.ID, until time.Time) ([]UpcomingChange, error) {
	id, err := group.ParseID(string(id))
	if err != nil {
		return nil, err
	}
	if until.Year() > 9999 {
		return nil, text.Refuse("until", "after the year 9999")
	}
	found, err := w.store.ListGroups(ctx, w.id, driver.List{IDs: []string{string(id)}})
	if err == nil && len(found) == 0 {
		err = driver.NotFound("group", string(id))
	}
	if err != nil {
		return nil, err
	}
	now := w.now()
	g := driver.WatchedGroup{Group: id, WeekStart: *w.o.WeekStart, Rules: []driver.WatchedRule{{Since: math.MinInt64}}}
	if g.Zone, err = zoneName(w.o.Zone, now); err != nil {
		return nil, err
	}
	if found[0].Rule != nil {
		if g.Rules[0].Rule, err = filter.Marshal(found[0].Rule); err != nil {
			return nil, err
		}
	}
	segment, err := driver.NewSegment(g)
	if err != nil {
		return nil, err
	}
	from, to, flips := now.UnixMicro(), until.UnixMicro(), map[driver.Flip]bool{}
	for _, c := range filter.JoinTimes(segment.Crossing(from, to)) {
		for _, r := range c.Ranges {
			order, start := orderOf(c.Field, r.Min)
			err := w.pagesOf(ctx, inRange(c.Field, r), order, start, func(page []visitor.Visitor) {
				for n := range page {
					some, _ := segment.Flips(&page[n], from, to)
					for _, f := range some {
						flips[f] = true
					}
				}
			})
			if err != nil {
				return nil, err
			}
		}
	}
	all := make([]UpcomingChange, 0, len(flips))
	for f := range flips {
		all = append(all, UpcomingChange{f.Visitor, driver.FromMicros(f.At), f.Entered})
	}
	slices.SortFunc(all, func(a, b UpcomingChange) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Visitor, b.Visitor))
	})
	return all, nil
}
