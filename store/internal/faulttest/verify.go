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
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor"
)

func isExists(err error) bool { return errors.Is(err, store.ErrExists) }

// verify checks the workers' visitors against the record: every acknowledged operation has its
// effect, and none has part of it. Visitors whose keys start with a name in busy are not checked,
// because operations on them are running.
func (r *record) verify(t testing.TB, st driver.Store, busy ...string) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
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
		known := r.visitors[v.Name]
		if key, _, ok := strings.Cut(v.Name, "/"); ok {
			batches[key]++
			known = &recorded{created: acknowledged}
		}
		require.NotNil(t, known, "visitor %s exists and was not created", v.Name)
		require.NoError(t, known.check(v), "visitor %s", v.Name)
	}
	for key, known := range r.visitors {
		switch {
		case ofAny(key, busy):
		case there[key]:
			require.NotEqual(t, acknowledged, known.removed, "visitor %s was deleted and exists", key)
		case known.created == acknowledged:
			require.NotEqual(t, notAttempted, known.removed, "visitor %s was acknowledged and is lost", key)
		}
	}
	for key, b := range r.batches {
		if ofAny(key, busy) {
			continue
		}
		n := batches[key]
		require.True(t, n == 0 && b.loaded != acknowledged || n == b.size, "%d of the %d visitors of batch %s exist", n, b.size, key)
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

// check returns an error unless v is complete and what the operations on it allow.
func (r recorded) check(v visitor.Visitor) error {
	n := int(v.Attributes["n"].Number())
	tags := map[string]bool{}
	for _, a := range v.Tags {
		tags[a.Name] = true
	}
	for _, c := range []struct {
		ok     bool
		reason string
	}{
		{len(v.Identities) == 1 && v.Identities[0].ExternalID == v.Name, "lacks its identity"},
		{v.Email == v.Name+"@example.com", "lacks its e-mail"},
		{v.Attributes["key"].Text() == v.Name, "lacks its attributes"},
		{len(v.Memberships) == 1, "is not in its group"},
		{tags["made"], "lacks its tag"},
		{r.acknowledgedUpdate <= n && n <= r.attemptedUpdate, fmt.Sprintf("has update %d, not one from %d to %d", n, r.acknowledgedUpdate, r.attemptedUpdate)},
		{v.Revision == int64(n+1), fmt.Sprintf("has revision %d after %d updates", v.Revision, n)},
		{r.marked.allows(tags["marked"]), "has or lacks a tag"},
	} {
		if !c.ok {
			return errors.New(c.reason)
		}
	}
	return nil
}
