package filter

import (
	"slices"
	"strings"

	"github.com/contactpipeline/visitors/filter/bound"
	"github.com/contactpipeline/visitors/visitor"
)

// proofSteps limits the comparisons for one list; further implications are not found.
const proofSteps = 20_000

// prover decides whether one node follows from another. It does not find every implication,
// but those it finds hold.
type prover struct{ steps int }

// implies reports whether b is known to match every visitor that a matches.
func (p *prover) implies(a, b bound.Node) bool {
	if p.steps--; p.steps < 0 {
		return false
	}
	if a == bound.Constant(false) || b == bound.Constant(true) {
		return true
	}
	switch a := a.(type) {
	case bound.AnyOf:
		return every(a, func(child bound.Node) bool { return p.implies(child, b) })
	case bound.AllOf:
		if slices.ContainsFunc(a, func(child bound.Node) bool { return p.implies(child, b) }) {
			return true
		}
	}
	switch b := b.(type) {
	case bound.AllOf:
		return every(b, func(child bound.Node) bool { return p.implies(a, child) })
	case bound.AnyOf:
		return slices.ContainsFunc(b, func(child bound.Node) bool { return p.implies(a, child) })
	case bound.Negation:
		if a, ok := a.(bound.Negation); ok {
			return p.implies(b.Of, a.Of)
		}
		return p.excludes(a, b.Of)
	case bound.Terms:
		a, ok := a.(bound.Terms)
		return ok && termsImply(a, b)
	case *bound.Permission:
		a, ok := a.(*bound.Permission)
		return ok && permissionImplies(a, b)
	case *bound.Test:
		switch a := a.(type) {
		case *bound.Permission:
			return permissionNeeds(a, b)
		case *bound.Test:
			return testImplies(a, b)
		}
	}
	return false
}

// excludes reports whether a and b are known to have no visitor in common.
func (p *prover) excludes(a, b bound.Node) bool {
	if p.steps--; p.steps < 0 {
		return false
	}
	if a == bound.Constant(false) || b == bound.Constant(false) {
		return true
	}
	for range 2 { // each rule in both directions
		switch a := a.(type) {
		case bound.AllOf:
			if slices.ContainsFunc(a, func(child bound.Node) bool { return p.excludes(child, b) }) {
				return true
			}
		case bound.AnyOf:
			if every(a, func(child bound.Node) bool { return p.excludes(child, b) }) {
				return true
			}
		case bound.Negation:
			if p.implies(b, a.Of) {
				return true
			}
		}
		a, b = b, a
	}
	x, isTest := a.(*bound.Test)
	y, areTests := b.(*bound.Test)
	return isTest && areTests && testExcludes(x, y)
}

func termsImply(a, b bound.Terms) bool {
	return every(b, func(wanted bound.Term) bool {
		return slices.ContainsFunc(a, func(t bound.Term) bool {
			return strings.Contains(t.Text, wanted.Text) &&
				(t.Digits == "" || wanted.Digits != "" && strings.Contains(t.Digits, wanted.Digits))
		})
	})
}

func testImplies(a, b *bound.Test) bool {
	if b.Op == bound.OpExists {
		return a.Field.Name == b.Field.Name && a.Attr == b.Attr && a.Op != bound.OpExcluded
	}
	if a.Field != b.Field || a.Attr != b.Attr || a.Kind != b.Kind || a.Op == bound.OpExists {
		return false
	}
	switch {
	case a.Op == bound.OpBetween && b.Op == bound.OpBetween:
		return within(a.Times, b.Times) && within(a.Numbers, b.Numbers)
	case a.Field.Kind == bound.IdentityKind:
		return every(a.Refs, func(ref IdentityRef) bool {
			return slices.ContainsFunc(b.Refs, func(r IdentityRef) bool { return isPartOf(ref, r) })
		})
	case a.Op == bound.OpExcluded || b.Op == bound.OpExcluded:
		return a.Op == b.Op && isSubset(a.Texts, b.Texts)
	case b.Op == bound.OpAll:
		return a.Op == bound.OpAll && isSubset(b.Texts, a.Texts)
	case a.Op == bound.OpAll:
		return slices.ContainsFunc(a.Texts, func(s string) bool { return contains(b.Texts, s) })
	case b.Op == bound.OpIn:
		return a.Op == bound.OpIn && isSubset(a.Texts, b.Texts)
	case a.Op == bound.OpBetween || b.Op == bound.OpBetween:
		return false
	}
	return every(a.Texts, func(s string) bool {
		return slices.ContainsFunc(b.Texts, func(part string) bool { return partImplies(a.Op, s, b.Op, part) })
	})
}

