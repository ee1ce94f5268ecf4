package crowd

import (
	"flag"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/contactpipeline/visitors/filter"
)

var largest = flag.Int("crowd.size", 100_000, "number of visitors in the largest benchmark")

// Sizes runs a benchmark with 10,000, 100,000 and -crowd.size visitors, none larger than
// -crowd.size.
func Sizes(b *testing.B, run func(b *testing.B, size int)) {
	for _, size := range slices.Compact([]int{min(10_000, *largest), min(100_000, *largest), *largest}) {
		label := fmt.Sprint(size/1_000, "k")
		if size >= 1_000_000 {
			label = fmt.Sprint(size/1_000_000, "M")
		}
		b.Run(label, func(b *testing.B) { run(b, size) })
	}
}

// Against measures an engine and hand-written code alternately, after an unmeasured call of each.
// It reports the lower quartiles in milliseconds and their ratio. The lower quartile excludes
// most of the effect of other work on the machine.
func Against(b *testing.B, engine, hand func()) {
	b.Helper()
	took := alternately(b, engine, hand)
	report(b, map[string]float64{"ours-ms": took[0], "hand-ms": took[1], "ratio": took[0] / took[1]})
}

// AgainstSQL measures an engine as Against does, but with its index (ours-ms) and without
// (sql-ms). The ratio is that of the engine without index to hand-written code; x-sql says how
// many times faster than the faster of these two the index is. hand can be nil.
func AgainstSQL(b *testing.B, index, sql, hand func()) {
	b.Helper()
	if hand == nil {
		took := alternately(b, index, sql)
		report(b, map[string]float64{"ours-ms": took[0], "sql-ms": took[1], "x-sql": took[1] / took[0]})
		return
	}
	took := alternately(b, index, sql, hand)
	report(b, map[string]float64{
		"ours-ms": took[0], "sql-ms": took[1], "hand-ms": took[2],
		"ratio": took[1] / took[2], "x-sql": min(took[1], took[2]) / took[0],
	})
}

// alternately returns the lower quartile of the milliseconds of each call. A call that is fast
// is measured as the mean of up to 100, which take about a millisecond.
func alternately(b *testing.B, calls ...func()) []float64 {
	b.Helper()
	laps, times := make([][]float64, len(calls)), make([]int, len(calls))
	for i, call := range calls {
		call()
		start := time.Now()
		call()
		times[i] = min(1+int(time.Millisecond/(1+time.Since(start))), 100)
	}
	for b.Loop() {
		for i, call := range calls {
			start := time.Now()
			for range times[i] {
				call()
			}
			laps[i] = append(laps[i], milliseconds(start)/float64(times[i]))
		}
	}
	took := make([]float64, len(calls))
	for i := range laps {
		took[i] = quartile(laps[i])
	}
	return took
}

func milliseconds(since time.Time) float64 { return time.Since(since).Seconds() * 1000 }

// report reports values by unit, in place of the time for each operation.
func report(b *testing.B, values map[string]float64) {
	for unit, value := range values {
		b.ReportMetric(value, unit)
	}
	b.ReportMetric(0, "ns/op")
}

func quartile(of []float64) float64 {
	slices.Sort(of)
	return of[len(of)/4]
}

func median(of []float64) float64 {
	slices.Sort(of)
	return of[len(of)/2]
}

// Bind binds e in env.
func Bind(tb testing.TB, e filter.Expr, env *filter.Env) filter.Bound {
	tb.Helper()
	bound, err := filter.Bind(e, env)
	if err != nil {
		tb.Fatal(err)
	}
	return bound
}
