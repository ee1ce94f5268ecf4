package index

import (
	"encoding/binary"
	"slices"
)

// lists holds the numbers of the sets of each visitor: what the bitmaps say, by position. The
// lists of a block of positions are stored one after another, each number as a varint.
type lists []listBlock

type listBlock struct {
	numbers []byte
	ends    [block]uint32
}

const block = 64 // positions of a block, and bits of a word of a bitmap

// of returns the list at p, which must not be modified and changes with the next set.
func (l lists) of(p uint32) []byte {
	if int(p/block) >= len(l) {
		return nil
	}
	b := &l[p/block]
	start, end := b.span(p % block)
	return b.numbers[start:end]
}

func (b *listBlock) span(slot uint32) (start, end uint32) {
	if slot > 0 {
		start = b.ends[slot-1]
	}
	return start, b.ends[slot]
}

func (l *lists) set(p uint32, list []byte) {
	for int(p/block) >= len(*l) {
		*l = append(*l, listBlock{})
	}
	b := &(*l)[p/block]
	start, end := b.span(p % block)
	if length := len(b.numbers) + len(list) - int(end-start); length > cap(b.numbers) {
		b.numbers = append(make([]byte, 0, length+length/8+16), b.numbers...) // with little to spare
	}
	b.numbers = slices.Replace(b.numbers, int(start), int(end), list...)
	for i := p % block; i < block; i++ {
		b.ends[i] += uint32(len(list)) - (end - start)
	}
}

// truncate removes the blocks after that of p. The positions from p on have empty lists.
func (l *lists) truncate(p int) {
	keep := min((p+block-1)/block, len(*l))
	clear((*l)[keep:])
	*l = (*l)[:keep]
}

// next returns the first number of a list that is not empty, and the rest of the list.
func next(list []byte) (uint32, []byte) {
	if list[0] < 0x80 {
		return uint32(list[0]), list[1:]
	}
	n, size := binary.Uvarint(list)
	return uint32(n), list[size:]
}

// newLists returns the lists of n positions in sets.
func newLists(n int, sets []*Set) lists {
	l := make(lists, (n+block-1)/block)
	var number []byte
	for _, s := range sets {
		number = binary.AppendUvarint(number[:0], uint64(s.number))
		for p := range s.members.Iterate {
			l[p/block].ends[p%block] += uint32(len(number))
		}
	}
	for i := range l {
		b := &l[i]
		var length uint32
		for slot, size := range b.ends {
			b.ends[slot] = length // the start, until the list is filled
			length += size
		}
		b.numbers = make([]byte, length)
	}
	for _, s := range sets {
		number = binary.AppendUvarint(number[:0], uint64(s.number))
		for p := range s.members.Iterate {
			b := &l[p/block]
			b.ends[p%block] += uint32(copy(b.numbers[b.ends[p%block]:], number))
		}
	}
	return l
}
