package webhook_test

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/memory"
	"github.com/contactpipeline/visitors/store/sqlite"
	"github.com/contactpipeline/visitors/store/webhook"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/intake"
)

// telegrams posts updates to a handler like Telegram, and prints the answers.
func telegrams(h http.Handler, updates ...string) {
	for _, u := range updates {
		r := httptest.NewRequest(http.MethodPost, "/webhooks/telegram", strings.NewReader(u))
		r.Header.Set("X-Telegram-Bot-Api-Secret-Token", "given to setWebhook")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		fmt.Printf("%d %q\n", w.Code, w.Body)
	}
}

const hello = `{"update_id": 1, "message": {"date": 1760000000, "chat": {"id": 42, "type": "private"}, "from": {"id": 42, "first_name": "Ada"}}}`

func ExampleNew() {
	ws, err := store.Open(memory.New(), "acme", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	h := webhook.New(ws, intake.Telegram{Secrets: []string{"given to setWebhook"}}, &webhook.Options{
		Log: func(e webhook.Entry) { fmt.Println(e.Outcome, e.Source, e.Via, e.Reason) },
	})
	http.Handle("/webhooks/telegram", h)
	telegrams(h, hello, hello)
	// Output:
	// created telegram message new_person
	// 200 ""
	// duplicate telegram message already_processed
	// 200 ""
}

func ExampleHandler_Counts() {
	ws, err := store.Open(memory.New(), "acme", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	h := webhook.New(ws, intake.Telegram{Secrets: []string{"given to setWebhook"}}, nil)
	telegrams(h, hello, hello, `{"update_id": 2, "channel_post": {}}`)
	n := h.Counts()
	fmt.Println(n.Outcomes[webhook.Created], n.Outcomes[webhook.Duplicate], n.Ignored[intake.Group], n.Answers[200])
	// Output:
	// 200 ""
	// 200 ""
	// 200 ""
	// 1 1 1 3
}

func ExampleHandler_Close() {
	ws, err := store.Open(memory.New(), "acme", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	h := webhook.New(ws, intake.Telegram{Secrets: []string{"given to setWebhook"}}, &webhook.Options{
		Profile: func(_ context.Context, c visitor.Contact) (visitor.Contact, error) { return c, nil },
	})
	fmt.Println(h.Close()) // after http.Server.Shutdown
	telegrams(h, hello)    // Telegram sends it again later
	// Output:
	// <nil>
	// 503 ""
}

// The application keeps the messages in a table of its own, in the transaction that captures the
// visitors.
func ExampleInbound() {
	ctx := context.Background()
	st, db, err := openDatabase(ctx) // sqlite.New on the application's own *sql.DB
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()
	ws, err := store.Open(st, "acme", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	h := webhook.New(ws, intake.Telegram{Secrets: []string{"given to setWebhook"}}, &webhook.Options{
		Inbound: func(ctx context.Context, tx *sql.Tx, in []webhook.Inbound) error {
			for _, m := range in {
				_, err := tx.ExecContext(ctx, "INSERT INTO message (visitor, payload) VALUES (?, ?)", string(m.Visitor.ID), string(m.Payload))
				if err != nil {
					return err
				}
			}
			return nil
		},
	})
	telegrams(h, hello, hello)
	var n int
	if err := db.QueryRow("SELECT count(*) FROM message").Scan(&n); err != nil {
		fmt.Println(err)
	}
	fmt.Println(n, "message")
	// Output:
	// 200 ""
	// 200 ""
	// 1 message
}

// openDatabase opens a database with a table of the application.
func openDatabase(ctx context.Context) (*sqlite.Store, *sql.DB, error) {
	db, err := sql.Open("sqlite3", ":memory:")
	if err != nil {
		return nil, nil, err
	}
	db.SetMaxOpenConns(1) // each connection would be another database
	if _, err := db.ExecContext(ctx, "CREATE TABLE message (visitor TEXT NOT NULL, payload TEXT NOT NULL)"); err != nil {
		return nil, nil, err
	}
	st, err := sqlite.New(ctx, db, nil)
	return st, db, err
}

func ExampleHandler_RetryLeads() {
	ctx := context.Background()
	ws, err := store.Open(memory.New(), "acme", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	// The process ended before the data of this lead arrived.
	lead, err := ws.Capture(ctx, visitor.Contact{
		Source: visitor.Messenger, Account: "31", ExternalID: "lead:444",
		Attributes: visitor.Attributes{"lead_status": visitor.Text("pending")},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	h := webhook.New(ws, intake.Messenger{}, &webhook.Options{
		Fetch: func(ctx context.Context, c visitor.Contact) (visitor.Contact, error) {
			id := strings.TrimPrefix(c.ExternalID, "lead:")
			fmt.Println("GET", "https://graph.facebook.com/v24.0/"+id, "with the token of page", c.Account)
			c.Name, c.Email = "Ada Example", "ada@example.com" // read by intake.Messenger.Lead
			return c, nil
		},
	})
	n, err := h.RetryLeads(ctx)
	fmt.Println(n, err)
	v, err := ws.Get(ctx, lead.Visitor.ID)
	fmt.Println(v.Name, v.Email, v.Attributes["lead_status"].Text(), err)
	// Output:
	// GET https://graph.facebook.com/v24.0/444 with the token of page 31
	// 1 <nil>
	// Ada Example ada@example.com complete <nil>
}
