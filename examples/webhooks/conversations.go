package main

import (
	"context"
	"database/sql"
	"time"

	"github.com/contactpipeline/visitors/store/webhook"
	"github.com/contactpipeline/visitors/visitor"
)

// createConversations creates a table of this program, beside those of the library in the same
// database. It has no foreign key to them: a conversation stays when its visitor is deleted.
const createConversations = `CREATE TABLE IF NOT EXISTS message (
	id INTEGER PRIMARY KEY,
	visitor TEXT NOT NULL,
	source TEXT NOT NULL,
	event TEXT NOT NULL,
	at TEXT NOT NULL,
	payload TEXT NOT NULL
); CREATE INDEX IF NOT EXISTS message_visitor ON message (visitor)`

// keepMessages stores the messages of a delivery in the transaction that captures their visitors:
// both are committed, or neither. A message that the channel sends twice is passed once.
func keepMessages(ctx context.Context, tx *sql.Tx, in []webhook.Inbound) error {
	for _, m := range in {
		c := m.Event.Contact
		_, err := tx.ExecContext(ctx, "INSERT INTO message (visitor, source, event, at, payload) VALUES (?, ?, ?, ?, ?)",
			string(m.Visitor.ID), string(c.Source), c.EventID, c.OccurredAt.UTC().Format(time.RFC3339), string(m.Payload))
		if err != nil {
			return err
		}
	}
	return nil
}

// conversation returns the messages of a visitor, oldest first, as the channels sent them.
func conversation(ctx context.Context, db *sql.DB, id visitor.ID) (payloads []string, err error) {
	rows, err := db.QueryContext(ctx, "SELECT payload FROM message WHERE visitor = ? ORDER BY id", string(id))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var payload string
		if err := rows.Scan(&payload); err != nil {
			return nil, err
		}
		payloads = append(payloads, payload)
	}
	return payloads, rows.Err()
}
