package faulttest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/visitor"
)

func isTaken(err error) bool { return errors.Is(err, store.ErrExists) }

// verify fails unless the workers' visitors are what the chronicle allows: what was done
// is so, and nothing is there by halves. Those whose keys start with a name in busy are
// still being worked on, and not looked at.
func (c *chronicle) verify(t testing.TB, st store.Store, busy ...string) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	ws, err := store.Open(st, workspace, nil)
	require.NoError(t, err)
	there := map[string]bool{}
	batches := map[string]int{}
	for v, err := range ws.All(context.Background(), store.Query{Where: filter.All()}) {
		require.NoError(t, err)
		if ofAny(v.Name, busy) {
			continue
		}
		there[v.Name] = true
		f := c.fates[v.Name]
		if key, _, ok := strings.Cut(v.Name, "/"); ok {
			batches[key]++
			f = &fate{created: done}
		}
		require.NotNil(t, f, "visitor %s is there, whom nobody made", v.Name)
		require.NoError(t, f.check(v), "visitor %s", v.Name)
	}
	for key, f := range c.fates {
		switch {
		case ofAny(key, busy):
		case there[key]:
			require.NotEqual(t, done, f.removed, "visitor %s was deleted and is there", key)
		case f.created == done:
			require.NotEqual(t, untried, f.removed, "visitor %s was acknowledged and is lost", key)
		}
	}
	for key, b := range c.batches {
		if ofAny(key, busy) {
			continue
		}
		n := batches[key]
		require.True(t, n == 0 && b.loaded != done || n == b.size, "%d of the %d visitors of batch %s are there", n, b.size, key)
	}
}

func ofAny(key string, names []string) bool {
	for _, name := range names {
		if strings.HasPrefix(key, name+".") {
			return true
		}
	}
	return false
}

// check returns an error unless v is whole, and what it may be.
func (f fate) check(v visitor.Visitor) error {
	n := int(v.Attributes["n"].Number())
	tags := map[string]bool{}
	for _, a := range v.Tags {
		tags[a.Name] = true
	}
	for _, c := range []struct {
		ok     bool
		reason string
	}{
		{len(v.Identities) == 1 && v.Identities[0].ExternalID == v.Name, "has not its identity"},
		{v.Email == v.Name+"@example.com", "has not its e-mail"},
		{v.Attributes["key"].Text() == v.Name, "has not its attributes"},
		{len(v.Groups) == 1, "is not in its group"},
		{tags["made"], "has not its tag"},
		{f.updated <= n && n <= f.tried, fmt.Sprintf("has update %d, not one from %d to %d", n, f.updated, f.tried)},
		{v.Revision == int64(n+1), fmt.Sprintf("has revision %d after %d updates", v.Revision, n)},
		{f.marked.allows(tags["marked"]), "has or lacks a tag"},
	} {
		if !c.ok {
			return errors.New(c.reason)
		}
	}
	return nil
}
