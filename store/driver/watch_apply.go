package driver

import (
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"github.com/contactpipeline/visitors/visitor"
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
