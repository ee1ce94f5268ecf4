package index

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"math/bits"
	"slices"
	"sort"
	"sync"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/google/uuid"

	"github.com/contactpipeline/visitors/filter/bound"
)

// Index is the index of one workspace. Any number of goroutines may read it at a time, or one
// may change it: the owner has the lock. New returns one.
type Index struct {
	owner Owner

	// ids is the largest id up to each position, so that a position can be found by binary
	// search. A visitor whose own id is smaller is late.
	ids     []uuid.UUID
	heads   []uint64        // the first half of every 64th of ids
	live    *roaring.Bitmap // positions that have a visitor
	late    *roaring.Bitmap
	lateID  map[uint32]uuid.UUID // own ids of the visitors that are late
	lateAt  map[uuid.UUID]uint32 // their positions
	maxLate int                  // with more of them, renumbering is considered again

	kinds [kinds]kindSets
	sets  []*Set   // by number; nil if free
	free  []uint32 // numbers without a set
	lists lists
	puts  uint64
	list  []byte // buffer of Put

	updated, seen column
	names         ordering[[]byte]
	few           int // so many visitors are compared one by one rather than by bins
}

// Visitor is what the index has of a visitor. It was created when its id says. Sets may repeat.
type Visitor struct {
	ID            uuid.UUID
	Updated, Seen int64 // in microseconds since 1970; 0 for never
	Sets          []*Set
}

// Owner knows about visitors what the index does not. Its methods are called by methods of
// the index, under the lock of their caller.
type Owner interface {
	// Known returns the positions that match a *bound.Test, bound.Terms or *bound.Permission if
	// they are at hand, nil if not. The index does not modify them.
	Known(n bound.Node) *roaring.Bitmap
	// Search returns the positions in within that match such a node. An error
	// ends the call of the index, which returns it.
	Search(ctx context.Context, n bound.Node, within *roaring.Bitmap) (*roaring.Bitmap, error)
	// Name returns the folded name of the visitor at p, which the index does not modify.
	Name(p uint32) []byte
}

// New returns an empty index.
func New(owner Owner) *Index {
	x := &Index{
		owner: owner, live: roaring.New(), late: roaring.New(), maxLate: minLate,
		lateID: map[uint32]uuid.UUID{}, lateAt: map[uuid.UUID]uint32{}, few: 4_096,
	}
	for k := range x.kinds {
		x.kinds[k] = kindSets{byName: map[string]*Set{}, any: roaring.New()}
	}
	x.updated.init()
	x.seen.init()
	x.names.key, x.names.compare, x.names.clone, x.names.private = owner.Name, bytes.Compare, bytes.Clone, true
	x.names.next = func(name []byte) []byte { return append(bytes.Clone(name), 0) }
	x.names.notAfter = func(sorted [][]byte, name []byte) int {
		return sort.Search(len(sorted), func(i int) bool { return bytes.Compare(sorted[i], name) > 0 })
	}
	return x
}

// BuildOrderings builds the orderings by time that are not built, so that no reader waits for them. It
// is a reader itself. An owner calls it in the background after many changes.
func (x *Index) BuildOrderings() {
	var wg sync.WaitGroup
	wg.Go(func() { x.updated.build(x.live) })
	x.seen.build(x.live)
	wg.Wait()
}

// Len returns the number of positions, which is that of the next new visitor.
func (x *Index) Len() int { return len(x.ids) }

// Position returns where the visitor with that id is.
func (x *Index) Position(id uuid.UUID) (p uint32, ok bool) {
	if len(x.lateAt) > 0 {
		if p, ok = x.lateAt[id]; ok {
			return p, true
		}
	}
	i := x.firstFrom(id)
	return uint32(i), i < len(x.ids) && x.ids[i] == id && x.live.Contains(uint32(i))
}

// ID returns the id of the visitor at p.
func (x *Index) ID(p uint32) uuid.UUID {
	if id, ok := x.lateID[p]; ok {
		return id
	}
	return x.ids[p]
}

func compareIDs(a, b uuid.UUID) int {
	return cmp.Or(
		cmp.Compare(binary.BigEndian.Uint64(a[:]), binary.BigEndian.Uint64(b[:])),
		cmp.Compare(binary.BigEndian.Uint64(a[8:]), binary.BigEndian.Uint64(b[8:])),
	)
}

// firstFrom returns the first position whose largest id is not below id. It searches heads first,
// since these are few enough to stay in the caches of a processor.
func (x *Index) firstFrom(id uuid.UUID) int {
	n := len(x.ids)
	if n == 0 || compareIDs(x.ids[n-1], id) < 0 {
		return n
	}
	head := binary.BigEndian.Uint64(id[:])
	first, _ := slices.BinarySearch(x.heads, head)
	more, _ := slices.BinarySearch(x.heads[first:], head+1)
	from, to := max(first-1, 0)*block, min((first+more)*block, n)
	i, _ := slices.BinarySearchFunc(x.ids[from:to], id, compareIDs)
	return from + i
}

