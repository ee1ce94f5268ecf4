package main

import (
	"strings"
	"unicode"

	eastasian "golang.org/x/text/width"
)

// width returns the width of a text in cells of a terminal: two for Chinese, Japanese and Korean
// characters and emoji, none for combining marks and joined emoji.
func width(text string) int {
	total := 0
	for _, w := range widths([]rune(text)) {
		total += w
	}
	return total
}

// clip cuts a text that is wider than limit cells, and adds an ellipsis.
func clip(text string, limit int) string {
	if width(text) <= limit {
		return text
	}
	runes := []rune(text)
	total := 0
	for i, w := range widths(runes) {
		if total += w; total > limit-1 {
			return string(runes[:i]) + "…"
		}
	}
	return text
}

// wrap breaks a text into lines of at most limit cells, between words where it can.
func wrap(text string, limit int) (lines []string) {
	line := ""
	for _, word := range strings.Fields(text) {
		switch {
		case line == "":
			line = word
		case width(line)+1+width(word) > limit:
			lines = append(lines, clip(line, limit))
			line = word
		default:
			line += " " + word
		}
	}
	return append(lines, clip(line, limit))
}

// pad fills a text with spaces to a width in cells.
func pad(text string, cells int) string {
	return text + strings.Repeat(" ", max(0, cells-width(text)))
}

// widths returns the width that each rune adds.
func widths(runes []rune) []int {
	const (
		joiner     = '\u200D'
		emojiStyle = '\uFE0F'
	)
	out := make([]int, len(runes))
	flag := false // the rune before is the first half of a flag
	for i, r := range runes {
		switch {
		case i > 0 && runes[i-1] == joiner && unicode.Is(unicode.So, r):
			// joined to the emoji before
		case r >= 0x1F3FB && r <= 0x1F3FF && i > 0:
			// the skin of the emoji before
		case r >= 0x1F1E6 && r <= 0x1F1FF:
			if flag = !flag; flag {
				out[i] = 2
			}
			continue
		case r == emojiStyle && i > 0 && out[i-1] == 1:
			out[i] = 1
		case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf), r >= 0x1160 && r <= 0x11FF:
		case wide(r):
			out[i] = 2
		default:
			out[i] = 1
		}
		flag = false
	}
	return out
}

func wide(r rune) bool {
	kind := eastasian.LookupRune(r).Kind()
	return kind == eastasian.EastAsianWide || kind == eastasian.EastAsianFullwidth
}
