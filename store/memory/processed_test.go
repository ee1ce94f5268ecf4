package memory

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor"
)

// Events of channels are remembered for driver.DedupWindow, and forgotten after that.
func TestOldProcessedEventsAreForgotten(t *testing.T) {
	t.Parallel()
	st := New()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	ws, err := store.Open(st, "acme", &store.Options{Now: func() time.Time { return now }})
	require.NoError(t, err)
	capture := func(n int) store.CaptureOutcome {
		t.Helper()
		r, err := ws.Capture(t.Context(), visitor.Contact{Source: visitor.Telegram, ExternalID: "42", Name: "Ada", EventID: fmt.Sprint(n)})
		require.NoError(t, err)
		return r.Outcome
	}
	kept := func() int {
		w, _ := st.workspaces.Load(driver.WorkspaceID("acme"))
		return len(w.(*workspace).processed.at)
	}
	for n := range 10 {
		capture(n)
	}
	now = now.Add(driver.DedupWindow)
	require.Equal(t, store.CaptureIgnored, capture(3))
	capture(10)
	require.Equal(t, 11, kept(), "forgotten too early")
	now = now.Add(time.Minute)
	capture(11)
	require.Equal(t, 2, kept(), "not forgotten")
}
