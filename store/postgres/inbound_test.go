package postgres_test

import (
	"database/sql"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/internal/faulttest"
	"github.com/contactpipeline/visitors/visitor"
)

func TestKillInbound(t *testing.T) { faulttest.KillInbound(t, faultEngine) }

func TestInbound(t *testing.T) {
	t.Parallel()
	faulttest.Inbound(t, faultEngine)
}

// TestCaptureInTxAgain has statements of the application fail with a serialization failure: all
// is done again. If the application hides such an error, the server refuses to commit.
func TestCaptureInTxAgain(t *testing.T) {
	t.Parallel()
	const fails = "DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '40001'; END $$"
	for name, c := range map[string]struct {
		failures, calls int
		hidden          bool
		captured        int64
	}{
		"once":   {failures: 1, calls: 2, captured: 1},
		"always": {failures: 100, calls: 5},
		"hidden": {failures: 100, calls: 1, hidden: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st, _ := open(t, nil)
			ws := workspace(t, st, "acme")
			calls := 0
			contacts := []visitor.Contact{{Source: visitor.Telegram, ExternalID: "42", Name: "Ada", EventID: "1"}}
			results, err := ws.CaptureInTx(t.Context(), contacts, func(tx *sql.Tx, results []store.Captured) error {
				require.Equal(t, store.NewPerson, results[0].Reason)
				if calls++; calls > c.failures {
					return nil
				}
				_, err := tx.ExecContext(t.Context(), fails)
				if c.hidden {
					return nil
				}
				return err
			})
			require.Equal(t, c.calls, calls)
			require.Equal(t, c.captured == 0, err != nil)
			require.Len(t, results, int(c.captured))
			n, err := ws.Count(t.Context(), filter.All())
			require.NoError(t, err)
			require.Equal(t, c.captured, n)
		})
	}
}
