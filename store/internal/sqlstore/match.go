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

// What a statement does for one visitor, in comparisons. A filter that asks for more is
// matched here, by filter.MatchNode on visitors that are read a thousand at a time, which
// takes as long as about 200 comparisons by SQLite. A server may look for all rows of a
// subquery first, and plans each.
const (
	subquery     = 4 // as long as it takes to look for a row of another table
	mostTested   = 200
	mostByServer = 64
	fewTested    = mostJoined * (subquery + 1) // in the statement that reads visitors to match here
	atATime      = 1_000
)

// matcher is a filter in two parts.
type matcher struct {
	nodes []filter.Node // tested by the database
	rest  []filter.Node // tested by filter.MatchNode
}

// matcherOf leaves all to the database where it tests that quickly, else a few conjuncts.
func (s scope) matcherOf(n filter.Node) (m matcher) {
	nodes, most := conjuncts(n), mostTested
	if _, ok := s.d.(Server); ok {
		most = mostByServer
	}
	if tested(filter.AllOf(nodes)) <= most {
		return matcher{nodes: nodes}
	}
	left := fewTested
	for _, n := range slices.SortedStableFunc(slices.Values(nodes), func(a, b filter.Node) int { return tested(a) - tested(b) }) {
		if left -= tested(n); left >= 0 && narrows(n) {
			m.nodes = append(m.nodes, n)
		} else {
			m.rest = append(m.rest, n)
		}
	}
	return m
}

// narrows reports whether an index may serve n, or the profile alone tells it.
func narrows(n filter.Node) bool {
	if t, ok := n.(*filter.Test); ok {
		return !hangs(t) || slices.Contains([]filter.Op{filter.OpIn, filter.OpAll, filter.OpBetween, filter.OpExists}, t.Op)
	}
	kinds, _ := asked([]filter.Node{n})
	return !slices.ContainsFunc(kinds, func(k filter.Kind) bool { return slices.Contains(childKinds, k) })
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

// walk calls visit, until it returns false, for the profiles of those who match, in order and
// some at a time.
func (s scope) walk(ctx context.Context, m matcher, sel store.Select, order ordering, visit func([]record) (bool, error)) error {
	kinds, attributes := asked(m.rest)
	sel.Limit = atATime
	for {
		profiles, err := s.profilesOf(ctx, m.nodes, sel, order)
		if err != nil {
			return err
		}
		found := slices.Clone(profiles)
		if err := s.fill(ctx, found, kinds, attributes); err != nil {
			return err
		}
		var matches []record
		for i := range found {
			if m.matches(&found[i].Visitor) {
				matches = append(matches, profiles[i])
			}
		}
		if more, err := visit(matches); err != nil || !more || len(found) < sel.Limit {
			return err
		}
		last := store.PositionOf(sel.Order, profiles[len(profiles)-1].Visitor)
		sel.After = &last
	}
}

func (m matcher) matches(v *visitor.Visitor) bool {
	return !slices.ContainsFunc(m.rest, func(n filter.Node) bool { return !filter.MatchNode(n, v) })
}

// asked returns the kinds of fields, and the attributes, that nodes ask for.
func asked(nodes []filter.Node) (kinds []filter.Kind, attributes []string) {
	for _, n := range nodes {
		var of []filter.Node
		switch n := n.(type) {
		case filter.AllOf:
			of = n
		case filter.AnyOf:
			of = n
		case filter.Inverse:
			of = []filter.Node{n.Of}
		case *filter.Test:
			if kinds = append(kinds, n.Field.Kind); n.Attr != "" {
				attributes = append(attributes, n.Attr)
			}
		}
		k, a := asked(of)
		kinds, attributes = append(kinds, k...), append(attributes, a...)
	}
	slices.Sort(kinds)
	slices.Sort(attributes)
	return slices.Compact(kinds), slices.Compact(attributes)
}

// pageOfMatches reads the profiles of a page.
func (s scope) pageOfMatches(ctx context.Context, m matcher, sel store.Select, order ordering) (found []record, err error) {
	err = s.walk(ctx, m, sel, order, func(some []record) (bool, error) {
		found = append(found, some[:min(len(some), sel.Limit-len(found))]...)
		return len(found) < sel.Limit, nil
	})
	return found, err
}

// countMatches counts those who match, up to limit if that is above 0.
func (s scope) countMatches(ctx context.Context, m matcher, limit int64) (n int64, err error) {
	err = s.walk(ctx, m, store.Select{Order: store.OldestFirst}, ordering{}, func(some []record) (bool, error) {
		n += int64(len(some))
		return limit <= 0 || n < limit, nil
	})
	if limit > 0 {
		n = min(n, limit)
	}
	return n, err
}

// tallyMatches counts those who match by source, tag and group.
func (s scope) tallyMatches(ctx context.Context, m matcher) (tallies, error) {
	t := tallies{map[visitor.Source]int64{}, map[tag.ID]int64{}, map[group.ID]int64{}}
	err := s.walk(ctx, m, store.Select{Order: store.OldestFirst}, ordering{}, func(some []record) (bool, error) {
		err := s.fill(ctx, some, []filter.Kind{filter.TagKind, filter.GroupKind}, nil)
		for _, v := range some {
			t.sources[v.Source]++
			for _, a := range v.Tags {
				t.tags[a.Tag]++
			}
			for _, g := range v.Groups {
				t.groups[g]++
			}
		}
		return true, err
	})
	return t, err
}
