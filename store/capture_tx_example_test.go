package store_test

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/sqlite"
	"github.com/contactpipeline/visitors/visitor"
)

// A visitor and a row of the application are committed together.
func ExampleWorkspace_CaptureInTx() {
	ctx := context.Background()
	st, err := sqlite.Open(ctx, ":memory:", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer st.Close()
	ws, err := store.Open(st, "acme", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	contacts := []visitor.Contact{{Source: visitor.Telegram, ExternalID: "42", Name: "Ada", EventID: "1"}}
	results, err := ws.CaptureInTx(ctx, contacts, func(tx *sql.Tx, results []store.Captured) error {
		if _, err := tx.ExecContext(ctx, "CREATE TABLE message (visitor TEXT NOT NULL, text TEXT NOT NULL)"); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, "INSERT INTO message (visitor, text) VALUES (?, 'hello')", string(results[0].Visitor.ID))
		return err
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(results[0].Outcome, results[0].Visitor.Name)
	// Output: created Ada
}
