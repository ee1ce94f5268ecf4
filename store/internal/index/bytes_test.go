package index

import (
	"bytes"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

// Not parallel: other tests would change the heap.
func TestBytesAreWhatTheHeapHas(t *testing.T) {
	before := heap()
	n := 100_000
	x := filled(n)
	ratio := func(what string) {
		t.Helper()
		want := float64(heap() - before)
		t.Logf("%s: %.1f bytes a visitor, of which Bytes says %.3f", what, want/float64(n), float64(x.Bytes())/want)
		require.InDelta(t, want, x.Bytes(), want/10, what)
	}
	ratio("filled")
	x.BuildOrderings()
	ratio("with orderings by time")
	require.Less(t, x.Bytes(), int64(60*n))
	random := rand.New(rand.NewPCG(1, 2))
	sets := x.Sets()
	for p := range x.live.Clone().Iterate {
		if random.IntN(2) == 0 {
			var more []*Set
			for list := x.lists.of(p); len(list) > 0; {
				var number uint32
				number, list = next(list)
				more = append(more, x.sets[number])
			}
			more = append(more, sets[random.IntN(len(sets))])
			x.Put(p, Visitor{x.ID(p), random.Int64N(1 << 50), random.Int64N(1 << 50), more})
		}
	}
	ratio("changed")
	var snapshot bytes.Buffer
	require.NoError(t, x.Snapshot(&snapshot))
	x = nil
	var err error
	x, err = Restore(bytes.NewReader(snapshot.Bytes()), &model{})
	require.NoError(t, err)
	snapshot = bytes.Buffer{}
	ratio("restored")
	runtime.KeepAlive(x)
}
