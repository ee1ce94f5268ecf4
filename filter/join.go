package filter

import (
	"slices"

	"github.com/contactpipeline/visitors/filter/bound"
	"github.com/contactpipeline/visitors/visitor"
)

// subject is a test without its operands; without a field it is a search.
type subject struct {
	field   *bound.Field
	attr    string
	op      bound.Op
	kind    visitor.Kind
	about   PermissionRef // of a permission, without its states
	at      int64         // of a permission
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
	joined := make([]bound.Node, 0, len(nodes))
	first := map[subject]int{}      // indexes in joined
	alike := map[int][]bound.Node{} // the other nodes with the same subject, by that index
	for _, n := range nodes {
		s, ok := subjectOf(n, and)
		if i, again := first[s]; ok && again {
			alike[i] = append(alike[i], n)
			continue
		}
		if ok {
			first[s] = len(joined)
		}
		joined = append(joined, n)
	}
	for i, others := range alike {
		s, _ := subjectOf(joined[i], and)
		joined[i] = s.join(append([]bound.Node{joined[i]}, others...), and)
	}
	return joined
}

// testOf returns the test that n is or negates, nil if it is neither.
func testOf(n bound.Node) (t *bound.Test, negated bool) {
	not, negated := n.(bound.Negation)
	if negated {
		n = not.Of
	}
	t, _ = n.(*bound.Test)
	return t, negated
}

// subjectOf returns the subject of n. It reports false if no other node can be joined to it.
func subjectOf(n bound.Node, and bool) (subject, bool) {
	if _, isSearch := n.(bound.Terms); isSearch {
		return subject{}, and
	}
	if p, negated := permissionOf(n); p != nil { // its states are alternatives
		about := PermissionRef{Channel: p.Channel, Topic: p.Topic.Key}
		return subject{field: p.Field, about: about, at: p.At, negated: negated}, and == negated && len(p.States) > 0
	}
	t, negated := testOf(n)
	if t == nil || t.Op == bound.OpExists {
		return subject{}, false
	}
	s := subject{field: t.Field, attr: t.Attr, op: t.Op, kind: t.Kind, negated: negated}
	isNamed := t.Field.Kind == TagKind || t.Field.Kind == GroupKind
	switch {
	case and == negated: // the operands are alternatives
		return s, t.Op != bound.OpAll
	case t.Op == bound.OpAll, t.Op == bound.OpIn && len(t.Texts) == 1 && isNamed:
		s.op = bound.OpAll
		return s, true
	}
	return s, t.Op == bound.OpBetween // a time or an attribute has one value
}

// join returns one node with the operands of all nodes.
func (s subject) join(nodes []bound.Node, and bool) bound.Node {
	switch {
	case s.field == nil:
		return joinTerms(nodes)
	case s.about.Channel != "":
		return s.joinStates(nodes)
	}
	all := &bound.Test{Field: s.field, Attr: s.attr, Op: s.op, Kind: s.kind}
	for i, n := range nodes {
		t, _ := testOf(n)
		if and != s.negated && i > 0 {
			all.Times, all.Numbers = common(all.Times, t.Times), common(all.Numbers, t.Numbers)
		} else {
			all.Times, all.Numbers = append(all.Times, t.Times...), append(all.Numbers, t.Numbers...)
		}
		all.Texts, all.Refs = append(all.Texts, t.Texts...), append(all.Refs, t.Refs...)
	}
	all.Times, all.Numbers = union(all.Times, 1), union(all.Numbers, 0)
	all.Texts, all.Refs = sorted(all.Texts), sortedRefs(all.Refs)
	var joined bound.Node = all
	switch {
	case s.op == bound.OpBetween && len(all.Times)+len(all.Numbers) == 0:
		joined = bound.Constant(false)
	case s.op == bound.OpAll && len(all.Texts) == 1:
		all.Op = bound.OpIn
	}
	if s.negated {
		return inverse(joined)
	}
	return joined
}

func (s subject) joinStates(nodes []bound.Node) bound.Node {
	first, _ := permissionOf(nodes[0])
	all := *first
	all.States = nil
	for _, n := range nodes {
		p, _ := permissionOf(n)
		all.States = append(all.States, p.States...)
	}
	all.States = sorted(all.States)
	if s.negated {
		return inverse(&all)
	}
	return &all
}

func joinTerms(nodes []bound.Node) bound.Terms {
	var all bound.Terms
	seen := map[bound.Term]bool{}
	for _, n := range nodes {
		for _, t := range n.(bound.Terms) {
			if !seen[t] {
				seen[t], all = true, append(all, t)
			}
		}
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
