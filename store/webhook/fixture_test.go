package webhook_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/memory"
	"github.com/contactpipeline/visitors/store/webhook"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/intake"
	"github.com/contactpipeline/visitors/visitor/intake/intaketest"
)

// opened returns a workspace with the source "form", and a clock one hour after the deliveries.
func opened(t testing.TB, st store.Store, name string) *store.Workspace {
	t.Helper()
	ws, err := store.Open(st, name, &store.Options{
		Now:     func() time.Time { return intaketest.Clock().Add(time.Hour) },
		Sources: map[visitor.Source]visitor.SourceInfo{"form": {Label: "Form", Badge: "#123456"}},
	})
	require.NoError(t, err)
	return ws
}

func remembered(t testing.TB) *store.Workspace {
	t.Helper()
	st := memory.New()
	t.Cleanup(func() { require.NoError(t, st.Close()) })
	return opened(t, st, "acme")
}

// heard holds the entries that a handler has logged.
type heard struct {
	mu      sync.Mutex
	entries []webhook.Entry
}

func (h *heard) log(e webhook.Entry) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.entries = append(h.entries, e)
}

func (h *heard) outcomes() (all []webhook.Outcome) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, e := range h.entries {
		all = append(all, e.Outcome)
	}
	return all
}

// post posts a body, with the header of a signature if that is not empty.
func post(h http.Handler, contentType string, body []byte, header, value string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body))
	r.Header.Set("Content-Type", contentType)
	if header != "" {
		r.Header.Set(header, value)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// signed posts a body to a new handler of a channel, with the channel's signature.
func signed(ws *store.Workspace, c intake.Channel, contentType string, body []byte, o *webhook.Options) *httptest.ResponseRecorder {
	c, header, value := intaketest.Sign(c, body)
	return post(webhook.New(ws, c, o), contentType, body, header, value)
}

const json = "application/json"

// update returns a message of a person to a Telegram bot.
func update(id, person, name string) []byte {
	return []byte(`{"update_id":` + id + `,"message":{"date":1760000000,"chat":{"id":` + person + `,"type":"private"},"from":{"id":` + person + `,"first_name":"` + name + `"}}}`)
}

// dump is all that can be read of a workspace.
type dump struct {
	Visitors []visitor.Visitor
	Tags     []tag.Tag
	Groups   []group.Group
	Events   []store.Event
}

func dumped(t testing.TB, ws *store.Workspace) (d dump) {
	t.Helper()
	for v, err := range ws.All(t.Context(), store.Query{Where: filter.All(), Order: store.OldestFirst}) {
		require.NoError(t, err)
		d.Visitors = append(d.Visitors, v)
	}
	for one, err := range ws.Tags(t.Context()) {
		require.NoError(t, err)
		d.Tags = append(d.Tags, one)
	}
	for one, err := range ws.Groups(t.Context()) {
		require.NoError(t, err)
		d.Groups = append(d.Groups, one)
	}
	for one, err := range ws.Events(t.Context(), 0) {
		require.NoError(t, err)
		d.Events = append(d.Events, one)
	}
	return d
}
