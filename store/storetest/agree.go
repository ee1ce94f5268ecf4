package storetest

import (
	"fmt"
	"slices"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor"
)

// agree fails unless the store finds and counts the visitors that filter.Match matches.
// people are all visitors of the workspace.
func (f *fixture) agree(e filter.Expr, people []visitor.Visitor) {
	f.Helper()
	f.agreeOn(format(e), f.bind(e), driver.OldestFirst, people)
}

func (f *fixture) agreeOn(what string, where filter.Bound, o driver.Order, people []visitor.Visitor) {
	f.Helper()
	if d := f.disagreement(where, o, people); d != "" {
		f.Errorf("%s, order %s: %s", what, o, d)
	}
}

// disagreement returns how the store's result differs from that of filter.Match, "" if it
// does not.
func (f *fixture) disagreement(where filter.Bound, o driver.Order, people []visitor.Visitor) string {
	f.Helper()
	f.cases++
	want := matching(where, o, people)
	got := f.find(driver.Select{Where: where, Order: o, Limit: len(people) + 1})
	if d := diff(ids(got), ids(want)); d != "" {
		return "the ids found are not those that match: " + d
	}
	n, err := f.st.CountVisitors(f.Context(), f.ws, where, 0)
	if err != nil || n != int64(len(want)) {
		return fmt.Sprintf("counted %d, error %v, want %d", n, err, len(want))
	}
	return ""
}

// smallest returns the smallest part of e on which the store and filter.Match disagree. They
// disagree on e.
func (f *fixture) smallest(e filter.Expr, env *filter.Env, o driver.Order, people []visitor.Visitor) filter.Expr {
	f.Helper()
	for _, part := range parts(e) {
		if f.disagreement(f.bindIn(part, env), o, people) != "" {
			return f.smallest(part, env, o, people)
		}
	}
	return e
}

// parts returns the operands of And, Or and Not, nil for a condition.
func parts(e filter.Expr) []filter.Expr {
	switch e := e.(type) {
	case filter.AndExpr:
		return e.Of
	case filter.OrExpr:
		return e.Of
	case filter.NotExpr:
		return []filter.Expr{e.Of}
	}
	return nil
}

// matching returns the people that match, in order.
func matching(where filter.Bound, o driver.Order, people []visitor.Visitor) []visitor.Visitor {
	var want []visitor.Visitor
	for _, v := range people {
		if filter.Match(where, v) {
			want = append(want, v)
		}
	}
	arrange(o, want)
	return want
}

// arrange sorts visitors.
func arrange(o driver.Order, visitors []visitor.Visitor) {
	_, descending, _ := driver.Sorting(o)
	slices.SortFunc(visitors, func(a, b visitor.Visitor) int {
		c := driver.PositionOf(o, a).Compare(driver.PositionOf(o, b))
		if descending {
			return -c
		}
		return c
	})
}

func ids(visitors []visitor.Visitor) []visitor.ID {
	all := make([]visitor.ID, len(visitors))
	for i, v := range visitors {
		all[i] = v.ID
	}
	return all
}
