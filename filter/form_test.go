package filter_test

import (
	"flag"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/filter/filtergen"
)

var seed = flag.Uint64("seed", uint64(time.Now().UnixNano()), "seed of the random tests")

// random gives each test some random expressions of every depth, and the generator they
// are from.
func random(t *testing.T, rounds int, check func(t *testing.T, g *filtergen.Generator, e filter.Expr)) {
	t.Helper()
	for i := range uint64(rounds) {
		g := filtergen.New(*seed+i, nil)
		for _, e := range g.Each() {
			check(t, g, e)
		}
		for depth := 1; depth <= 8; depth++ {
			for range 5 {
				check(t, g, g.Expr(depth))
			}
		}
		if t.Failed() {
			t.Fatalf("seed %d", *seed+i)
		}
	}
}

func TestTextRoundTrip(t *testing.T) {
	t.Parallel()
	random(t, 40, func(t *testing.T, _ *filtergen.Generator, e filter.Expr) {
		s, err := filter.Format(e)
		require.NoError(t, err)
		back, err := filter.Parse(s)
		require.NoError(t, err, s)
		require.Equal(t, e, back, s)
	})
}

func TestJSONRoundTrip(t *testing.T) {
	t.Parallel()
	random(t, 40, func(t *testing.T, _ *filtergen.Generator, e filter.Expr) {
		b, err := filter.Marshal(e)
		require.NoError(t, err)
		back, err := filter.Unmarshal(b)
		require.NoError(t, err, string(b))
		require.Equal(t, e, back, string(b))
	})
}
