package storetest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor"
)

func checkUpcoming(f *fixture) {
	f.random(func(f *fixture, seed uint64) {
		g := f.watchGame(seed)
		g.play(6)
		zone := &store.Options{Now: func() time.Time { return g.at }, NewID: visitor.NewID}
		ws := f.open(zone)
		before, now, until := driver.Seq(len(f.events(f.ws, 0))), g.at, g.at.Add(40*time.Microsecond)
		var want []string
		for _, in := range g.groups[1:] {
			// The fixture's handle is in UTC: rules with periods differ from the watched ones.
			if filter.Validate(in.Rule) != nil || hasPeriod(in.Rule) {
				continue
			}
			for c, err := range ws.UpcomingChanges(f.Context(), in.ID, until) {
				f.ok(err)
				sign := map[bool]string{true: "+", false: "-"}[c.Entered]
				want = append(want, flipped(sign, c.Visitor, in.ID, store.ByClock, g.watched[in.ID], c.At))
			}
		}
		f.same("events of asking", len(f.events(f.ws, before)), 0)
		g.at = until
		_, err := ws.Advance(f.Context(), until)
		f.ok(err)
		var got []string
		for _, flip := range f.flips(before) {
			for _, in := range g.groups[1:] {
				if strings.Contains(flip, string(in.ID)) && !hasPeriod(in.Rule) {
					got = append(got, flip)
				}
			}
		}
		f.same(fmt.Sprintf("from %s", now), byVisitor(got), byVisitor(want))
	})
}

// hasPeriod reports whether a rule has a condition on a period of the calendar.
func hasPeriod(e filter.Expr) bool {
	switch e := e.(type) {
	case filter.AndExpr:
		return slices.ContainsFunc(e.Of, hasPeriod)
	case filter.OrExpr:
		return slices.ContainsFunc(e.Of, hasPeriod)
	case filter.NotExpr:
		return hasPeriod(e.Of)
	case filter.Condition:
		return slices.ContainsFunc(e.Values, func(v filter.Value) bool { return v.Kind == filter.PeriodValue })
	}
	return false
}
