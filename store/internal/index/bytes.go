package index

import (
	"encoding/binary"
	"unsafe"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/google/uuid"
)

// Bytes returns about how many bytes of memory the index takes. It takes microseconds.
func (x *Index) Bytes() int64 {
	const (
		container = 56  // what a bitmap needs beside the members for each 65,536 positions
		set       = 200 // what a set needs beside them, with its place in maps
		late      = 80  // a visitor in two maps
	)
	size := cap(x.ids)*int(unsafe.Sizeof(uuid.UUID{})) + cap(x.heads)*8 + len(x.lateID)*late +
		(cap(x.updated.at)+cap(x.seen.at))*8 + cap(x.lists)*int(unsafe.Sizeof(listBlock{}))
	add := func(b *roaring.Bitmap) (members int) {
		members = int(b.GetCardinality())
		size += int(b.GetSizeInBytes()) + set + container*min(members, len(x.ids)>>16+1)
		return members
	}
	var number []byte
	for _, s := range x.Sets() {
		number = binary.AppendUvarint(number[:0], uint64(s.number))
		size += add(s.members)*len(number) + len(s.Name) // in lists, too
	}
	add(x.live)
	add(x.late)
	for k := range x.kinds {
		add(x.kinds[k].any)
	}
	for _, o := range x.orderings() {
		bins, more := o.holds()
		for _, bin := range bins {
			add(bin)
		}
		size += more
	}
	return int64(size)
}
