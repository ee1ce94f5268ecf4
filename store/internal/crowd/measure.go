package crowd

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/contactpipeline/visitors/filter"
)

var largest = flag.Int("crowd.size", 100_000, "number of visitors in the largest benchmark")

// Sizes runs a benchmark with 10,000, 100,000 and -crowd.size visitors, none larger than
// -crowd.size.
func Sizes(b *testing.B, run func(b *testing.B, size int)) {
	for _, size := range slices.Compact([]int{min(10_000, *largest), min(100_000, *largest), *largest}) {
		b.Run(strings.ReplaceAll(fmt.Sprint(size/1000, "k"), "1000k", "1M"), func(b *testing.B) { run(b, size) })
	}
}

// Against measures an engine and hand-written code alternately, after one unmeasured call each.
// It reports the lower quartiles in milliseconds and their ratio. The lower quartile excludes
// most of the effect of other work on the machine.
func Against(b *testing.B, engine, hand func()) {
	b.Helper()
	var ours, theirs []time.Duration
	lap := func(into *[]time.Duration, f func()) {
		start := time.Now()
		f()
		*into = append(*into, time.Since(start))
	}
	engine()
	hand()
	for b.Loop() {
		lap(&ours, engine)
		lap(&theirs, hand)
	}
	us, them := quartile(ours), quartile(theirs)
	b.ReportMetric(us.Seconds()*1000, "ours-ms")
	b.ReportMetric(them.Seconds()*1000, "hand-ms")
	b.ReportMetric(float64(us)/float64(them), "ratio")
	b.ReportMetric(0, "ns/op")
}

func quartile(of []time.Duration) time.Duration {
	slices.Sort(of)
	return of[len(of)/4]
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
