package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/tag"
)

func TestWidth(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		"": 0, "Ada": 3, "José": 4, "Jose\u0301": 4, "李小龍": 6, "김민준": 6, "\u1112\u1161\u11ab": 2,
		"ｆｕｌｌ": 8, "🚲": 2, "👩🏽‍🔧": 2, "👨‍👩‍👧": 2, "🇺🇦 Taras": 8, "🇺🇦🇩🇪": 4, "☎": 1, "☎\uFE0F": 2,
		"محمد": 4, "a\u200bb": 2, "C̷l̵i̶c̸k̴": 5,
	} {
		require.Equal(t, want, width(text), "%q", text)
	}
	require.Equal(t, "李小…", clip("李小龍李小龍", 6))
	require.Equal(t, "李小龍", clip("李小龍", 6))
	require.Equal(t, "Jose\u0301…", clip("Jose\u0301phine", 5))
	require.Equal(t, []string{"one two", "three"}, wrap("one two three", 8))
	require.Equal(t, "李  ", pad("李", 4))
}

func TestBadges(t *testing.T) {
	t.Parallel()
	green := tag.Color("#16a34a")
	require.Equal(t, "VIP", noColor.badge("VIP", green))
	require.Equal(t, "\x1b[48;2;22;163;74;38;2;0;0;0m VIP \x1b[0m", trueColor.badge("VIP", green))
	require.Equal(t, "\x1b[48;5;35;38;5;16m VIP \x1b[0m", color256.badge("VIP", green))
	require.Equal(t, "\x1b[38;5;242mVIP\x1b[0m", color256.paint("VIP", "#6b7280"), "gray stays gray")
	require.Equal(t, "\x1b[38;5;231mVIP\x1b[0m", color256.paint("VIP", "#ffffff"))
}

func TestTablesAlignInAllScripts(t *testing.T) {
	t.Parallel()
	for _, palette := range []palette{noColor, color256, trueColor} {
		var out bytes.Buffer
		s := &screen{w: &out, color: palette}
		rows := table{columns: []column{{"name", 8}, {"badge", 20}, {"end", 10}}}
		for _, name := range []string{"Ada", "李小龍", "Jose\u0301", "👩🏽‍🔧 Jo", "a name that is long", "한국어 이름입니다", ""} {
			rows.add(plain(name), s.badge("tag", "#dc2626"), plain("|"))
		}
		s.table(rows)
		lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
		require.Len(t, lines, 8)
		at := width(stripped(lines[1]))
		for _, line := range lines[1:] {
			require.Equal(t, at, width(stripped(line)), "%q", line)
		}
	}
}

// stripped returns a text without escape sequences.
func stripped(text string) string {
	var b strings.Builder
	for text != "" {
		before, rest, found := strings.Cut(text, "\x1b[")
		b.WriteString(before)
		if !found {
			break
		}
		_, text, _ = strings.Cut(rest, "m")
	}
	return b.String()
}
