package main

import (
	"fmt"
	"strings"

	"github.com/contactpipeline/visitors/tag"
)

// palette is the colour support of a screen.
type palette int

const (
	noColor palette = iota
	color256
	trueColor
)

// badge returns text on a background colour, in black or white, whichever has more contrast.
// Without colours it returns the text.
func (p palette) badge(text string, c tag.Color) string {
	if p == noColor {
		return text
	}
	return "\x1b[" + p.code(48, c) + ";" + p.code(38, c.Text()) + "m " + text + " \x1b[0m"
}

// paint returns text in a colour.
func (p palette) paint(text string, c tag.Color) string {
	if p == noColor {
		return text
	}
	return "\x1b[" + p.code(38, c) + "m" + text + "\x1b[0m"
}

// code returns the escape code of a colour for the text (38) or its background (48).
func (p palette) code(layer int, c tag.Color) string {
	r, g, b := c.RGB()
	if p == trueColor {
		return fmt.Sprintf("%d;2;%d;%d;%d", layer, r, g, b)
	}
	if light, dark := int(max(r, g, b)), int(min(r, g, b)); light-dark < 32 && 8 <= dark && light <= 238 {
		return fmt.Sprintf("%d;5;%d", layer, 232+(light+dark)/2/10-1) // 24 grays from 8 to 238
	}
	return fmt.Sprintf("%d;5;%d", layer, 16+36*step(r)+6*step(g)+step(b))
}

// step returns the nearest of the six steps 0, 95, 135, 175, 215, 255 of a channel.
func step(v uint8) int {
	switch {
	case v < 48:
		return 0
	case v < 115:
		return 1
	}
	return (int(v) - 35) / 40
}

// bar is a line of a bar chart.
type bar struct {
	label string
	color tag.Color
	count int64
}

// bars shows counts as a bar chart.
func (s *screen) bars(bars []bar) {
	const length = 40
	largest, wide := int64(1), 0
	for _, b := range bars {
		largest, wide = max(largest, b.count), max(wide, width(b.label))
	}
	for _, b := range bars {
		n := int((b.count*length + largest - 1) / largest)
		s.line("%s  %5d %s", pad(b.label, wide), b.count, s.color.paint(strings.Repeat("█", n), b.color))
	}
}
