package storetest

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// benchRows is how many visitors Bench reads from.
const benchRows = 5_000

// Bench measures the calls that applications make most, on the store that open returns,
// among 5,000 visitors. Reads also report x-scan: how many times faster they are than
// reading all visitors and calling filter.Match for each, in the same run.
func Bench(b *testing.B, open func(testing.TB) driver.Store) {
	b.Helper()
	st := open(b)
	writes := newBench(b, st, 1_000)
	b.Run("Create", func(b *testing.B) { writes.write(b, 1) })
	b.Run("Create100", func(b *testing.B) { writes.write(b, 100) })
	b.Run("Update", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			writes.apply(b, driver.UpdateVisitor{ID: writes.ids[i%1_000], Patch: visitor.Patch{Name: ptr(fmt.Sprintf("Ada %d", i))}, Audit: driver.Audit{At: writes.now()}})
		}
	})
	reads := newBench(b, st, benchRows)
	reads.measureScan(b)
	b.Run("Get", func(b *testing.B) {
		i := 0
		reads.read(b, func(ctx context.Context) error {
			i++
			_, err := st.GetVisitor(ctx, reads.ws, reads.ids[i%benchRows])
			return err
		})
	})
	for _, q := range []struct {
		name string
		e    filter.Expr
	}{
		{"Newest", filter.All()},
		{"Tag", filter.Tag.HasID(reads.vip.ID)},
		{"SourceAndTag", filter.And(filter.Source.Is(visitor.Instagram), filter.Tag.HasID(reads.vip.ID))},
		{"WithoutTag", filter.Not(filter.Tag.HasID(reads.vip.ID))},
		{"Search", filter.Search("lovelace 77")},
		{"Identity", filter.Identity.Is(visitor.Telegram, "", "4711")},
	} {
		where, err := filter.Bind(q.e, nil)
		if err != nil {
			b.Fatal(err)
		}
		b.Run("Find"+q.name, func(b *testing.B) {
			reads.read(b, func(ctx context.Context) error {
				_, err := st.FindVisitors(ctx, reads.ws, driver.Select{Where: where, Order: driver.NewestFirst, Limit: 50})
				return err
			})
		})
		b.Run("Count"+q.name, func(b *testing.B) {
			reads.read(b, func(ctx context.Context) error {
				_, err := st.CountVisitors(ctx, reads.ws, where, 0)
				return err
			})
		})
	}
}

