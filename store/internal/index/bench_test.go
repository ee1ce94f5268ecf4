package index

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
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
		before := heap()
		var x *Index
		for b.Loop() {
			x = filled(n)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/visitor")
		b.ReportMetric(float64(heap()-before)/float64(n), "B/visitor")
		built := time.Now()
		x.BuildOrderings()
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

// start is when the first visitor of filled is created.
var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// filled returns an index of n visitors, one a second. Each has a source, a channel, a name, an
// e-mail address and up to five of 200 tags, and was updated and seen at random times.
func filled(n int) *Index {
	x := New(&model{})
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
		updated := created.UnixMicro() + random.Int64N(1e6*int64(n))
		seen := updated - random.Int64N(1e6*int64(n))
		x.Put(uint32(i), Visitor{uuid.MustParse(string(visitor.NewID(created))), updated, seen, sets})
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

// BenchmarkAnswers measures counts, first pages and facets, and reports the lower quartile.
func BenchmarkAnswers(b *testing.B) { crowd.Sizes(b, answers) }

func answers(b *testing.B, size int) {
	x := filled(size)
	x.BuildOrderings()
	in := func(field string, names ...string) bound.Node {
		return &bound.Test{Field: bound.FieldNamed(field), Op: bound.OpIn, Texts: names}
	}
	during := func(field string, from, to float64) bound.Node { // parts of the time that there are visitors
		at := func(part float64) int64 {
			return start.Add(time.Duration(part * float64(size) * float64(time.Second))).UnixMicro()
		}
		times := []bound.Range[int64]{{Min: at(from), Max: at(to)}}
		return &bound.Test{Field: bound.FieldNamed(field), Op: bound.OpIn, Times: times}
	}
	segment := bound.AllOf{in("source", "1", "3"), in("tag", "2", "9"), bound.Negation{Of: in("tag", "0")}}
	counts := []struct {
		name  string
		where bound.Node
	}{
		{"everyone", bound.Constant(true)},
		{"source", in("source", "1")},
		{"source and tag", bound.AllOf{in("source", "1"), in("tag", "9")}},
		{"mid tag", in("tag", "20")},
		{"rare tag", in("tag", "150")},
		{"segment", segment},
		{"not a common tag", bound.Negation{Of: in("tag", "0")}},
		{"most", bound.AnyOf{bound.Negation{Of: in("tag", "0")}, in("source", "1")}},
		{"oldest", during("created", 0, 0.05)},
		{"seen", during("seen", 0.2, 0.9)},
		{"seen, source", bound.AllOf{in("source", "1"), during("seen", 0.2, 0.9)}},
		{"updated, tag", bound.AllOf{in("tag", "9"), during("updated", 0.2, 0.9)}},
		{"13 nodes", bound.AllOf{
			bound.AnyOf{in("source", "0", "1"), in("tag", "30")}, bound.Negation{Of: in("tag", "1")},
			bound.AnyOf{during("seen", 0.5, 1), in("tag", "5")}, during("created", 0.1, 0.9),
			bound.Negation{Of: in("group", "3")},
			bound.AnyOf{during("updated", 0, 0.7), in("tag", "7", "8"), in("source", "4")},
		}},
	}
	measure := func(name string, answer func() error) {
		b.Run(name, func(b *testing.B) {
			var times []time.Duration
			for b.Loop() {
				start := time.Now()
				if err := answer(); err != nil {
					b.Fatal(err)
				}
				times = append(times, time.Since(start))
			}
			slices.Sort(times)
			b.ReportMetric(times[len(times)/4].Seconds()*1000, "ours-ms")
			b.ReportMetric(0, "ns/op")
		})
	}
	for _, c := range counts {
		measure("count "+c.name, func() error {
			_, err := x.Count(b.Context(), c.where, 0)
			return err
		})
	}
	for _, c := range counts {
		measure("page "+c.name, func() error {
			_, err := x.Page(b.Context(), c.where, Page{Key: driver.ByID, Descending: true, Limit: 50})
			return err
		})
	}
	for _, c := range counts {
		measure("facets "+c.name, func() error {
			_, err := x.Facets(b.Context(), c.where)
			return err
		})
	}
}
