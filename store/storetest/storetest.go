package storetest

import (
	"context"
	"flag"
	"fmt"
	"runtime/debug"
	"slices"
	"testing"
	"time"

	"github.com/contactpipeline/visitors/store/driver"
)

var (
	seedFlag = flag.Uint64("storetest.seed", 0, "seed of the first random case of storetest; 0 picks one")
	fullFlag = flag.Bool("storetest.full", false, "larger workspaces, more rounds of every race, random cases for a second each, and as many cases of Compare as a test requests")
)

// Run checks every promise on the store that open returns. It calls open once, and closes
// the store at the end. With -storetest.full it takes more time, and checks no other promises.
func Run(t *testing.T, open func(testing.TB) driver.Store) {
	t.Helper()
	runAreas(t, open, areas())
}

// RunAgain is for a back end whose stores can be opened in several ways, such as on a
// connection of the host: Run checks a store that is opened in one way, RunAgain the others.
// It checks the areas in which the way can make a difference, such as text, search, pages,
// transactions, cancellation and concurrency.
func RunAgain(t *testing.T, open func(testing.TB) driver.Store) {
	t.Helper()
	runAreas(t, open, slices.DeleteFunc(areas(), func(a area) bool { return !a.again }))
}

// Full reports whether the flag -storetest.full is set.
func Full() bool { return *fullFlag }

func runAreas(t *testing.T, open func(testing.TB) driver.Store, areas []area) {
	t.Helper()
	s := newSuite(open(t), quick)
	if *fullFlag {
		s.effort = full
	}
	for _, a := range areas {
		t.Run(a.name, func(t *testing.T) {
			for _, p := range a.promises {
				t.Run(p.name, func(t *testing.T) { s.check(t, p) })
			}
		})
	}
}

// promise is something that every store must do.
type promise struct {
	name  string // in words, such as "a deleted visitor is not found"
	why   string // the reason that it matters; printed if the check fails
	check func(*fixture)
}

// area is a set of promises about one subject.
type area struct {
	name     string
	promises []promise
	again    bool // checked by RunAgain
}

// areas returns all promises in the order in which they are checked: Close ends the store.
func areas() []area {
	return []area{
		{"Visitor", visitorPromises, true},
		{"Delete", deletePromises, true},
		{"Identity", identityPromises, false},
		{"Capture", slices.Concat(capturePromises, captureIdentityPromises), false},
		{"Merge", mergePromises, false},
		{"Tag", tagPromises, false},
		{"Group", groupPromises, false},
		{"Rule", rulePromises, false},
		{"InUse", inUsePromises, false},
		{"Membership", membershipPromises, false},
		{"Watch", watchPromises, false},
		{"Consent", consentPromises, true},
		{"Erasure", erasurePromises, false},
		{"Audience", audiencePromises, false},
		{"Job", jobPromises, false},
		{"List", listPromises, true},
		{"Filter", filterPromises, false},
		{"Field", fieldPromises, true},
		{"Search", searchPromises, true},
		{"Page", pagePromises, true},
		{"Facets", facetPromises, false},
		{"Apply", applyPromises, true},
		{"Transact", transactPromises, true},
		{"Revision", revisionPromises, false},
		{"Events", slices.Concat(eventPromises, historyPromises), false},
		{"Audit", auditPromises, false},
		{"Isolation", isolationPromises, false},
		{"Limit", limitPromises, false},
		{"Text", textPromises, true},
		{"Time", timePromises, true},
		{"Copies", copyPromises, false},
		{"Nil", nilPromises, false},
		{"Context", contextPromises, true},
		{"Concurrency", concurrencyPromises, true},
		{"Random", slices.Concat(randomFilterPromises, randomChangePromises), true},
		{"Workspace", slices.Concat(workspacePromises, workspaceFindPromises, workspaceConsentPromises), false},
		{"Close", closePromises, true},
	}
}

// effort says how much random and large checks do.
type effort struct {
	rows   int           // of a large workspace
	cases  int           // of random checks, at least
	budget time.Duration // for more random cases after that
	rounds int           // of a race between goroutines
}

var (
	full  = effort{rows: 10_000, cases: 1, budget: time.Second, rounds: 10}
	quick = effort{rows: 1_200, cases: 1, rounds: 4}
)

// reporter is the part of *testing.T that the suite uses.
type reporter interface {
	Helper()
	Context() context.Context
	Logf(format string, args ...any)
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Failed() bool
}

// suite is a run on one store.
type suite struct {
	st     driver.Store
	effort effort
	seed   uint64
	closed bool // the store is closed: no workspace can be read
	cases  int  // compared so far
}

func newSuite(st driver.Store, e effort) *suite {
	s := &suite{st: st, effort: e, seed: *seedFlag}
	if s.seed == 0 {
		s.seed = uint64(time.Now().UnixNano())
	}
	return s
}

// check checks a promise in a new fixture.
func (s *suite) check(t reporter, p promise) {
	t.Helper()
	defer func() {
		if cause := recover(); cause != nil {
			t.Errorf("panic: %v\n%s", cause, debug.Stack())
		}
		if t.Failed() {
			t.Logf("why: %s", p.why)
		}
	}()
	f := s.newFixture(t)
	p.check(f)
	f.checkNeighbour()
}

// random checks cases with the seeds that follow the suite's, until the effort is reached.
// Each has a fixture of its own.
func (f *fixture) random(check func(f *fixture, seed uint64)) {
	f.Helper()
	start := time.Now()
	for i := 0; i < f.effort.cases || time.Since(start) < f.effort.budget; i++ {
		seed := f.seed + uint64(i)
		func() {
			defer func() {
				if f.Failed() {
					f.Logf("to repeat this case: -storetest.seed=%d", seed)
				}
			}()
			inner := f.newFixture(f.reporter)
			check(inner, seed)
			inner.checkNeighbour()
		}()
		if f.Failed() {
			return
		}
	}
}

// sprint joins differences into one report.
func sprint(lines []string) string {
	const most = 12
	text := ""
	for i, line := range lines {
		if i == most {
			return text + fmt.Sprintf("\n\t… and %d more", len(lines)-most)
		}
		text += "\n\t" + line
	}
	return text
}
