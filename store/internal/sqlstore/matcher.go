package sqlstore

import (
	"context"
	"slices"

	"github.com/contactpipeline/visitors/filter/bound"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor"
)

// The most comparisons that a statement may make for a visitor. A filter that needs more is
// matched by this process, on visitors that are read a thousand at a time: that takes about as
// long as 200 comparisons by SQLite. A server plans each subquery, and may read all of its rows.
const (
	subquery             = 4 // comparisons that take as long as looking up a row of another table
	maxComparisons       = 200
	maxServerComparisons = 64
	maxReadComparisons   = maxJoins * (subquery + 1) // in the statement that reads visitors to match
	matchBatch           = 1_000
)

// matcher is a filter in two parts, both of which must match.
type matcher struct {
	nodes []bound.Node // tested by the database
	rest  []bound.Node // tested by bound.Match
}

// matcherOf returns a matcher that leaves all nodes to the database if it tests them quickly,
// else a few of them.
func (s scope) matcherOf(n bound.Node) (m matcher) {
	nodes := conjuncts(n)
	var permissions []bound.Node
	nodes = slices.DeleteFunc(nodes, func(n bound.Node) bool {
		if hasPermission(n) {
			permissions = append(permissions, n)
			return true
		}
		return false
	})
	if comparisons(bound.AllOf(nodes)) <= s.d.reader.maxComparisons() {
		m.nodes = nodes
	} else {
		left := maxReadComparisons
		for _, n := range slices.SortedStableFunc(slices.Values(nodes), func(a, b bound.Node) int { return comparisons(a) - comparisons(b) }) {
			if left -= comparisons(n); left >= 0 && narrows(n) {
				m.nodes = append(m.nodes, n)
			} else {
				m.rest = append(m.rest, n)
			}
		}
	}
	for _, n := range permissions {
		// In a statement, a Permission only tests whether anything was said.
		if p, ok := n.(*bound.Permission); ok && p.NeedsStatement() {
			m.nodes = append(m.nodes, n)
		}
		m.rest = append(m.rest, n)
	}
	return m
}

// hasPermission reports whether a node is a Permission or has one inside. Only this process can
// match it.
func hasPermission(n bound.Node) (has bool) {
	leaves(n, func(leaf bound.Node) {
		_, is := leaf.(*bound.Permission)
		has = has || is
	})
	return has
}

// narrows reports whether an index can be used for n, or n depends on the profile only.
func narrows(n bound.Node) bool {
	if t, ok := n.(*bound.Test); ok {
		return partOf(t.Field) == 0 || slices.Contains([]bound.Op{bound.OpIn, bound.OpAll, bound.OpBetween, bound.OpExists}, t.Op)
	}
	return !testsChildren(n)
}

// comparisons estimates how many comparisons a statement makes to test a visitor for n.
func comparisons(n bound.Node) (sum int) {
	leaves(n, func(n bound.Node) {
		switch n := n.(type) {
		case bound.Terms:
			sum += len(n)
		case *bound.Test:
			sum += comparisonsOf(n)
		}
	})
	return sum
}

func comparisonsOf(t *bound.Test) int {
	n := 1
	switch t.Op {
	case bound.OpContains, bound.OpPrefix, bound.OpSuffix:
		n = len(t.Texts)
	case bound.OpBetween:
		_, times := splitRanges(t.Times)
		_, numbers := splitRanges(t.Numbers)
		n += len(times) + len(numbers)
		if t.Field.Column == "created_at" {
			n = len(t.Times)
		}
	}
	if partOf(t.Field) != 0 {
		n += subquery
	}
	return n
}

// walk calls visit with the profiles of the visitors that match, in order and some at a time,
// until it returns false.
func (s scope) walk(ctx context.Context, m matcher, sel driver.Select, order ordering, visit func([]record) (bool, error)) error {
	if err := s.several(); err != nil {
		return err
	}
	parts := needed(m.rest)
	sel.Limit = matchBatch
	for {
		profiles, err := s.d.reader.page(ctx, s, m.nodes, sel, order)
		if err != nil {
			return err
		}
		found := slices.Clone(profiles)
		if err := s.unpack(ctx, found, parts); err != nil {
			return err
		}
		var matches []record
		for i := range found {
			if err := ctx.Err(); err != nil { // a large filter takes a millisecond per visitor
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
	return !slices.ContainsFunc(m.rest, func(n bound.Node) bool { return !bound.Match(n, v) })
}

// needed returns the parts of a visitor, without the profile, that nodes test.
func needed(nodes bound.AllOf) (parts driver.Parts) {
	leaves(nodes, func(n bound.Node) {
		switch n := n.(type) {
		case *bound.Test:
			parts |= partOf(n.Field)
		case *bound.Permission:
			parts |= driver.Consents | driver.Identities
		}
	})
	return parts
}

// partOf returns the part of a visitor that a field is in, 0 for the profile.
func partOf(f *bound.Field) driver.Parts {
	switch f.Kind {
	case bound.TagKind:
		return driver.Tags
	case bound.GroupKind:
		return driver.Groups
	case bound.IdentityKind, bound.InboxKind:
		return driver.Identities
	case bound.AttrKind:
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

// countMatches counts the visitors that match, up to limit if that is above 0.
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

// facetsOfMatches counts the visitors that match by source, tag and group.
func (s scope) facetsOfMatches(ctx context.Context, m matcher) (driver.Facets, error) {
	f := driver.NewFacets()
	err := s.walk(ctx, m, driver.Select{Order: driver.OldestFirst}, ordering{}, func(some []record) (bool, error) {
		err := s.unpack(ctx, some, driver.Tags|driver.Groups)
		for _, r := range some {
			f.Add(r.Visitor)
		}
		return true, err
	})
	return f, err
}
