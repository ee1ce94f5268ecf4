package driver

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

// The changes of watched groups.
type (
	// WatchGroup begins or ends to watch a group; see Watch. It is as it is to be: Unchanged.
	// ErrNotFound: no such group. ErrInvalid: the rule or the zone cannot be watched, the rule mentions
	// tags or groups by name, which Workspace replaces by ids, or MaxWatched others are watched.
	WatchGroup struct {
		Audit
		Group     group.ID
		On        bool
		Zone      string // of days and periods in the rule: a name of the IANA database; "" for UTC
		WeekStart time.Weekday
		Events    bool // those who are members now get an event too
	}
	// AdvanceWatch records what the clock did to watched groups. The first of several, with nothing
	// but At and To, sets Watch.Next; no event for an instant before it is recorded from then on but
	// by AdvanceWatch. The others record the flips of visitors, in the order of ids, up to Watch.Next;
	// the last one makes it Watch.At. Another call did the same before, or nothing is to be done:
	// Unchanged.
	AdvanceWatch struct {
		Audit
		To       time.Time    // Watch.Next
		After    visitor.ID   `json:",omitzero"` // Watch.Cursor
		Visitors []visitor.ID // at most MaxAdvance, in order
		Last     bool         // all visitors after these keep their membership
	}
)

// readWatching reads the watched groups of the workspace.
func (b *batch) readWatching() (err error) {
	var cache *RuleCache
	if c, ok := b.tx.(ruleCacher); ok {
		cache = c.RuleCache()
	}
	b.watching, err = ReadWatching(b.tx.Records, cache)
	return err
}

// watchedParts returns the parts of visitors that the rules of watched groups read.
func (b *batch) watchedParts() (p Parts) {
	if b.watching != nil {
		p = b.watching.reads().parts()
	}
	return p
}

func (w *Watching) reads() (all fieldSet) {
	for _, s := range w.Groups {
		all |= s.reads
	}
	return all
}

// touch notes a visitor as it is before a change.
func (b *batch) touch(id visitor.ID) {
	if b.watching == nil || b.touched.find(id) >= 0 {
		return
	}
	var before *visitor.Visitor
	if e := b.visitors.get(id); e != nil && e.now != nil {
		copied := *e.now
		before = &copied
	}
	b.touched.set(id, before)
}

// lose notes that a tag or group is deleted, for rules that ask whether a visitor has any. holders
// returns a page of the visitors that have it; without removes it from one.
func (b *batch) lose(field string, holders func(after visitor.ID) ([]visitor.ID, error), without func(*visitor.Visitor)) error {
	if b.watching == nil || !slices.ContainsFunc(b.watching.Groups, func(s *Segment) bool { return s.any&fieldNamed(field) != 0 }) {
		return nil
	}
	for after := visitor.ID(""); ; {
		ids, err := holders(after)
		if err != nil || len(ids) == 0 {
			return err
		}
		if err := b.readVisitors(ids...); err != nil {
			return err
		}
		for _, id := range ids {
			if e := b.visitors.get(id); e.now != nil {
				b.touch(id)
				lost := *e.now
				without(&lost)
				e.before, e.now = &lost, &lost // the engine removes it from the rows
			}
		}
		after = ids[len(ids)-1]
	}
}

// recordFlips adds the events of visitors that entered or left watched groups by a change, whose own
// events are those in the log from logged on. What the clock did before comes before these.
func (b *batch) recordFlips(cause FlipCause, a Audit, logged int) error {
	if len(b.touched.keys) == 0 {
		return nil
	}
	defer b.touched.clear()
	w := b.watching
	at := max(Micros(a.At), w.Clock, w.At)
	var earlier, now []Flip
	for n, id := range b.touched.keys {
		before, after := b.touched.values[n], (*visitor.Visitor)(nil)
		if e := b.visitors.get(id); e != nil {
			after = e.now
		}
		flips, err := b.flipsOf(id, before, after, at)
		if err != nil {
			return err
		}
		for _, f := range flips {
			if f.Cause == ByChange {
				f.Cause = cause
				now = append(now, f)
			} else {
				earlier = append(earlier, f)
			}
		}
	}
	if len(earlier)+len(now) == 0 {
		return nil
	}
	sortFlips(earlier)
	sortFlips(now)
	b.moveClock(at)
	b.log = slices.Insert(b.log, min(logged, len(b.log)), eventsOf(earlier, a)...)
	b.log = append(b.log, eventsOf(now, a)...)
	return nil
}

