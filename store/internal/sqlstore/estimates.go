package sqlstore

import (
	"context"
	"slices"
	"unicode/utf8"

	sq "github.com/Masterminds/squirrel"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store/driver"
)

// sizes are what the planner knows of a workspace.
type sizes struct {
	total int64
	of    map[counted]int64
}

// sum is how many visitors the streams reach, those that several reach counted for each.
func (z sizes) sum(streams []access) int64 {
	n := int64(0)
	for _, a := range streams {
		n += z.of[a.of]
	}
	return n
}

// sizes reads the counters of the streams and the number of all visitors.
func (s scope) sizes(ctx context.Context, streams []access) (sizes, error) {
	z, err := s.uses(ctx, streams)
	if err != nil {
		return z, err
	}
	err = s.query(ctx, s.from(sourceTable, "c", "c.source", "c.visitors"), func(r row) error {
		var source string
		var n int64
		err := r.Scan(&source, &n)
		z.of[counted{addToSource, source}] = n
		z.total += n
		return err
	})
	return z, err
}

// uses reads the counters of the streams by a tag or a group.
func (s scope) uses(ctx context.Context, streams []access) (sizes, error) {
	z := sizes{of: map[counted]int64{}}
	for _, t := range []struct{ text, table, column string }{{addToTag, tagTable, "uses"}, {addToGroup, groupTable, "members"}} {
		var ids []string
		for _, a := range streams {
			if a.of.text == t.text {
				ids = append(ids, a.of.key)
			}
		}
		if len(ids) == 0 {
			continue
		}
		q := s.from(t.table, "c", "c.id", "c."+t.column).Where(s.d.InIDs("c.id", ids))
		err := s.query(ctx, q, func(r row) error {
			var id string
			var n int64
			err := r.Scan(into(&id), &n)
			z.of[counted{t.text, id}] = n
			return err
		})
		if err != nil {
			return z, err
		}
	}
	return z, nil
}

// briefList is how many an access is followed to that pays only where it reaches few.
const briefList = 1_000

// length counts what an access reaches, and stops after most. Where it reaches fewer, it
// returns an access to the same that need not be looked for again.
func (s scope) length(ctx context.Context, a access, most int64) (n int64, same access, err error) {
	if a.brief {
		most = min(most, briefList)
	}
	if a.alias != "" {
		n, err = s.tally(ctx, s.hits(a, "1"), most)
		return n, a, err
	}
	var rowkeys string
	listed := s.hits(a, "f.docid AS docid").Suffix("LIMIT ?", min(most, longList+1))
	err = s.query(ctx, s.over(listed, "m", "count(*)", "json_group_array(m.docid)"), func(r row) error { return r.Scan(&n, &rowkeys) })
	switch {
	case err != nil:
		return 0, a, err
	case n < min(most, longList+1):
		return n, a.these(rowkeys), nil
	case n < most:
		n, err = s.tally(ctx, s.hits(a, "1"), most)
	}
	return n, a, err
}

// share guesses which part of all visitors matches n, as if conditions had nothing to do
// with one another.
func (s scope) share(z sizes, n filter.Node) float64 {
	if not, ok := n.(filter.Negation); ok {
		return 1 - s.share(z, not.Of)
	}
	if terms, ok := n.(filter.Terms); ok {
		return guessTerms(terms)
	}
	if streams := s.streams(n); streams != nil && z.total > 0 {
		return min(1, float64(z.sum(streams))/float64(z.total))
	}
	if t, ok := n.(*filter.Test); ok {
		return guess(t)
	}
	return 0.5
}

// guess is the share of a condition that no counter knows: whole texts, ids and identities
// are few people's, parts of texts some people's.
func guess(t *filter.Test) float64 {
	const one = 1e-5
	switch t.Op {
	case filter.OpIn:
		switch t.Field.Kind {
		case filter.TextKind, filter.PhoneKind, filter.IDKind:
			return min(1, one*float64(len(t.Texts)))
		case filter.IdentityKind:
			if !slices.ContainsFunc(t.Refs, func(r filter.IdentityRef) bool { return r.ExternalID == "" }) {
				return min(1, one*float64(len(t.Refs)))
			}
		}
	case filter.OpContains, filter.OpPrefix, filter.OpSuffix:
		return 0.01
	}
	return 0.5
}

// guessTerms is the share of a search: a character or two are in many names.
func guessTerms(terms filter.Terms) float64 {
	share := 1.0
	for _, t := range terms {
		share *= [...]float64{1, 0.4, 0.2, 0.01}[min(3, utf8.RuneCountInString(t.Text))]
	}
	return share
}

// mostApart is how many tags that a visitor must all carry are tested one by one. An index
// may serve one of them; more are counted.
const mostApart = 8

// conjuncts are the nodes that must all match.
func conjuncts(n filter.Node) []filter.Node {
	switch n := n.(type) {
	case filter.AllOf:
		all := make([]filter.Node, 0, len(n))
		for _, child := range n {
			all = append(all, conjuncts(child)...)
		}
		return all
	case filter.Constant:
		if n {
			return nil
		}
	case *filter.Test:
		if n.Op == filter.OpAll {
			return oneByOne(n)
		}
	}
	return []filter.Node{n}
}

// oneByOne returns a test for each of some tags or groups, and one for all where there are more.
func oneByOne(t *filter.Test) []filter.Node {
	var all []filter.Node
	for _, id := range t.Texts[:min(len(t.Texts), mostApart)] {
		all = append(all, &filter.Test{Field: t.Field, Op: filter.OpIn, Texts: []string{id}})
	}
	if len(t.Texts) > mostApart {
		all = append(all, t)
	}
	return all
}

// without returns nodes but the one at i.
func without(nodes []filter.Node, i int) []filter.Node {
	rest := make([]filter.Node, 0, len(nodes)-1)
	return append(append(rest, nodes[:i]...), nodes[i+1:]...)
}

// mostJoined is up to how many EXISTS a server makes joins of, all orders of which its planner
// compares: five take 2 ms, sixteen 70 ms. It tests for what IS TRUE row by row.
const mostJoined = 5

// where adds what must hold of the visitors that q reaches by an access: that they match
// the nodes and come after a position.
func (s scope) where(q sq.SelectBuilder, a access, nodes []filter.Node, order ordering, after *driver.Position) (sq.SelectBuilder, error) {
	c := compiler{scope: s, id: a.id}
	joined := 0
	for _, n := range nodes {
		test, err := c.node(n)
		if err != nil {
			return q, err
		}
		if hangs(n) {
			joined++
		}
		if s.d.server != nil && joined > mostJoined {
			test = sq.Expr("(?) IS TRUE", test)
		}
		q = q.Where(test)
	}
	if after != nil {
		q = q.Where(order.after(s.d, after, a.id))
	}
	if (c.profile || order.column != "") && !a.profiled() {
		q = s.with(q, visitorTable, "v", "v.id = "+a.id)
	}
	return q, nil
}
