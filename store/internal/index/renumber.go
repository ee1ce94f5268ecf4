package index

import (
	"maps"
	"slices"

	"github.com/google/uuid"
)

const (
	minLate    = 256   // fewer visitors that are late cost almost nothing
	minDeleted = 1_024 // so do fewer positions without visitors
	maxMoves   = 8     // most visitors that are moved for each one that is late
)

// Renumber moves visitors that are late to the positions of their ids, and closes the gaps of
// deleted ones, if they are so many that the work for each is small. It returns the position
// from which on positions have changed and, for each of these now, what it was before. There
// are none if nothing has changed. An owner calls it after changes, outside of transactions.
func (x *Index) Renumber() (from int, before []uint32) {
	deleted := len(x.ids) - int(x.live.GetCardinality())
	if deleted > minDeleted && deleted > len(x.ids)/2 {
		return x.renumber(0)
	}
	if len(x.lateID) < x.maxLate {
		return 0, nil
	}
	first := x.ID(x.late.Minimum())
	for id := range x.lateAt {
		if compareIDs(id, first) < 0 {
			first = id
		}
	}
	// Visitors before the smallest of these ids do not move.
	if from := x.firstFrom(first); len(x.ids)-from <= maxMoves*len(x.lateID) {
		return x.renumber(from)
	}
	x.maxLate = len(x.lateID) + len(x.lateID)/4
	return 0, nil
}

// renumber gives the visitors from a position on new positions, in the order of their ids
// and without gaps.
func (x *Index) renumber(from int) (int, []uint32) {
	from -= from % block
	before := x.orderOfIDs(uint32(from))
	ids := make([]uuid.UUID, len(before))
	for i, p := range before {
		ids[i] = x.ID(p)
	}
	lists := slices.Clone(x.lists[from/block:])
	updated, seen := slices.Clone(x.updated.at[from:]), slices.Clone(x.seen.at[from:])
	orderings := x.orderings()
	places := make([][len(orderings)]uint16, len(before))
	for i, p := range before {
		for k, o := range orderings {
			places[i][k] = o.take(p)
		}
	}
	for _, set := range x.bitmaps() {
		set.RemoveRange(uint64(from), uint64(len(x.ids)))
	}
	maps.DeleteFunc(x.lateAt, func(_ uuid.UUID, p uint32) bool { return int(p) >= from })
	maps.DeleteFunc(x.lateID, func(p uint32, _ uuid.UUID) bool { return int(p) >= from })
	x.Truncate(from)
	for i, old := range before {
		p, old := uint32(from+i), old-uint32(from)
		x.open(ids[i])
		x.live.Add(p)
		x.setLate(p, ids[i])
		x.updated.at[p], x.seen.at[p] = updated[old], seen[old]
		for k, o := range orderings {
			o.restore(p, places[i][k])
		}
		list := lists.of(old)
		var kinds uint
		for rest := list; len(rest) > 0; {
			var n uint32
			n, rest = next(rest)
			x.sets[n].members.Add(p)
			kinds |= 1 << x.sets[n].kind
		}
		x.setKinds(p, 0, kinds)
		x.lists.set(p, list)
	}
	x.maxLate = minLate
	return from, before
}

// orderOfIDs returns the positions from one on that have a visitor, in the order of ids. Only
// visitors that are late are not in it already.
func (x *Index) orderOfIDs(from uint32) (positions []uint32) {
	var late []uint32
	for p := range x.late.Iterate {
		if p >= from {
			late = append(late, p)
		}
	}
	slices.SortFunc(late, func(a, b uint32) int { return compareIDs(x.lateID[a], x.lateID[b]) })
	for p := from; int(p) < len(x.ids); p++ {
		if !x.live.Contains(p) || x.late.Contains(p) {
			continue
		}
		for len(late) > 0 && compareIDs(x.lateID[late[0]], x.ids[p]) < 0 {
			positions, late = append(positions, late[0]), late[1:]
		}
		positions = append(positions, p)
	}
	return append(positions, late...)
}
