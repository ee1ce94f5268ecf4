package tag_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/tag"
)

var seed = flag.Uint64("seed", uint64(time.Now().UnixNano()), "seed of random tests")

const readable = 4.5 // WCAG 2.2, success criterion 1.4.3

func TestPaletteIsReadable(t *testing.T) {
	t.Parallel()
	for _, c := range tag.Palette() {
		parsed, err := tag.ParseColor(string(c))
		require.NoError(t, err)
		require.Equal(t, c, parsed)
		require.GreaterOrEqual(t, c.Contrast(c.Text()), readable, c)
	}
	require.Len(t, slices.Compact(slices.Sorted(slices.Values(tag.Palette()))), len(tag.Palette()), "a color is repeated")
}

func TestTextIsReadableOnEveryColor(t *testing.T) {
	t.Parallel()
	t.Logf("seed %d", *seed)
	random := rand.New(rand.NewPCG(*seed, 0))
	for range 100_000 {
		c := tag.Color(fmt.Sprintf("#%06x", random.Uint32N(1<<24)))
		if got := c.Contrast(c.Text()); got < readable {
			t.Fatalf("text on %s has contrast %.3f", c, got)
		}
	}
	for gray := range 256 {
		c := tag.Color(fmt.Sprintf("#%02[1]x%02[1]x%02[1]x", gray))
		require.GreaterOrEqual(t, c.Contrast(c.Text()), readable, c)
	}
}

func TestContrast(t *testing.T) {
	t.Parallel()
	const black, white = tag.Color("#000000"), tag.Color("#ffffff")
	require.InDelta(t, 21, black.Contrast(white), 1e-9)
	require.InDelta(t, 21, white.Contrast(black), 1e-9)
	require.InDelta(t, 1, white.Contrast(white), 1e-9)
	require.InDelta(t, 4.54, tag.Color("#767676").Contrast(white), 0.005) // the lightest gray that passes on white
	require.InDelta(t, 3.998, tag.Color("#ff0000").Contrast(white), 0.005)
}

func TestColorFor(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]tag.Color{
		// The colors of tags must not change with a new version.
		"hot-lead": "#0284c7", "vip": "#059669", "customer": "#16a34a", "новый": "#e11d48", "王": "#16a34a",
	} {
		require.Equal(t, want, tag.ColorFor(name), name)
	}
	for _, same := range [][]string{{"VIP", "vip", "ｖｉｐ", "  Vip "}, {"Hot Lead", "hot\u00a0lead", "hot  lead"}, {"Café", "cafe\u0301", "CAFE"}} {
		for _, name := range same {
			require.Equal(t, tag.ColorFor(same[0]), tag.ColorFor(name), name)
		}
	}
	used := map[tag.Color]int{}
	for i := range 10_000 {
		used[tag.ColorFor(fmt.Sprintf("tag %d", i))]++
	}
	require.Len(t, used, len(tag.Palette()), "a color is not used")
	for c, n := range used {
		require.Less(t, n, 3*10_000/len(tag.Palette()), "%s is used too often", c)
	}
}

func TestParseColor(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]tag.Color{
		"#1a2b3c": "#1a2b3c", "#1A2B3C": "#1a2b3c", "#abc": "#aabbcc", "#FFF": "#ffffff", " #000000\n": "#000000", "\u00a0#000\u00a0": "#000000",
	} {
		got, err := tag.ParseColor(in)
		require.NoError(t, err, in)
		require.Equal(t, want, got, in)
	}
	for _, bad := range []string{
		"", "#", "red", "123456", "#12345", "#1234567", "#12", "#1234", "#12345g", "#+12345", "# 12345", "##23456", "#é234", "#１２３", "#ggg",
		"rgb(1,2,3)", "url(javascript:alert(1))", "#00\x0000", "#00\xff000", "#é12",
	} {
		got, err := tag.ParseColor(bad)
		refused(t, err, "color", "want #rrggbb")
		require.Empty(t, got)
	}
}

func TestRGB(t *testing.T) {
	t.Parallel()
	for c, want := range map[tag.Color][3]uint8{"#0a64ff": {10, 100, 255}, "": {}, "#fff": {}, "red": {}, "#gggggg": {}} {
		r, g, b := c.RGB()
		require.Equal(t, want, [3]uint8{r, g, b}, c)
	}
}
