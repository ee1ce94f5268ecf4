package sqlstore

import (
	"bytes"
	"context"
	"errors"
	"io"

	sq "github.com/Masterminds/squirrel"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/internal/index"
)

const (
	maxPart    = 1 << 20 // bytes of a row of a stored index: other writers wait while it is written
	minUnsaved = 10_000  // most events that are followed after a start rather than stored
)

// parts is an io.Writer that divides what is written.
type parts [][]byte

func (p *parts) Write(b []byte) (n int, err error) {
	for n = len(b); len(b) > 0; {
		if len(*p) == 0 || len((*p)[len(*p)-1]) == maxPart {
			*p = append(*p, make([]byte, 0, maxPart))
		}
		last := &(*p)[len(*p)-1]
		some := b[:min(len(b), maxPart-len(*last))]
		*last, b = append(*last, some...), b[len(some):]
	}
	return n, nil
}

// save stores an index when it was built, and when about an eighth has changed since it was
// stored, so that a program that starts need not build it. Conditions are not stored, since they
// reveal names and texts of visitors. Errors are ignored: the next program then builds the index.
func (all *indexes) save(l *liveIndex) {
	l.mu.RLock()
	saved := l.saved.Load()
	due := l.exact && l.at.seq > smallLog && (saved == 0 || l.at.seq-saved > max(minUnsaved, int64(l.bitmap.Len())/8))
	l.mu.RUnlock()
	if !due {
		return
	}
	at, stored := l.snapshot(all.ctx)
	if stored == nil {
		return
	}
	l.saved.Store(at.seq)
	for n := range len(stored) + 1 { // each in a transaction of its own
		err := all.e.call(all.ctx, all.e.writers, func(session *session) error {
			return session.write(all.ctx, all.e.d, func() error {
				s, err := all.e.scope(session, l.ws).find(all.ctx)
				if err != nil {
					return err
				}
				if n < len(stored) {
					return s.putPart(all.ctx, n, at, stored[n])
				}
				_, err = s.do(all.ctx, s.delete(IndexTable).Where("part >= ?", n))
				return err
			})
		})
		if err != nil {
			return
		}
	}
}

// snapshot returns the index in parts, or none if it is behind. That takes long, so it holds the
// turn rather than mu: readers go on, and SQL answers calls that would have to follow.
func (l *liveIndex) snapshot(ctx context.Context) (at logState, stored parts) {
	if !l.catching.CompareAndSwap(false, true) {
		return at, nil
	}
	defer l.catching.Store(false)
	select {
	case <-ctx.Done():
		return at, nil
	case l.turn <- struct{}{}:
	}
	defer func() { <-l.turn }()
	if !l.exact || l.bitmap.Snapshot(&stored) != nil {
		return at, nil
	}
	return l.at, stored
}

const (
	// keptSince finds the workspace if nothing was erased after an event.
	keptSince = "SELECT w.ws FROM " + workspaceTable + " w WHERE w.ws = ? AND w.forgotten <= ?"
	putPart   = "INSERT INTO " + IndexTable + " (ws, part, seq, stamp, body) VALUES (?, ?, ?, ?, ?)" +
		" ON CONFLICT (ws, part) DO UPDATE SET seq = excluded.seq, stamp = excluded.stamp, body = excluded.body"
)

// putPart stores a part of a copy of the index, unless data was erased since the copy was made.
func (s scope) putPart(ctx context.Context, n int, at logState, body []byte) error {
	text := keptSince
	if s.d.server != nil {
		text += " FOR UPDATE" // an erasure that is under way has locked the row
	}
	kept := false
	err := s.queryText(ctx, text, func(row) error { kept = true; return nil }, at.seq)
	if err != nil || !kept {
		return err
	}
	_, err = s.exec(ctx, putPart, n, at.seq, at.stamp, body)
	return err
}

var errNotStored = errors.New("the index is not stored, or only in part")

// restore reads a stored index, and follows the log from there. If the log is not the same any
// more, or the index is damaged or was stored by another release, it returns an error.
func (e *Engine) restore(ctx context.Context, ws driver.WorkspaceID) (*liveIndex, error) {
	var at logState
	var bodies []io.Reader
	err := e.read(ctx, ws, func(s scope) error {
		bodies = nil
		return s.queryByKey(ctx, s.storedIndex(), func(r row) error {
			var part int
			var of logState
			var body []byte
			if err := r.Scan(&part, &of.seq, &of.stamp, &body); err != nil {
				return err
			}
			if part == 0 {
				at = of
			}
			if part != len(bodies) || of != at {
				return errNotStored
			}
			bodies = append(bodies, bytes.NewReader(body))
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	if bodies == nil {
		return nil, errNotStored
	}
	l := newLiveIndex(ws, at)
	if l.bitmap, err = index.Restore(io.MultiReader(bodies...), &l.conditions); err != nil {
		return nil, err
	}
	l.saved.Store(at.seq)
	return l, e.finish(ctx, l, l.maxBehind())
}

func (s scope) storedIndex() sq.Sqlizer {
	return s.from(IndexTable, "x", "x.part", "x.seq", "x.stamp", "x.body").OrderBy("x.part")
}
