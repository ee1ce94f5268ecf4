package sqlstore

import (
	"context"
	"errors"
	"slices"

	"github.com/google/uuid"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/internal/index"
	"github.com/contactpipeline/visitors/visitor"
)

const (
	maxStep   = 4_096  // most events that are followed at once, for which a call may wait
	maxBehind = 20_000 // with more events to follow than this and a quarter of all visitors, building is faster
)

var (
	// errBySQL says that SQL is to answer a call.
	errBySQL = errors.New("not answered by the index")
	// errDiscard says that the index cannot follow the log of events: it is another log than
	// before, has a gap, or is far ahead.
	errDiscard = errors.New("the index cannot follow the log")
)

// logChanges are what some events have changed, as it is in the snapshot in which they were read.
type logChanges struct {
	at       logState // after these events
	current  bool     // they were all
	removed  []removedSet
	missing  []uuid.UUID // visitors that do not exist any more
	visitors []visitor.Visitor
}

// removedSet is a tag or group that was deleted.
type removedSet struct {
	kind index.Kind
	id   string
}

// step follows the next events, and reports whether the index is complete then. The visitors that
// they name are read as they are now: who is changed again by an event that is not followed yet
// is read again with that event, so the index is exact once it has reached the end of the log. A
// failed step leaves the index as it was.
func (e *Engine) step(ctx context.Context, l *liveIndex, maxBehind int64) (at logState, current bool, err error) {
	select {
	case <-ctx.Done():
		return at, false, ctx.Err()
	case l.turn <- struct{}{}:
	}
	defer func() { <-l.turn }()
	// The snapshot begins after the turn was taken, so it is not older than what is followed.
	c, err := result(ctx, e.read, l.ws, func(s scope) (*logChanges, error) { return s.changesAfter(ctx, l.at, maxBehind) })
	if err != nil {
		return at, false, err
	}
	return c.at, c.current, l.apply(c)
}

var selectLogStates = "SELECT w.seq, " + stampOf("e") + ", " + stampOf("f") + " FROM " + workspaceTable + " w LEFT JOIN " + eventTable + " e" +
	" ON e.ws = ? AND e.seq = w.seq LEFT JOIN " + eventTable + " f ON f.ws = ? AND f.seq = ? WHERE w.ws = ?"

// changesAfter reads what has changed after an event.
func (s scope) changesAfter(ctx context.Context, from logState, maxBehind int64) (*logChanges, error) {
	var last logState
	var stamp int64 // of the event from
	statement := func(r row) error { return r.Scan(&last.seq, &last.stamp, &stamp) }
	if err := s.queryText(ctx, selectLogStates, statement, s.ws, from.seq, s.ws); err != nil {
		return nil, err
	}
	if last.seq < from.seq || stamp != from.stamp || maxBehind > 0 && last.seq-from.seq > maxBehind {
		return nil, errDiscard
	}
	c := &logChanges{at: last, current: true}
	if last.seq == from.seq {
		return c, nil
	}
	events, err := s.readEvents(ctx, driver.EventQuery{After: driver.Seq(from.seq), Limit: maxStep})
	if err != nil {
		return nil, err
	}
	for i, event := range events {
		if event.Seq != driver.Seq(from.seq)+driver.Seq(i)+1 {
			return nil, errDiscard
		}
	}
	switch read := from.seq + int64(len(events)); {
	case len(events) == 0 || read > last.seq || read < last.seq && len(events) < maxStep:
		return nil, errDiscard
	case read < last.seq:
		c.at.seq, c.current = read, false
		if err := s.queryText(ctx, selectLogStates, statement, s.ws, read, s.ws); err != nil {
			return nil, err
		}
		c.at.stamp = stamp
	}
	return c, s.readChanged(ctx, events, c)
}

// readChanged reads the visitors that events name.
func (s scope) readChanged(ctx context.Context, events []driver.Event, c *logChanges) error {
	var named []string
	for _, e := range events {
		for _, id := range []visitor.ID{e.Visitor, e.Other} {
			if id != "" {
				named = append(named, string(id))
			}
		}
		switch e.Kind {
		case driver.TagDeleted:
			for _, id := range e.Tags {
				c.removed = append(c.removed, removedSet{index.Tag, string(id)})
			}
		case driver.GroupDeleted:
			for _, id := range e.Groups {
				c.removed = append(c.removed, removedSet{index.Group, string(id)}, removedSet{index.Excluded, string(id)})
			}
		}
	}
	slices.Sort(named)
	for ids := range slices.Chunk(slices.Compact(named), matchBatch) {
		found, err := s.visitors(ctx, ids, driver.AllParts)
		if err != nil {
			return err
		}
		exist := make(map[string]bool, len(found))
		for i := range found {
			exist[string(found[i].ID)] = true
			c.visitors = append(c.visitors, found[i].Visitor)
		}
		for _, id := range ids {
			if exist[id] {
				continue
			}
			parsed, err := uuid.Parse(id)
			if err != nil {
				return err
			}
			c.missing = append(c.missing, parsed)
		}
	}
	// New visitors get positions in the order of their ids.
	slices.SortFunc(c.visitors, func(a, b visitor.Visitor) int {
		if a.ID < b.ID {
			return -1
		}
		return 1
	})
	return nil
}

// apply makes changes. Deleted tags and groups go first: a visitor that has one of them now got it
// after it was created again, and is among the visitors.
func (l *liveIndex) apply(c *logChanges) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range c.removed {
		l.bitmap.Remove(l.bitmap.Set(r.kind, r.id))
	}
	for _, id := range c.missing {
		l.remove(id)
	}
	for i := range c.visitors {
		if err := l.put(&c.visitors[i]); err != nil {
			l.exact = false
			return errDiscard
		}
	}
	l.renumber()
	l.at, l.exact = c.at, c.current
	return nil
}
