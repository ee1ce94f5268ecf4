package storetest

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestWithoutFault checks every promise on a faultyStore without a fault, so that what
// TestFaults finds is the fault.
func TestWithoutFault(t *testing.T) {
	t.Parallel()
	s := newSuite(newFaultyStore(), quick)
	for _, a := range areas() {
		for _, p := range a.promises {
			r := record(t, s, p)
			require.False(t, r.Failed(), "%s/%s: %s", a.name, p.name, strings.Join(r.lines, "\n"))
		}
	}
}

// TestFaults checks that each fault is caught by the promise that it names.
func TestFaults(t *testing.T) {
	t.Parallel()
	for _, fault := range slices.Concat(filterFaults, fieldFaults, orderFaults, changeFaults, ruleFaults, auditFaults, captureFaults, valueFaults,
		consentFaults, jobFaults, watchFaults) {
		t.Run(fault.name, func(t *testing.T) {
			t.Parallel()
			area, name, _ := strings.Cut(fault.caughtBy, "/")
			p, ok := find(area, name)
			require.True(t, ok, "no promise %q", fault.caughtBy)
			st := newFaultyStore()
			fault.inject(st)
			r := record(t, newSuite(st, effort{rows: 1_200, cases: 50, rounds: 20}), p)
			require.True(t, r.Failed(), "not caught by %q", fault.caughtBy)
			require.Contains(t, r.lines, "why: "+p.why)
			require.NotContains(t, strings.Join(r.lines, "\n"), "panic:")
			t.Log(strings.Join(r.lines, "\n"))
		})
	}
}

func find(areaName, name string) (promise, bool) {
	for _, a := range areas() {
		for _, p := range a.promises {
			if a.name == areaName && p.name == name {
				return p, true
			}
		}
	}
	return promise{}, false
}

// TestNames checks that every promise has a name of its own and a reason.
func TestNames(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, a := range areas() {
		require.NotEmpty(t, a.promises, a.name)
		for _, p := range a.promises {
			require.False(t, seen[p.name], "%q twice", p.name)
			seen[p.name] = true
			require.Greater(t, len(strings.Fields(p.name)), 2, p.name)
			require.True(t, strings.HasSuffix(p.why, "."), p.why)
		}
	}
}

// fault is a deliberate fault of a store.
type fault struct {
	name     string
	caughtBy string // area/promise
	inject   func(*faultyStore)
}

// TestFaultyFacets checks facets on a store that does not count all visitors.
func TestFaultyFacets(t *testing.T) {
	t.Parallel()
	for _, p := range facetPromises[:2] {
		r := record(t, newSuite(faultyFaceter{newFaultyStore()}, quick), p)
		require.True(t, r.Failed(), p.name)
	}
}

// TestFaultyTransactor checks transactions on a store that has none.
func TestFaultyTransactor(t *testing.T) {
	t.Parallel()
	for _, p := range transactPromises {
		r := record(t, newSuite(faultyTransactor{newFaultyStore()}, quick), p)
		require.True(t, r.Failed(), p.name)
	}
}
