package text_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/contactpipeline/visitors/tag/text"
)

func TestDistance(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "ab", 2}, {"same", "same", 0}, {"kitten", "sitting", 3}, {"vip", "vpi", 1}, {"ca", "abc", 3},
		{"żółw", "zolw", 3}, {"王小明", "王明", 1}, {"abcd", "badc", 2},
	} {
		require.Equal(t, c.want, text.Distance(c.a, c.b, 100), "%s, %s", c.a, c.b)
		require.Equal(t, c.want, text.Distance(c.b, c.a, 100), "%s, %s", c.b, c.a)
	}
}

// recursive computes the distance by its recursive definition.
func recursive(a, b []rune) int {
	if len(a) == 0 || len(b) == 0 {
		return len(a) + len(b)
	}
	m, n := len(a)-1, len(b)-1
	cost := 1
	if a[m] == b[n] {
		cost = 0
	}
	d := min(recursive(a[:m], b[:n])+cost, recursive(a[:m], b)+1, recursive(a, b[:n])+1)
	if m > 0 && n > 0 && a[m] == b[n-1] && a[m-1] == b[n] {
		d = min(d, recursive(a[:m-1], b[:n-1])+1)
	}
	return d
}

func TestDistanceIsThatOfTheDefinition(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		short := rapid.StringOfN(rapid.RuneFrom([]rune("abé")), 0, 6, -1)
		a, b, limit := short.Draw(t, "a"), short.Draw(t, "b"), rapid.IntRange(0, 8).Draw(t, "limit")
		require.Equal(t, min(recursive([]rune(a), []rune(b)), limit), text.Distance(a, b, limit))
	})
}
