package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/memory"
	"github.com/contactpipeline/visitors/visitor"
)

// A number and an id that were captured separately become one person when a message has the id
// and another spelling of the number, whichever was captured first.
func TestSpellingsLinkIdsInAnyOrder(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	identity := func(id string) []visitor.Identity {
		return []visitor.Identity{{Source: visitor.WhatsApp, ExternalID: id}}
	}
	const long, short, scoped = "5511960000000", "551160000000", "BR.1"
	contacts := []visitor.Contact{
		{Source: visitor.WhatsApp, ExternalID: short, LookupAliases: identity(long), EventID: "1", OccurredAt: at},
		{Source: visitor.WhatsApp, ExternalID: scoped, AlternateIDs: identity(long), LookupAliases: identity(short), EventID: "2", OccurredAt: at.Add(1)},
		{Source: visitor.WhatsApp, ExternalID: scoped, EventID: "3", OccurredAt: at.Add(2)},
	}
	for _, order := range [][]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}} {
		ws, err := store.Open(memory.New(), "acme", nil)
		require.NoError(t, err)
		for _, i := range order {
			_, err := ws.Capture(t.Context(), contacts[i])
			require.NoError(t, err)
		}
		page, err := ws.Find(t.Context(), store.Query{Where: filter.All()})
		require.NoError(t, err)
		require.Len(t, page.Visitors, 1, "%v", order)
		require.Len(t, page.Visitors[0].Identities, 3, "%v", order)
	}
}
