package memory

import (
	"bytes"
	"slices"
	"sort"

	"github.com/google/uuid"
)

const (
	minCalm = 256   // late visitors that are not worth a thought
	minDead = 1_024 // positions without a visitor, likewise
	reach   = 8     // positions that may be renumbered for each late visitor
	block   = 64    // positions of a block of text, and of a word of bits
)

func compareIDs(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) }

// firstAfter returns the first position whose fence is above id.
func (w *workspace) firstAfter(id uuid.UUID) int {
	return sort.Search(len(w.fence), func(p int) bool { return compareIDs(w.fence[p], id) > 0 })
}

// firstFrom returns the first position whose fence is not below id.
func (w *workspace) firstFrom(id uuid.UUID) int {
	return sort.Search(len(w.fence), func(p int) bool { return compareIDs(w.fence[p], id) >= 0 })
}

// settle gives late visitors the positions that their ids ask for, and takes those of
// deleted ones away, when there are so many that the work is small for each.
func (w *workspace) settle() {
	dead := len(w.records) - len(w.ids)
	if dead > minDead && dead > len(w.records)/2 {
		w.renumber(0)
		return
	}
	late := int(w.late.GetCardinality())
	if late < w.calm {
		return
	}
	first := w.records[w.late.Minimum()].id
	for p := range w.late.Iterate {
		if id := w.records[p].id; compareIDs(id, first) < 0 {
			first = id
		}
	}
	// A late visitor is below its fence, so none stands before the first one's place.
	if from := w.firstAfter(first); len(w.records)-from <= reach*late {
		w.renumber(from)
		return
	}
	w.calm = late + late/4
}

// renumber puts the visitors from that position on in the order of their ids, without
// gaps.
func (w *workspace) renumber(from int) {
	from -= from % block
	moved := slices.DeleteFunc(slices.Clone(w.records[from:]), func(r *record) bool { return r == nil })
	slices.SortFunc(moved, func(a, b *record) int { return compareIDs(a.id, b.id) })
	for set := range w.bitmaps() {
		set.RemoveRange(uint64(from), uint64(len(w.records)))
	}
	w.truncate(from)
	for _, r := range moved {
		p := w.open(r.id)
		w.place(p, r)
		w.ids[r.id] = p
	}
	w.calm = minCalm
}
