package driver_test

import (
	"fmt"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/storetest/reference"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// The Apply method of a back end opens a transaction, gives Apply access to the rows of the
// workspace, and commits if the error is nil.
func ExampleApply() {
	tx := newFakeTx()
	ada := person(0)
	changes := []driver.Change{
		driver.EnsureTag{Audit: audit, Tag: newTag("VIP")},
		driver.CreateVisitor{Audit: audit, Visitor: ada, Tags: []string{tag.Key("VIP")}},
		driver.AddTags{Audit: audit, ID: ada.ID, Tags: []string{tag.Key("vip")}},
	}
	outcomes, err := driver.Apply(ctx, tx, changes)
	for _, o := range outcomes {
		fmt.Println(o.Effect)
	}
	for _, e := range tx.events {
		fmt.Println(e.Kind, "by", e.Actor)
	}
	fmt.Println(err)
	// Output:
	// created
	// created
	// unchanged
	// tag.created by ada
	// visitor.created by ada
	// <nil>
}

// CountFacets works with every store, also if it does not implement Faceter.
func ExampleCountFacets() {
	st, vip, ada := reference.New(), newTag("VIP"), person(0)
	changes := []driver.Change{
		driver.CreateTag{Audit: audit, Tag: vip},
		driver.CreateVisitor{Audit: audit, Visitor: ada, Tags: []string{"vip"}},
		driver.CreateVisitor{Audit: audit, Visitor: person(1)},
	}
	if _, err := st.Apply(ctx, "acme", changes); err != nil {
		fmt.Println(err)
	}
	everyone, err := filter.Bind(filter.All(), nil)
	if err != nil {
		fmt.Println(err)
	}
	f, err := driver.CountFacets(ctx, st, "acme", everyone)
	fmt.Println(f.Total, f.Sources[visitor.Telegram], f.Tags[vip.ID], err)
	// Output: 2 2 1 <nil>
}

// A channel may deliver an event several times.
func ExampleDedupKeyOf() {
	first := visitor.Contact{Source: visitor.Telegram, ExternalID: "42", EventID: "update 7", Name: "Ada"}
	again := visitor.Contact{Source: visitor.Telegram, ExternalID: "42", EventID: "update 7", Name: "Ada King"}
	next := visitor.Contact{Source: visitor.Telegram, ExternalID: "42", EventID: "update 8"}
	fmt.Println(driver.DedupKeyOf(first) == driver.DedupKeyOf(again), driver.DedupKeyOf(first) == driver.DedupKeyOf(next))
	// Output: true false
}