// partImplies reports whether every text that fits op and s also fits partOp and part.
func partImplies(op bound.Op, s string, partOp bound.Op, part string) bool {
	switch {
	case partOp == bound.OpContains:
		return strings.Contains(s, part)
	case partOp == bound.OpPrefix && (op == bound.OpIn || op == bound.OpPrefix):
		return strings.HasPrefix(s, part)
	case partOp == bound.OpSuffix && (op == bound.OpIn || op == bound.OpSuffix):
		return strings.HasSuffix(s, part)
	}
	return false
}

// isPartOf reports whether every identity that a means is one that b means.
func isPartOf(a, b IdentityRef) bool {
	return a.Source == b.Source && (b.Account == "" || a.Account == b.Account) &&
		(b.ExternalID == "" || a.ExternalID == b.ExternalID)
}

// testExcludes compares tests on fields that have one value at most. A text attribute can be a
// list, so its tests do not exclude each other.
func testExcludes(a, b *bound.Test) bool {
	if a.Field != b.Field || a.Attr != b.Attr || a.Op == bound.OpExists || b.Op == bound.OpExists {
		return false
	}
	switch a.Field.Kind {
	case bound.AttrKind:
		return a.Kind != b.Kind || a.Kind != visitor.TextKind && disjoint(a, b)
	case bound.TimeKind:
		return disjoint(a, b)
	case bound.EnumKind, bound.IDKind, bound.TextKind, bound.PhoneKind:
		return textsExclude(a, b)
	}
	return false
}

func disjoint(a, b *bound.Test) bool {
	return len(common(a.Times, b.Times))+len(common(a.Numbers, b.Numbers)) == 0
}

func textsExclude(a, b *bound.Test) bool {
	if a.Op != bound.OpIn && b.Op == bound.OpIn {
		a, b = b, a
	}
	var fit func(s, part string) bool
	switch {
	case a.Op == bound.OpIn && b.Op == bound.OpIn:
		return !slices.ContainsFunc(a.Texts, func(s string) bool { return contains(b.Texts, s) })
	case a.Op == bound.OpIn:
		fit = func(s, part string) bool { return partImplies(bound.OpIn, s, b.Op, part) }
	case a.Op == bound.OpPrefix && b.Op == bound.OpPrefix:
		fit = func(s, part string) bool { return strings.HasPrefix(s, part) || strings.HasPrefix(part, s) }
	case a.Op == bound.OpSuffix && b.Op == bound.OpSuffix:
		fit = func(s, part string) bool { return strings.HasSuffix(s, part) || strings.HasSuffix(part, s) }
	default:
		return false
	}
	return !slices.ContainsFunc(a.Texts, func(s string) bool {
		return slices.ContainsFunc(b.Texts, func(part string) bool { return fit(s, part) })
	})
}

// isSubset reports whether a is a subset of b, which must be sorted.
func isSubset(a, b []string) bool {
	return every(a, func(s string) bool { return contains(b, s) })
}

func every[T any](list []T, fits func(T) bool) bool {
	return !slices.ContainsFunc(list, func(t T) bool { return !fits(t) })
}

// contains reports whether s is in a sorted list.
func contains(list []string, s string) bool {
	_, found := slices.BinarySearch(list, s)
	return found
}

// covers reports whether b is known to change nothing beside a in a conjunction or a disjunction.
func (p *prover) covers(a, b bound.Node, and bool) bool {
	if and {
		return p.implies(a, b)
	}
	return p.implies(b, a)
}

// clash reports whether a and b are known to decide a conjunction or a disjunction.
func (p *prover) clash(a, b bound.Node, and bool) bool {
	if and {
		return p.excludes(a, b)
	}
	return p.excludes(inverse(a), inverse(b))
}

// mostReduced is the number of children that are compared with each other.
const mostReduced = 64

// reduce returns the indexes of the nodes of a list that are not redundant: of a conjunction those
// that no other node implies, of a disjunction those that imply no other node. It reports whether two
// nodes decide the list: two of a conjunction that exclude each other, or two of a disjunction that
// together match every visitor.
func reduce(nodes []bound.Node, and bool) (keep []int, clash bool) {
	p := &prover{proofSteps}
	keep = make([]int, 0, len(nodes))
	for i, n := range nodes {
		switch {
		case i >= mostReduced:
			keep = append(keep, i)
		case slices.ContainsFunc(keep, func(k int) bool { return p.covers(nodes[k], n, and) }):
		case slices.ContainsFunc(keep, func(k int) bool { return p.clash(nodes[k], n, and) }):
			return nil, true
		default:
			keep = append(slices.DeleteFunc(keep, func(k int) bool { return p.covers(n, nodes[k], and) }), i)
		}
	}
	return keep, false
}
