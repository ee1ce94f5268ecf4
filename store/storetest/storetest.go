package storetest

import (
	"context"
	"flag"
	"fmt"
	"runtime/debug"
	"slices"
	"testing"
	"time"

	"github.com/contactpipeline/visitors/store"
)

var (
	seedFlag = flag.Uint64("storetest.seed", 0, "seed of the first random case of storetest; 0 picks one")
	fullFlag = flag.Bool("storetest.full", false, "larger workspaces, more rounds of every race, random cases for a second each, and as many cases of Compare as a test asks for")
)

// Run tries every promise on the store that open returns. It calls open once, and closes
// the store at the end. With -storetest.full it takes more time, and tries no other promises.
func Run(t *testing.T, open func(testing.TB) store.Store) {
	t.Helper()
	s := newSuite(open(t), quick)
	if *fullFlag {
		s.effort = full
	}
	for _, a := range areas() {
		t.Run(a.name, func(t *testing.T) {
			for _, p := range a.promises {
				t.Run(p.name, func(t *testing.T) { s.try(t, p) })
			}
		})
	}
}

// promise is one thing that every store does, and why it has to.
type promise struct {
	name string // a sentence
	why  string // printed when the promise is broken
	keep func(*room)
}

// area is a set of promises about one thing.
type area struct {
	name     string
	promises []promise
}

// areas returns all promises, in the order they are tried: Close ends the store.
func areas() []area {
	return []area{
		{"Visitor", visitorPromises},
		{"Delete", deletePromises},
		{"Identity", identityPromises},
		{"Capture", slices.Concat(capturePromises, captureIdentityPromises)},
		{"Merge", mergePromises},
		{"Tag", tagPromises},
		{"Group", groupPromises},
		{"Member", memberPromises},
		{"List", listPromises},
		{"Filter", filterPromises},
		{"Search", searchPromises},
		{"Page", pagePromises},
		{"Facets", facetPromises},
		{"Apply", applyPromises},
		{"Revision", revisionPromises},
		{"Events", eventPromises},
		{"Workspace", workspacePromises},
		{"Limit", limitPromises},
		{"Text", textPromises},
		{"Time", timePromises},
		{"Copies", copyPromises},
		{"Nil", nilPromises},
		{"Context", contextPromises},
		{"Concurrency", concurrencyPromises},
		{"Random", randomPromises},
		{"Handle", slices.Concat(handlePromises, handleFindPromises)},
		{"Close", closePromises},
	}
}

// effort is how much of what is random or large there is.
type effort struct {
	rows   int           // of a workspace that is large
	cases  int           // of random cases, at least
	budget time.Duration // how long to go on with random cases after that
	rounds int           // of a race between goroutines
}

var (
	full  = effort{rows: 10_000, cases: 1, budget: time.Second, rounds: 10}
	quick = effort{rows: 1_200, cases: 1, rounds: 4}
)

// reporter is what the suite needs of a *testing.T.
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
	st     store.Store
	effort effort
	seed   uint64
	closed bool // the store: no workspace can be read any more
	cases  int  // compared so far
}

func newSuite(st store.Store, e effort) *suite {
	s := &suite{st: st, effort: e, seed: *seedFlag}
	if s.seed == 0 {
		s.seed = uint64(time.Now().UnixNano())
	}
	return s
}

// try tries a promise in a new room.
func (s *suite) try(t reporter, p promise) {
	t.Helper()
	defer func() {
		if cause := recover(); cause != nil {
			t.Errorf("panic: %v\n%s", cause, debug.Stack())
		}
		if t.Failed() {
			t.Logf("why: %s", p.why)
		}
	}()
	r := s.enter(t)
	p.keep(r)
	r.checkNeighbour()
}

// random tries cases with the seeds that follow the suite's, until enough is done. Each
// has a room of its own.
func (r *room) random(try func(r *room, seed uint64)) {
	r.Helper()
	start := time.Now()
	for i := 0; i < r.effort.cases || time.Since(start) < r.effort.budget; i++ {
		seed := r.seed + uint64(i)
		func() {
			defer func() {
				if r.Failed() {
					r.Logf("to begin with this case: -storetest.seed=%d", seed)
				}
			}()
			inner := r.enter(r.reporter)
			try(inner, seed)
			inner.checkNeighbour()
		}()
		if r.Failed() {
			return
		}
	}
}

// sprint joins what differs into one report.
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
