package main

import (
	"flag"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/visitor"
)

var (
	clickSize = flag.Int("frontend.size", 100_000, "number of visitors in BenchmarkClick")
	clickFile = flag.String("frontend.db", "", "the SQLite file of BenchmarkClick, filled if it is empty; default: a temporary one")
)

// atClick makes window.times the milliseconds from the next click until the rows, their number
// and the numbers of the chips are shown.
const atClick = `window.times = new Promise((resolve) => addEventListener("click", () => {
	const start = performance.now(), times = {};
	const busy = (css) => [...document.querySelectorAll(css)].some((e) => e.getAttribute("aria-busy") === "true");
	let started = false;
	const look = () => {
		started ||= busy("#table");
		if (!started) return requestAnimationFrame(look);
		for (const [name, css] of [["rows", "#table"], ["count", "#table, #count"], ["facets", "#table, #count, .chips"]])
			if (!busy(css)) times[name] ??= performance.now() - start;
		times.facets === undefined ? requestAnimationFrame(look) : resolve(times);
	};
	requestAnimationFrame(look);
}, { once: true }));`

// BenchmarkClick measures how long the page takes after a click on a source, in lower quartiles,
// once the store has an index.
func BenchmarkClick(b *testing.B) {
	page := show(b, options{db: *clickFile, visitors: *clickSize})
	for start, took := time.Now(), time.Minute; took > 50*time.Millisecond && time.Since(start) < 2*time.Minute; {
		asked := time.Now()
		_, err := page.server.ws.Facets(b.Context(), filter.Source.Is(visitor.Instagram))
		require.NoError(b, err)
		took = time.Since(asked)
	}
	page.clearProblems() // SQL may have taken too long for the page
	took := map[string][]float64{}
	for b.Loop() {
		page.visit("")
		page.do(chromedp.Evaluate[chromedp.Void](atClick))
		page.click(chip("source", "instagram"))
		for name, ms := range eval[map[string]float64](page, "window.times") {
			took[name] = append(took[name], ms)
		}
		require.Equal(b, "has", page.chipState("source", "instagram"))
	}
	for name, times := range took {
		slices.Sort(times)
		b.ReportMetric(times[len(times)/4], name+"-ms")
	}
	b.ReportMetric(0, "ns/op")
}
