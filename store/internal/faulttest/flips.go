package faulttest

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor"
)

// verifyFlips checks the events of who entered and left the groups that workers watch: for each
// visitor they alternate, their instants are in order, and the last one is true. Whether it is true
// is not checked of visitors whose names start with a name in busy.
func verifyFlips(t testing.TB, st driver.Store, busy ...string) {
	t.Helper()
	ctx := context.Background()
	ws, err := store.Open(st, workspace, nil)
	require.NoError(t, err)
	now := time.Now()
	_, err = ws.Advance(ctx, now)
	require.NoError(t, err)
	visitors := map[visitor.ID]visitor.Visitor{}
	for v, err := range ws.All(ctx, store.Query{Where: filter.All()}) {
		require.NoError(t, err)
		visitors[v.ID] = v
	}
	rules := map[group.ID]bool{}
	for g, err := range ws.Groups(ctx) {
		require.NoError(t, err)
		rules[g.ID] = g.Rule != nil
	}
	type key struct {
		id visitor.ID
		of group.ID
	}
	last := map[key]store.Event{}
	for e, err := range ws.Events(ctx, 0) {
		require.NoError(t, err)
		flip, ok := e.Flip()
		if !ok {
			continue
		}
		k := key{e.Visitor, flip.Group}
		before, known := last[k]
		require.Equal(t, flip.Entered, !known || before.Kind == store.GroupLeft, "event %d repeats the one before", e.Seq)
		require.False(t, e.At.Before(before.At), "event %d is before the last one", e.Seq)
		last[k] = e
	}
	for k, e := range last {
		v, exists := visitors[k.id]
		if exists && !ofAny(v.Name, busy) && (!rules[k.of] || v.UpdatedAt.Before(now.Add(-settled))) || !exists && len(busy) == 0 {
			require.Equal(t, exists, e.Kind == store.GroupEntered, "the last event of %s in %s", k.id, k.of)
		}
	}
	for id, v := range visitors {
		for of, ruled := range rules {
			if _, known := last[key{id, of}]; !known && !ofAny(v.Name, busy) && (!ruled || v.UpdatedAt.Before(now.Add(-settled))) {
				require.Fail(t, "no event", "%s has not entered %s", v.Name, of)
			}
		}
	}
}
