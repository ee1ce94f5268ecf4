package store

import (
	"context"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/filter/bound"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

// WatchOptions configure WatchGroup. A nil *WatchOptions and the zero value of each field mean the
// default.
type WatchOptions struct {
	// Events records that everybody who is a member now enters the group; if the call ends before that
	// is complete, the next call of Advance records the rest. Default: only those who enter or leave
	// from now on get events.
	Events bool
}

// WatchGroup begins, or with on false ends, to record who enters and who leaves a group, with or
// without a rule: an event GroupEntered or GroupLeft for each visitor, whose At is the instant from
// which the visitor is a member or not any more. See Event.Flip for why.
//
// What changes of visitors do is recorded together with the change. What the passing of time does,
// to rules such as seen:<30d, is recorded by Advance, which Run calls in time. The events are the
// same however often it is called: they are in the order of commits, and At is exact. Days and
// periods in the rule are those of Options.Zone and Options.WeekStart of this handle from now on.
//
// It is done already: nothing changes. The error matches ErrNotFound if the group does not exist, or
// ErrInvalid if it cannot be watched: its rule has a condition on can or consent, the zone is not one
// of the IANA database, or 1,000 other groups are watched.
func (w *Workspace) WatchGroup(ctx context.Context, id group.ID, on bool, o *WatchOptions) error {
	const op = "watch group"
	id, err := group.ParseID(string(id))
	if err != nil {
		return fail(op, err)
	}
	if o == nil {
		o = &WatchOptions{}
	}
	zone, err := zoneName(w.o.Zone, w.now())
	if err != nil && on {
		return fail(op, err)
	}
	out, err := w.applyLast(ctx, op, driver.WatchGroup{
		Audit: w.audit(w.now()), Group: id, On: on, Zone: zone, WeekStart: *w.o.WeekStart, Events: o.Events,
	})
	if err != nil || out.Effect == driver.Unchanged || !on || !o.Events {
		return err
	}
	_, _ = w.advance(ctx, w.now(), 0) // the group is watched; what is not recorded now is recorded later
	return nil
}

// zoneName returns the name by which a zone is found again, "" for UTC.
func zoneName(zone *time.Location, now time.Time) (string, error) {
	if zone == time.UTC {
		return "", nil
	}
	again, err := time.LoadLocation(zone.String())
	same := err == nil && zone != time.Local && zone.String() != ""
	for month := range 24 {
		if at := now.AddDate(0, month-12, 0); same {
			_, offset := at.In(zone).Zone()
			_, expected := at.In(again).Zone()
			same = offset == expected
		}
	}
	if !same {
		return "", text.Refuse("zone", "want one of the IANA database, loaded by its name")
	}
	return zone.String(), nil
}

// WatchedGroups returns the ids of the groups that are watched, in order.
func (w *Workspace) WatchedGroups(ctx context.Context) ([]group.ID, error) {
	watching, err := w.watching(ctx)
	if err != nil || watching == nil {
		return nil, fail("list watched groups", err)
	}
	var ids []group.ID
	for _, s := range watching.Groups {
		ids = append(ids, s.Group)
	}
	slices.Sort(ids)
	return ids, nil
}

// Flip says why a visitor entered or left a watched group.
type Flip struct {
	Group   group.ID
	Entered bool
	Cause   FlipCause
	Rule    int  // version of the rule: 1 when the group began to be watched, one more with each edit
	Bulk    bool // part of an import; see Workspace.Load
}

// FlipCause says why a visitor entered or left a group.
type FlipCause = driver.FlipCause

// The causes.
const (
	ByChange FlipCause = driver.ByChange // of the visitor: the events before this one say which
	ByClock  FlipCause = driver.ByClock  // the time has passed
	ByRule   FlipCause = driver.ByRule   // the rule was edited, or the group began to be watched
	ByMerge  FlipCause = driver.ByMerge  // two visitors were merged or unmerged
	ByDelete FlipCause = driver.ByDelete // the visitor was deleted
)

// Flip returns the details of an event of the kind GroupEntered or GroupLeft, false for others.
func (e Event) Flip() (Flip, bool) {
	if e.Kind != GroupEntered && e.Kind != GroupLeft || len(e.Groups) != 1 || len(e.Fields) < 2 {
		return Flip{}, false
	}
	f := Flip{Group: e.Groups[0], Entered: e.Kind == GroupEntered, Cause: FlipCause(e.Fields[0]), Bulk: slices.Contains(e.Fields, "bulk")}
	f.Rule, _ = strconv.Atoi(strings.TrimPrefix(e.Fields[1], "rule:"))
	return f, true
}

// Advanced is what Advance did.
type Advanced struct {
	Entered, Left int // events recorded
	// Next is when to call it again: as the visitors are now, the clock changes nothing before it. It
	// is at most an hour ahead, and zero if no watched group has a rule that depends on the time.
	Next time.Time
}

// watching returns the watched groups, nil if there are none.
func (w *Workspace) watching(ctx context.Context) (*driver.Watching, error) {
	return driver.ReadWatching(func(q driver.RecordQuery) ([]driver.Record, error) { return w.store.Records(ctx, w.id, q) }, w.bound)
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
	for q := (driver.Select{Where: where, Order: o, After: after, Limit: MaxLimit}); ; {
		found, err := w.store.FindVisitors(ctx, w.id, q)
		if err != nil {
			return err
		}
		do(found)
		if len(found) < q.Limit {
			return nil
		}
		last := driver.PositionOf(o, found[len(found)-1])
		q.After = &last
	}
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

// RulePreview counts who would enter and who would leave a group.
type RulePreview struct{ Entered, Left int64 }

// PreviewRule counts who would enter and who would leave a group if UpdateGroup gave it that rule now;
// with nil, if it had none. It changes nothing. The group need not be watched. Errors are as for
// UpdateGroup.
func (w *Workspace) PreviewRule(ctx context.Context, id group.ID, rule filter.Expr) (RulePreview, error) {
	const op = "preview rule"
	id, err := group.ParseID(string(id))
	if err != nil {
		return RulePreview{}, fail(op, err)
	}
	if err := group.CheckRule(rule); err != nil {
		return RulePreview{}, fail(op, err)
	}
	if rule, err = w.resolve(ctx, rule); err != nil {
		return RulePreview{}, fail(op, err)
	}
	found, err := w.store.ListGroups(ctx, w.id, driver.List{IDs: []string{string(id)}})
	if err == nil && len(found) == 0 {
		err = driver.NotFound("group", string(id))
	}
	if err != nil {
		return RulePreview{}, fail(op, err)
	}
	members := filter.Group.HasID(id)
	mentioned := members
	if rule != nil {
		mentioned = filter.And(members, rule)
	}
	env, err := w.env(ctx, mentioned, w.now())
	if err != nil {
		return RulePreview{}, fail(op, err)
	}
	before, err := filter.Bind(members, env)
	if err != nil {
		return RulePreview{}, fail(op, err)
	}
	env.Groups[string(id)] = filter.GroupRef{ID: id, Rule: rule}
	after, err := filter.Bind(members, env)
	if err != nil {
		return RulePreview{}, fail(op, err)
	}
	var p RulePreview
	if p.Entered, err = w.count(ctx, filter.And(after, filter.Not(before)), 0); err != nil {
		return RulePreview{}, fail(op, err)
	}
	p.Left, err = w.count(ctx, filter.And(before, filter.Not(after)), 0)
	return p, fail(op, err)
}
