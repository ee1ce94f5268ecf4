package memory

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/google/uuid"

	"github.com/contactpipeline/visitors/store"
)

// place is where a visitor stands in an order: store.Position without its texts.
type place struct {
	position uint32
	name     []byte // folded
	micros   int64
	id       uuid.UUID // of the place where a page starts; else the record has it
}

// arrangement picks the first visitors of an order, after a place if there is one.
type arrangement struct {
	w          *workspace
	key        store.SortKey
	descending bool
	limit      int
	after      *place
	best       []place // sorted up to full
	full       bool    // best holds limit places or more that were sorted once
}

func (a *arrangement) place(p uint32) place {
	at := place{position: p}
	switch a.key {
	case store.ByName:
		at.name = a.w.text.name(p)
	case store.BySeen:
		at.micros = a.w.seen[p]
	case store.ByUpdated:
		at.micros = a.w.updated[p]
	}
	return at
}

// offer takes the visitor at p in if it is among the first.
func (a *arrangement) offer(p uint32) {
	at := a.place(p)
	if a.after != nil && a.compare(&at, a.after) <= 0 || a.full && a.compare(&at, &a.best[a.limit-1]) >= 0 {
		return
	}
	a.best = append(a.best, at)
	if len(a.best) >= 2*a.limit && len(a.best) >= 64 {
		a.trim()
	}
}

func (a *arrangement) compare(x, y *place) int {
	c := bytes.Compare(x.name, y.name)
	if c == 0 {
		c = cmp.Compare(x.micros, y.micros)
	}
	if c == 0 {
		c = compareIDs(a.id(x), a.id(y))
	}
	if a.descending {
		return -c
	}
	return c
}

func (a *arrangement) id(x *place) uuid.UUID {
	if x == a.after {
		return x.id
	}
	return a.w.records[x.position].id
}

// trim sorts what was taken in and drops what is too much.
func (a *arrangement) trim() {
	slices.SortFunc(a.best, func(x, y place) int { return a.compare(&x, &y) })
	if len(a.best) >= a.limit {
		a.best, a.full = a.best[:a.limit], true
	}
}

func (a *arrangement) done() []uint32 {
	a.trim()
	positions := make([]uint32, len(a.best))
	for i, at := range a.best {
		positions[i] = at.position
	}
	return positions
}

// merge puts what was taken in among those found, which are in order.
func (a *arrangement) merge(found []uint32) []uint32 {
	if len(a.best) == 0 {
		return found
	}
	a.full = false
	for _, p := range found {
		a.best = append(a.best, a.place(p))
	}
	return a.done()
}
