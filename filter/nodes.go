package filter

import "github.com/contactpipeline/visitors/filter/bound"

// allOf returns the conjunction of nodes, flattened and without redundant nodes.
func allOf(nodes []bound.Node) bound.Node {
	list := joinTests(flat[bound.AllOf](nodes, true), true)
	list = flat[bound.AllOf](list, true) // joined tests can be a constant
	keep, clash := reduceAll(list)
	switch {
	case clash:
		return bound.Constant(false)
	case len(keep) == 0:
		return bound.Constant(true)
	case len(keep) == 1:
		return list[keep[0]]
	}
	return bound.AllOf(at(list, keep))
}

// anyOf returns the disjunction of nodes, flattened and without redundant nodes.
func anyOf(nodes []bound.Node) bound.Node {
	list := joinTests(flat[bound.AnyOf](nodes, false), false)
	list = flat[bound.AnyOf](list, false) // joined tests can be a constant
	keep, clash := reduceAny(list)
	switch {
	case clash:
		return bound.Constant(true)
	case len(keep) == 0:
		return bound.Constant(false)
	case len(keep) == 1:
		return list[keep[0]]
	}
	return bound.AnyOf(at(list, keep))
}

// flat replaces nested lists of type L by their nodes and drops the neutral constant. The other
// constant decides the whole list, so flat then returns it alone.
func flat[L ~[]bound.Node](nodes []bound.Node, neutral bound.Constant) []bound.Node {
	list := make([]bound.Node, 0, len(nodes))
	for _, n := range nodes {
		nested, isNested := any(n).(L)
		switch {
		case isNested:
			list = append(list, nested...)
		case n == !neutral:
			return []bound.Node{n}
		case n != neutral:
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

// valuesOf counts the values of a tree, as MaxBoundValues does.
func valuesOf(n bound.Node) int {
	values := 0
	switch n := n.(type) {
	case bound.AllOf:
		for _, child := range n {
			values += valuesOf(child)
		}
	case bound.AnyOf:
		for _, child := range n {
			values += valuesOf(child)
		}
	case bound.Negation:
		return valuesOf(n.Of)
	case *bound.Test:
		return len(n.Texts) + len(n.Times) + len(n.Numbers) + len(n.Refs)
	}
	return values
}

// sizeOf counts the nodes of a tree, as MaxBound does.
func sizeOf(n bound.Node) int {
	size := 1
	switch n := n.(type) {
	case *bound.Test:
		if n.Op != bound.OpIn && n.Op != bound.OpExcluded {
			size = max(1, len(n.Texts)+len(n.Times)+len(n.Numbers))
		}
	case bound.AllOf:
		for _, child := range n {
			size += sizeOf(child)
		}
	case bound.AnyOf:
		for _, child := range n {
			size += sizeOf(child)
		}
	case bound.Negation:
		size += sizeOf(n.Of)
	case bound.Terms:
		size = len(n)
	}
	return size
}
