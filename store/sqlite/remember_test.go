package sqlite_test

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/sqlite"
	"github.com/contactpipeline/visitors/visitor"
)

// TestEventsAreForgottenInTime checks that processed events are kept for DedupWindow and then
// deleted, so that the table does not grow without limit.
func TestEventsAreForgottenInTime(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "visitors.db")
	st, err := sqlite.Open(t.Context(), path, nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, st.Close()) })
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	open := func(name string) *store.Workspace {
		ws, err := store.Open(st, name, &store.Options{Now: func() time.Time { return now }})
		require.NoError(t, err)
		return ws
	}
	ws, other := open("acme"), open("ACME")
	capture := func(ws *store.Workspace, from, to int) (outcomes map[store.CaptureOutcome]int) {
		t.Helper()
		outcomes = map[store.CaptureOutcome]int{}
		var all []visitor.Contact
		for i := from; i < to; i++ {
			all = append(all, visitor.Contact{Source: visitor.Telegram, ExternalID: "42", Name: "Ada", EventID: fmt.Sprint(i)})
		}
		results, err := ws.CaptureAll(t.Context(), all)
		require.NoError(t, err)
		for _, r := range results {
			require.NoError(t, r.Err)
			outcomes[r.Outcome]++
		}
		return outcomes
	}
	db, err := sql.Open("sqlite3", path)
	require.NoError(t, err)
	defer db.Close()
	kept := func(ws string) (n int) {
		t.Helper()
		require.NoError(t, db.QueryRow("SELECT count(*) FROM visitors_captured c JOIN visitors_workspace w ON w.ws = c.ws WHERE w.name = ?", ws).Scan(&n))
		return n
	}
	capture(ws, 0, 1_500)
	capture(other, 0, 1_500)
	require.Equal(t, 1_500, kept("acme"))

	now = now.Add(driver.DedupWindow - time.Hour)
	capture(ws, 1_500, 3_000)
	require.Equal(t, 3_000, kept("acme"), "nothing is forgotten too early")
	require.Equal(t, 1_500, capture(ws, 0, 1_500)[store.CaptureIgnored])

	now = now.Add(2 * time.Hour)
	capture(ws, 3_000, 4_500)
	require.Equal(t, 3_000, kept("acme"), "what is old enough is forgotten")
	require.Equal(t, 1_500, kept("ACME"), "nobody else's")
}
