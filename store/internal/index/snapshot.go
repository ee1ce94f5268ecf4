package index

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"strings"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/google/uuid"
)

// A snapshot begins with this line, and ends with a CRC-32 of all before. The version changes
// with the format and with the numbers of kinds.
const snapshotHeader = "visitors index 1\n"

var (
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
	errDamaged = errors.New("index: damaged snapshot")
)

// Snapshot writes what Restore reads: all that the index has except its orderings. It has no
// texts of visitors. It reads the index, as a count does.
func (x *Index) Snapshot(w io.Writer) error {
	sum := crc32.New(castagnoli)
	e := encoder{w: bufio.NewWriterSize(io.MultiWriter(w, sum), 1<<16)}
	e.text(snapshotHeader)
	e.uvarint(uint64(len(x.ids)))
	var last uint64
	for _, id := range x.ids {
		head := binary.BigEndian.Uint64(id[:])
		e.uvarint(head - last)
		e.text(string(id[8:]))
		last = head
	}
	for _, column := range [][]int64{x.updated.at, x.seen.at} {
		var last int64
		for _, at := range column {
			e.bytes = binary.AppendVarint(e.bytes[:0], at-last)
			e.w.Write(e.bytes)
			last = at
		}
	}
	e.positions(roaring.Flip(x.live, 0, uint64(len(x.ids))))
	e.positions(x.late)
	for p := range x.late.Iterate {
		id := x.lateID[p]
		e.text(string(id[:]))
	}
	sets := x.Sets()
	e.uvarint(uint64(len(sets)))
	for _, s := range sets {
		e.uvarint(uint64(s.kind))
		e.uvarint(uint64(len(s.Name)))
		e.text(s.Name)
		e.positions(s.members)
	}
	if err := e.w.Flush(); err != nil { // also an error of an earlier write
		return err
	}
	_, err := w.Write(sum.Sum(nil))
	return err
}

type encoder struct {
	w     *bufio.Writer
	bytes []byte // a buffer
}

func (e *encoder) text(s string) { e.w.WriteString(s) }

func (e *encoder) uvarint(n uint64) {
	e.bytes = binary.AppendUvarint(e.bytes[:0], n)
	e.w.Write(e.bytes)
}

// positions writes how many they are and, of each, how far it is from the smallest one possible.
func (e *encoder) positions(set *roaring.Bitmap) {
	e.uvarint(set.GetCardinality())
	var smallest uint32
	for p := range set.Iterate {
		e.uvarint(uint64(p - smallest))
		smallest = p + 1
	}
}

// Restore returns the index of a snapshot, which is all that r has. It returns an error if that
// is not a whole snapshot of this version. Memory is taken as data comes, so that a damaged
// snapshot does not take much. See BuildOrderings for the orderings.
func Restore(r io.Reader, owner Owner) (*Index, error) {
	sum := crc32.New(castagnoli)
	d := decoder{r: bufio.NewReaderSize(io.TeeReader(r, sum), 1<<16)}
	if d.text(uint64(len(snapshotHeader))) != snapshotHeader {
		d.fail()
	}
	x := New(owner)
	d.visitors(x)
	d.sets(x)
	end, err := io.ReadAll(io.LimitReader(d.r, crc32.Size+1))
	if d.err == nil {
		d.err = err
	}
	if d.err == nil && (len(end) != crc32.Size || // sum has also read the end
		sum.Sum32() != crc32.Update(binary.BigEndian.Uint32(end), castagnoli, end)) {
		d.fail()
	}
	if d.err != nil {
		return nil, fmt.Errorf("restore an index: %w", d.err)
	}
	for k := range x.kinds {
		var members []*roaring.Bitmap
		for _, s := range x.kinds[k].byName {
			members = append(members, s.members)
		}
		x.kinds[k].any = roaring.FastOr(members...)
	}
	x.lists = newLists(len(x.ids), x.sets)
	return x, nil
}

// decoder reads a snapshot. After the first error all it reads is zero.
type decoder struct {
	r   *bufio.Reader
	err error
}

func (d *decoder) fail() {
	if d.err == nil {
		d.err = errDamaged
	}
}

