package tag

import (
	"hash/fnv"
	"math"
	"strconv"
	"strings"

	"github.com/contactpipeline/visitors/tag/text"
)

// Color is an sRGB colour written #rrggbb in lower case.
type Color string

// Palette holds the colours that tags made on the fly take. They stay apart side by
// side, and each has a readable text colour (see Text).
var Palette = [...]Color{
	"#dc2626", "#ea580c", "#d97706", "#ca8a04", "#65a30d", "#16a34a",
	"#059669", "#0d9488", "#0891b2", "#0284c7", "#2563eb", "#4f46e5",
	"#7c3aed", "#9333ea", "#c026d3", "#db2777", "#e11d48", "#57534e",
}

// ColorFor returns the Palette colour of a tag name: always the same one for names
// with the same Key.
func ColorFor(name string) Color {
	h := fnv.New32a()
	h.Write([]byte(Key(name)))
	return Palette[h.Sum32()%uint32(len(Palette))]
}

// ParseColor reads #rrggbb or #rgb, in either case, with white space around it, or
// returns a *text.FieldError.
func ParseColor(s string) (Color, error) {
	hex := strings.ToLower(strings.TrimSpace(s))
	if len(hex) == 4 && hex[0] == '#' {
		hex = string([]byte{'#', hex[1], hex[1], hex[2], hex[2], hex[3], hex[3]})
	}
	if len(hex) != 7 || hex[0] != '#' {
		return "", text.Refuse("color", "want #rrggbb")
	}
	for _, c := range hex[1:] {
		if !strings.ContainsRune("0123456789abcdef", c) {
			return "", text.Refuse("color", "want #rrggbb")
		}
	}
	return Color(hex), nil
}

// RGB returns the three channels, 0–255. A value that is not #rrggbb is black.
func (c Color) RGB() (r, g, b uint8) {
	if len(c) != 7 {
		return 0, 0, 0
	}
	n, err := strconv.ParseUint(string(c[1:]), 16, 32)
	if err != nil {
		return 0, 0, 0
	}
	return uint8(n >> 16), uint8(n >> 8), uint8(n)
}

// Text returns the colour, black or white, in which text on c is read best. Its
// Contrast with c is at least 4.5 for every c (WCAG 2.2, success criterion 1.4.3).
func (c Color) Text() Color {
	const black, white = Color("#000000"), Color("#ffffff")
	if c.Contrast(white) >= c.Contrast(black) {
		return white
	}
	return black
}

// Contrast returns the contrast ratio of c and d, from 1 to 21, as WCAG 2.2
// defines it.
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
