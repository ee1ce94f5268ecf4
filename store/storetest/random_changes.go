package storetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor/consent"
)

var randomChangePromises = []promise{
	{"random changes have the same result as on the reference store", "Some faults need a sequence of changes that no hand-written test has.", checkRandomChanges},
	{"many random changes in one call have the same result as one at a time", "A back end makes the changes of a call together; the order in which they were given must still count.", checkRandomCalls},
}

func checkRandomChanges(f *fixture) {
	f.random(func(f *fixture, seed uint64) {
		o := f.compareRandomChanges(rand.New(rand.NewPCG(seed, 3)), rand.New(rand.NewPCG(seed, 4)), 20)
		f.compareSomeFilters(o, seed, 10)
	})
}

func checkRandomCalls(f *fixture) {
	f.random(func(f *fixture, seed uint64) {
		rnd := rand.New(rand.NewPCG(seed, 8))
		g, single := newChangeGenerator(f.maker, rnd), f.newFixture(f.reporter)
		setup := g.setup()
		f.given(setup...)
		single.must(setup...)
		var changes []driver.Change
		var want []driver.Outcome
		for n := 2 + rnd.IntN(10)*rnd.IntN(10); len(changes) < n; {
			c := g.next()
			if out, err := single.apply(c); err == nil {
				changes, want = append(changes, c), append(want, out...)
			}
		}
		f.same("outcomes", portables(f.must(changes...)), portables(want))
		f.same("the workspace", f.dump(f.ws), single.dump(single.ws))
		if f.Failed() && len(changes) < 12 {
			for i, c := range changes {
				f.Logf("change %d: %T%+v", i, c, c)
			}
		}
	})
}

// compareRandomChanges makes random calls in the workspace, beside a neighbour in which
// others were made, and compares the result of each with the reference store, which it
// returns.
func (f *fixture) compareRandomChanges(rnd, neighbour *rand.Rand, calls int) *oracle {
	f.Helper()
	others := newChangeGenerator(f.maker, neighbour)
	for range 8 {
		_, _ = f.st.Apply(f.Context(), f.neighbour, []driver.Change{others.next()}) // many of these fail
	}
	f.before = f.dump(f.neighbour)
	g, o := newChangeGenerator(f.maker, rnd), newOracle(f)
	f.compareChanges(o, g.setup())
	for range calls {
		if f.Failed() {
			break
		}
		f.compareChanges(o, g.call(f, o, 1+rnd.IntN(5)))
	}
	f.compareConsents()
	return o
}

// compareConsents compares the consents and the health of each visitor with what is recorded about
// its addresses.
func (f *fixture) compareConsents() {
	f.Helper()
	keys, err := f.st.Keys(f.Context(), f.ws)
	f.ok(err)
	read := func(q driver.RecordQuery) ([]driver.Record, error) { return f.st.Records(f.Context(), f.ws, q) }
	for _, v := range f.visitors(f.ws) {
		var subjects []consent.Subject
		for _, r := range v.Routes() {
			s := consent.Subject{Channel: r.Subject.Channel, Address: r.Subject.Address}
			if !slices.Contains(subjects, s) {
				subjects = append(subjects, s)
			}
		}
		recorded, err := driver.ReadAddresses(read, keys, subjects)
		f.ok(err)
		var consents []consent.Status
		var health []consent.Health
		for n, s := range subjects {
			for _, status := range consent.Fold(recorded[n].Entries) {
				for _, e := range []*consent.Entry{&status.Entry, &status.Lapse} {
					if e.State != "" {
						e.Subject.Address, e.Evidence, e.Actor, e.Cause = s.Address, consent.Evidence{Kind: e.Evidence.Kind}, "", ""
					}
				}
				consents = append(consents, status)
			}
			for _, h := range consent.FoldHealth(recorded[n].Reports) {
				h.Report.Subject.Address, h.Report.Actor, h.Report.Cause = s.Address, "", ""
				health = append(health, h)
			}
		}
		f.same("consents of "+v.Name, v.Consents, consents)
		f.same("health of "+v.Name, v.Health, health)
	}
}

// compareChanges makes changes in the workspace in one call and on the reference store one
// at a time, and compares the results.
func (f *fixture) compareChanges(o *oracle, changes []driver.Change) {
	f.Helper()
	got, err := f.apply(changes...)
	want, wantErr := o.apply(f.Context(), changes)
	f.same("error", describe(err), describe(wantErr))
	if len(got)+len(want) > 0 {
		f.same("outcomes", portables(got), portables(want))
	}
	f.same("the workspace", f.dump(f.ws), o.dump(f))
	if f.Failed() && len(changes) < 12 {
		for i, c := range changes {
			f.Logf("change %d: %T%+v", i, c, c)
		}
	}
}

// describe returns what a caller can learn from the error of an Apply.
func describe(err error) []string {
	var lines []string
	var at *driver.ChangeError
	if errors.As(err, &at) {
		lines = append(lines, fmt.Sprint("change ", at.Index))
	}
	for _, cause := range []error{
		driver.ErrNotFound, driver.ErrExists, driver.ErrConflict, driver.ErrInUse, driver.ErrInvalid,
		driver.ErrSuppressed, consent.ErrDenied, consent.ErrPlatformOwned,
	} {
		if errors.Is(err, cause) {
			lines = append(lines, cause.Error())
		}
	}
	if kind, key, ok := subject(err); ok {
		lines = append(lines, kind+" "+key)
	}
	var used *driver.InUseError
	if errors.As(err, &used) {
		lines = append(lines, fmt.Sprint(used.Kind, used.Groups))
	}
	if err != nil && lines == nil {
		lines = []string{err.Error()}
	}
	return lines
}
