package sqlstore

import (
	"context"
	"slices"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store/driver"
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
	nodes := conjuncts(n)
	if tested(filter.AllOf(nodes)) <= s.d.reader.maxTested() {
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
	parts, _ := needed([]filter.Node{n})
	return parts == 0
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
	case filter.Negation:
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
func (s scope) walk(ctx context.Context, m matcher, sel driver.Select, order ordering, visit func([]record) (bool, error)) error {
	parts, attributes := needed(m.rest)
	sel.Limit = atATime
	for {
		profiles, err := s.d.reader.page(ctx, s, m.nodes, sel, order)
		if err != nil {
			return err
		}
		found := slices.Clone(profiles)
		if err := s.fill(ctx, found, parts, attributes); err != nil {
			return err
		}
		var matches []record
		for i := range found {
			if err := ctx.Err(); err != nil { // a filter at the limits takes a millisecond a visitor
				return err
			}
			if m.matches(&found[i].Visitor) {
				matches = append(matches, profiles[i])
			}
		}
		if more, err := visit(matches); err != nil || !more || len(found) < sel.Limit {
			return err
		}
		last := driver.PositionOf(sel.Order, profiles[len(profiles)-1].Visitor)
		sel.After = &last
	}
}

func (m matcher) matches(v *visitor.Visitor) bool {
	return !slices.ContainsFunc(m.rest, func(n filter.Node) bool { return !filter.MatchNode(n, v) })
}

// needed returns the parts of a visitor beside its profile, and the attributes, that nodes
// compare.
func needed(nodes []filter.Node) (parts driver.Parts, attributes []string) {
	for _, n := range nodes {
		var of []filter.Node
		switch n := n.(type) {
		case filter.AllOf:
			of = n
		case filter.AnyOf:
			of = n
		case filter.Negation:
			of = []filter.Node{n.Of}
		case *filter.Test:
			if parts |= partOf(n.Field); n.Attr != "" {
				attributes = append(attributes, n.Attr)
			}
		}
		p, a := needed(of)
		parts, attributes = parts|p, append(attributes, a...)
	}
	slices.Sort(attributes)
	return parts, slices.Compact(attributes)
}

// partOf returns the part of a visitor that a field is in, 0 for the profile.
func partOf(f *filter.Field) driver.Parts {
	switch f.Kind {
	case filter.TagKind:
		return driver.Tags
	case filter.GroupKind:
		return driver.Groups
	case filter.IdentityKind:
		return driver.Identities
	case filter.AttrKind:
		return driver.Attributes
	}
	return 0
}

// pageOfMatches reads the profiles of a page.
func (s scope) pageOfMatches(ctx context.Context, m matcher, sel driver.Select, order ordering) (found []record, err error) {
	err = s.walk(ctx, m, sel, order, func(some []record) (bool, error) {
		found = append(found, some[:min(len(some), sel.Limit-len(found))]...)
		return len(found) < sel.Limit, nil
	})
	return found, err
}

// countMatches counts those who match, up to limit if that is above 0.
func (s scope) countMatches(ctx context.Context, m matcher, limit int64) (n int64, err error) {
	err = s.walk(ctx, m, driver.Select{Order: driver.OldestFirst}, ordering{}, func(some []record) (bool, error) {
		n += int64(len(some))
		return limit <= 0 || n < limit, nil
	})
	if limit > 0 {
		n = min(n, limit)
	}
	return n, err
}

// facetsOfMatches counts those who match by source, tag and group.
func (s scope) facetsOfMatches(ctx context.Context, m matcher) (driver.Facets, error) {
	f := driver.NewFacets()
	err := s.walk(ctx, m, driver.Select{Order: driver.OldestFirst}, ordering{}, func(some []record) (bool, error) {
		err := s.fill(ctx, some, driver.Tags|driver.Groups, nil)
		for _, r := range some {
			f.Add(r.Visitor)
		}
		return true, err
	})
	return f, err
}
