package index

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter/bound"
)

// restore replaces the index of m by the one of its snapshot.
func (m *model) restore() {
	t := m.t
	t.Helper()
	snapshot := snapshotOf(t, m.x)
	few := m.x.few
	var err error
	m.x, err = Restore(bytes.NewReader(snapshot), m)
	require.NoError(t, err)
	m.x.few = few
	m.check()
	require.Equal(t, snapshot, snapshotOf(t, m.x))
}

func snapshotOf(t testing.TB, x *Index) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, x.Snapshot(&b))
	return b.Bytes()
}

func TestAnEmptyIndexIsRestored(t *testing.T) {
	t.Parallel()
	m := newModel(t, 0)
	m.restore()
	require.Len(t, m.x.Sets(), 125)
	v := m.Visitors(1)[0]
	m.put(0, &v)
	m.check()
}

// small returns an index with each thing that a snapshot has.
func small() *Index {
	x := New(&model{})
	x.Remove(x.Set(Tag, "removed"))
	vip, chat := x.Set(Tag, "vip"), x.Set(Source, "chat")
	x.Set(Text, "email")
	x.Put(0, Visitor{uuid.UUID{6: 1, 15: 9}, 1_000, -5, []*Set{chat, vip}})
	x.Put(1, Visitor{uuid.UUID{6: 2, 15: 7}, 2_000, 1, []*Set{chat}})
	x.Put(2, Visitor{uuid.UUID{6: 1, 15: 3}, 3_000, 1 << 50, []*Set{vip, chat}}) // late
	x.Put(3, Visitor{uuid.UUID{6: 2, 15: 8}, 4_000, 0, nil})
	x.Delete(1)
	return x
}

// A change of the format needs another version in the header.
func TestTheFormatOfASnapshot(t *testing.T) {
	t.Parallel()
	want, err := os.ReadFile(filepath.Join("testdata", "snapshot.hex"))
	require.NoError(t, err)
	require.Equal(t, strings.TrimSpace(string(want)), hex.EncodeToString(snapshotOf(t, small())))
	x, err := Restore(hex.NewDecoder(bytes.NewReader(bytes.TrimSpace(want))), &model{})
	require.NoError(t, err)
	require.Equal(t, uint64(3), x.live.GetCardinality())
}

