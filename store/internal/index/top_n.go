package index

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/contactpipeline/visitors/store/driver"
)

// topN selects the first visitors of an order, after a start if there is one.
type topN struct {
	x *Index
	Page
	best []ranked // the first Limit are sorted if full
	full bool
}

type ranked struct {
	Rank
	position uint32
}

func (t *topN) offerAll(visitors *roaring.Bitmap) {
	for p := range visitors.Iterate {
		t.offer(p)
	}
}

// offer adds the visitor at p if it may be among the first.
func (t *topN) offer(p uint32) {
	r := ranked{position: p}
	switch t.Key {
	case driver.ByName:
		r.Name = t.x.owner.Name(p)
	case driver.BySeen:
		r.Micros = t.x.seen.at[p]
	case driver.ByUpdated:
		r.Micros = t.x.updated.at[p]
	}
	r.ID = t.x.ID(p)
	if t.After != nil && t.compare(&r.Rank, t.After) <= 0 || t.full && t.compare(&r.Rank, &t.best[t.Limit-1].Rank) >= 0 {
		return
	}
	t.best = append(t.best, r)
	if len(t.best) >= 2*t.Limit && len(t.best) >= 64 { // rarely, since sorting costs more than memory
		t.first()
	}
}

func (t *topN) compare(a, b *Rank) int {
	if t.Descending {
		a, b = b, a
	}
	c := bytes.Compare(a.Name, b.Name)
	if c == 0 {
		c = cmp.Compare(a.Micros, b.Micros)
	}
	if c == 0 {
		c = compareIDs(a.ID, b.ID)
	}
	return c
}

// first returns the first Limit visitors in order, and drops the others.
func (t *topN) first() []ranked {
	slices.SortFunc(t.best, func(a, b ranked) int { return t.compare(&a.Rank, &b.Rank) })
	if len(t.best) >= t.Limit {
		t.best, t.full = t.best[:t.Limit], true
	}
	return t.best
}
