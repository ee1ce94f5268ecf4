package memory

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/internal/crowd"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// sample is a store of visitors and the same visitors in a slice. The benchmarks measure how
// much faster the store answers than a loop that calls filter.Match on the slice.
type sample struct {
	st     *Store
	people []visitor.Visitor
	env    *filter.Env
}

var samples = map[int]*sample{}

// sizes runs a benchmark on each size of sample.
func sizes(b *testing.B, run func(*testing.B, *sample)) {
	crowd.Sizes(b, func(b *testing.B, n int) {
		if samples[n] == nil {
			samples[n] = newSample(n)
		}
		run(b, samples[n])
	})
}

func newSample(n int) *sample {
	s := &sample{st: New(), env: &filter.Env{Now: epoch.Add(time.Duration(n) * time.Second), Tags: map[string]tag.ID{}}}
	tags := benchTags()
	for _, t := range tags {
		s.env.Tags[tag.Key(t.Name)] = t.ID
	}
	s.people = benchPeople(n, tags)
	load(s.st, tags, s.people)
	return s
}

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func benchTags() []tag.Tag {
	tags := make([]tag.Tag, 200)
	for i := range tags {
		name := fmt.Sprintf("tag-%d", i)
		tags[i] = tag.Tag{ID: tag.NewID(epoch), Name: name, Color: tag.ColorFor(name), CreatedAt: epoch}
	}
	return tags
}

// benchPeople returns visitors from five sources, the most frequent with half of them, with 2.5
// tags each on average; a few tags are frequent.
func benchPeople(n int, tags []tag.Tag) []visitor.Visitor {
	random := rand.New(rand.NewPCG(1, 2))
	zipf := rand.NewZipf(random, 1.2, 4, uint64(len(tags)-1))
	sources := visitor.Sources()
	people := make([]visitor.Visitor, n)
	for i := range people {
		at := epoch.Add(time.Duration(i) * time.Second)
		first, last := word(random), word(random)
		v := visitor.Visitor{
			ID: visitor.NewID(at), Name: strings.ToUpper(first[:1]) + first[1:] + " " + strings.ToUpper(last[:1]) + last[1:],
			Source: sources[min(bitsOf(random), len(sources)-1)], CreatedAt: at, UpdatedAt: at, Revision: 1,
		}
		if random.IntN(10) < 7 {
			v.Email = fmt.Sprintf("%s.%s%d@example.com", first, last, random.IntN(100))
		}
		if random.IntN(10) < 5 {
			v.Phone = fmt.Sprintf("+49%010d", random.IntN(10_000_000_000))
		}
		if random.IntN(2) == 0 {
			v.Attributes = visitor.Attributes{"city": visitor.Text(word(random)), "score": visitor.Number(float64(random.IntN(100)))}
		}
		v.LastSeenAt = at.Add(time.Duration(random.IntN(90*24)) * time.Hour)
		v.Identities = []visitor.Identity{{
			Source: v.Source, Account: "page-1", ExternalID: fmt.Sprint(random.Int64N(1 << 53)), FirstSeen: at, LastSeen: v.LastSeenAt,
		}}
		taken := map[uint64]bool{}
		for range random.IntN(6) {
			taken[zipf.Uint64()] = true
		}
		for k := range taken {
			v.Tags = append(v.Tags, tag.Assignment{Tag: tags[k].ID, Name: tags[k].Name, Color: tags[k].Color, At: at})
		}
		people[i] = v
	}
	return people
}

// bitsOf returns 0 for half of the calls, 1 for a quarter, and so on.
func bitsOf(r *rand.Rand) int {
	n := 0
	for r.IntN(2) == 0 {
		n++
	}
	return n
}

func word(r *rand.Rand) string {
	const consonants, vowels = "bcdfghjklmnprstvz", "aeiou"
	b := make([]byte, 0, 8)
	for range 2 + r.IntN(3) {
		b = append(b, consonants[r.IntN(len(consonants))], vowels[r.IntN(len(vowels))])
	}
	return string(b)
}

// load creates the people in batches of a thousand.
func load(st *Store, tags []tag.Tag, people []visitor.Visitor) {
	var changes []driver.Change
	apply := func() {
		if _, err := st.Apply(context.Background(), acme, changes); err != nil {
			panic(err)
		}
		clear(changes)
		changes = changes[:0]
	}
	for _, t := range tags {
		changes = append(changes, driver.CreateTag{Tag: t})
	}
	for _, v := range people {
		create := driver.CreateVisitor{Visitor: v}
		create.Visitor.ID = visitor.ID(strings.Clone(string(v.ID)))
		for _, a := range v.Tags {
			create.Tags = append(create.Tags, a.Name)
		}
		create.Visitor.Tags = nil
		if changes = append(changes, create); len(changes) >= 1_000 {
			apply()
		}
	}
	apply()
}

// compare measures run and reports how much faster it is than filter.Match on every visitor.
// run returns the number of visitors found.
func (s *sample) compare(b *testing.B, e filter.Expr, run func(filter.Bound) (int, error)) {
	where, err := filter.Bind(e, s.env)
	if err != nil {
		b.Fatal(err)
	}
	scan := time.Duration(1 << 62)
	matches := 0
	for range 3 {
		start := time.Now()
		matches = 0
		for i := range s.people {
			if filter.Match(where, s.people[i]) {
				matches++
			}
		}
		scan = min(scan, time.Since(start))
	}
	found := 0
	for b.Loop() {
		if found, err = run(where); err != nil {
			b.Fatal(err)
		}
	}
	if found > matches || found == 0 && matches > 0 {
		b.Fatalf("found %d of %d", found, matches)
	}
	b.ReportMetric(float64(matches), "matches")
	b.ReportMetric(float64(scan.Nanoseconds())*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "x-faster")
}

