package storetest

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestHonest tries every promise on a liar that does not lie: what TestBroken finds is then
// the lie.
func TestHonest(t *testing.T) {
	t.Parallel()
	s := newSuite(newLiar(), quick)
	for _, a := range areas() {
		for _, p := range a.promises {
			r := record(t, s, p)
			require.False(t, r.Failed(), "%s/%s: %s", a.name, p.name, strings.Join(r.lines, "\n"))
		}
	}
}

// TestBroken tries a promise on a store that breaks it.
func TestBroken(t *testing.T) {
	t.Parallel()
	for _, lie := range slices.Concat(filterLies, orderLies, changeLies, captureLies, valueLies) {
		t.Run(lie.name, func(t *testing.T) {
			t.Parallel()
			area, name, _ := strings.Cut(lie.broken, "/")
			p, ok := find(area, name)
			require.True(t, ok, "no promise %q", lie.broken)
			st := newLiar()
			lie.tell(st)
			r := record(t, newSuite(st, effort{rows: 1_200, cases: 50, rounds: 20}), p)
			require.True(t, r.Failed(), "the suite has not caught it by %q", lie.broken)
			require.Contains(t, r.lines, "why: "+p.why)
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

// TestNames: every promise has a name of its own that tells something, and a reason.
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

// lie makes a store break a promise.
type lie struct {
	name   string
	broken string // the area and the promise that has to catch it
	tell   func(*liar)
}

// TestBrokenFacets tries facets on a store that leaves some out.
func TestBrokenFacets(t *testing.T) {
	t.Parallel()
	for _, p := range facetPromises[:2] {
		r := record(t, newSuite(facetLiar{newLiar()}, quick), p)
		require.True(t, r.Failed(), p.name)
	}
}
