package index

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/contactpipeline/visitors/filter/bound"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/internal/crowd"
	"github.com/contactpipeline/visitors/visitor"
)

// BenchmarkPut fills an index, and reports the time and memory that a visitor takes, also with
// the orderings by time.
func BenchmarkPut(b *testing.B) {
	crowd.Sizes(b, func(b *testing.B, n int) {
		ids := make([]uuid.UUID, n)
		start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		for i := range ids {
			ids[i] = uuid.MustParse(string(visitor.NewID(start.Add(time.Duration(i) * time.Second))))
		}
		before := heap()
		var x *Index
		for b.Loop() {
			x = New(&model{})
			random := rand.New(rand.NewPCG(1, 2))
			tags := rand.NewZipf(random, 1.2, 4, 199)
			var sets []*Set
			for i := range ids {
				sets = append(sets[:0], x.Set(Source, fmt.Sprint(random.IntN(5))), x.Set(Channel, fmt.Sprint(random.IntN(5))))
				for range random.IntN(6) {
					sets = append(sets, x.Set(Tag, fmt.Sprint(tags.Uint64())))
				}
				sets = append(sets, x.Set(Text, "name"), x.Set(Text, "email"))
				x.Put(uint32(i), Visitor{ids[i], int64(i), random.Int64N(1 << 40), sets})
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/visitor")
		b.ReportMetric(float64(heap()-before)/float64(n), "B/visitor")
		built := time.Now()
		for _, key := range []driver.SortKey{driver.BySeen, driver.ByUpdated} {
			if _, err := x.Page(context.Background(), bound.Constant(true), Page{Key: key, Limit: 50}); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(time.Since(built).Nanoseconds())/1e6, "build-ms")
		b.ReportMetric(float64(heap()-before)/float64(n), "B/visitor-with-orders")
		runtime.KeepAlive(x)
		runtime.KeepAlive(ids)
	})
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
