// Command hosttx is a CRM with its own tables in an SQLite file, which keeps its visitors in the
// same file: it creates a conversation and its visitor in one transaction. Deleting the visitor
// keeps the conversation.
package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/sqlite"
	"github.com/contactpipeline/visitors/visitor"
)

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	folder, err := os.MkdirTemp("", "hosttx")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)

	// The CRM has its own database and table.
	db, err := sql.Open("sqlite3", "file:"+filepath.Join(folder, "crm.db")+"?_busy_timeout=5000&_journal_mode=WAL&_txlock=immediate")
	if err != nil {
		return err
	}
	defer db.Close()
	if _, err := db.ExecContext(ctx, `CREATE TABLE conversations (visitor TEXT NOT NULL, message TEXT NOT NULL)`); err != nil {
		return err
	}

	// The store adds its tables, whose names start with visitors_.
	st, err := sqlite.New(ctx, db, nil)
	if err != nil {
		return err
	}
	defer st.Close()
	crm := crm{db: db, visitors: st}
	ws, err := store.Open(st, workspace, nil)
	if err != nil {
		return err
	}

	ada, err := crm.firstMessage(ctx, visitor.Draft{Name: "Ada", Source: visitor.Chat}, "Do you repair e-bikes?")
	if err != nil {
		return err
	}
	if err := crm.report(ctx, ws, "committed together"); err != nil {
		return err
	}

	// The CRM refuses an empty message after the visitor was created: both are rolled back.
	_, err = crm.firstMessage(ctx, visitor.Draft{Name: "Bob", Source: visitor.Chat}, "")
	fmt.Println("error:", err)
	if err := crm.report(ctx, ws, "rolled back together"); err != nil {
		return err
	}

	if _, err := ws.Delete(ctx, ada.ID); err != nil {
		return err
	}
	if err := crm.report(ctx, ws, "visitor deleted"); err != nil {
		return err
	}
	for e, err := range ws.Events(ctx, 0) {
		if err != nil {
			return err
		}
		fmt.Printf("event %d: %s, of the visitor of the conversation: %v\n", e.Seq, e.Kind, e.Visitor == ada.ID)
	}
	return nil
}

const workspace = "acme"

// crm is the host, with its conversations and visitors in one database.
type crm struct {
	db       *sql.DB
	visitors *sqlite.Store
}

var errEmpty = errors.New("empty message")

// firstMessage creates a visitor and the first row of its conversation, both or neither.
func (c crm) firstMessage(ctx context.Context, d visitor.Draft, message string) (visitor.Visitor, error) {
	tx, err := c.db.BeginTx(ctx, nil)
	if err != nil {
		return visitor.Visitor{}, err
	}
	defer tx.Rollback() // does nothing after Commit

	ws, err := store.Open(c.visitors.InTx(tx), workspace, nil)
	if err != nil {
		return visitor.Visitor{}, err
	}
	v, err := ws.Create(ctx, d)
	if err != nil {
		return visitor.Visitor{}, err
	}
	if message == "" {
		return visitor.Visitor{}, errEmpty
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO conversations (visitor, message) VALUES (?, ?)`, string(v.ID), message); err != nil {
		return visitor.Visitor{}, err
	}
	return v, tx.Commit()
}

// report prints the numbers of visitors and conversations.
func (c crm) report(ctx context.Context, ws *store.Workspace, when string) error {
	visitors, err := ws.Count(ctx, filter.All())
	if err != nil {
		return err
	}
	var conversations int
	if err := c.db.QueryRowContext(ctx, `SELECT count(*) FROM conversations`).Scan(&conversations); err != nil {
		return err
	}
	fmt.Printf("%-21s visitors: %d, conversations: %d\n", when+":", visitors, conversations)
	return nil
}
