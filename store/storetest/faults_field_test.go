package storetest

import (
	"context"

	"github.com/contactpipeline/visitors/filter/bound"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor"
)

// fieldFaults forget one field.
var fieldFaults = []fault{
	{"looks for parts of an e-mail in an index without e-mails", "Field/every field is found by each of its operators", func(f *faultyStore) {
		f.match(func(n bound.Node) bool {
			t, ok := n.(*bound.Test)
			return ok && t.Field.Name == "email" && t.Op == bound.OpSuffix
		}, func(bound.Node, visitor.Visitor) bool { return false })
	}},
	{"forgets the phone in an update", "Field/every field of a patch is written", func(f *faultyStore) {
		f.onChange(func(_ context.Context, _ ws, c driver.Change) []driver.Change {
			if u, ok := c.(driver.UpdateVisitor); ok {
				u.Patch.Phone = nil
				return []driver.Change{u}
			}
			return []driver.Change{c}
		})
	}},
}
