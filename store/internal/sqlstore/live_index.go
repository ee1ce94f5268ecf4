package sqlstore

import (
	"context"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/google/uuid"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/internal/index"
	"github.com/contactpipeline/visitors/visitor"
)

// liveIndex is the bitmap index of a workspace and the event up to which it is complete. It
// changes only by follow, which reads the visitors that later events name.
type liveIndex struct {
	ws   driver.WorkspaceID
	turn chan struct{} // held by the goroutine that follows; it reads bitmap, at and exact without mu
	read logState      // the end of the log when visitors were read last; belongs to the holder of turn

	mu         sync.RWMutex // of the fields below; not held while the database is read
	bitmap     *index.Index
	at         logState // without a stamp if not exact
	exact      bool     // false while only some of the events that were in the database are followed
	conditions conditions

	bytes    atomic.Int64 // memory, as measured last
	catching atomic.Bool  // a goroutine has the turn for long: it catches up or makes a snapshot
	saved    atomic.Int64 // the event up to which it is stored
}

// logState is a position in the log of events of a workspace: the number of an event and its
// stamp. Two histories of a workspace, as after a restored backup, can have the same number, but
// not the same stamp.
type logState struct{ seq, stamp int64 }

func newLiveIndex(ws driver.WorkspaceID, at logState) *liveIndex {
	l := &liveIndex{ws: ws, turn: make(chan struct{}, 1), at: at, read: at}
	l.bitmap = index.New(&l.conditions)
	return l
}

// stampOf is the stamp of an event in SQL. The time stands for it in events that were written
// before there were stamps, and in those that are not the last of a transaction.
func stampOf(alias string) string {
	return "coalesce(CASE " + alias + ".stamp WHEN 0 THEN " + alias + ".at ELSE " + alias + ".stamp END, 0)"
}

var selectLogState = "SELECT w.seq, " + stampOf("e") + " FROM " + workspaceTable + " w LEFT JOIN " + eventTable + " e" +
	" ON e.ws = ? AND e.seq = w.seq WHERE w.ws = ?"

// logState reads the last event of the workspace.
func (s scope) logState(ctx context.Context) (at logState, err error) {
	err = s.queryText(ctx, selectLogState, func(r row) error { return r.Scan(&at.seq, &at.stamp) }, s.ws)
	return at, err
}

// logState reads the last event of a workspace.
func (e *Engine) logState(ctx context.Context, ws driver.WorkspaceID) (logState, error) {
	return result(ctx, e.readOnce, ws, func(s scope) (logState, error) { return s.logState(ctx) })
}

// isAt reports whether the index is complete up to a position, and not further.
func (l *liveIndex) isAt(at logState) bool {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.exact && l.at == at
}

// readAt calls f with the index if it is complete up to a position. It may be ahead if followed
// is set: then it was compared with the database after the call of the store began.
func readAt[T any](l *liveIndex, at logState, followed bool, f func(*index.Index) (T, error)) (found T, ok bool, err error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if !l.exact || l.at != at && !(followed && l.at.seq > at.seq) {
		return found, false, nil
	}
	found, err = f(l.bitmap)
	return found, true, err
}

// put gives a visitor the sets and times that it has now.
func (l *liveIndex) put(v *visitor.Visitor) error {
	id, err := uuid.Parse(string(v.ID))
	if err != nil {
		return err
	}
	p, known := l.bitmap.Position(id)
	if !known {
		p = uint32(l.bitmap.Len())
	}
	l.bitmap.Put(p, index.Visitor{
		ID: id, Updated: driver.Micros(v.UpdatedAt), Seen: driver.Micros(v.LastSeenAt), Sets: setsOf(l.bitmap, v),
	})
	l.conditions.put(p, v)
	return nil
}

// remove removes a visitor, if the index has it.
func (l *liveIndex) remove(id uuid.UUID) {
	if p, known := l.bitmap.Position(id); known {
		l.bitmap.Delete(p)
		l.conditions.remove(p)
	}
}

// setsOf returns the sets that a visitor is in.
func setsOf(x *index.Index, v *visitor.Visitor) []*index.Set {
	sets := []*index.Set{x.Set(index.Source, string(v.Source))}
	for _, text := range [...]struct{ field, value string }{{"name", v.Name}, {"email", v.Email}, {"phone", v.Phone}} {
		if text.value != "" {
			sets = append(sets, x.Set(index.Text, text.field))
		}
	}
	for _, i := range v.Identities {
		sets = append(sets, x.Set(index.Channel, string(i.Source)))
		for _, inbox := range i.Inboxes {
			sets = append(sets, x.Set(index.Inbox, inbox))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(v.Attributes)) { // an unchanged list is not written again
		sets = append(sets, x.Set(index.Attribute, name))
	}
	for _, t := range v.Tags {
		sets = append(sets, x.Set(index.Tag, string(t.Tag)))
	}
	for _, m := range v.Memberships {
		sets = append(sets, x.Set(index.Group, string(m.Group)))
	}
	for _, g := range v.Excluded {
		sets = append(sets, x.Set(index.Excluded, string(g)))
	}
	return sets
}

// renumber follows the index when positions have changed.
func (l *liveIndex) renumber() {
	if from, before := l.bitmap.Renumber(); len(before) > 0 {
		l.conditions.renumber(from, before)
	}
}

// measure notes how much memory the index takes.
func (l *liveIndex) measure() {
	l.mu.RLock()
	defer l.mu.RUnlock()
	l.bytes.Store(l.bitmap.Bytes() + l.conditions.bytes())
}

// maxBehind is the number of events from which on the index is built again rather than followed.
func (l *liveIndex) maxBehind() int64 {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return max(maxBehind, int64(l.bitmap.Len())/4)
}

// buildOrderings builds the orderings by time, so that no reader has to.
func (l *liveIndex) buildOrderings() {
	l.mu.RLock()
	defer l.mu.RUnlock()
	l.bitmap.BuildOrderings()
}
