package memory

import (
	"bytes"
	"slices"

	"github.com/google/uuid"
)

const (
	minOutOfOrder = 256   // fewer visitors out of order cost almost nothing
	minDeleted    = 1_024 // so do fewer positions without visitors
	maxMoves      = 8     // most visitors that are moved for each one out of order
	block         = 64    // positions of a block of text, and bits of a word of a bitmap
)

func compareIDs(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) }

// firstFrom returns the first position whose largest id is not below id.
func (w *workspace) firstFrom(id uuid.UUID) int {
	p, _ := slices.BinarySearchFunc(w.maxIDs, id, compareIDs)
	return p
}

// renumberIfWorthwhile moves visitors that are out of order to the positions of their ids, and
// closes the gaps of deleted ones, if they are so many that the work for each is small.
func (w *workspace) renumberIfWorthwhile() {
	deleted := len(w.records) - len(w.ids)
	if deleted > minDeleted && deleted > len(w.records)/2 {
		w.renumber(0)
		return
	}
	n := int(w.outOfOrder.GetCardinality())
	if n < w.maxOutOfOrder {
		return
	}
	first := w.records[w.outOfOrder.Minimum()].id
	for p := range w.outOfOrder.Iterate {
		if id := w.records[p].id; compareIDs(id, first) < 0 {
			first = id
		}
	}
	// Visitors before the smallest of these ids do not move.
	if from := w.firstFrom(first); len(w.records)-from <= maxMoves*n {
		w.renumber(from)
		return
	}
	w.maxOutOfOrder = n + n/4
}

// renumber gives the visitors from a position on new positions, in the order of their ids
// and without gaps.
func (w *workspace) renumber(from int) {
	from -= from % block
	moved := slices.DeleteFunc(slices.Clone(w.records[from:]), func(r *record) bool { return r == nil })
	slices.SortFunc(moved, func(a, b *record) int { return compareIDs(a.id, b.id) })
	for _, set := range w.bitmaps() {
		set.RemoveRange(uint64(from), uint64(len(w.records)))
	}
	w.truncate(from)
	for _, r := range moved {
		p := w.open(r.id)
		w.place(p, r)
		w.ids[r.id] = p
	}
	w.maxOutOfOrder = minOutOfOrder
}
