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
	// WatchGroup begins to watch a group, or stops; see Watch. It is done already: Unchanged.
	// ErrNotFound: no such group. ErrInvalid: the rule or the zone cannot be watched, the rule mentions
	// tags or groups by name, which Workspace replaces by ids, or MaxWatched others are watched.
	WatchGroup struct {
		Audit
		Group     group.ID
		On        bool
		Zone      string // of days and periods in the rule: a name of the IANA database; "" for UTC
		WeekStart time.Weekday
		Events    bool // the present members get an event too
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

// unwatch stops watching a group, and reports whether it was watched.
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
	b.watching.Groups, b.watching.Hash, b.watchMoved = segments, hashOf(value), true
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
