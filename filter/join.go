package filter

import (
	"slices"

	"github.com/contactpipeline/visitors/filter/bound"
	"github.com/contactpipeline/visitors/visitor"
)

// subject is a test without its operands.
type subject struct {
	field   *bound.Field
	attr    string
	op      bound.Op
	kind    visitor.Kind
	negated bool
}

// joinTests replaces the tests of a list that have the same subject by one test with all
// their operands, so that an engine reads the field once:
//
//	tag:a AND tag:b        tag:all(a,b)
//	tag:a OR tag:b         tag:a,b
//	NOT tag:a AND NOT tag:b  NOT tag:a,b
//	attr.n:1 OR attr.n:2   attr.n:1,2
//
// The list is a conjunction if and is true, else a disjunction. The searches of a conjunction
// become one search.
func joinTests(nodes []bound.Node, and bool) []bound.Node {
	if and {
		nodes = joinTerms(nodes)
	}
	alike := map[subject][]*bound.Test{}
	for _, n := range nodes {
		if t, s, ok := subjectOf(n, and); ok {
			alike[s] = append(alike[s], t)
		}
	}
	joined := make([]bound.Node, 0, len(nodes))
	for _, n := range nodes {
		_, s, ok := subjectOf(n, and)
		tests := alike[s]
		switch {
		case !ok || len(tests) == 1:
			joined = append(joined, n)
		case len(tests) > 1:
			alike[s] = nil
			one := s.join(tests, and != s.negated)
			if s.negated {
				one = inverse(one)
			}
			joined = append(joined, one)
		}
	}
	return joined
}

// joinTerms replaces all searches by one search, in the place of the first.
func joinTerms(nodes []bound.Node) []bound.Node {
	var all bound.Terms
	seen := map[bound.Term]bool{}
	for _, n := range nodes {
		terms, _ := n.(bound.Terms)
		for _, t := range terms {
			if !seen[t] {
				seen[t], all = true, append(all, t)
			}
		}
	}
	joined := make([]bound.Node, 0, len(nodes))
	for _, n := range nodes {
		if _, ok := n.(bound.Terms); !ok {
			joined = append(joined, n)
		} else if all != nil {
			joined, all = append(joined, all), nil
		}
	}
	return joined
}

// subjectOf returns the test that n is or negates, and the test's subject. It reports false if
// no other test can be joined to it.
func subjectOf(n bound.Node, and bool) (*bound.Test, subject, bool) {
	not, negated := n.(bound.Negation)
	if negated {
		n = not.Of
	}
	t, ok := n.(*bound.Test)
	if !ok {
		return nil, subject{}, false
	}
	s := subject{t.Field, t.Attr, t.Op, t.Kind, negated}
	switch {
	case t.Op == bound.OpExists:
		return nil, s, false
	case and == negated: // the operands are alternatives
		return t, s, t.Op != bound.OpAll
	case t.Op == bound.OpAll, t.Op == bound.OpIn && len(t.Texts) == 1 && (t.Field.Kind == bound.TagKind || t.Field.Kind == bound.GroupKind):
		s.op = bound.OpAll
		return t, s, true
	}
	return t, s, t.Op == bound.OpBetween // a time or an attribute has one value
}

// join returns one test with the operands of all tests.
func (s subject) join(tests []*bound.Test, and bool) bound.Node {
	all := &bound.Test{Field: s.field, Attr: s.attr, Op: s.op, Kind: s.kind}
	if s.op == bound.OpBetween {
		all.Times, all.Numbers = tests[0].Times, tests[0].Numbers
		for _, t := range tests[1:] {
			if and {
				all.Times, all.Numbers = common(all.Times, t.Times), common(all.Numbers, t.Numbers)
				continue
			}
			all.Times, all.Numbers = append(slices.Clip(all.Times), t.Times...), append(slices.Clip(all.Numbers), t.Numbers...)
		}
		if all.Times, all.Numbers = union(all.Times, 1), union(all.Numbers, 0); len(all.Times)+len(all.Numbers) == 0 {
			return bound.Constant(false)
		}
		return all
	}
	for _, t := range tests {
		all.Texts, all.Refs = append(all.Texts, t.Texts...), append(all.Refs, t.Refs...)
	}
	all.Texts, all.Refs = sorted(all.Texts), sortedRefs(all.Refs)
	if s.op == bound.OpAll && len(all.Texts) == 1 {
		all.Op = bound.OpIn
	}
	return all
}

func sorted(texts []string) []string {
	slices.Sort(texts)
	return slices.Compact(texts)
}

func sortedRefs(refs []bound.IdentityRef) []bound.IdentityRef {
	slices.SortFunc(refs, bound.IdentityRef.Compare)
	return slices.Compact(refs)
}