func eventsOf(flips []Flip, a Audit) []Event {
	events := make([]Event, len(flips))
	for n, f := range flips {
		events[n] = f.event(a)
	}
	return events
}

// causeOf returns why visitors that a change has touched enter or leave groups.
func (b *batch) causeOf(c Change) FlipCause {
	switch c.(type) {
	case DeleteVisitor, EraseVisitor, ReapplyErasure:
		return ByDelete
	case MergeVisitors, UnmergeVisitor:
		return ByMerge
	}
	for _, id := range b.touched.keys { // a capture can merge visitors
		if e := b.visitors.get(id); e != nil && e.now == nil {
			return ByMerge
		}
	}
	return ByChange
}

// flipsOf returns the flips of a visitor up to a change of it, nil before or after if it does not
// exist, and those by the change.
func (b *batch) flipsOf(id visitor.ID, before, after *visitor.Visitor, at int64) (flips []Flip, err error) {
	w := b.watching
	changed := w.reads().differing(before, after)
	if changed == 0 {
		return nil, nil
	}
	base := w.base(id)
	start, err := b.start(id)
	if err != nil {
		return nil, err
	}
	// If the new row had flips before the change, the old one is followed up to the change in all
	// groups, and the new one from then on.
	ahead := after != nil && slices.ContainsFunc(w.Groups, func(s *Segment) bool {
		if changed&s.reads == 0 || s.still(base) {
			return false
		}
		earlier, _ := s.Flips(after, base, at)
		return len(earlier) > 0
	})
	for _, s := range w.Groups {
		if changed&s.reads == 0 && (!ahead || s.still(start)) {
			continue
		}
		member, is := false, after != nil && s.Has(after, at)
		switch {
		case before == nil:
		case s.still(start):
			member = s.Has(before, at)
		default:
			var earlier []Flip
			earlier, member = s.Flips(before, start, at)
			flips = append(flips, earlier...)
		}
		if n := s.at(at); member != is && n >= 0 {
			flips = append(flips, Flip{At: at, Visitor: id, Entered: is, Group: s.Group, Rule: s.Rules[n].Version, Cause: ByChange})
		}
	}
	if ahead {
		if b.ahead == nil {
			b.ahead = map[visitor.ID]int64{}
		}
		b.ahead[id], b.aheadOf = at, append(b.aheadOf, id)
		w.Ahead = true
		b.moveClock(at)
	}
	return flips, nil
}

// base returns the instant up to which events of a visitor are recorded, unless changes of it have
// recorded more.
func (w *Watching) base(id visitor.ID) int64 {
	if w.Next != 0 && id <= w.Cursor {
		return w.Next
	}
	return w.At
}

// start returns the instant up to which all events of a visitor are recorded.
func (b *batch) start(id visitor.ID) (int64, error) {
	base := b.watching.base(id)
	if !b.watching.Ahead {
		return base, nil
	}
	if at, known := b.ahead[id]; known {
		return max(base, at), nil
	}
	found, err := b.tx.Records(RecordQuery{Kind: WatchAhead, Keys: []string{string(id)}})
	if err != nil || len(found) == 0 {
		return base, err
	}
	at, err := strconv.ParseInt(string(found[0].Value), 10, 64)
	return max(base, at), err
}

// laterThanAll returns a time or, if something is recorded for it or later, an instant after that: at
// each instant one rule holds.
func (b *batch) laterThanAll(at time.Time) int64 {
	return max(Micros(at), b.watching.Clock+1, b.watching.At+1)
}