func (s *sample) count(b *testing.B, e filter.Expr) {
	s.compare(b, e, func(where filter.Bound) (int, error) {
		n, err := s.st.CountVisitors(context.Background(), acme, where, 0)
		return int(n), err
	})
}

func (s *sample) page(b *testing.B, e filter.Expr, o driver.Order) {
	s.compare(b, e, func(where filter.Bound) (int, error) {
		page, err := s.st.FindVisitors(context.Background(), acme, driver.Select{Where: where, Order: o, Limit: 50})
		return len(page), err
	})
}

func BenchmarkCount(b *testing.B) {
	for _, c := range []struct {
		name  string
		where filter.Expr
	}{
		{"segment", filter.And(
			filter.Source.In(visitor.WhatsApp, visitor.Chat),
			filter.Or(filter.Tag.Has("tag-3"), filter.Tag.Has("tag-10")),
			filter.Not(filter.Tag.Has("tag-0")))},
		{"recent", filter.CreatedAt.Within(24 * time.Hour)},
		{"seen", filter.LastSeenAt.Within(30 * 24 * time.Hour)},
		{"attribute", filter.And(filter.Source.Is(visitor.Chat), filter.Attr("score").AtLeast(90))},
		{"search-rare", filter.Search("zuvuzor")},
		{"search-digits", filter.Search("4917")},
		{"search-common", filter.Search("example")},
		{"email-suffix", filter.Email.HasSuffix("zu99@example.com")},
	} {
		b.Run(c.name, func(b *testing.B) {
			sizes(b, func(b *testing.B, s *sample) { s.count(b, c.where) })
		})
	}
}

func BenchmarkPage(b *testing.B) {
	for _, c := range []struct {
		name  string
		where filter.Expr
		order driver.Order
	}{
		{"all", filter.All(), driver.NewestFirst},
		{"source-and-tag", filter.And(filter.Source.Is(visitor.Chat), filter.Tag.Has("tag-3")), driver.NewestFirst},
		{"rare-tag", filter.And(filter.Source.Is(visitor.Telegram), filter.Tag.Has("tag-199")), driver.NewestFirst},
		{"search-common", filter.Search("example"), driver.NewestFirst},
		{"search-rare", filter.Search("zuvuzor"), driver.NewestFirst},
		{"seen", filter.Tag.Has("tag-3"), driver.RecentlySeen},
		{"name", filter.Tag.Has("tag-3"), driver.NameAZ},
		{"name-all", filter.All(), driver.NameAZ},
	} {
		b.Run(c.name, func(b *testing.B) {
			sizes(b, func(b *testing.B, s *sample) { s.page(b, c.where, c.order) })
		})
	}
}

func BenchmarkFacets(b *testing.B) {
	sizes(b, func(b *testing.B, s *sample) {
		s.compare(b, filter.Source.Is(visitor.Chat), func(where filter.Bound) (int, error) {
			f, err := s.st.Facets(context.Background(), acme, where)
			return int(f.Total), err
		})
	})
}

// BenchmarkLoad creates all visitors in an empty store. It reports time and memory per visitor;
// x-map is the time divided by the time to store a copy of each visitor in a map.
func BenchmarkLoad(b *testing.B) {
	sizes(b, func(b *testing.B, s *sample) {
		tags := benchTags()
		n := len(s.people)
		kept := make(map[visitor.ID]visitor.Visitor)
		start := time.Now()
		for i := range s.people {
			kept[s.people[i].ID] = s.people[i].Clone()
		}
		naive := time.Since(start)
		kept = nil
		var heap uint64
		for b.Loop() {
			b.StopTimer()
			before := heapInUse()
			b.StartTimer()
			st := New()
			load(st, tags, s.people)
			b.StopTimer()
			heap = heapInUse() - before
			runtime.KeepAlive(st)
			b.StartTimer()
		}
		each := float64(b.Elapsed().Nanoseconds()) / float64(b.N) / float64(n)
		b.ReportMetric(each, "ns/visitor")
		b.ReportMetric(float64(heap)/float64(n), "heap-B/visitor")
		b.ReportMetric(each*float64(n)/float64(naive.Nanoseconds()), "x-map")
	})
}

// BenchmarkLoadLate creates all visitors in a random order; x-in-order is the time divided by
// the time to create them in the order of ids.
func BenchmarkLoadLate(b *testing.B) {
	sizes(b, func(b *testing.B, s *sample) {
		tags := benchTags()
		start := time.Now()
		load(New(), tags, s.people)
		ordered := time.Since(start)
		shuffled := slices.Clone(s.people)
		rand.New(rand.NewPCG(3, 4)).Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		for b.Loop() {
			load(New(), tags, shuffled)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(ordered.Nanoseconds()), "x-in-order")
	})
}

func heapInUse() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkCreate creates one visitor per Apply in a store that already has many.
func BenchmarkCreate(b *testing.B) {
	sizes(b, func(b *testing.B, s *sample) {
		st := New()
		load(st, benchTags(), s.people)
		at := s.env.Now
		for b.Loop() {
			at = at.Add(time.Millisecond)
			v := visitor.Visitor{ID: visitor.NewID(at), Name: "Ada Lovelace", Source: visitor.Chat, CreatedAt: at, UpdatedAt: at}
			if _, err := st.Apply(context.Background(), acme, []driver.Change{driver.CreateVisitor{Visitor: v, Tags: []string{"tag-3"}}}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
