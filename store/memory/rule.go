package memory

import (
	"slices"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
)

// cloneGroup returns a copy that shares nothing with g.
func cloneGroup(g group.Group) group.Group {
	g.Rule = cloneRule(g.Rule)
	return g
}

func cloneRule(e filter.Expr) filter.Expr {
	switch e := e.(type) {
	case filter.AndExpr:
		return filter.AndExpr{Of: cloneRules(e.Of)}
	case filter.OrExpr:
		return filter.OrExpr{Of: cloneRules(e.Of)}
	case filter.NotExpr:
		return filter.NotExpr{Of: cloneRule(e.Of)}
	case filter.Condition:
		e.Values = slices.Clone(e.Values)
		return e
	}
	return e
}

func cloneRules(rules []filter.Expr) []filter.Expr {
	copies := make([]filter.Expr, len(rules))
	for i, e := range rules {
		copies[i] = cloneRule(e)
	}
	return copies
}
