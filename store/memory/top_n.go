package memory

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/google/uuid"

	"github.com/contactpipeline/visitors/store/driver"
)

// topN selects the first visitors of an order, after a start if there is one.
type topN struct {
	w          *workspace
	key        driver.SortKey
	descending bool
	limit      int
	after      *rank  // start of the page; nil for the first
	best       []rank // the first limit are sorted if full
	full       bool
}

// rank is the place of a visitor in an order, as driver.Position without copies of texts.
type rank struct {
	position uint32
	name     []byte // folded
	micros   int64
	id       uuid.UUID // only in topN.after; else the record has it
}

func (t *topN) rank(p uint32) rank {
	r := rank{position: p}
	switch t.key {
	case driver.ByName:
		r.name = t.w.text.name(p)
	case driver.BySeen:
		r.micros = t.w.seen[p]
	case driver.ByUpdated:
		r.micros = t.w.updated[p]
	}
	return r
}

// offer adds the visitor at p if it may be among the first.
func (t *topN) offer(p uint32) {
	r := t.rank(p)
	if t.after != nil && t.compare(&r, t.after) <= 0 || t.full && t.compare(&r, &t.best[t.limit-1]) >= 0 {
		return
	}
	t.best = append(t.best, r)
	if len(t.best) >= 2*t.limit && len(t.best) >= 64 { // rarely, since sorting costs more than memory
		t.trim()
	}
}

func (t *topN) compare(x, y *rank) int {
	c := bytes.Compare(x.name, y.name)
	if c == 0 {
		c = cmp.Compare(x.micros, y.micros)
	}
	if c == 0 {
		c = compareIDs(t.id(x), t.id(y))
	}
	if t.descending {
		return -c
	}
	return c
}

func (t *topN) id(r *rank) uuid.UUID {
	if r == t.after {
		return r.id
	}
	return t.w.records[r.position].id
}

// trim sorts the visitors and drops those after the first limit.
func (t *topN) trim() {
	slices.SortFunc(t.best, func(x, y rank) int { return t.compare(&x, &y) })
	if len(t.best) >= t.limit {
		t.best, t.full = t.best[:t.limit], true
	}
}

// positions returns the first limit visitors in order.
func (t *topN) positions() []uint32 {
	t.trim()
	positions := make([]uint32, len(t.best))
	for i, r := range t.best {
		positions[i] = r.position
	}
	return positions
}

// merge returns the first limit visitors of those offered and those found, which are in
// order.
func (t *topN) merge(found []uint32) []uint32 {
	if len(t.best) == 0 {
		return found
	}
	t.full = false
	for _, p := range found {
		t.best = append(t.best, t.rank(p))
	}
	return t.positions()
}