// moveClock keeps later events from being recorded for instants before at.
func (b *batch) moveClock(at int64) {
	b.watching.Clock, b.watchMoved = max(b.watching.Clock, at), true
}

// writeWatch writes the state of the watched groups if it has changed.
func (b *batch) writeWatch() error {
	if len(b.aheadOf) > 0 {
		var records []Record
		slices.Sort(b.aheadOf)
		for _, id := range slices.Compact(b.aheadOf) {
			records = append(records, Record{WatchAhead, string(id), strconv.AppendInt(nil, b.ahead[id], 10)})
		}
		if err := inChunks(records, b.tx.PutRecords); err != nil {
			return err
		}
		b.aheadOf = nil
	}
	if !b.watchMoved || b.watching == nil {
		return nil
	}
	b.watchMoved = false
	value, err := json.Marshal(b.watching.Watch)
	if err != nil {
		return err
	}
	return b.tx.PutRecords([]Record{{WatchRecords, watchState, value}})
}

func (c WatchGroup) apply(b *batch) (Outcome, error) {
	found, err := b.groupCatalog().find(nil, []group.ID{c.Group})
	if err != nil {
		return Outcome{}, err
	}
	if len(found) == 0 {
		return Outcome{}, NotFound("group", string(c.Group))
	}
	watched := b.watching != nil && slices.ContainsFunc(b.watching.Groups, func(s *Segment) bool { return s.Group == c.Group })
	switch {
	case watched == c.On:
		return Outcome{Effect: Unchanged}, nil
	case !c.On:
		_, err := b.unwatch(c.Group)
		b.event(c.Audit, Event{Kind: GroupWatched, Groups: []group.ID{c.Group}, Fields: []string{"off"}})
		return Outcome{Effect: Updated}, err
	}
	if b.watching == nil {
		b.watching = &Watching{Watch: Watch{At: Micros(c.At) - 1, Clock: Micros(c.At) - 1}}
	}
	if len(b.watching.Groups) == MaxWatched {
		return Outcome{}, text.Refuse("group", fmt.Sprintf("cannot be watched: %d others are", MaxWatched))
	}
	at := b.laterThanAll(c.At)
	rule, err := ruleOf(found[0])
	if err != nil {
		return Outcome{}, err
	}
	g := WatchedGroup{
		Group: c.Group, Zone: c.Zone, WeekStart: c.WeekStart, Quiet: !c.Events,
		Rules: []WatchedRule{{Version: 1, Since: at, Rule: rule}},
	}
	b.event(c.Audit, Event{Kind: GroupWatched, Groups: []group.ID{c.Group}, Fields: []string{"on"}})
	b.moveClock(at)
	return Outcome{Effect: Updated}, b.putSegments(append(slices.Clone(b.watching.Groups), &Segment{WatchedGroup: g}))
}

// ruleOf returns the form of a rule in which it is stored.
func ruleOf(g group.Group) (json.RawMessage, error) {
	if g.Rule == nil {
		return nil, nil
	}
	return filter.Marshal(g.Rule)
}

// watchRule records that the rule of a group has changed, if it is watched.
func (b *batch) watchRule(a Audit, g group.Group) error {
	if b.watching == nil {
		return nil
	}
	n := slices.IndexFunc(b.watching.Groups, func(s *Segment) bool { return s.Group == g.ID })
	if n < 0 {
		return nil
	}
	rule, err := ruleOf(g)
	if err != nil {
		return err
	}
	groups := slices.Clone(b.watching.Groups)
	edited := groups[n].WatchedGroup
	last := edited.Rules[len(edited.Rules)-1]
	at := b.laterThanAll(a.At)
	edited.Rules = append(slices.Clone(edited.Rules), WatchedRule{Version: last.Version + 1, Since: at, Rule: rule})
	groups[n] = &Segment{WatchedGroup: edited}
	b.moveClock(at)
	return b.putSegments(groups)
}

