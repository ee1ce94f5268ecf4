package store_test

import (
	"errors"
	"fmt"
	"slices"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

func ExampleWorkspace_CreateTag() {
	ctx, ws := sample()
	t, err := ws.CreateTag(ctx, tag.Draft{Name: "VIP", Color: "#7c3aed", Description: "calls get answered first"})
	fmt.Println(t.Name, t.Color, "with", t.Color.Text(), err)
	_, err = ws.CreateTag(ctx, tag.Draft{Name: "ｖｉｐ"})
	fmt.Println(err != nil)
	// Output:
	// VIP #7c3aed with #ffffff <nil>
	// true
}

func ExampleWorkspace_UpdateTag() {
	ctx, ws := sample()
	name := "very hot lead"
	t, err := ws.UpdateTag(ctx, first(ctx, ws, filter.Tag.Has("hot-lead")).Tags[0].Tag, tag.Patch{Name: &name})
	fmt.Println(t.Name, err)
	show(ctx, ws, filter.Tag.Has("very hot lead"))
	// Output:
	// very hot lead <nil>
	// Ada Lovelace
}

func ExampleWorkspace_DeleteTag() {
	ctx, ws := sample()
	err := ws.DeleteTag(ctx, first(ctx, ws, filter.Tag.Has("customer")).Tags[0].Tag)
	fmt.Println(err, len(first(ctx, ws, filter.Search("bob")).Tags))
	// Output: <nil> 0
}

func ExampleWorkspace_Tags() {
	ctx, ws := sample()
	for t, err := range ws.Tags(ctx) {
		fmt.Println(t.Name, err)
	}
	// Output:
	// customer <nil>
	// hot-lead <nil>
}

func ExampleWorkspace_CreateGroup() {
	ctx, ws := sample()
	g, err := ws.CreateGroup(ctx, group.Draft{Name: "Open leads", Rule: filter.And(filter.Source.Is(visitor.Instagram), filter.Tag.HasNone("customer"))})
	fmt.Println(g.Name, err)
	show(ctx, ws, filter.Group.Has("open leads"))
	// Output:
	// Open leads <nil>
	// Ada Lovelace
}

func ExampleWorkspace_UpdateGroup() {
	ctx, ws := sample()
	g, _ := ws.CreateGroup(ctx, group.Draft{Name: "Newsletter"})
	name := "Monthly newsletter"
	g, err := ws.UpdateGroup(ctx, g.ID, group.Patch{Name: &name})
	fmt.Println(g.Name, err)
	// Output: Monthly newsletter <nil>
}

func ExampleWorkspace_DeleteGroup() {
	ctx, ws := sample()
	g, _ := ws.CreateGroup(ctx, group.Draft{Name: "Newsletter"})
	fmt.Println(ws.DeleteGroup(ctx, g.ID))
	// Output: <nil>
}

func ExampleWorkspace_Groups() {
	ctx, ws := sample()
	_, _ = ws.CreateGroup(ctx, group.Draft{Name: "Newsletter"})
	for g, err := range ws.Groups(ctx) {
		fmt.Println(g.Name, err)
	}
	// Output: Newsletter <nil>
}

func ExampleWorkspace_AddToGroup() {
	ctx, ws := sample()
	g, _ := ws.CreateGroup(ctx, group.Draft{Name: "Newsletter"})
	agent, _ := ws.WithActor("agent-7", "asked at the fair")
	r, err := agent.AddToGroup(ctx, g.ID, first(ctx, ws, filter.Search("ada")).ID, first(ctx, ws, filter.Search("zoe")).ID)
	fmt.Println(r.Changed, err)
	show(ctx, ws, filter.And(filter.Group.Has("Newsletter"), filter.Phone.Exists()))
	m := first(ctx, ws, filter.Search("ada")).Memberships[0]
	fmt.Println(m.Group == g.ID, m.Actor, m.Cause)
	// Output:
	// 2 <nil>
	// Zoë Şahin
	// true agent-7 asked at the fair
}

func ExampleWorkspace_RemoveFromGroup() {
	ctx, ws := sample()
	g, _ := ws.CreateGroup(ctx, group.Draft{Name: "Everyone", Rule: filter.All()})
	_, err := ws.RemoveFromGroup(ctx, g.ID, first(ctx, ws, filter.Search("bob")).ID)
	fmt.Println(err)
	show(ctx, ws, filter.Group.Has("Everyone"))
	// Output:
	// <nil>
	// Ada Lovelace
	// Zoë Şahin
}

func ExampleInUseError() {
	ctx, ws := sample()
	customer := first(ctx, ws, filter.Tag.Has("customer")).Tags[0]
	open, _ := ws.CreateGroup(ctx, group.Draft{Name: "Open leads", Rule: filter.Not(filter.Tag.Has("customer"))})
	err := ws.DeleteTag(ctx, customer.Tag)
	fmt.Println(err)
	var used *store.InUseError
	if errors.As(err, &used) && slices.Contains(used.Groups, open.ID) {
		_, _ = ws.UpdateGroup(ctx, open.ID, group.Patch{ClearRule: true})
	}
	fmt.Println(ws.DeleteTag(ctx, customer.Tag))
	// Output:
	// delete tag: tag is in use: groups with a rule that mentions it: 1
	// <nil>
}
