package bound_test

import (
	"fmt"
	"strings"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/filter/bound"
)

// An engine compiles the tree with a switch over the types of nodes and, for each Test, a switch over
// the kind of its field and its operator.
func Example() {
	e, err := filter.Parse(`(source:chat OR email:*@example.com) -attr.score:1..3 "Ada Lovelace"`)
	if err != nil {
		fmt.Println(err)
		return
	}
	ready, err := filter.Bind(e, nil)
	fmt.Println(compile(ready.Node()), err)
	// Output: ((source in [chat]) OR (email suffix [@example.com])) AND NOT (attr.score between [{1 3}]) AND (search ada, lovelace) <nil>
}

func compile(n bound.Node) string {
	switch n := n.(type) {
	case bound.Constant:
		return fmt.Sprint(bool(n))
	case bound.AllOf:
		return join(n, " AND ")
	case bound.AnyOf:
		return "(" + join(n, " OR ") + ")"
	case bound.Negation:
		return "NOT " + compile(n.Of)
	case bound.Terms:
		words := make([]string, len(n))
		for i, t := range n {
			words[i] = t.Text
		}
		return "(search " + strings.Join(words, ", ") + ")"
	case *bound.Test:
		if n.Field.Kind == bound.AttrKind {
			return fmt.Sprintf("(%s.%s %s %v)", n.Field.Name, n.Attr, n.Op, n.Numbers)
		}
		return fmt.Sprintf("(%s %s %v)", n.Field.Name, n.Op, n.Texts)
	}
	panic("unknown node")
}

func join(nodes []bound.Node, operator string) string {
	parts := make([]string, len(nodes))
	for i, n := range nodes {
		parts[i] = compile(n)
	}
	return strings.Join(parts, operator)
}
