package memory

import (
	"slices"

	"github.com/contactpipeline/visitors/filter"
)

// cloneRule returns a copy of a rule that shares nothing with it.
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
