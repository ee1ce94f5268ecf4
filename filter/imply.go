package filter

import (
	"slices"
	"strings"
)

// proofSteps bounds the work for one list; beyond it nothing more is seen.
const proofSteps = 20_000

// prover sees that one node follows from another. It does not see every case, but where
// it says yes it is so.
type prover struct{ steps int }

// implies reports whether b surely matches every visitor that a matches.
func (p *prover) implies(a, b Node) bool {
	if p.steps--; p.steps < 0 {
		return false
	}
	if a == Constant(false) || b == Constant(true) {
		return true
	}
	switch a := a.(type) {
	case AnyOf:
		return !slices.ContainsFunc(a, func(child Node) bool { return !p.implies(child, b) })
	case AllOf:
		if slices.ContainsFunc(a, func(child Node) bool { return p.implies(child, b) }) {
			return true
		}
	}
	switch b := b.(type) {
	case AllOf:
		return !slices.ContainsFunc(b, func(child Node) bool { return !p.implies(a, child) })
	case AnyOf:
		return slices.ContainsFunc(b, func(child Node) bool { return p.implies(a, child) })
	case Negation:
		if a, ok := a.(Negation); ok {
			return p.implies(b.Of, a.Of)
		}
		return p.excludes(a, b.Of)
	case Terms:
		a, ok := a.(Terms)
		return ok && termsImply(a, b)
	case *Test:
		a, ok := a.(*Test)
		return ok && testImplies(a, b)
	}
	return false
}

// excludes reports whether surely no visitor is matched by both a and b.
func (p *prover) excludes(a, b Node) bool {
	if p.steps--; p.steps < 0 {
		return false
	}
	if a == Constant(false) || b == Constant(false) {
		return true
	}
	for range 2 { // each rule both ways round
		switch a := a.(type) {
		case AllOf:
			if slices.ContainsFunc(a, func(child Node) bool { return p.excludes(child, b) }) {
				return true
			}
		case AnyOf:
			if !slices.ContainsFunc(a, func(child Node) bool { return !p.excludes(child, b) }) {
				return true
			}
		case Negation:
			if p.implies(b, a.Of) {
				return true
			}
		}
		a, b = b, a
	}
	x, isTest := a.(*Test)
	y, areTests := b.(*Test)
	return isTest && areTests && testExcludes(x, y)
}

func termsImply(a, b Terms) bool {
	for _, wanted := range b {
		found := slices.ContainsFunc(a, func(t Term) bool {
			return strings.Contains(t.Text, wanted.Text) &&
				(t.Digits == "" || wanted.Digits != "" && strings.Contains(t.Digits, wanted.Digits))
		})
		if !found {
			return false
		}
	}
	return true
}

func testImplies(a, b *Test) bool {
	if b.Op == OpExists {
		return a.Field.Name == b.Field.Name && a.Attr == b.Attr && a.Op != OpExcluded
	}
	if a.Field != b.Field || a.Attr != b.Attr || a.Kind != b.Kind || a.Op == OpExists {
		return false
	}
	switch {
	case a.Op == OpBetween && b.Op == OpBetween:
		return within(a.Times, b.Times) && within(a.Numbers, b.Numbers)
	case a.Field.Kind == IdentityKind:
		return !slices.ContainsFunc(a.Refs, func(ref IdentityRef) bool { return !slices.ContainsFunc(b.Refs, ref.within) })
	case a.Op == OpExcluded || b.Op == OpExcluded:
		return a.Op == b.Op && isSubset(a.Texts, b.Texts)
	case b.Op == OpAll:
		return a.Op == OpAll && isSubset(b.Texts, a.Texts)
	case a.Op == OpAll:
		return slices.ContainsFunc(a.Texts, b.has)
	case b.Op == OpIn:
		return a.Op == OpIn && isSubset(a.Texts, b.Texts)
	case a.Op == OpBetween || b.Op == OpBetween:
		return false
	}
	return !slices.ContainsFunc(a.Texts, func(s string) bool {
		return !slices.ContainsFunc(b.Texts, func(part string) bool { return partImplies(a.Op, s, b.Op, part) })
	})
}