func TestADamagedSnapshotIsAnError(t *testing.T) {
	t.Parallel()
	snapshot := snapshotOf(t, small())
	fails := func(damaged []byte) {
		t.Helper()
		_, err := Restore(bytes.NewReader(damaged), &model{})
		require.Error(t, err)
	}
	for i := range snapshot {
		fails(snapshot[:i])
		for bit := range 8 {
			damaged := bytes.Clone(snapshot)
			damaged[i] ^= 1 << bit
			fails(damaged)
		}
	}
	fails(append(bytes.Clone(snapshot), 0))
	failed := errors.New("disk")
	_, err := Restore(iotest.ErrReader(failed), &model{})
	require.ErrorIs(t, err, failed)
	require.ErrorIs(t, small().Snapshot(failing{failed}), failed)
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

// body returns a snapshot with a body that is made by hand, and the sum of it.
func body(bytes ...byte) []byte {
	b := append([]byte(snapshotHeader), bytes...)
	sum := crc32.New(castagnoli)
	sum.Write(b)
	return sum.Sum(b)
}

// With a good sum, what is not an index is an error too.
func TestASnapshotThatContradictsItselfIsAnError(t *testing.T) {
	t.Parallel()
	id := func(distance, last byte) string { return string([]byte{distance, 0, 0, 0, 0, 0, 0, 0, last}) }
	whole := func(last byte) string { return string(append(make([]byte, 7), 1, 0, 0, 0, 0, 0, 0, 0, last)) }
	const (
		none, one, two = "\x00", "\x01", "\x02"
		second         = "\x01\x01" // one position, the second
		times          = "\x02\x00" + "\x02\x00"
		timesOfFirst   = "\x02\x01" + "\x02\x01" // the second has none
		set            = "\x00\x01s"
		huge           = "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01" // the largest number
	)
	good := map[string]string{
		"two":     two + id(1, 1) + id(0, 2) + times + none + none + one + set + "\x02\x00\x00",
		"deleted": two + id(1, 1) + id(0, 2) + timesOfFirst + second + none + none,
		"late":    two + id(1, 2) + id(0, 2) + times + none + second + whole(1) + none,
	}
	bad := map[string]string{
		"ids decrease":                two + id(1, 2) + id(0, 1) + times + none + none + none,
		"the first half overflows":    two + id(1, 1) + huge + id(0, 2)[1:] + times + none + none + none,
		"an id twice":                 two + id(1, 1) + id(0, 1) + times + none + none + none,
		"late with the id of another": two + id(1, 2) + id(0, 2) + times + none + second + whole(2) + none,
		"late with a larger id":       two + id(1, 2) + id(0, 2) + times + none + second + whole(3) + none,
		"late at its position":        two + id(1, 2) + id(0, 3) + times + none + second + whole(1) + none,
		"late and deleted":            two + id(1, 2) + id(0, 2) + timesOfFirst + second + second + whole(1) + none,
		"an update of a deleted one":  two + id(1, 1) + id(0, 2) + "\x02\x00\x02\x01" + second + none + none,
		"a contact of a deleted one":  two + id(1, 1) + id(0, 2) + "\x02\x01\x02\x00" + second + none + none,
		"deleted after the end":       two + id(1, 1) + id(0, 2) + times + "\x01\x02" + none + none,
		"a position too large":        two + id(1, 1) + id(0, 2) + times + none + none + one + set + "\x02\x00\x01",
		"a member who is deleted":     two + id(1, 1) + id(0, 2) + timesOfFirst + second + none + one + set + second,
		"an unknown kind":             none + none + none + one + string(rune(kinds)) + "\x01s\x00",
		"a set twice":                 none + none + none + "\x02" + set + none + set + none,
		"too many positions":          "\xff\xff\xff\xff\xff\x01" + id(1, 1),
		"more to come":                "\x00\x00\x00\x00\x00",
	}
	for name, text := range good {
		x, err := Restore(bytes.NewReader(body([]byte(text)...)), &model{})
		require.NoError(t, err, name)
		require.Equal(t, 2, x.Len(), name)
	}
	for name, text := range bad {
		_, err := Restore(bytes.NewReader(body([]byte(text)...)), &model{})
		require.ErrorIs(t, err, errDamaged, name)
	}
}

// Lengths in a damaged snapshot do not take memory.
func TestADamagedSnapshotTakesLittleMemory(t *testing.T) {
	const huge = "\xff\xff\xff\xff\x0f"
	for name, text := range map[string]string{
		"ids": huge, "deleted": "\x00" + huge, "late": "\x00\x00" + huge, "sets": "\x00\x00\x00" + huge,
		"name": "\x00\x00\x00\x01\x00" + huge, "members": "\x00\x00\x00\x01\x00\x00" + huge,
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := Restore(bytes.NewReader(body([]byte(text)...)), &model{})
		require.Error(t, err, name)
		runtime.ReadMemStats(&after)
		require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(16<<20), name)
	}
}

func FuzzRestore(f *testing.F) {
	header := len(snapshotHeader)
	seed := snapshotOf(f, small())
	f.Add(seed[header : len(seed)-crc32.Size])
	f.Fuzz(func(t *testing.T, data []byte) {
		x, err := Restore(bytes.NewReader(body(data...)), &model{})
		if err != nil {
			return
		}
		// What is restored is an index: its snapshot is read again, and it can be changed.
		again, err := Restore(bytes.NewReader(snapshotOf(t, x)), &model{})
		require.NoError(t, err)
		require.Equal(t, snapshotOf(t, x), snapshotOf(t, again))
		for p := range x.live.Clone().Iterate {
			found, ok := x.Position(x.ID(p))
			require.True(t, ok && found == p)
		}
		for _, s := range x.Sets() {
			require.Equal(t, s.members.GetCardinality(), uint64(countOf(x, s)), fmt.Sprint(s.kind, s.Name))
		}
		for p := range x.live.Clone().Iterate {
			x.Delete(p)
		}
		for _, s := range x.Sets() {
			require.True(t, s.members.IsEmpty())
		}
		_, err = x.Count(t.Context(), bound.Constant(true), 0)
		require.NoError(t, err)
	})
}

// countOf returns how many lists of the first few positions have s.
func countOf(x *Index, s *Set) int64 {
	counts := make([]int64, len(x.sets))
	x.countWindow(x.live, 0, counts)
	return counts[s.number]
}