// BenchLargest measures filters at the limits, on the store that open returns, among 20,000
// visitors: finding the first 50, counting, and facets. It calls settle, if not nil, once they
// are written, so that a database can gather statistics.
func BenchLargest(b *testing.B, open func(testing.TB) driver.Store, settle func()) {
	b.Helper()
	m := &bench{
		maker: maker{clock: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)},
		st:    open(b), ws: driver.WorkspaceID("bench-" + strings.ToLower(rand.Text())),
	}
	first, people := m.forLargest(20_000)
	m.apply(b, first...)
	for some := range slices.Chunk(people, 1_000) {
		changes := make([]driver.Change, len(some))
		for i, c := range some {
			changes[i] = c
		}
		m.apply(b, changes...)
	}
	if settle != nil {
		settle()
	}
	env, err := m.env(b)
	if err != nil {
		b.Fatal(err)
	}
	for _, f := range largest() {
		where, err := filter.Bind(f.e, env)
		if err != nil {
			b.Fatal(err)
		}
		calls := map[string]func(context.Context) error{
			"Find": func(ctx context.Context) error {
				_, err := m.st.FindVisitors(ctx, m.ws, driver.Select{Where: where, Order: driver.NewestFirst, Limit: 50})
				return err
			},
			"Count": func(ctx context.Context) error {
				_, err := m.st.CountVisitors(ctx, m.ws, where, 0)
				return err
			},
		}
		if st, ok := m.st.(driver.Faceter); ok {
			calls["Facets"] = func(ctx context.Context) error {
				_, err := st.Facets(ctx, m.ws, where)
				return err
			}
		}
		for name, call := range calls {
			b.Run(name+f.name, func(b *testing.B) {
				for b.Loop() {
					if err := call(b.Context()); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// bench is a workspace to measure in.
type bench struct {
	maker
	st   driver.Store
	ws   driver.WorkspaceID
	vip  tag.Tag
	ids  []visitor.ID
	scan time.Duration
}

// newBench returns a workspace of its own with rows visitors.
func newBench(b *testing.B, st driver.Store, rows int) *bench {
	b.Helper()
	m := &bench{
		maker: maker{clock: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)},
		st:    st, ws: driver.WorkspaceID("bench-" + strings.ToLower(rand.Text())),
	}
	m.vip = m.tag("vip")
	m.apply(b, driver.CreateTag{Tag: m.vip})
	for len(m.ids) < rows {
		m.apply(b, m.creations(1_000)...)
	}
	return m
}

// creations returns the changes that create n visitors.
func (m *bench) creations(n int) []driver.Change {
	changes := make([]driver.Change, n)
	for i := range changes {
		k := len(m.ids)
		v := m.visitor(fmt.Sprintf("Ada Lovelace %d", k))
		v.Source = visitor.Sources()[k%5]
		v.Email = fmt.Sprintf("ada.%d@example.com", k)
		v.Identities = []visitor.Identity{{Source: visitor.Telegram, ExternalID: fmt.Sprint(k)}}
		c := driver.CreateVisitor{Visitor: v}
		if k%10 == 0 {
			c.Tags = keys(m.vip)
		}
		m.ids, changes[i] = append(m.ids, v.ID), c
	}
	return changes
}

// env is what filters are bound in.
func (m *bench) env(b *testing.B) (*filter.Env, error) {
	env := &filter.Env{Now: m.clock, Tags: map[string]tag.ID{}, Groups: map[string]filter.GroupRef{}}
	tags, err := m.st.ListTags(b.Context(), m.ws, driver.List{})
	if err != nil {
		return nil, err
	}
	for _, t := range tags {
		env.Tags[tag.Key(t.Name)] = t.ID
	}
	groups, err := m.st.ListGroups(b.Context(), m.ws, driver.List{})
	for _, g := range groups {
		env.Groups[group.Key(g.Name)] = filter.GroupRef{ID: g.ID, Rule: g.Rule}
	}
	return env, err
}

func (m *bench) apply(b *testing.B, changes ...driver.Change) {
	if _, err := m.st.Apply(b.Context(), m.ws, changes); err != nil {
		b.Fatal(err)
	}
}

func (m *bench) write(b *testing.B, size int) {
	for b.Loop() {
		m.apply(b, m.creations(size)...)
	}
	b.ReportMetric(float64(b.N*size)/b.Elapsed().Seconds(), "visitors/s")
}

func (m *bench) read(b *testing.B, call func(context.Context) error) {
	ctx := b.Context()
	for b.Loop() {
		if err := call(ctx); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(m.scan)*float64(b.N)/float64(b.Elapsed()), "x-scan")
}

// measureScan measures how long it takes to read all visitors and match each: the shortest of
// three runs.
func (m *bench) measureScan(b *testing.B) {
	b.Helper()
	everyone, err := filter.Bind(filter.All(), nil)
	if err != nil {
		b.Fatal(err)
	}
	where, err := filter.Bind(filter.And(filter.Source.Is(visitor.Instagram), filter.Tag.HasID(m.vip.ID)), nil)
	if err != nil {
		b.Fatal(err)
	}
	for i := range 3 {
		start, matches := time.Now(), 0
		for after := (*driver.Position)(nil); ; {
			page, err := m.st.FindVisitors(b.Context(), m.ws, driver.Select{Where: everyone, Order: driver.OldestFirst, After: after, Limit: 1_000})
			if err != nil {
				b.Fatal(err)
			}
			for _, v := range page {
				if filter.Match(where, v) {
					matches++
				}
			}
			if len(page) < 1_000 {
				break
			}
			after = ptr(driver.PositionOf(driver.OldestFirst, page[999]))
		}
		if matches == 0 {
			b.Fatal("the scan matched no visitor")
		}
		if took := time.Since(start); i == 0 || took < m.scan {
			m.scan = took
		}
	}
}