// Put sets what the visitor at p is. A new visitor gets the position Len.
func (x *Index) Put(p uint32, v Visitor) {
	if int(p) == len(x.ids) {
		x.open(v.ID)
	}
	added := x.live.CheckedAdd(p)
	if added {
		x.setLate(p, v.ID)
		x.names.put(p)
	}
	x.updated.set(p, v.Updated, added)
	x.seen.set(p, v.Seen, added)
	x.setSets(p, v.Sets)
}

// Renamed must be called when the name of the visitor at p has changed.
func (x *Index) Renamed(p uint32) {
	x.names.remove(p)
	x.names.put(p)
}

// Delete removes the visitor at p. Its position stays.
func (x *Index) Delete(p uint32) {
	x.setSets(p, nil)
	x.live.Remove(p)
	if x.late.CheckedRemove(p) {
		delete(x.lateAt, x.lateID[p])
		delete(x.lateID, p)
	}
	for _, o := range x.orderings() {
		o.remove(p)
	}
	x.updated.at[p], x.seen.at[p] = 0, 0
}

// Truncate removes the positions from n on, which have no visitors.
func (x *Index) Truncate(n int) {
	x.ids, x.heads = x.ids[:n], x.heads[:(n+block-1)/block]
	x.updated.at, x.seen.at = x.updated.at[:n], x.seen.at[:n]
	x.lists.truncate(n)
	for _, o := range x.orderings() {
		o.truncate(n)
	}
}

// open adds an empty position at the end, for a visitor with that id.
func (x *Index) open(id uuid.UUID) {
	if n := len(x.ids); n > 0 && compareIDs(x.ids[n-1], id) > 0 {
		id = x.ids[n-1]
	}
	if len(x.ids)%block == 0 {
		x.heads = append(x.heads, binary.BigEndian.Uint64(id[:]))
	}
	x.ids = push(x.ids, id)
	x.updated.at, x.seen.at = push(x.updated.at, 0), push(x.seen.at, 0)
}

// push is append with less spare capacity, since positions are many.
func push[T any](s []T, v T) []T {
	if len(s) == cap(s) {
		s = append(make([]T, 0, len(s)+len(s)/8+block), s...)
	}
	return append(s, v)
}

// setLate notes the id of a visitor whom firstFrom does not find.
func (x *Index) setLate(p uint32, id uuid.UUID) {
	if x.ids[p] != id || p > 0 && x.ids[p-1] == id {
		x.late.Add(p)
		x.lateID[p], x.lateAt[id] = id, p
	}
}

// setSets changes in which sets the visitor at p is.
func (x *Index) setSets(p uint32, sets []*Set) {
	x.puts++
	before := x.lists.of(p)
	var kindsBefore, kindsAfter uint
	for list := before; len(list) > 0; {
		var n uint32
		n, list = next(list)
		x.sets[n].had = x.puts
		kindsBefore |= 1 << x.sets[n].kind
	}
	x.list = x.list[:0]
	for _, s := range sets {
		if s.has == x.puts {
			continue // a repeat
		}
		s.has = x.puts
		kindsAfter |= 1 << s.kind
		x.list = binary.AppendUvarint(x.list, uint64(s.number))
		if s.had != x.puts {
			s.members.Add(p)
		}
	}
	if bytes.Equal(before, x.list) {
		return
	}
	for list := before; len(list) > 0; {
		var n uint32
		n, list = next(list)
		if s := x.sets[n]; s.has != x.puts {
			s.members.Remove(p)
		}
	}
	x.setKinds(p, kindsBefore, kindsAfter)
	x.lists.set(p, x.list)
}

// setKinds changes of which kinds the visitor at p has sets. A kind is a bit.
func (x *Index) setKinds(p uint32, before, after uint) {
	for changed := before ^ after; changed != 0; changed &= changed - 1 {
		k := bits.TrailingZeros(changed)
		if after&(1<<k) != 0 {
			x.kinds[k].any.Add(p)
		} else {
			x.kinds[k].any.Remove(p)
		}
	}
}

func (x *Index) orderings() [3]changing { return [3]changing{&x.updated, &x.seen, &x.names} }

// bitmaps returns every bitmap of positions, except those of orderings.
func (x *Index) bitmaps() []*roaring.Bitmap {
	all := []*roaring.Bitmap{x.live, x.late}
	for k := range x.kinds {
		all = append(all, x.kinds[k].any)
	}
	for _, s := range x.sets {
		if s != nil {
			all = append(all, s.members)
		}
	}
	return all
}
