package crowd

import (
	"context"
	"fmt"
	"testing"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor"
)

// Neighbours compares a workspace of 10,000 visitors that has 2,000 neighbours of 100 visitors
// and one of -crowd.size with the same workspace alone in a database; the ratios are to the
// latter. open returns an empty store; ready is called with it when it is filled.
func Neighbours(b *testing.B, open func() driver.Store, ready func(driver.Store)) {
	b.Helper()
	const size, others, each = 10_000, 2_000, 100
	ctx := context.Background()
	alone, beside := open(), open()
	must := func(err error) {
		if err != nil {
			b.Helper()
			b.Fatal(err)
		}
	}
	for i := range others / 2 {
		must(New(each).Load(ctx, beside, driver.WorkspaceID(fmt.Sprint("a-", i))))
	}
	must(New(*largest).Load(ctx, beside, "giant"))
	for _, st := range []driver.Store{alone, beside} {
		must(New(size).Load(ctx, st, "acme"))
	}
	for i := range others / 2 {
		must(New(each).Load(ctx, beside, driver.WorkspaceID(fmt.Sprint("zz-", i))))
	}
	ready(alone)
	ready(beside)
	for _, q := range []struct {
		name  string
		where filter.Expr
		order driver.Order
	}{
		{"newest", filter.All(), driver.NewestFirst},
		{"source and tag", filter.And(filter.Source.Is(visitor.Instagram), filter.Tag.Has("tag 010")), driver.NewestFirst},
		{"not a popular tag", filter.Not(filter.Tag.Has("tag 000")), driver.NewestFirst},
		{"oldest only", filter.And(filter.Source.Is(visitor.Telegram), filter.Tag.Has(OldTag)), driver.NewestFirst},
		{"by name", filter.All(), driver.NameAZ},
		{"search", filter.Search("zykov"), driver.NewestFirst},
		{"attribute", filter.Attr("score").AtLeast(98), driver.NewestFirst},
	} {
		run := func(st driver.Store, where filter.Bound) func() {
			return func() {
				_, err := st.FindVisitors(ctx, "acme", driver.Select{Where: where, Order: q.order, Limit: 51})
				must(err)
			}
		}
		compare(b, "page/"+q.name, q.where, alone, beside, run)
	}
	for name, where := range map[string]filter.Expr{
		"source and tag": filter.And(filter.Source.Is(visitor.Instagram), filter.Tag.Has("tag 010")),
		"search":         filter.Search("zykov"),
		"two letters":    filter.Search("an"),
	} {
		compare(b, "count/"+name, where, alone, beside, func(st driver.Store, where filter.Bound) func() {
			return func() {
				_, err := st.CountVisitors(ctx, "acme", where, 0)
				must(err)
			}
		})
	}
	b.Run("create", func(b *testing.B) {
		create := func(st driver.Store) func() {
			ws, err := store.Open(st, "acme", nil)
			must(err)
			return func() {
				_, err := ws.Create(ctx, visitor.Draft{Name: "Ada Lovelace", Source: visitor.Chat, Tags: []string{"tag 010"}})
				must(err)
			}
		}
		Against(b, create(beside), create(alone))
	})
}

func compare(b *testing.B, name string, e filter.Expr, alone, beside driver.Store, run func(driver.Store, filter.Bound) func()) {
	b.Run(name, func(b *testing.B) {
		var sides []func()
		for _, st := range []driver.Store{beside, alone} {
			env, err := EnvOf(context.Background(), st, "acme", 10_000)
			if err != nil {
				b.Fatal(err)
			}
			sides = append(sides, run(st, Bind(b, e, env)))
		}
		Against(b, sides[0], sides[1])
	})
}
