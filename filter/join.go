package filter

import "slices"

// subject is what a test asks about, without its operands.
type subject struct {
	field   *Field
	attr    string
	op      Op
	kind    ValueKind
	negated bool
}

// joinTests puts the tests of a list that ask the same about the same field into one test
// with the operands of them all, so that an engine looks at the field once:
//
//	tag:a AND tag:b        tag:all(a,b)
//	tag:a OR tag:b         tag:a,b
//	NOT tag:a AND NOT tag:b  NOT tag:a,b
//	attr.n:1 OR attr.n:2   attr.n:1,2
//
// The list is joined by AND if and is true, else by OR. Searches joined by AND become one.
func joinTests(nodes []Node, and bool) []Node {
	if and {
		nodes = joinTerms(nodes)
	}
	alike := map[subject][]*Test{}
	for _, n := range nodes {
		if t, s, ok := subjectOf(n, and); ok {
			alike[s] = append(alike[s], t)
		}
	}
	joined := make([]Node, 0, len(nodes))
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

// joinTerms makes one search of all, in the place of the first.
func joinTerms(nodes []Node) []Node {
	var all Terms
	seen := map[Term]bool{}
	for _, n := range nodes {
		terms, _ := n.(Terms)
		for _, t := range terms {
			if !seen[t] {
				seen[t], all = true, append(all, t)
			}
		}
	}
	joined := make([]Node, 0, len(nodes))
	for _, n := range nodes {
		if _, ok := n.(Terms); !ok {
			joined = append(joined, n)
		} else if all != nil {
			joined, all = append(joined, all), nil
		}
	}
	return joined
}

// subjectOf returns the test that n is or negates, and what it is about. It reports false
// where no other test can be joined to it.
func subjectOf(n Node, and bool) (*Test, subject, bool) {
	not, negated := n.(Negation)
	if negated {
		n = not.Of
	}
	t, ok := n.(*Test)
	if !ok {
		return nil, subject{}, false
	}
	s := subject{t.Field, t.Attr, t.Op, t.Kind, negated}
	switch {
	case t.Op == OpExists:
		return nil, s, false
	case and == negated: // by OR
		return t, s, t.Op != OpAll
	case t.Op == OpAll, t.Op == OpIn && len(t.Texts) == 1 && (t.Field.Kind == TagKind || t.Field.Kind == GroupKind):
		s.op = OpAll
		return t, s, true
	}
	return t, s, t.Op == OpBetween // a time or an attribute has one value
}

// join returns the test of all operands.
func (s subject) join(tests []*Test, and bool) Node {
	all := &Test{Field: s.field, Attr: s.attr, Op: s.op, Kind: s.kind}
	if s.op == OpBetween {
		all.Times, all.Numbers = tests[0].Times, tests[0].Numbers
		for _, t := range tests[1:] {
			if and {
				all.Times, all.Numbers = common(all.Times, t.Times), common(all.Numbers, t.Numbers)
				continue
			}
			all.Times, all.Numbers = append(slices.Clip(all.Times), t.Times...), append(slices.Clip(all.Numbers), t.Numbers...)
		}
		if all.Times, all.Numbers = union(all.Times, 1), union(all.Numbers, 0); len(all.Times)+len(all.Numbers) == 0 {
			return Constant(false)
		}
		return all
	}
	for _, t := range tests {
		all.Texts, all.Refs = append(all.Texts, t.Texts...), append(all.Refs, t.Refs...)
	}
	all.Texts, all.Refs = sorted(all.Texts), sortedRefs(all.Refs)
	if s.op == OpAll && len(all.Texts) == 1 {
		all.Op = OpIn
	}
	return all
}

func sorted(texts []string) []string {
	slices.Sort(texts)
	return slices.Compact(texts)
}

func sortedRefs(refs []IdentityRef) []IdentityRef {
	slices.SortFunc(refs, IdentityRef.compare)
	return slices.Compact(refs)
}