func (d *decoder) uvarint() uint64 {
	if d.err != nil {
		return 0
	}
	var n uint64
	n, d.err = binary.ReadUvarint(d.r)
	return n
}

// text reads so many bytes.
func (d *decoder) text(n uint64) string {
	var b strings.Builder
	if d.err == nil {
		_, d.err = io.CopyN(&b, d.r, int64(min(n, math.MaxInt64)))
	}
	return b.String()
}

func (d *decoder) fill(b []byte) {
	if d.err == nil {
		_, d.err = io.ReadFull(d.r, b)
	}
}

// positions reads positions below n, all of which are in within unless that is nil.
func (d *decoder) positions(n int, within *roaring.Bitmap) *roaring.Bitmap {
	set, left, smallest := roaring.New(), d.uvarint(), uint64(0)
	var some []uint32
	for ; left > 0 && d.err == nil; left-- {
		distance := d.uvarint()
		if distance >= uint64(n)-smallest {
			d.fail()
			break
		}
		some = append(some, uint32(smallest+distance))
		smallest += distance + 1
		if len(some) == 4_096 || left == 1 {
			set.AddMany(some)
			some = some[:0]
		}
	}
	if within != nil && set.AndCardinality(within) != set.GetCardinality() {
		d.fail()
	}
	return set.Clone() // without the spare capacity
}

const firstRead = 1 << 18 // most ids for which space is taken before they are read

// visitors reads ids and times, and who is late.
func (d *decoder) visitors(x *Index) {
	n := d.uvarint()
	if n > math.MaxUint32 {
		d.fail()
		return
	}
	var last uuid.UUID
	x.ids = make([]uuid.UUID, 0, min(n, firstRead))
	same := roaring.New() // positions whose id is that of the one before
	for range n {
		head := binary.BigEndian.Uint64(last[:])
		distance := d.uvarint()
		id := last
		binary.BigEndian.PutUint64(id[:], head+distance)
		d.fill(id[8:])
		if d.err != nil {
			return
		}
		if compareIDs(id, last) < 0 { // also if the first half overflows
			d.fail()
			return
		}
		if p := len(x.ids); p > 0 && id == last {
			same.Add(uint32(p))
		}
		if len(x.ids)%block == 0 {
			x.heads = append(x.heads, head+distance)
		}
		x.ids, last = push(x.ids, id), id
	}
	x.updated.at, x.seen.at = d.times(len(x.ids)), d.times(len(x.ids))
	dead := d.positions(len(x.ids), nil)
	if d.err != nil {
		return
	}
	x.live.AddRange(0, n)
	x.live.AndNot(dead)
	for p := range dead.Iterate {
		if x.updated.at[p] != 0 || x.seen.at[p] != 0 {
			d.fail()
			return
		}
	}
	x.late = d.positions(len(x.ids), x.live)
	for p := range x.late.Iterate {
		var id uuid.UUID
		d.fill(id[:])
		if _, taken := x.Position(id); taken || !same.Contains(p) || compareIDs(id, x.ids[p]) > 0 {
			d.fail()
			return
		}
		x.lateID[p], x.lateAt[id] = id, p
	}
	same.And(x.live)
	same.AndNot(x.late)
	if !same.IsEmpty() {
		d.fail() // nothing would find them
	}
}

// times reads the times of a column of n positions, for which as much data has been read.
func (d *decoder) times(n int) []int64 {
	var last int64
	times := make([]int64, n)
	for i := 0; i < n && d.err == nil; i++ {
		var distance int64
		distance, d.err = binary.ReadVarint(d.r)
		last += distance
		times[i] = last
	}
	return times
}

// sets reads the sets, and numbers them anew.
func (d *decoder) sets(x *Index) {
	for left := d.uvarint(); left > 0 && d.err == nil; left-- {
		kind := d.uvarint()
		name := d.text(d.uvarint())
		if kind >= uint64(kinds) || x.kinds[kind].byName[name] != nil {
			d.fail()
			return
		}
		x.Set(Kind(kind), name).members = d.positions(len(x.ids), x.live)
	}
}
