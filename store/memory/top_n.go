package memory

import (
	"bytes"
	"cmp"
	"slices"

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
	record *record // compared by id
	name   []byte  // folded
	micros int64
}

// offer adds the visitor at p if it may be among the first.
func (t *topN) offer(p uint32) {
	r := rank{record: t.w.records[p]}
	switch t.key {
	case driver.ByName:
		r.name = t.w.text.name(p)
	case driver.BySeen:
		r.micros = t.w.seen[p]
	case driver.ByUpdated:
		r.micros = t.w.updated[p]
	}
	if t.after != nil && t.compare(r, *t.after) <= 0 || t.full && t.compare(r, t.best[t.limit-1]) >= 0 {
		return
	}
	t.best = append(t.best, r)
	if len(t.best) >= 2*t.limit && len(t.best) >= 64 { // rarely, since sorting costs more than memory
		t.first()
	}
}

func (t *topN) compare(x, y rank) int {
	if t.descending {
		x, y = y, x
	}
	c := bytes.Compare(x.name, y.name)
	if c == 0 {
		c = cmp.Compare(x.micros, y.micros)
	}
	if c == 0 {
		c = compareIDs(x.record.id, y.record.id)
	}
	return c
}

// first returns the first limit visitors in order, and drops the others.
func (t *topN) first() []rank {
	slices.SortFunc(t.best, t.compare)
	if len(t.best) >= t.limit {
		t.best, t.full = t.best[:t.limit], true
	}
	return t.best
}
