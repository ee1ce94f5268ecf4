package memory_test

import (
	"context"
	"fmt"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/memory"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// Applications use a store through a Workspace.
func ExampleNew() {
	ctx := context.Background()
	ws, err := store.Open(memory.New(), "acme", nil)
	if err != nil {
		panic(err)
	}
	_, err = ws.Create(ctx, visitor.Draft{Name: "Ada Lovelace", Source: visitor.Instagram, Tags: []string{"hot-lead"}})
	if err != nil {
		panic(err)
	}
	page, err := ws.Find(ctx, store.Query{Where: filter.And(filter.Tag.Has("Hot-Lead"), filter.Search("love"))})
	fmt.Println(len(page.Visitors), page.Visitors[0].Name, err)
	// Output: 1 Ada Lovelace <nil>
}

const acme = driver.WorkspaceID("acme")

var day = time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)

// sample returns a store with two visitors, a tag and a group, and the id of the first.
func sample() (context.Context, *memory.Store, visitor.ID) {
	ctx, st := context.Background(), memory.New()
	later := day.Add(time.Hour)
	ada, bob := visitor.NewID(day), visitor.NewID(later)
	team := group.NewID(day)
	first, second := driver.Audit{At: day, Actor: "ann"}, driver.Audit{At: later, Actor: "ann"}
	_, err := st.Apply(ctx, acme, []driver.Change{
		driver.EnsureTag{Audit: first, Tag: tag.Tag{ID: tag.NewID(day), Name: "hot-lead", Color: "#16a34a", CreatedAt: day}},
		driver.CreateGroup{Audit: first, Group: group.Group{ID: team, Name: "Team", CreatedAt: day}},
		driver.CreateVisitor{Audit: first, Visitor: visitor.Visitor{ID: ada, Name: "Ada", Source: visitor.Telegram, CreatedAt: day, UpdatedAt: day}, Tags: []string{"hot-lead"}},
		driver.CreateVisitor{Audit: second, Visitor: visitor.Visitor{ID: bob, Name: "Bob", Source: visitor.Chat, CreatedAt: later, UpdatedAt: later}},
		driver.AddToGroup{Audit: second, Group: team, ID: bob},
	})
	if err != nil {
		panic(err)
	}
	return ctx, st, ada
}

func everyone() filter.Bound {
	where, err := filter.Bind(filter.All(), nil)
	if err != nil {
		panic(err)
	}
	return where
}

func ExampleStore_Apply() {
	ctx, st, ada := sample()
	name := "Ada Lovelace"
	outcomes, err := st.Apply(ctx, acme, []driver.Change{
		driver.UpdateVisitor{ID: ada, Patch: visitor.Patch{Name: &name}, Audit: driver.Audit{At: day.Add(time.Hour)}},
		driver.RemoveTags{ID: ada, Tags: []string{"no-such-tag"}, Audit: driver.Audit{At: day.Add(time.Hour)}},
	})
	fmt.Println(outcomes[0].Effect, outcomes[0].Visitor.Name, outcomes[1].Effect, err)
	_, err = st.Apply(ctx, acme, []driver.Change{driver.DeleteVisitor{ID: ada}, driver.AddTags{ID: ada}, driver.UpdateGroup{ID: "none"}})
	fmt.Println(err)
	_, err = st.GetVisitor(ctx, acme, ada)
	fmt.Println("still there:", err == nil)
	// Output:
	// updated Ada Lovelace unchanged <nil>
	// change 2: group none: not found
	// still there: true
}

func ExampleStore_GetVisitor() {
	ctx, st, ada := sample()
	v, err := st.GetVisitor(ctx, acme, ada)
	fmt.Println(v.Name, v.Tags[0].Name, v.Revision, err)
	_, err = st.GetVisitor(ctx, "another", ada)
	fmt.Println(err != nil)
	// Output:
	// Ada hot-lead 1 <nil>
	// true
}

func ExampleStore_FindVisitors() {
	ctx, st, _ := sample()
	q := driver.Select{Where: everyone(), Order: driver.NewestFirst, Limit: 1}
	for {
		page, err := st.FindVisitors(ctx, acme, q)
		if err != nil || len(page) == 0 {
			break
		}
		fmt.Println(page[0].Name)
		last := driver.PositionOf(q.Order, page[0])
		q.After = &last
	}
	// Output:
	// Bob
	// Ada
}

func ExampleStore_CountVisitors() {
	ctx, st, _ := sample()
	fmt.Println(st.CountVisitors(ctx, acme, everyone(), 0))
	fmt.Println(st.CountVisitors(ctx, acme, everyone(), 1))
	// Output:
	// 2 <nil>
	// 1 <nil>
}

func ExampleStore_Facets() {
	ctx, st, _ := sample()
	f, err := st.Facets(ctx, acme, everyone())
	fmt.Println(f.Total, f.Sources, len(f.Tags), len(f.Groups), err)
	// Output:
	// 2 map[chat:1 telegram:1] 1 1 <nil>
}

func ExampleStore_ListTags() {
	ctx, st, _ := sample()
	tags, err := st.ListTags(ctx, acme, driver.List{Keys: []string{tag.Key("Hot-Lead"), "customer"}})
	fmt.Println(len(tags), tags[0].Name, err)
	// Output: 1 hot-lead <nil>
}

func ExampleStore_ListGroups() {
	ctx, st, _ := sample()
	groups, err := st.ListGroups(ctx, acme, driver.List{Limit: 10})
	fmt.Println(len(groups), groups[0].Name, err)
	// Output: 1 Team <nil>
}

func ExampleStore_Events() {
	ctx, st, _ := sample()
	events, err := st.Events(ctx, acme, driver.EventQuery{After: 2, Limit: 10})
	for _, e := range events {
		fmt.Println(e.Seq, e.Kind, e.At.Format(time.TimeOnly), e.Actor)
	}
	fmt.Println(err)
	// Output:
	// 3 visitor.created 00:00:00 ann
	// 4 visitor.created 01:00:00 ann
	// 5 visitor.joined 01:00:00 ann
	// <nil>
}

func ExampleStore_Close() {
	ctx, st, ada := sample()
	fmt.Println(st.Close())
	_, err := st.GetVisitor(ctx, acme, ada)
	fmt.Println(err)
	// Output:
	// <nil>
	// store is closed
}