// partImplies reports whether a text that is, starts, ends with or contains s surely
// starts, ends with or contains part.
func partImplies(op Op, s string, partOp Op, part string) bool {
	switch {
	case partOp == OpContains:
		return strings.Contains(s, part)
	case partOp == OpPrefix && (op == OpIn || op == OpPrefix):
		return strings.HasPrefix(s, part)
	case partOp == OpSuffix && (op == OpIn || op == OpSuffix):
		return strings.HasSuffix(s, part)
	}
	return false
}

func (i IdentityRef) within(j IdentityRef) bool {
	return i.Source == j.Source && (j.Account == "" || i.Account == j.Account) && (j.ExternalID == "" || i.ExternalID == j.ExternalID)
}

// testExcludes goes by fields that have one value at most. A text attribute may be a list.
func testExcludes(a, b *Test) bool {
	if a.Field != b.Field || a.Attr != b.Attr || a.Op == OpExists || b.Op == OpExists {
		return false
	}
	switch a.Field.Kind {
	case AttrKind:
		return a.Kind != b.Kind || a.Kind != TextValue && disjoint(a, b)
	case TimeKind:
		return disjoint(a, b)
	case EnumKind, IDKind, TextKind, PhoneKind:
		return textsExclude(a, b)
	}
	return false
}

func disjoint(a, b *Test) bool {
	return len(common(a.Times, b.Times))+len(common(a.Numbers, b.Numbers)) == 0
}

func textsExclude(a, b *Test) bool {
	if a.Op != OpIn && b.Op == OpIn {
		a, b = b, a
	}
	var fit func(s, part string) bool
	switch {
	case a.Op == OpIn && b.Op == OpIn:
		return !slices.ContainsFunc(a.Texts, b.has)
	case a.Op == OpIn:
		fit = func(s, part string) bool { return partImplies(OpIn, s, b.Op, part) }
	case a.Op == OpPrefix && b.Op == OpPrefix:
		fit = func(s, part string) bool { return strings.HasPrefix(s, part) || strings.HasPrefix(part, s) }
	case a.Op == OpSuffix && b.Op == OpSuffix:
		fit = func(s, part string) bool { return strings.HasSuffix(s, part) || strings.HasSuffix(part, s) }
	default:
		return false
	}
	return !slices.ContainsFunc(a.Texts, func(s string) bool {
		return slices.ContainsFunc(b.Texts, func(part string) bool { return fit(s, part) })
	})
}

// isSubset takes sorted lists.
func isSubset(a, b []string) bool {
	if len(a) > len(b) {
		return false
	}
	for _, s := range a {
		if _, found := slices.BinarySearch(b, s); !found {
			return false
		}
	}
	return true
}

// mostReduced bounds the comparing of each child with each other one.
const mostReduced = 64

// reduceAll tells which nodes of a list joined by AND to keep, since no other one implies
// them, and whether two of them exclude each other.
func reduceAll(nodes []Node) (keep []int, clash bool) {
	p := &prover{proofSteps}
	return reduce(nodes, p.implies, p.excludes)
}

// reduceAny tells which nodes of a list joined by OR to keep, since they imply no other
// one, and whether two of them together match everyone.
func reduceAny(nodes []Node) (keep []int, clash bool) {
	p := &prover{proofSteps}
	return reduce(nodes,
		func(a, b Node) bool { return p.implies(b, a) },
		func(a, b Node) bool { return p.excludes(inverse(a), inverse(b)) })
}

func reduce(nodes []Node, covers, clash func(a, b Node) bool) ([]int, bool) {
	keep := make([]int, 0, len(nodes))
	for i, n := range nodes {
		if i >= mostReduced {
			keep = append(keep, i)
			continue
		}
		if slices.ContainsFunc(keep, func(k int) bool { return covers(nodes[k], n) }) {
			continue
		}
		if slices.ContainsFunc(keep, func(k int) bool { return clash(nodes[k], n) }) {
			return nil, true
		}
		keep = append(slices.DeleteFunc(keep, func(k int) bool { return covers(n, nodes[k]) }), i)
	}
	return keep, false
}
