package storetest

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/filter/filtergen"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor"
)

var casesFlag = flag.Int("storetest.cases", 0, "number of cases that Compare tries; 0 means those of one workspace or, with -storetest.full, as many as the test requests")

// Compare tries random cases on the store that open returns, and logs their number. A case is
// a filter on a workspace of random visitors, which must have the ids, order and count of
// filter.Match, or a law of logic, both sides of which must have the same result. By default
// it tries the cases of one workspace, some hundreds. With -storetest.full it tries at least
// n, with -storetest.cases the number given there, which may take hours:
//
//	go test -run TestCompare -storetest.cases=10000000 -timeout 24h
func Compare(t *testing.T, open func(testing.TB) driver.Store, n int) {
	t.Helper()
	s := newSuite(open(t), full)
	switch {
	case *casesFlag > 0:
		n = *casesFlag
	case !*fullFlag:
		n = 1
	}
	start := time.Now()
	for seed := s.seed; s.cases < n && !t.Failed(); seed++ {
		s.check(t, promise{
			why: "A filter has one meaning: if two engines differ in one case, one segment becomes two.",
			check: func(f *fixture) {
				f.compareRandomFilters(seed)
				if f.Failed() {
					f.Logf("to repeat this case: -storetest.seed=%d", seed)
				}
			},
		})
	}
	t.Logf("%d cases compared in %s, from -storetest.seed=%d", s.cases, time.Since(start).Round(time.Millisecond), s.seed)
}

// compareRandomFilters compares a filter of every kind, then random ones after most of the
// visitors have changed, then laws of logic.
func (f *fixture) compareRandomFilters(seed uint64) {
	f.Helper()
	w := f.fill(filtergen.New(seed, nil), rand.New(rand.NewPCG(seed, 2)), 80)
	for _, e := range w.g.Each() {
		w.compareFilter(e)
	}
	w.changeVisitors()
	for i := range 40 {
		w.compareFilter(w.g.Expr(1 + i%7))
	}
	for i := range 10 {
		w.compareLaws(w.g.Expr(1+i%4), w.g.Expr(1+i%3))
	}
}

// compareLaws fails unless the store's results for a and b obey the laws of logic. It compares
// results of the store with each other, not with filter.Match.
func (w *randomWorkspace) compareLaws(a, b filter.Expr) {
	w.Helper()
	not, and, or := filter.Not, filter.And, filter.Or
	orders := driver.Orders()
	o := orders[w.rnd.IntN(len(orders))]
	for _, law := range []struct {
		name        string
		left, right filter.Expr
	}{
		{"a AND b is b AND a", and(a, b), and(b, a)},
		{"a OR b is b OR a", or(a, b), or(b, a)},
		{"De Morgan: not (a AND b) is not a OR not b", not(and(a, b)), or(not(a), not(b))},
		{"De Morgan: not (a OR b) is not a AND not b", not(or(a, b)), and(not(a), not(b))},
		{"not not a is a", not(not(a)), a},
	} {
		w.same(fmt.Sprintf("%s, for a: %s b: %s", law.name, format(a), format(b)), w.answer(law.left, o), w.answer(law.right, o))
	}
	all := w.answer(filter.All(), o)
	for name, parts := range map[string][]filter.Expr{
		"a and not a are all (TLP)":                      {a, not(a)},
		"a AND b, a AND not b and not a are all (TLP)":   {and(a, b), and(a, not(b)), not(a)},
		"a OR b, and neither, are all (TLP)":             {or(a, b), and(not(a), not(b))},
		"all OR a, and none AND a, are all (TLP)":        {or(filter.All(), a), and(filter.None(), a)},
		"the four combinations of a and b are all (TLP)": {and(a, b), and(a, not(b)), and(not(a), b), and(not(a), not(b))},
	} {
		var together []visitor.ID
		for _, part := range parts {
			together = append(together, w.answer(part, o)...)
		}
		w.same(fmt.Sprintf("%s, for a: %s b: %s", name, format(a), format(b)), slices.Sorted(slices.Values(together)), slices.Sorted(slices.Values(all)))
	}
	w.unoptimised(a, o)
}

// unoptimised compares the count and the pages of e with reading all visitors and calling
// filter.Match for each (NoREC).
func (w *randomWorkspace) unoptimised(e filter.Expr, o driver.Order) {
	w.Helper()
	where := w.bindIn(e, w.g.Env())
	want := []visitor.ID{}
	for _, v := range w.find(driver.Select{Where: w.bindIn(filter.All(), nil), Order: o, Limit: len(w.people) + 1}) {
		if filter.Match(where, v) {
			want = append(want, v.ID)
		}
	}
	what := format(e) + " compared with reading and matching all visitors (NoREC)"
	w.same(what, w.answer(e, o), want)
	w.same(what+", in pages", ids(w.pages(w.ws, where, o, 1+w.rnd.IntN(20))), want)
}

// answer returns the visitors that the store finds, and fails if its count differs.
func (w *randomWorkspace) answer(e filter.Expr, o driver.Order) []visitor.ID {
	w.Helper()
	w.cases++
	where := w.bindIn(e, w.g.Env())
	found := ids(w.find(driver.Select{Where: where, Order: o, Limit: len(w.people) + 1}))
	n, err := w.st.CountVisitors(w.Context(), w.ws, where, 0)
	if err != nil {
		w.Fatalf("count visitors: %v", err)
	}
	w.same("count of "+format(e), n, int64(len(found)))
	return found
}
