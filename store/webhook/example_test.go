package webhook_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/memory"
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
