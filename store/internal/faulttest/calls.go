package faulttest

import (
	"errors"
	"reflect"
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
}

func modes() []mode {
	return []mode{
		{name: "fails", plan: func(n int, _ func()) faulty.Plan { return faulty.Nth(n, faulty.Fault{Err: errFault}) }},
		{name: "fails and so do all after it", plan: func(n int, _ func()) faulty.Plan { return faulty.From(n, faulty.Fault{Err: errFault}) }},
		{name: "finds a bad connection", plan: func(n int, _ func()) faulty.Plan { return faulty.Nth(n, faulty.Fault{Dead: true}) }},
		{name: "loses its connection", plan: func(n int, _ func()) faulty.Plan { return faulty.Nth(n, faulty.Fault{Dead: true, Err: errFault}) }},
		{name: "is done and the reply lost", unsure: true, plan: func(n int, _ func()) faulty.Plan {
			return faulty.Nth(n, faulty.Fault{Late: true, Dead: true, Err: errFault})
		}},
		{name: "is done and reported as failed", unsure: true, plan: func(n int, _ func()) faulty.Plan {
			return faulty.Nth(n, faulty.Fault{Late: true, Err: errFault})
		}},
		{name: "comes as the caller gives up", plan: func(n int, cancel func()) faulty.Plan { return faulty.Nth(n, faulty.Fault{Do: cancel}) }},
	}
}

// Calls makes the n-th call to the driver fail, for every n, in every method of Workspace
// and in each way. The error is typed and says nothing of a person, nothing is done by
// halves or left open, and the next try succeeds.
func Calls(t *testing.T, e Engine) {
	requireAllMethods(t)
	e.forms(t, func(t *testing.T, f Form) {
		for _, how := range modes() {
			t.Run(how.name, func(t *testing.T) {
				t.Parallel()
				b := e.bench(t, f)
				tried := 0
				for _, m := range methods() {
					tried += (&attempt{b, t, how, m}).all()
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

// faultsAtRandom plans all kinds of faults, for about one call in 300.
func faultsAtRandom(seed uint64) faulty.Plan {
	return faulty.Random(seed, 300,
		faulty.Fault{Err: errFault},
		faulty.Fault{Dead: true},
		faulty.Fault{Dead: true, Err: errFault},
		faulty.Fault{Late: true, Err: errFault},
		faulty.Fault{Late: true, Dead: true, Err: errFault},
	)
}
