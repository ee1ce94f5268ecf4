package memory

import (
	"context"
	"slices"
	"unique"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

// Apply makes the changes in order, or none of them. See driver.Store.
func (s *Store) Apply(ctx context.Context, ws driver.WorkspaceID, changes []driver.Change) ([]driver.Outcome, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return nil, driver.ErrClosed
	}
	if err := ctx.Err(); err != nil || len(changes) == 0 {
		return nil, err
	}
	found, ok := s.workspaces.Load(ws)
	if !ok {
		found, _ = s.workspaces.LoadOrStore(ws, newWorkspace(s.keys(ws)))
	}
	w := found.(*workspace)
	outcomes, err := w.apply(ctx, changes)
	if err == nil {
		s.signals.Notify(ws)
	}
	return outcomes, err
}

func (w *workspace) apply(ctx context.Context, changes []driver.Change) ([]driver.Outcome, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	t := &tx{workspace: w, ctx: ctx, positions: len(w.records), lastEvent: w.events.last}
	committed := false
	defer func() { // also after a panic, since other calls continue to read the workspace
		if !committed {
			t.rollBack()
		}
	}()
	outcomes, err := driver.Apply(ctx, t, changes)
	if err != nil {
		return nil, err
	}
	committed = true
	w.renumber()
	w.processed.forgetOld()
	return outcomes, nil
}

// tx is a transaction. It writes to the workspace, which no other call reads meanwhile, and
// records how to undo each write.
type tx struct {
	*workspace
	ctx       context.Context
	undo      []undo
	positions int        // number of positions at the start
	lastEvent driver.Seq // at the start
	lastRead  []place    // by the last call of Visitors
	by        unique.Handle[author]
}

var _ driver.Tx = (*tx)(nil)

// place is where a visitor is.
type place struct {
	id       visitor.ID
	position uint32
}

// undo reverts a write: it puts a record back or, if call is set, calls that.
type undo struct {
	call     func()
	position uint32
	record   *record
}

func (t *tx) onRollback(call func()) { t.undo = append(t.undo, undo{call: call}) }

func (t *tx) rollBack() {
	for _, u := range slices.Backward(t.undo) {
		if u.call != nil {
			u.call()
		} else {
			t.workspace.put(u.position, u.record)
		}
	}
	t.truncate(t.positions)
	t.events.truncate(t.lastEvent)
}

func (t *tx) put(p uint32, next *record) {
	u := undo{position: p}
	if int(p) < len(t.records) {
		u.record = t.records[p]
	}
	t.undo = append(t.undo, u)
	t.workspace.put(p, next)
}

// intern returns the handle of an author, which is mostly the last one.
func (t *tx) intern(a author) unique.Handle[author] {
	if t.by == (unique.Handle[author]{}) || t.by.Value() != a {
		t.by = unique.Make(a)
	}
	return t.by
}

func (t *tx) Visitors(ids []visitor.ID, parts driver.Parts) ([]visitor.Visitor, error) {
	t.lastRead = t.lastRead[:0]
	for _, id := range ids {
		if p, r := t.lookup(id); r != nil {
			t.lastRead = append(t.lastRead, place{id, p})
		}
	}
	found := make([]visitor.Visitor, len(t.lastRead))
	for n, at := range t.lastRead {
		t.records[at.position].fill(&found[n], at.id, parts)
	}
	return found, nil
}

func (t *tx) WriteVisitors(edits []driver.VisitorEdit, parts driver.Parts) error {
	next := 0 // of lastRead
	for _, e := range edits {
		if e.Before == nil {
			if err := t.create(e.After); err != nil {
				return err
			}
			continue
		}
		var p uint32
		if p, next = t.position(e.Before.ID, next); e.After == nil {
			t.put(p, nil)
			continue
		}
		r := *t.records[p]
		if err := t.set(&r, e.Before, e.After, parts); err != nil {
			return err
		}
		t.put(p, &r)
	}
	return nil
}

// position returns the position of a visitor. It is mostly the next of those read last,
// which is faster than to look up the id.
func (t *tx) position(id visitor.ID, next int) (uint32, int) {
	for ; next < len(t.lastRead) && t.lastRead[next].id <= id; next++ {
		if t.lastRead[next].id == id {
			return t.lastRead[next].position, next + 1
		}
	}
	p, _ := t.lookup(id)
	return p, next
}

func (t *tx) create(v *visitor.Visitor) error {
	id, ok := parseID(v.ID)
	if !ok {
		return text.Refuse("visitor id", "not an id")
	}
	r := &record{id: id}
	if err := t.set(r, &visitor.Visitor{}, v, driver.AllParts); err != nil {
		return err
	}
	t.put(uint32(len(t.records)), r)
	return nil
}

func (t *tx) Owners(identities []visitor.Identity) ([]visitor.ID, error) {
	owners := make([]visitor.ID, len(identities))
	for n, i := range identities {
		if id, found := t.owner(i); found {
			owners[n] = formatID(id)
		}
	}
	return owners, nil
}

// ByAddress uses the index of texts, in which the name is part of what is searched: so it
// checks each visitor found.
func (t *tx) ByAddress(email, phone string, limit int) ([]visitor.ID, error) {
	folded, has, needle := text.Fold(email), t.withPhone, appendPhone(nil, phone)
	if email != "" {
		has, needle = t.withEmail, []byte(folded)
	}
	found, err := t.text.search(t.ctx, has.Members(), slices.Concat([]byte{border}, needle, []byte{border}))
	if err != nil {
		return nil, err
	}
	var ids []visitor.ID
	for p := range found.Iterate {
		r := t.records[p]
		if email != "" && text.Fold(r.email) == folded || email == "" && r.phone == phone {
			ids = append(ids, formatID(r.id))
		}
	}
	slices.Sort(ids)
	return ids[:min(limit, len(ids))], nil
}
