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
	read     logState // the end of the log when they were read
	current  bool     // it is the same
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
	c, err := result(ctx, e.read, l.ws, func(s scope) (*logChanges, error) { return s.changesAfter(ctx, l.at, l.read, maxBehind) })
	if err != nil {
		return at, false, err
	}
	return c.at, c.current, l.apply(c)
}

var selectLogStates = "SELECT w.seq, " + stampOf("e") + ", " + stampOf("f") + " FROM " + workspaceTable + " w LEFT JOIN " + eventTable + " e" +
	" ON e.ws = ? AND e.seq = w.seq LEFT JOIN " + eventTable + " f ON f.ws = ? AND f.seq = ? WHERE w.ws = ?"

// logStateSince reads the last event of the workspace. The error is errDiscard if the log does not
// contain an earlier last event any more.
func (s scope) logStateSince(ctx context.Context, earlier logState) (last logState, err error) {
	var stamp int64
	scan := func(r row) error { return r.Scan(&last.seq, &last.stamp, &stamp) }
	if err := s.queryText(ctx, selectLogStates, scan, s.ws, earlier.seq, s.ws); err != nil {
		return last, err
	}
	if last.seq < earlier.seq || stamp != earlier.stamp {
		return last, errDiscard
	}
	return last, nil
}

// changesAfter reads what has changed after an event of a log that was read before.
func (s scope) changesAfter(ctx context.Context, from, read logState, maxBehind int64) (*logChanges, error) {
	last, err := s.logStateSince(ctx, read)
	if err != nil {
		return nil, err
	}
	if maxBehind > 0 && last.seq-from.seq > maxBehind {
		return nil, errDiscard
	}
	c := &logChanges{at: last, read: last, current: true}
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
	switch end := from.seq + int64(len(events)); {
	case len(events) == 0 || end > last.seq || end < last.seq && len(events) < maxStep:
		return nil, errDiscard
	case end < last.seq:
		c.at, c.current = logState{seq: end}, false
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
	l.at, l.read, l.exact = c.at, c.read, c.current
	return nil
}
