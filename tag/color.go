package tag

import (
	"hash/fnv"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/contactpipeline/visitors/tag/text"
)

// Color is an sRGB color in the form #rrggbb, in lower case.
type Color string

// palette has colors that can be distinguished side by side, each with a readable text color
// (see Text).
var palette = [...]Color{
	"#dc2626", "#ea580c", "#d97706", "#ca8a04", "#65a30d", "#16a34a",
	"#059669", "#0d9488", "#0891b2", "#0284c7", "#2563eb", "#4f46e5",
	"#7c3aed", "#9333ea", "#c026d3", "#db2777", "#e11d48", "#57534e",
}

// Palette returns the colors that ColorFor chooses from, in display order.
func Palette() []Color { return slices.Clone(palette[:]) }

// ColorFor returns the palette color of a tag name. Names with the same Key have the same color.
func ColorFor(name string) Color {
	h := fnv.New32a()
	h.Write([]byte(Key(name)))
	return palette[h.Sum32()%uint32(len(palette))]
}

// ParseColor parses #rrggbb or #rgb, in either case and with any white space around it, or returns
// a *text.FieldError.
func ParseColor(s string) (Color, error) {
	hex := strings.ToLower(strings.TrimSpace(s))
	if len(hex) == 4 && hex[0] == '#' {
		hex = string([]byte{'#', hex[1], hex[1], hex[2], hex[2], hex[3], hex[3]})
	}
	digits, ok := strings.CutPrefix(hex, "#")
	if _, err := strconv.ParseUint(digits, 16, 32); err != nil || !ok || len(digits) != 6 {
		return "", text.Refuse("color", "want #rrggbb")
	}
	return Color(hex), nil
}

// RGB returns the three channels, 0 to 255. For a value that is not #rrggbb they are 0.
func (c Color) RGB() (r, g, b uint8) {
	if len(c) != 7 {
		return 0, 0, 0
	}
	n, _ := strconv.ParseUint(string(c[1:]), 16, 32) // 0 if it is not a number
	return uint8(n >> 16), uint8(n >> 8), uint8(n)
}

// Text returns black or white, the one with more contrast as the color of text on c. Its Contrast
// with c is at least 4.5 for every c (WCAG 2.2, success criterion 1.4.3).
func (c Color) Text() Color {
	const black, white = Color("#000000"), Color("#ffffff")
	if c.Contrast(white) >= c.Contrast(black) {
		return white
	}
	return black
}

// Contrast returns the contrast ratio of c and d, 1 to 21, as defined by WCAG 2.2.
func (c Color) Contrast(d Color) float64 {
	a, b := c.luminance(), d.luminance()
	return (max(a, b) + 0.05) / (min(a, b) + 0.05)
}

func (c Color) luminance() float64 {
	r, g, b := c.RGB()
	return 0.2126*linear(r) + 0.7152*linear(g) + 0.0722*linear(b)
}

func linear(channel uint8) float64 {
	v := float64(channel) / 255
	if v <= 0.04045 {
		return v / 12.92
	}
	return math.Pow((v+0.055)/1.055, 2.4)
}
