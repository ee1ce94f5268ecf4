package store_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/memory"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

// keyStore counts what a filter is bound with, and can have lost a suppression key.
type keyStore struct {
	*memory.Store
	missing       bool
	records, keys int
}

func (s *keyStore) Records(ctx context.Context, ws driver.WorkspaceID, q driver.RecordQuery) ([]driver.Record, error) {
	s.records++
	return s.Store.Records(ctx, ws, q)
}

func (s *keyStore) Keys(ctx context.Context, ws driver.WorkspaceID) (consent.Keys, error) {
	s.keys++
	keys, err := s.Store.Keys(ctx, ws)
	keys.Missing = s.missing
	return keys, err
}

// openPermissions returns a workspace with the topics news (opt_in) and offers (opt_out).
func openPermissions(t *testing.T) (*store.Workspace, *keyStore) {
	t.Helper()
	st := &keyStore{Store: memory.New()}
	t.Cleanup(func() { require.NoError(t, st.Close()) })
	ws, err := store.Open(st, "acme", &store.Options{Now: clock()})
	require.NoError(t, err)
	for _, topic := range []consent.Topic{{Key: "news"}, {Key: "offers", Default: consent.OptOut}} {
		_, err := ws.PutTopic(context.Background(), topic)
		require.NoError(t, err)
	}
	return ws, st
}

func matches(t *testing.T, ws *store.Workspace, where string, v visitor.Visitor) bool {
	t.Helper()
	e, err := filter.Parse(where)
	require.NoError(t, err, where)
	b, err := ws.Bind(context.Background(), e)
	require.NoError(t, err, where)
	return filter.Match(b, v)
}

func TestFiltersKnowTopics(t *testing.T) {
	t.Parallel()
	ws, st := openPermissions(t)
	ctx := context.Background()
	ada := create(t, ws, visitor.Draft{Name: "Ada", Email: "ada@example.com"})
	require.False(t, matches(t, ws, `can:email/news`, ada))
	require.True(t, matches(t, ws, `can:email/offers -can:sms/offers`, ada))
	_, err := ws.RecordConsent(ctx, consent.Entry{
		Subject: consent.Subject{Channel: consent.Email, Address: "ADA@example.com"}, Topic: "news", State: consent.Granted, Origin: consent.Person,
	})
	require.NoError(t, err)
	ada, err = ws.Get(ctx, ada.ID)
	require.NoError(t, err)
	require.True(t, matches(t, ws, `can:email/news consent:email/news=granted`, ada))
	_, err = ws.CreateGroup(ctx, group.Draft{Name: "Readers", Rule: filter.CanContact(consent.Email, "news")})
	require.NoError(t, err)
	require.True(t, matches(t, ws, `group:readers`, ada))

	st.missing = true
	require.False(t, matches(t, ws, `can:email/news OR can:email/offers`, ada))
	require.False(t, matches(t, ws, `group:readers`, ada))
	require.True(t, matches(t, ws, `-group:readers consent:email/news=granted`, ada))
	st.missing = false

	_, err = ws.DeleteTopic(ctx, "news")
	var inUse *store.InUseError
	require.ErrorAs(t, err, &inUse)
	require.Equal(t, "topic", inUse.Kind)
}

func TestFiltersReadTopicsOnlyIfMentioned(t *testing.T) {
	t.Parallel()
	ws, st := openPermissions(t)
	for where, want := range map[string][2]int{
		`source:chat`: {}, `health:email=ok`: {}, `consent:email=denied`: {}, `can:email`: {0, 1},
		`consent:email/news=denied`: {1, 0}, `-(can:email/news OR can:sms/offers,email/news)`: {1, 1},
	} {
		st.records, st.keys = 0, 0
		e, err := filter.Parse(where)
		require.NoError(t, err)
		_, err = ws.Bind(context.Background(), e)
		require.NoError(t, err, where)
		require.Equal(t, want, [2]int{st.records, st.keys}, where)
	}
}

func TestFiltersSuggestTopics(t *testing.T) {
	t.Parallel()
	ws, _ := openPermissions(t)
	ctx := context.Background()
	e := filter.Not(filter.CanContact(consent.Email, "ofers"))
	_, err := ws.Bind(ctx, e)
	require.ErrorIs(t, err, store.ErrInvalid)
	require.ErrorContains(t, err, `unknown topic "ofers"; did you mean "offers"?`)
	_, err = ws.CreateGroup(ctx, group.Draft{Name: "Typo", Rule: e})
	require.ErrorContains(t, err, `did you mean "offers"?`)
}