// unwatch ends to watch a group, and reports whether it was watched.
func (b *batch) unwatch(id group.ID) (bool, error) {
	if b.watching == nil {
		return false, nil
	}
	rest := slices.DeleteFunc(slices.Clone(b.watching.Groups), func(s *Segment) bool { return s.Group == id })
	if len(rest) == len(b.watching.Groups) {
		return false, nil
	}
	return true, b.putSegments(rest)
}

// putSegments stores watched groups, and binds their rules again.
func (b *batch) putSegments(segments []*Segment) error {
	groups := make([]WatchedGroup, len(segments))
	for n, s := range segments {
		groups[n] = s.WatchedGroup
		var err error
		if segments[n], err = NewSegment(s.WatchedGroup); err != nil {
			return err
		}
	}
	value, err := json.Marshal(groups)
	if err != nil {
		return err
	}
	b.watching.Groups, b.watching.Watch.Groups, b.watchMoved = segments, hashOf(value), true
	return b.tx.PutRecords([]Record{{WatchRecords, watchGroups, value}})
}

func (c AdvanceWatch) apply(b *batch) (Outcome, error) {
	w, to := b.watching, Micros(c.To)
	if w == nil {
		return Outcome{Effect: Unchanged}, nil
	}
	if c.After == "" && len(c.Visitors) == 0 && !c.Last {
		to = max(to, w.Clock)
		if w.Next != 0 || to <= w.At {
			return Outcome{Effect: Unchanged}, nil
		}
		w.Next = to
		b.moveClock(to)
		return Outcome{Effect: Updated}, nil
	}
	if w.Next == 0 || w.Next != to || w.Cursor != c.After {
		return Outcome{Effect: Unchanged}, nil // another call has recorded this
	}
	var flips []Flip
	for _, id := range c.Visitors {
		e := b.visitors.get(id)
		if e == nil || e.now == nil || id <= w.Cursor {
			continue
		}
		start, err := b.start(id)
		if err != nil {
			return Outcome{}, err
		}
		for _, s := range w.Groups {
			some, _ := s.Flips(e.now, start, to)
			flips = append(flips, some...)
		}
	}
	sortFlips(flips)
	b.log = append(b.log, eventsOf(flips, c.Audit)...)
	b.watchMoved = true
	if len(c.Visitors) > 0 {
		w.Cursor = c.Visitors[len(c.Visitors)-1]
	}
	out := Outcome{Effect: Updated}
	for _, f := range flips {
		if f.Entered {
			out.Entered++
		} else {
			out.Left++
		}
	}
	if !c.Last {
		return out, nil
	}
	w.At, w.Next, w.Cursor = to, 0, ""
	if err := b.forgetAhead(); err != nil {
		return Outcome{}, err
	}
	return out, b.dropOldRules()
}

// forgetAhead deletes the WatchAhead records that have no meaning any more.
func (b *batch) forgetAhead() error {
	if !b.watching.Ahead {
		return nil
	}
	b.watching.Ahead = false
	for after := ""; ; {
		found, err := b.tx.Records(RecordQuery{Kind: WatchAhead, After: after, Limit: maxBatch})
		if err != nil || len(found) == 0 {
			return err
		}
		var old []string
		for _, r := range found {
			after = r.Key
			at, err := strconv.ParseInt(string(r.Value), 10, 64)
			if err != nil {
				return err
			}
			if at <= b.watching.At {
				old = append(old, r.Key)
			} else {
				b.watching.Ahead = true
			}
		}
		if len(old) > 0 {
			if err := b.tx.DeleteRecords(WatchAhead, old); err != nil {
				return err
			}
		}
	}
}

// dropOldRules removes the rules whose members are recorded.
func (b *batch) dropOldRules() error {
	segments, dropped := slices.Clone(b.watching.Groups), false
	for n, s := range segments {
		if last := s.at(b.watching.At); last > 0 {
			g := s.WatchedGroup
			g.Rules = g.Rules[last:]
			segments[n], dropped = &Segment{WatchedGroup: g}, true
		}
	}
	if !dropped {
		return nil
	}
	return b.putSegments(segments)
}
