package sqlstore

import (
	"context"
	"slices"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// What a statement does for one visitor. A filter that asks for more is matched here, by
// filter.MatchNode on visitors that are read a thousand at a time: a database would take
// milliseconds a visitor, and its planner may take minutes.
const (
	subquery   = 4  // comparisons that take as long as a row of another table is looked for
	mostTested = 64 // comparisons; a server makes more of a subquery than a loop
	mostServed = 256
	atATime    = 1_000
)

// matcher is a filter in two parts.
type matcher struct {
	nodes []filter.Node // tested by the database
	rest  []filter.Node // tested by filter.MatchNode
}

// matcherOf leaves to the database as many of the conjuncts as it tests quickly.
func (s scope) matcherOf(n filter.Node) (m matcher) {
	nodes, left := conjuncts(n), mostTested
	if _, ok := s.d.(Server); ok {
		left = mostServed
	}
	for _, n := range slices.SortedStableFunc(slices.Values(nodes), func(a, b filter.Node) int { return tested(a) - tested(b) }) {
		if left -= tested(n); left < 0 {
			m.rest = append(m.rest, n)
		} else {
			m.nodes = append(m.nodes, n)
		}
	}
	if len(m.rest) == 0 {
		return matcher{nodes: nodes}
	}
	return m
}

// tested guesses how many comparisons a statement makes to test a visitor for n.
func tested(n filter.Node) (sum int) {
	switch n := n.(type) {
	case filter.AllOf:
		for _, child := range n {
			sum += tested(child)
		}
	case filter.AnyOf:
		for _, child := range n {
			sum += tested(child)
		}
	case filter.Inverse:
		return tested(n.Of)
	case filter.Terms:
		return len(n)
	case *filter.Test:
		return testedFor(n)
	}
	return sum
}

func testedFor(t *filter.Test) int {
	n := 1
	switch t.Op {
	case filter.OpContains, filter.OpPrefix, filter.OpSuffix:
		n = len(t.Texts)
	case filter.OpBetween:
		_, times := apart(t.Times)
		_, numbers := apart(t.Numbers)
		n += len(times) + len(numbers)
		if t.Field.Column == "created_at" {
			n = len(t.Times)
		}
	}
	if hangs(t) {
		n += subquery
	}
	return n
}

// walk calls visit, until it returns false, for those who match, in order: with the profile
// alone, and with the visitor that has what the filter asks for and what more is to be read.
func (s scope) walk(ctx context.Context, m matcher, sel store.Select, order ordering, visit func(profile record, v *visitor.Visitor) bool, more ...filter.Kind) error {
	kinds := append(kindsOf(m.rest), more...)
	sel.Limit = atATime
	for {
		profiles, err := s.profilesOf(ctx, m.nodes, sel, order)
		if err != nil {
			return err
		}
		found := slices.Clone(profiles)
		if err := s.fill(ctx, found, kinds...); err != nil {
			return err
		}
		for i := range found {
			v := &found[i].Visitor
			if m.matches(v) && !visit(profiles[i], v) {
				return nil
			}
		}
		if len(found) < sel.Limit {
			return nil
		}
		last := store.PositionOf(sel.Order, profiles[len(profiles)-1].Visitor)
		sel.After = &last
	}
}

// kindsOf are the kinds of fields that nodes ask for.
func kindsOf(nodes []filter.Node) (kinds []filter.Kind) {
	for _, n := range nodes {
		switch n := n.(type) {
		case filter.AllOf:
			kinds = append(kinds, kindsOf(n)...)
		case filter.AnyOf:
			kinds = append(kinds, kindsOf(n)...)
		case filter.Inverse:
			kinds = append(kinds, kindsOf([]filter.Node{n.Of})...)
		case *filter.Test:
			kinds = append(kinds, n.Field.Kind)
		}
	}
	return kinds
}

func (m matcher) matches(v *visitor.Visitor) bool {
	return !slices.ContainsFunc(m.rest, func(n filter.Node) bool { return !filter.MatchNode(n, v) })
}

// countMatches counts those who match, up to limit if that is above 0.
func (s scope) countMatches(ctx context.Context, m matcher, limit int64) (n int64, err error) {
	err = s.walk(ctx, m, store.Select{Order: store.OldestFirst}, ordering{}, func(record, *visitor.Visitor) bool {
		n++
		return n != limit
	})
	return n, err
}

// tallyMatches counts those who match by source, tag and group.
func (s scope) tallyMatches(ctx context.Context, m matcher) (tallies, error) {
	t := tallies{map[visitor.Source]int64{}, map[tag.ID]int64{}, map[group.ID]int64{}}
	err := s.walk(ctx, m, store.Select{Order: store.OldestFirst}, ordering{}, func(_ record, v *visitor.Visitor) bool {
		t.sources[v.Source]++
		for _, a := range v.Tags {
			t.tags[a.Tag]++
		}
		for _, g := range v.Groups {
			t.groups[g]++
		}
		return true
	}, filter.TagKind, filter.GroupKind)
	return t, err
}
