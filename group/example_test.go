package group_test

import (
	"fmt"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
)

func ExampleDraft_Normalize() {
	d, err := group.Draft{Name: "  Open   leads ", Rule: filter.Tag.Has("lead")}.Normalize()
	fmt.Printf("%q %v\n", d.Name, err)
	_, err = group.Draft{Name: "Nobody", Rule: filter.And()}.Normalize()
	fmt.Println(err)
	// Output:
	// "Open leads" <nil>
	// filter: and: empty: write all or none
}

func ExamplePatch_Apply() {
	name := "Leads"
	g, err := group.Patch{Name: &name}.Apply(group.Group{Name: "Open leads", Description: "to be called"})
	fmt.Println(g.Name+",", g.Description, err)
	// Output: Leads, to be called <nil>
}

func ExampleKey() {
	fmt.Println(group.Key("Café VIP") == group.Key("CAFE vip"))
	// Output: true
}

func ExampleNewID() {
	id := group.NewID(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
	parsed, err := group.ParseID(string(id))
	fmt.Println(parsed == id, err)
	// Output: true <nil>
}
