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

// errFault is the error of calls that fail.
var errFault = errors.New("planned fault")

// mode is a way in which a call fails.
type mode struct {
	name string
	plan func(n int, cancel func()) faulty.Plan
	// ambiguous is set for modes whose error does not say whether the call was made.
	ambiguous bool
	// cancels is set for the mode that ends the caller's context.
	cancels bool
	// turn, from 1 to turns, is set for modes that can lose a connection.
	turn int
	// commits is set for the mode that counts commits instead of calls.
	commits bool
}

// turns is the number of modes that can lose a connection.
const turns = 4

func modes() []mode {
	return []mode{
		{name: "fails", plan: func(n int, _ func()) faulty.Plan { return faulty.Nth(n, faulty.Fault{Err: errFault}) }},
		{name: "fails and so do all after it", turn: 1, plan: func(n int, _ func()) faulty.Plan { return faulty.From(n, faulty.Fault{Err: errFault}) }},
		{name: "finds a bad connection", turn: 2, plan: func(n int, _ func()) faulty.Plan { return faulty.Nth(n, faulty.Fault{Dead: true}) }},
		{name: "loses its connection", turn: 3, plan: func(n int, _ func()) faulty.Plan { return faulty.Nth(n, faulty.Fault{Dead: true, Err: errFault}) }},
		{name: "commits and the reply is lost", ambiguous: true, commits: true, plan: func(n int, _ func()) faulty.Plan {
			return faulty.On(faulty.Commit, n, faulty.Fault{Late: true, Dead: true, Err: errFault})
		}},
		{name: "is done and reported as failed", ambiguous: true, plan: func(n int, _ func()) faulty.Plan {
			return faulty.Nth(n, faulty.Fault{Late: true, Err: errFault})
		}},
		{name: "is made while the caller gives up", cancels: true, turn: 4, plan: func(n int, cancel func()) faulty.Plan { return faulty.Nth(n, faulty.Fault{Do: cancel}) }},
	}
}

// sample calls try with numbers of calls to fail, and returns how many calls have failed; try
// returns false if there is no n-th call. With -fault.every=1 it tries every n, else some,
// starting at a random n, until at least one call has failed. about is the number of calls, or
// 0 if it is unknown.
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

// Calls makes the n-th driver call fail, for the n that sample chooses, in every method of
// Workspace and in each mode. The error is typed and has no personal data, no change is made in
// part, nothing is left open, and the next try succeeds.
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
				e.Consistent(t, b.plain)
			})
		}
	})
}

// requireAllMethods fails if methods lacks a method of Workspace.
func requireAllMethods(t *testing.T) {
	var known []string
	for _, m := range methods() {
		known = append(known, m.name)
	}
	known = append(known, withoutStore...)
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
