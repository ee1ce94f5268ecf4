package main

import (
	"fmt"
	"html"
	"math"
	"slices"
	"strings"
)

// colors are the colours of the sides. Those of the engines also differ in lightness.
var colors = map[string]string{
	"memory": "#7a5195", "SQLite": "#0a7d8c", "SQLite without index": "#8fc7cf", "Postgres": "#e07a1f", "Postgres without index": "#f2c08f",
}

const (
	width  = 900
	left   = 330 // start of the scale
	right  = 30
	lane   = 15 // height of the line of one side
	gap    = 12
	top    = 64
	least  = 0.001 // ms, at the left end of the scale
	most   = 10_000.0
	radius = 4
)

// chart draws each query as a line for each engine, with its index and without, from its time at 10,000 visitors to its
// time at a million. A short line does not grow.
func (r results) chart() string {
	var b strings.Builder
	y := float64(top)
	var lines strings.Builder
	for _, row := range growth {
		lanes := 0
		for _, side := range sides {
			if d := r.line(row, side, y+float64(lanes)*lane); d != "" {
				lines.WriteString(d)
				lanes++
			}
		}
		if lanes == 0 {
			continue
		}
		fmt.Fprintf(&lines, `<text x="%d" y="%.0f" text-anchor="end">%s</text>`+"\n", left-14, y+float64(lanes-1)*lane/2+4, html.EscapeString(row.label))
		y += float64(lanes)*lane + gap
	}
	height := y + 34
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %.0f" font-family="system-ui, sans-serif" font-size="12" fill="#222">`+"\n", width, height)
	fmt.Fprintf(&b, "<title>Milliseconds at 10,000, 100,000 and 1,000,000 visitors</title>\n")
	fmt.Fprintf(&b, `<rect width="%d" height="%.0f" fill="#fff"/>`+"\n", width, height)
	fmt.Fprintf(&b, `<text x="14" y="24" font-size="15" font-weight="600">Milliseconds at 10k, 100k and 1M visitors (logarithmic; small dot to large dot)</text>`+"\n")
	for i, side := range sides {
		x := 14 + 165*i
		fmt.Fprintf(&b, `<circle cx="%d" cy="42" r="5" fill="%s"/><text x="%d" y="46">%s</text>`+"\n", x+5, colors[side.title], x+16, side.title)
	}
	for ms := least; ms <= most*1.01; ms *= 10 {
		fmt.Fprintf(&b, `<path d="M%.1f %d V%.0f" stroke="#ddd"/><text x="%.1f" y="%.0f" text-anchor="middle" fill="#555">%s</text>`+"\n",
			place(ms), top-10, y, place(ms), y+18, strings.TrimRight(strings.TrimRight(fmt.Sprintf("%.3f", ms), "0"), "."))
	}
	b.WriteString(lines.String())
	b.WriteString("</svg>\n")
	return b.String()
}

// line draws the line of a side for a row; "" if it has no times.
func (r results) line(row row, side side, y float64) string {
	times, at := r.times(row, side)
	if len(times) == 0 {
		return ""
	}
	color := colors[side.title]
	var b strings.Builder
	fmt.Fprintf(&b, `<path d="M%.1f %.1f H%.1f" stroke="%s" stroke-width="2"/>`+"\n", place(slices.Min(times)), y, place(slices.Max(times)), color)
	for i, ms := range times {
		fmt.Fprintf(&b, `<circle cx="%.1f" cy="%.1f" r="%.1f" fill="%s"><title>%s, %s: %s ms</title></circle>`+"\n",
			place(ms), y, radius-1.2*float64(len(times)-1-i), color, side.title, at[i], short(ms))
	}
	return b.String()
}

// place returns the position of a time on the scale.
func place(ms float64) float64 {
	share := math.Log(max(ms, least)/least) / math.Log(most/least)
	return left + share*(width-left-right)
}
