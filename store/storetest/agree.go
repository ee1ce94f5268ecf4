package storetest

import (
	"fmt"
	"slices"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/visitor"
)

// agree fails unless the store finds and counts those of the people in the room that
// filter.Match says.
func (r *room) agree(e filter.Expr, people []visitor.Visitor) {
	r.Helper()
	r.agreeOn(spell(e), r.bind(e), store.OldestFirst, people)
}

func (r *room) agreeOn(what string, where filter.Bound, o store.Order, people []visitor.Visitor) {
	r.Helper()
	if d := r.disagreement(where, o, people); d != "" {
		r.Errorf("%s, order %s: %s", what, o, d)
	}
}

// disagreement tells how what the store finds differs from what filter.Match says, "" when
// it does not.
func (r *room) disagreement(where filter.Bound, o store.Order, people []visitor.Visitor) string {
	r.Helper()
	r.cases++
	want := matching(where, o, people)
	got := r.find(store.Select{Where: where, Order: o, Limit: len(people) + 1})
	if d := diff(ids(got), ids(want)); d != "" {
		return "the ids found are not those that match: " + d
	}
	n, err := r.st.CountVisitors(r.Context(), r.ws, where, 0)
	if err != nil || n != int64(len(want)) {
		return fmt.Sprintf("counted %d, error %v, want %d", n, err, len(want))
	}
	return ""
}

// smallest returns the smallest part of e on which the store disagrees with
// filter.Match, given that it does on e.
func (r *room) smallest(e filter.Expr, env *filter.Env, o store.Order, people []visitor.Visitor) filter.Expr {
	r.Helper()
	var parts []filter.Expr
	switch e := e.(type) {
	case filter.AndExpr:
		parts = e.Of
	case filter.OrExpr:
		parts = e.Of
	case filter.NotExpr:
		parts = []filter.Expr{e.Of}
	}
	for _, part := range parts {
		if r.disagreement(r.bindIn(part, env), o, people) != "" {
			return r.smallest(part, env, o, people)
		}
	}
	return e
}

// matching returns those of the people that match, in order.
func matching(where filter.Bound, o store.Order, people []visitor.Visitor) []visitor.Visitor {
	var want []visitor.Visitor
	for _, v := range people {
		if filter.Match(where, v) {
			want = append(want, v)
		}
	}
	arrange(o, want)
	return want
}

// arrange puts visitors in order.
func arrange(o store.Order, visitors []visitor.Visitor) {
	_, descending, _ := o.Key()
	slices.SortFunc(visitors, func(a, b visitor.Visitor) int {
		c := store.PositionOf(o, a).Compare(store.PositionOf(o, b))
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
