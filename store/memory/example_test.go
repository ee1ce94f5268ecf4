package memory_test

import (
	"context"
	"fmt"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/memory"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// Applications use a store by way of a workspace.
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

const acme = store.WorkspaceID("acme")

var day = time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)

// sample returns a store with two visitors, a tag and a group, and the id of the first.
func sample() (context.Context, *memory.Store, visitor.ID) {
	ctx, st := context.Background(), memory.New()
	ada, bob := visitor.NewID(day), visitor.NewID(day.Add(time.Hour))
	team := group.NewID(day)
	_, err := st.Apply(ctx, acme, []store.Change{
		store.EnsureTag{Tag: tag.Tag{ID: tag.NewID(day), Name: "hot-lead", Color: "#16a34a", CreatedAt: day}},
		store.CreateGroup{Group: group.Group{ID: team, Name: "Team", CreatedAt: day}},
		store.CreateVisitor{Visitor: visitor.Visitor{ID: ada, Name: "Ada", Source: visitor.Telegram, CreatedAt: day, UpdatedAt: day}, Tags: []string{"hot-lead"}},
		store.CreateVisitor{Visitor: visitor.Visitor{ID: bob, Name: "Bob", Source: visitor.Chat, CreatedAt: day.Add(time.Hour), UpdatedAt: day.Add(time.Hour)}},
		store.JoinGroup{Group: team, ID: bob, At: day.Add(time.Hour)},
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
	outcomes, err := st.Apply(ctx, acme, []store.Change{
		store.UpdateVisitor{ID: ada, Patch: visitor.Patch{Name: &name}, At: day.Add(time.Hour)},
		store.RemoveTags{ID: ada, Tags: []string{"no-such-tag"}, At: day.Add(time.Hour)},
	})
	fmt.Println(outcomes[0].Effect, outcomes[0].Visitor.Name, outcomes[1].Effect, err)
	_, err = st.Apply(ctx, acme, []store.Change{store.DeleteVisitor{ID: ada}, store.AddTags{ID: ada}, store.UpdateGroup{ID: "none"}})
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
	q := store.Select{Where: everyone(), Order: store.NewestFirst, Limit: 1}
	for {
		page, err := st.FindVisitors(ctx, acme, q)
		if err != nil || len(page) == 0 {
			break
		}
		fmt.Println(page[0].Name)
		last := store.PositionOf(q.Order, page[0])
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
	for _, s := range f.Sources {
		fmt.Println(s.Source, s.Count)
	}
	fmt.Println(f.Tags[0].Tag.Name, f.Tags[0].Count)
	fmt.Println(f.Groups[0].Group.Name, f.Groups[0].Count, err)
	// Output:
	// chat 1
	// telegram 1
	// hot-lead 1
	// Team 1 <nil>
}

func ExampleStore_ListTags() {
	ctx, st, _ := sample()
	tags, err := st.ListTags(ctx, acme, store.List{Keys: []string{tag.Key("Hot-Lead"), "customer"}})
	fmt.Println(len(tags), tags[0].Name, err)
	// Output: 1 hot-lead <nil>
}

func ExampleStore_ListGroups() {
	ctx, st, _ := sample()
	groups, err := st.ListGroups(ctx, acme, store.List{Limit: 10})
	fmt.Println(len(groups), groups[0].Name, err)
	// Output: 1 Team <nil>
}

func ExampleStore_Events() {
	ctx, st, _ := sample()
	events, err := st.Events(ctx, acme, 2, 10)
	for _, e := range events {
		fmt.Println(e.Seq, e.Kind, e.At.Format(time.TimeOnly))
	}
	fmt.Println(err)
	// Output:
	// 3 visitor.created 00:00:00
	// 4 visitor.created 01:00:00
	// 5 visitor.joined 01:00:00
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
