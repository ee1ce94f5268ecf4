package index

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/contactpipeline/visitors/store/internal/crowd"
	"github.com/contactpipeline/visitors/visitor"
)

// BenchmarkPut fills an index, and reports the time and memory that a visitor takes, also with
// the orderings by time.
func BenchmarkPut(b *testing.B) {
	crowd.Sizes(b, func(b *testing.B, n int) {
		before := heap()
		var x *Index
		for b.Loop() {
			x = filled(n)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/visitor")
		b.ReportMetric(float64(heap()-before)/float64(n), "B/visitor")
		built := time.Now()
		x.Prepare()
		b.ReportMetric(float64(time.Since(built).Nanoseconds())/1e6, "build-ms")
		b.ReportMetric(float64(heap()-before)/float64(n), "B/visitor-with-orders")
		runtime.KeepAlive(x)
	})
}

// BenchmarkOrdering builds an ordering by time.
func BenchmarkOrdering(b *testing.B) {
	crowd.Sizes(b, func(b *testing.B, n int) {
		x := filled(n)
		for b.Loop() {
			x.seen.drop()
			x.seen.build(x.live)
		}
	})
}

// BenchmarkSnapshot writes and reads a snapshot.
func BenchmarkSnapshot(b *testing.B) {
	crowd.Sizes(b, func(b *testing.B, n int) {
		x := filled(n)
		var snapshot bytes.Buffer
		var written, read time.Duration
		for b.Loop() {
			snapshot.Reset()
			start := time.Now()
			if err := x.Snapshot(&snapshot); err != nil {
				b.Fatal(err)
			}
			written += time.Since(start)
			start = time.Now()
			if _, err := Restore(bytes.NewReader(snapshot.Bytes()), &model{}); err != nil {
				b.Fatal(err)
			}
			read += time.Since(start)
		}
		b.ReportMetric(float64(snapshot.Len())/float64(n), "B/visitor")
		b.ReportMetric(written.Seconds()*1000/float64(b.N), "write-ms")
		b.ReportMetric(read.Seconds()*1000/float64(b.N), "read-ms")
	})
}

// filled returns an index of n visitors, one a second. Each has a source, a channel, a name, an
// e-mail address and up to five of 200 tags, and was updated and seen at random times.
func filled(n int) *Index {
	x := New(&model{})
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	random := rand.New(rand.NewPCG(1, 2))
	tags := rand.NewZipf(random, 1.2, 4, 199)
	var sets []*Set
	for i := range n {
		created := start.Add(time.Duration(i) * time.Second)
		sets = append(sets[:0], x.Set(Source, fmt.Sprint(random.IntN(5))), x.Set(Channel, fmt.Sprint(random.IntN(5))))
		for range random.IntN(6) {
			sets = append(sets, x.Set(Tag, fmt.Sprint(tags.Uint64())))
		}
		sets = append(sets, x.Set(Text, "name"), x.Set(Text, "email"))
		updated := created.UnixMicro() + random.Int64N(1<<40)
		x.Put(uint32(i), Visitor{uuid.MustParse(string(visitor.NewID(created))), updated, updated - random.Int64N(1<<40), sets})
	}
	return x
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
