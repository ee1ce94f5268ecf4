package crowd

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor"
)

// Indexed is a database with a crowd in the workspace acme, to compare an engine with its index
// and without.
type Indexed struct {
	Size int
	Env  *filter.Env
	// Open opens the database, which can be open already. The caller closes the store.
	Open func(tb testing.TB, index bool) driver.Store
	// Forget deletes what the index has kept in the database.
	Forget func(tb testing.TB)
	// Wait returns when the index answers and, if idle, when nothing is loaded or stored in the
	// background.
	Wait func(tb testing.TB, st driver.Store, idle bool)
}

// RunIndexed runs all benchmarks, each on a database that opened returns: one with a crowd of that size.
func RunIndexed(b *testing.B, opened func(b *testing.B, size int) *Indexed) {
	for _, bench := range []struct {
		name string
		run  func(*Indexed, *testing.B)
	}{
		{"reads", (*Indexed).reads}, {"follow", (*Indexed).follow}, {"writers", (*Indexed).writers},
		{"start", (*Indexed).start}, {"cold", (*Indexed).cold},
	} {
		b.Run(bench.name, func(b *testing.B) {
			Sizes(b, func(b *testing.B, size int) { bench.run(opened(b, size), b) })
		})
	}
}

const ws driver.WorkspaceID = "acme"

// call is a read that is measured.
type call struct {
	name string
	do   func(driver.Store) error
}

func count(name string, d *Indexed, b *testing.B, e filter.Expr) call {
	where := Bind(b, e, d.Env)
	return call{"count/" + name, func(st driver.Store) error {
		_, err := st.CountVisitors(context.Background(), ws, where, 0)
		return err
	}}
}

func facets(name string, d *Indexed, b *testing.B, e filter.Expr) call {
	where := Bind(b, e, d.Env)
	return call{"facets/" + name, func(st driver.Store) error {
		_, err := st.(driver.Faceter).Facets(context.Background(), ws, where)
		return err
	}}
}

func page(name string, d *Indexed, b *testing.B, e filter.Expr) call {
	where := Bind(b, e, d.Env)
	return call{"page/" + name, func(st driver.Store) error {
		_, err := st.FindVisitors(context.Background(), ws, driver.Select{Where: where, Order: driver.NewestFirst, Limit: 50})
		return err
	}}
}

var (
	segment = filter.And(filter.Source.In(visitor.Instagram, visitor.Chat), filter.Tag.HasAny("tag 001", "tag 002"),
		filter.Not(filter.Tag.Has("tag 000")))
	sourceAndTag = filter.And(filter.Source.Is(visitor.Instagram), filter.Tag.Has("tag 001"))
)

// reads compares counts, facets and pages with the same without index.
func (d *Indexed) reads(b *testing.B) {
	middle := Start.Add(time.Duration(d.Size/2) * time.Minute)
	on, off := d.Open(b, true), d.Open(b, false)
	defer on.Close()
	defer off.Close()
	d.Wait(b, on, false)
	for _, c := range []call{
		count("all", d, b, filter.All()),
		count("source and tag", d, b, sourceAndTag),
		count("segment", d, b, segment),
		count("not a popular tag", d, b, filter.Not(filter.Tag.Has("tag 000"))),
		count("13 nodes", d, b, filter.Or(
			filter.And(segment, filter.Not(filter.Group.Has("VIP")), filter.Email.Exists()),
			filter.And(filter.Source.Is(visitor.Telegram), filter.Tag.HasAll("tag 003", "tag 004"), filter.Not(filter.Tag.Has("tag 005"))))),
		count("created, tag", d, b, filter.And(filter.CreatedAt.Before(middle), filter.Tag.Has("tag 001"))),
		count("updated", d, b, filter.UpdatedAt.Within(30*24*time.Hour)),
		count("seen, source", d, b, filter.And(filter.LastSeenAt.Before(middle), filter.Source.Is(visitor.Instagram))),
		count("attribute, tag", d, b, filter.And(filter.Attr("plan").Is("pro"), filter.Tag.Has("tag 001"))),
		count("search, source", d, b, filter.And(filter.Search("gmail"), filter.Source.Is(visitor.Instagram))),
		facets("source", d, b, filter.Source.Is(visitor.Instagram)),
		facets("mid tag", d, b, filter.Tag.Has("tag 010")),
		facets("segment", d, b, segment),
		page("source and tag", d, b, sourceAndTag),
		page("source and oldest tag", d, b, filter.And(filter.Source.Is(visitor.Telegram), filter.Tag.Has(OldTag))),
		page("50 by id", d, b, d.someIDs(b, off)),
	} {
		b.Run(c.name, func(b *testing.B) {
			must(b, c.do(on)) // loads what the index does not have yet
			d.Wait(b, on, true)
			AgainstSQL(b, func() { must(b, c.do(on)) }, func() { must(b, c.do(off)) }, nil)
		})
	}
}

// someIDs returns a filter by the ids of 50 visitors from all of the crowd.
func (d *Indexed) someIDs(b *testing.B, st driver.Store) filter.Expr {
	var ids []visitor.ID
	for i := range 50 {
		after := driver.Position{ID: visitor.NewID(Start.Add(time.Duration(d.Size*i/50) * time.Minute))}
		found, err := st.FindVisitors(b.Context(), ws, driver.Select{Where: Bind(b, filter.All(), nil), Order: driver.OldestFirst, After: &after, Limit: 1})
		must(b, err)
		ids = append(ids, found[0].ID)
	}
	return filter.ID.In(ids...)
}

// follow measures the count of a segment after 1,000 visitors were created through another
// engine, in one call: at once, and after a second. It changes the database.
func (d *Indexed) follow(b *testing.B) {
	for _, c := range []struct {
		name string
		wait time.Duration
	}{{"at once", 0}, {"after a second", time.Second}} {
		b.Run(c.name, func(b *testing.B) {
			on, other := d.Open(b, true), d.Open(b, false)
			defer on.Close()
			defer other.Close()
			counted := count("segment", d, b, segment)
			d.Wait(b, on, false)
			must(b, counted.do(on))
			at := d.Env.Now
			var ours, sql []float64
			for b.Loop() {
				at = at.Add(time.Hour)
				_, err := other.Apply(b.Context(), ws, later(at, 1_000))
				must(b, err)
				time.Sleep(c.wait)
				for st, laps := range map[driver.Store]*[]float64{on: &ours, other: &sql} {
					start := time.Now()
					must(b, counted.do(st))
					*laps = append(*laps, milliseconds(start))
				}
			}
			report(b, map[string]float64{"ours-ms": quartile(ours), "worst-ms": slices.Max(ours), "sql-ms": quartile(sql)})
		})
	}
}

// later returns the changes that create n visitors of the segment, from the given time on.
func later(at time.Time, n int) (changes []driver.Change) {
	for i := range n {
		at := at.Add(time.Duration(i) * time.Millisecond)
		changes = append(changes, driver.CreateVisitor{
			Visitor: visitor.Visitor{ID: visitor.NewID(at), Name: "Ada Lovelace", Source: visitor.Chat, CreatedAt: at, UpdatedAt: at, Revision: 1},
			Tags:    []string{"tag 001"}, Audit: driver.Audit{At: at, Actor: "ann"},
		})
	}
	return changes
}

func must(b *testing.B, err error) {
	if err != nil {
		b.Helper()
		b.Fatal(err)
	}
}
