package storetest

import (
	"math/rand/v2"
	"testing"

	"github.com/contactpipeline/visitors/store/driver"
)

// Fuzz makes the calls that a fuzzer chooses on the store that open returns: some calls of
// Apply, the result of each compared with the reference store, and then filters, compared
// with filter.Match. It calls open once per process. The bytes of an input decide on the
// changes, the number on the filters. Set -fuzzminimizetime=10x, or most of the time
// is spent on minimizing inputs.
func Fuzz(f *testing.F, open func(testing.TB) driver.Store) {
	f.Helper()
	s := newSuite(open(f), quick)
	for seed := range uint64(4) {
		input := make([]byte, 80)
		for i, rnd := 0, rand.New(rand.NewPCG(seed, 5)); i < len(input); i++ {
			input[i] = byte(rnd.Uint32())
		}
		f.Add(seed, input)
	}
	f.Add(uint64(5), []byte(nil))
	f.Fuzz(func(t *testing.T, seed uint64, input []byte) {
		s.check(t, promise{
			why: "A fuzzer finds what nobody thought of.",
			check: func(f *fixture) {
				calls := 1 + min(len(input)/10, 40)
				o := f.compareRandomChanges(rand.New(newByteSource(input)), rand.New(rand.NewPCG(seed, 4)), calls)
				f.compareSomeFilters(o, seed, 10)
			},
		})
	})
}

// byteSource is a source of random numbers that takes the upper bits of each number from
// bytes, as long as there are some.
type byteSource struct {
	bytes []byte
	rest  *rand.PCG
}

func newByteSource(bytes []byte) *byteSource {
	return &byteSource{bytes, rand.NewPCG(uint64(len(bytes)), 7)}
}

func (s *byteSource) Uint64() uint64 {
	n := s.rest.Uint64()
	if len(s.bytes) == 0 {
		return n
	}
	b := s.bytes[0]
	s.bytes = s.bytes[1:]
	return uint64(b)<<56 | n>>8
}
