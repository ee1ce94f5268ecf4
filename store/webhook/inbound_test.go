package webhook_test

import (
	"context"
	"database/sql"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store/webhook"
)

const sqliteInsert = "INSERT INTO message (event, visitor, payload) VALUES (?, ?, ?)"

func createMessages(tb testing.TB, path string) {
	tb.Helper()
	db, err := sql.Open("sqlite3", path)
	require.NoError(tb, err)
	_, err = db.Exec("CREATE TABLE message (event TEXT PRIMARY KEY, visitor TEXT NOT NULL, payload TEXT NOT NULL)")
	require.NoError(tb, err)
	require.NoError(tb, db.Close())
}

// keepMessages keeps messages in the host's table.
func keepMessages(insert string) func(context.Context, *sql.Tx, []webhook.Inbound) error {
	return func(ctx context.Context, tx *sql.Tx, in []webhook.Inbound) error {
		for _, m := range in {
			if _, err := tx.ExecContext(ctx, insert, m.Event.Contact.EventID, string(m.Visitor.ID), string(m.Payload)); err != nil {
				return err
			}
		}
		return nil
	}
}
