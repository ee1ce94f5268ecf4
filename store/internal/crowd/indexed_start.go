package crowd

import (
	"maps"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor"
)

// start measures how an index starts: built from the rows, and opened from what an earlier engine
// has kept in the database. It reports the time until the index answers, and the time of the
// processor that this process has used until then.
func (d *Indexed) start(b *testing.B) {
	for _, c := range []struct {
		name   string
		before func()
	}{
		{"from rows", func() { d.Forget(b) }},
		{"from the database", func() {
			st := d.Open(b, true)
			d.Wait(b, st, true)
			must(b, st.Close())
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			var times, processor []float64
			for b.Loop() {
				c.before()
				start, cpu := time.Now(), processorTime()
				st := d.Open(b, true)
				d.Wait(b, st, false)
				times = append(times, milliseconds(start))
				processor = append(processor, (processorTime()-cpu).Seconds()*1000)
				must(b, st.Close())
			}
			report(b, map[string]float64{"ours-ms": quartile(times), "cpu-ms": quartile(processor)})
		})
	}
}

// cold compares reads while the index is built with reads at the same time after opening without
// index: two goroutines find pages, count and read facets in turn. The ratio is the worst of the
// ratios of the medians of the three; worst-ms and worst-sql-ms are the longest calls.
func (d *Indexed) cold(b *testing.B) {
	calls := []call{
		page("source and tag", d, b, sourceAndTag),
		count("segment", d, b, segment),
		facets("source", d, b, filter.Source.Is(visitor.Chat)),
	}
	// load returns the milliseconds of each call until ready.
	load := func(st driver.Store, ready <-chan struct{}) map[string][]float64 {
		var lock sync.Mutex
		took := map[string][]float64{}
		var all sync.WaitGroup
		for range 2 {
			all.Go(func() {
				for i := 0; ; i++ {
					c := calls[i%len(calls)]
					start := time.Now()
					if err := c.do(st); err != nil {
						b.Error(err)
						return
					}
					select {
					case <-ready:
						return
					default:
					}
					lock.Lock()
					took[c.name] = append(took[c.name], milliseconds(start))
					lock.Unlock()
				}
			})
		}
		all.Wait()
		return took
	}
	ours, sql := map[string][]float64{}, map[string][]float64{}
	for b.Loop() {
		d.Forget(b)
		ready := make(chan struct{})
		start := time.Now()
		st := d.Open(b, true)
		go func() {
			defer close(ready)
			d.Wait(b, st, false)
		}()
		for name, took := range load(st, ready) {
			ours[name] = append(ours[name], took...)
		}
		built := time.Since(start)
		must(b, st.Close())

		ready = make(chan struct{})
		time.AfterFunc(max(built, time.Second), func() { close(ready) })
		st = d.Open(b, false)
		for name, took := range load(st, ready) {
			sql[name] = append(sql[name], took...)
		}
		must(b, st.Close())
	}
	worst := 0.0
	for _, c := range calls {
		if len(ours[c.name]) > 0 {
			worst = max(worst, median(ours[c.name])/median(sql[c.name]))
		}
	}
	all, allSQL := slices.Concat(slices.Collect(maps.Values(ours))...), slices.Concat(slices.Collect(maps.Values(sql))...)
	report(b, map[string]float64{
		"ours-ms": median(all), "sql-ms": median(allSQL), "ratio": worst,
		"worst-ms": slices.Max(all), "worst-sql-ms": slices.Max(allSQL),
	})
}

// processorTime returns the time of the processor that this process has used.
func processorTime() time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return 0
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
