package faulttest

import (
	"errors"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/internal/faulty"
)

// errFault is what calls fail with.
var errFault = errors.New("planned fault")

// mode is a way in which a call fails.
type mode struct {
	name string
	plan func(n int, cancel func()) faulty.Plan
	// unsure is for failures that do not tell whether the call was done.
	unsure bool
	// cancels is for the one that ends the caller's context.
	cancels bool
	// turn, from 1 to turns, is for those that may cost a connection.
	turn int
	// commits is for the one that counts commits, of which a method makes few, not calls.
	commits bool
}

// turns is how many ways may cost a connection.
const turns = 4

func modes() []mode {
	return []mode{
		{name: "fails", plan: func(n int, _ func()) faulty.Plan { return faulty.Nth(n, faulty.Fault{Err: errFault}) }},
		{name: "fails and so do all after it", turn: 1, plan: func(n int, _ func()) faulty.Plan { return faulty.From(n, faulty.Fault{Err: errFault}) }},
		{name: "finds a bad connection", turn: 2, plan: func(n int, _ func()) faulty.Plan { return faulty.Nth(n, faulty.Fault{Dead: true}) }},
		{name: "loses its connection", turn: 3, plan: func(n int, _ func()) faulty.Plan { return faulty.Nth(n, faulty.Fault{Dead: true, Err: errFault}) }},
		{name: "commits and the reply is lost", unsure: true, commits: true, plan: func(n int, _ func()) faulty.Plan {
			return faulty.On(faulty.Commit, n, faulty.Fault{Late: true, Dead: true, Err: errFault})
		}},
		{name: "is done and reported as failed", unsure: true, plan: func(n int, _ func()) faulty.Plan {
			return faulty.Nth(n, faulty.Fault{Late: true, Err: errFault})
		}},
		{name: "comes as the caller gives up", cancels: true, turn: 4, plan: func(n int, cancel func()) faulty.Plan { return faulty.Nth(n, faulty.Fault{Do: cancel}) }},
	}
}

// sample has try fail the n-th call, and returns how many calls have failed; try reports
// false where there is no n-th call. With -fault.every=1 it is tried for every n. Else it is
// tried for some, from a random one on, and at least until one call has failed; about says how
// many calls there are, 0 that nobody knows.
func (e Engine) sample(how mode, r *rand.Rand, about int, try func(n int) bool) (failed int) {
	first, step, last := 1, 1, math.MaxInt
	if e.Costly && how.turn > 0 {
		first, step = how.turn, turns
	}
	if *everyFlag > 1 && !how.commits {
		step = *everyFlag
		first = 1 + r.IntN(step)
		if about > 0 {
			first, last = 1+r.IntN(min(step, about)), about
		}
	}
	for n := first; n <= last && try(n); n += step {
		failed++
	}
	for n := first / 2; n > 0 && failed == 0; n /= 2 {
		if try(n) {
			failed++
		}
	}
	return failed
}

// Calls makes the n-th call to the driver fail, for those n that sample chooses, in every
// method of Workspace and in each way. The error is typed and says nothing of a person,
// nothing is done by halves or left open, and the next try succeeds.
func Calls(t *testing.T, e Engine) {
	requireAllMethods(t)
	s := seed(t)
	e.forms(t, func(t *testing.T, f Form) {
		ok := e.bench(t, f).outcomes(t)
		for i, how := range modes() {
			t.Run(how.name, func(t *testing.T) {
				t.Parallel()
				b := e.bench(t, f)
				a := attempt{bench: b, t: t, how: how, rand: rand.New(rand.NewPCG(s, uint64(i)))}
				tried := 0
				for _, m := range methods() {
					tried += a.all(m, ok[m.name])
				}
				t.Logf("%d calls failed", tried)
				e.Sound(t, b.plain)
			})
		}
	})
}

// requireAllMethods fails for a method of Workspace that nobody has thought of here.
func requireAllMethods(t *testing.T) {
	var known []string
	for _, m := range methods() {
		known = append(known, m.name)
	}
	known = append(known, apart...)
	workspace := reflect.TypeFor[*store.Workspace]()
	for i := range workspace.NumMethod() {
		require.Contains(t, known, workspace.Method(i).Name, "methods() lacks a method of Workspace")
	}
}

// faultsAtRandom plans all kinds of faults: for about one call in 300, and for one in 12 of
// those that end a transaction of several callers.
func faultsAtRandom(seed uint64) faulty.Plan {
	faults := []faulty.Fault{
		{Err: errFault},
		{Dead: true},
		{Dead: true, Err: errFault},
		{Late: true, Err: errFault},
		{Late: true, Dead: true, Err: errFault},
	}
	few, many := faulty.Random(seed, 300, faults...), faulty.Random(seed+1, 12, faults...)
	return func(n int, c faulty.Call) *faulty.Fault {
		if c.Op == faulty.Commit || strings.HasPrefix(c.Text, "RELEASE") {
			return many(n, c)
		}
		return few(n, c)
	}
}
