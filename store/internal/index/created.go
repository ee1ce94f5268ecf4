package index

import (
	"encoding/binary"
	"math"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/google/uuid"

	"github.com/contactpipeline/visitors/filter/bound"
)

// created returns the positions in within of visitors who were created at a time that t
// matches: ranges of positions, and those of the visitors that are late.
func (e *evaluator) created(t *bound.Test, within *roaring.Bitmap) *roaring.Bitmap {
	if t.Op == bound.OpExists {
		return within
	}
	x, found := e.x, roaring.New()
	for _, r := range t.Times {
		found.AddRange(uint64(x.firstFrom(firstID(r.Min))), uint64(x.firstFrom(firstID(after(r.Max)))))
	}
	found.AndNot(x.late)
	for id, p := range x.lateAt {
		for _, r := range t.Times {
			if compareIDs(id, firstID(r.Min)) >= 0 && compareIDs(id, firstID(after(r.Max))) < 0 {
				found.Add(p)
			}
		}
	}
	found.And(within)
	return found
}

func after(micros int64) int64 {
	if micros == math.MaxInt64 {
		return micros
	}
	return micros + 1
}

// firstID returns the smallest id that stands for a time, in microseconds since 1970, or a
// later one. See package id: a microsecond has several ids, and they round up.
func firstID(micros int64) (first uuid.UUID) {
	if micros <= 0 {
		return uuid.Nil
	}
	ms, rest := uint64(micros-1)/1000, uint64(micros-1)%1000
	if ms >= 1<<48 {
		return uuid.Max
	}
	binary.BigEndian.PutUint64(first[:], ms<<16|7<<12|(rest*4096/1000+1))
	return first
}
