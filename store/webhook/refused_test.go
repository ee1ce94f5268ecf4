package webhook_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/sqlite"
	"github.com/contactpipeline/visitors/store/webhook"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/intake"
)

// TestRefused checks that an event that can never be captured is answered with 200, so that it
// is not sent again, and that the other events of its delivery are captured.
func TestRefused(t *testing.T) {
	t.Parallel()
	t.Run("memory", func(t *testing.T) { refusedEvents(t, remembered(t)) })
	t.Run("sqlite", func(t *testing.T) {
		st, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "visitors.db"), nil)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, st.Close()) })
		refusedEvents(t, opened(t, st, "acme"))
	})
}

func refusedEvents(t *testing.T, ws *store.Workspace) {
	var said heard
	tags := make([]string, visitor.MaxTags)
	for i := range tags {
		tags[i] = fmt.Sprint("tag ", i)
	}
	full, err := ws.Create(t.Context(), visitor.Draft{
		Name: "Full", Source: visitor.Chat, Tags: tags, Identities: []visitor.Identity{{Source: visitor.Chat, Account: "s", ExternalID: "form:same"}},
	})
	require.NoError(t, err)
	h := webhook.New(ws, badChannel{}, &webhook.Options{Log: said.log})
	require.Equal(t, 200, post(h, json, nil, "", "").Code)
	require.Equal(t, []webhook.Outcome{webhook.Refused, webhook.Created, webhook.Refused, webhook.Refused}, said.outcomes())
	require.EqualError(t, said.entries[0].Err, "external_id: missing")
	require.ErrorContains(t, said.entries[2].Err, "tags")
	require.ErrorContains(t, said.entries[3].Err, "source")
	kept, err := ws.Get(t.Context(), full.ID)
	require.NoError(t, err)
	require.Equal(t, full, kept)
}

// badChannel is a channel whose events cannot be captured, but for one.
type badChannel struct{}

func (badChannel) Verify(intake.Header, []byte) error { return nil }

func (badChannel) Parse(intake.Header, []byte) (intake.Batch, error) {
	return intake.Batch{Events: []intake.Event{
		{Kind: intake.Ignored, Reason: intake.Malformed, Err: &visitor.FieldError{Field: "external_id", Reason: "missing"}},
		{Kind: intake.Inbound, Contact: visitor.Contact{Source: visitor.Chat, ExternalID: "1", Name: "Ada"}},
		{Kind: intake.Inbound, Contact: visitor.Contact{Source: visitor.Chat, Account: "s", ExternalID: "form:same", Tags: []string{"one more"}}},
		{Kind: intake.Inbound, Contact: visitor.Contact{Source: "fax", ExternalID: "1"}},
	}}, nil
}
