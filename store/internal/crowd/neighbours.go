package crowd

import (
	"context"
	"fmt"
	"testing"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/visitor"
)

// Neighbours measures a workspace of 10,000 visitors beside 2,000 others, of 100 visitors
// each, and one of -crowd.size, against the same alone: the ratios are of beside to alone.
// Open returns an empty store; ready is called when there is something in it.
func Neighbours(b *testing.B, open func() store.Store, ready func(store.Store)) {
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
		must(New(each).Load(ctx, beside, store.WorkspaceID(fmt.Sprint("a-", i))))
	}
	must(New(*largest).Load(ctx, beside, "giant"))
	for _, st := range []store.Store{alone, beside} {
		must(New(size).Load(ctx, st, "acme"))
	}
	for i := range others / 2 {
		must(New(each).Load(ctx, beside, store.WorkspaceID(fmt.Sprint("zz-", i))))
	}
	ready(alone)
	ready(beside)
	for _, q := range []struct {
		name  string
		where filter.Expr
		order store.Order
	}{
		{"newest", filter.All(), store.NewestFirst},
		{"source and tag", filter.And(filter.Source.Is(visitor.Instagram), filter.Tag.Has("tag 010")), store.NewestFirst},
		{"not a popular tag", filter.Not(filter.Tag.Has("tag 000")), store.NewestFirst},
		{"oldest only", filter.And(filter.Source.Is(visitor.Telegram), filter.Tag.Has(OldTag)), store.NewestFirst},
		{"by name", filter.All(), store.NameAZ},
		{"search", filter.Search("zykov"), store.NewestFirst},
		{"attribute", filter.Attr("score").AtLeast(98), store.NewestFirst},
	} {
		run := func(st store.Store, where filter.Bound) func() {
			return func() {
				_, err := st.FindVisitors(ctx, "acme", store.Select{Where: where, Order: q.order, Limit: 51})
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
		compare(b, "count/"+name, where, alone, beside, func(st store.Store, where filter.Bound) func() {
			return func() {
				_, err := st.CountVisitors(ctx, "acme", where, 0)
				must(err)
			}
		})
	}
	b.Run("create", func(b *testing.B) {
		create := func(st store.Store) func() {
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

func compare(b *testing.B, name string, e filter.Expr, alone, beside store.Store, run func(store.Store, filter.Bound) func()) {
	b.Run(name, func(b *testing.B) {
		var sides []func()
		for _, st := range []store.Store{beside, alone} {
			env, err := EnvOf(context.Background(), st, "acme", 10_000)
			if err != nil {
				b.Fatal(err)
			}
			sides = append(sides, run(st, Bind(b, e, env)))
		}
		Against(b, sides[0], sides[1])
	})
}
