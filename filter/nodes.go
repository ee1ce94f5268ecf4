package filter

import "github.com/contactpipeline/visitors/filter/bound"

// allOf returns the conjunction of nodes, flattened and without redundant nodes.
func allOf(nodes ...bound.Node) bound.Node { return joinNodes(nodes, true) }

// anyOf returns the disjunction of nodes, flattened and without redundant nodes.
func anyOf(nodes ...bound.Node) bound.Node { return joinNodes(nodes, false) }

func joinNodes(nodes []bound.Node, and bool) bound.Node {
	list := flat(joinTests(flat(nodes, and), and), and) // joined tests can be a constant
	keep, clash := reduce(list, and)
	switch {
	case clash || len(keep) == 0:
		return bound.Constant(and != clash)
	case len(keep) == 1:
		return list[keep[0]]
	case and:
		return bound.AllOf(at(list, keep))
	}
	return bound.AnyOf(at(list, keep))
}

// flat replaces nested lists of the same kind by their nodes and drops the neutral constant. The
// other constant decides the whole list, so flat then returns it alone.
func flat(nodes []bound.Node, and bool) []bound.Node {
	list := make([]bound.Node, 0, len(nodes))
	for _, n := range nodes {
		_, isAll := n.(bound.AllOf)
		_, isAny := n.(bound.AnyOf)
		switch {
		case isAll && and, isAny && !and:
			list = append(list, nodesOf(n)...)
		case n == bound.Constant(!and):
			return []bound.Node{n}
		case n != bound.Constant(and):
			list = append(list, n)
		}
	}
	return list
}

// at returns the elements of list at the indexes.
func at[T any](list []T, indexes []int) []T {
	picked := make([]T, len(indexes))
	for i, index := range indexes {
		picked[i] = list[index]
	}
	return picked
}

// inverse returns the negation of n, without a double negation.
func inverse(n bound.Node) bound.Node {
	switch n := n.(type) {
	case bound.Constant:
		return !n
	case bound.Negation:
		return n.Of
	}
	return bound.Negation{Of: n}
}

func isConstant(n bound.Node) bool {
	_, ok := n.(bound.Constant)
	return ok
}

// nodesOf returns the direct parts of n; none of a leaf.
func nodesOf(n bound.Node) []bound.Node {
	switch n := n.(type) {
	case bound.AllOf:
		return n
	case bound.AnyOf:
		return n
	case bound.Negation:
		return []bound.Node{n.Of}
	}
	return nil
}

// sizeOf counts the nodes and the values of a tree, as MaxBound and MaxBoundValues do.
func sizeOf(n bound.Node) (size, values int) {
	size = 1
	switch n := n.(type) {
	case bound.Terms:
		size = len(n)
	case *bound.Permission:
		values = len(n.States)
	case *bound.Test:
		values = len(n.Texts) + len(n.Times) + len(n.Numbers) + len(n.Refs)
		if n.Op != bound.OpIn && n.Op != bound.OpExcluded {
			size = max(1, len(n.Texts)+len(n.Times)+len(n.Numbers))
		}
	}
	for _, child := range nodesOf(n) {
		s, v := sizeOf(child)
		size, values = size+s, values+v
	}
	return size, values
}
