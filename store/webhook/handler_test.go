package webhook_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/memory"
	"github.com/contactpipeline/visitors/store/webhook"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/intake"
)

const secretToken = "X-Telegram-Bot-Api-Secret-Token"

var telegram = intake.Telegram{Secrets: []string{"secret"}, Bot: "shop_bot"}

func TestAnswers(t *testing.T) {
	t.Parallel()
	good := update("1", "42", "Ada")
	form := intake.Form{Origins: []string{"https://shop.example"}}
	for name, c := range map[string]struct {
		channel        intake.Channel
		o              webhook.Options
		method, target string
		header         http.Header
		body           io.Reader
		status         int
		text           string
		outcomes       map[webhook.Outcome]int64
	}{
		"taken in":              {channel: telegram, body: bytes.NewReader(good), header: http.Header{secretToken: {"secret"}}, status: 200, outcomes: map[webhook.Outcome]int64{webhook.Created: 1}},
		"of another secret":     {channel: telegram, body: bytes.NewReader(good), header: http.Header{secretToken: {"guessed"}}, status: 403, text: "not authentic", outcomes: map[webhook.Outcome]int64{webhook.Rejected: 1}},
		"without a secret":      {channel: telegram, body: bytes.NewReader(good), status: 403, text: "not authentic", outcomes: map[webhook.Outcome]int64{webhook.Rejected: 1}},
		"no JSON":               {channel: telegram, body: strings.NewReader("{"), header: http.Header{secretToken: {"secret"}}, status: 400, text: "read telegram: body: not JSON: broken at byte 1", outcomes: map[webhook.Outcome]int64{webhook.Rejected: 1}},
		"malformed":             {channel: telegram, body: strings.NewReader(`{"update_id":1,"message":{"chat":{}}}`), header: http.Header{secretToken: {"secret"}}, status: 200, outcomes: map[webhook.Outcome]int64{webhook.Refused: 1}},
		"too long":              {channel: telegram, o: webhook.Options{MaxBody: 9}, body: strings.NewReader("0123456789"), header: http.Header{secretToken: {"secret"}}, status: 413, text: "the body is too long", outcomes: map[webhook.Outcome]int64{webhook.Rejected: 1}},
		"cut off":               {channel: telegram, body: io.MultiReader(bytes.NewReader(good[:20]), failing{}), header: http.Header{secretToken: {"secret"}}, status: 400, text: "the body was cut off", outcomes: map[webhook.Outcome]int64{webhook.Rejected: 1}},
		"GET, not asked for":    {channel: telegram, method: "GET", status: 405, text: "method not allowed"},
		"OPTIONS, not asked":    {channel: telegram, method: "OPTIONS", status: 405, text: "method not allowed"},
		"PUT":                   {channel: form, method: "PUT", status: 405, text: "method not allowed"},
		"challenge":             {channel: intake.WhatsApp{VerifyToken: "t"}, method: "GET", target: "/?hub.mode=subscribe&hub.verify_token=t&hub.challenge=115", status: 200, text: "115"},
		"challenge of another":  {channel: intake.WhatsApp{VerifyToken: "t"}, method: "GET", target: "/?hub.mode=subscribe&hub.verify_token=u&hub.challenge=115", status: 403, text: "not authentic", outcomes: map[webhook.Outcome]int64{webhook.Rejected: 1}},
		"challenge of nothing":  {channel: intake.WhatsApp{VerifyToken: "t"}, method: "GET", target: "/?hub.mode=subscribe&hub.verify_token=t", status: 400, text: "verify whatsapp: hub.challenge: missing", outcomes: map[webhook.Outcome]int64{webhook.Rejected: 1}},
		"a form":                {channel: form, header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Origin": {"https://shop.example"}}, body: strings.NewReader("name=Ada"), status: 200, outcomes: map[webhook.Outcome]int64{webhook.Created: 1}},
		"a form, then a page":   {channel: form, o: webhook.Options{Redirect: "/thanks"}, header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Origin": {"https://shop.example"}}, body: strings.NewReader("name=Ada"), status: 303, outcomes: map[webhook.Outcome]int64{webhook.Created: 1}},
		"a form of elsewhere":   {channel: form, header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Origin": {"https://x.example"}}, body: strings.NewReader("name=Ada"), status: 403, text: "not authentic", outcomes: map[webhook.Outcome]int64{webhook.Rejected: 1}},
		"a form with a mistake": {channel: form, header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Origin": {"https://shop.example"}}, body: strings.NewReader("name=Ada&email=ada"), status: 200, outcomes: map[webhook.Outcome]int64{webhook.Created: 1}},
		"an empty form":         {channel: form, header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Origin": {"https://shop.example"}}, body: strings.NewReader(""), status: 400, text: "read form: form: no name, e-mail or phone", outcomes: map[webhook.Outcome]int64{webhook.Rejected: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var said heard
			c.o.Log = said.log
			h := webhook.New(remembered(t), c.channel, &c.o)
			if c.method == "" {
				c.method = "POST"
			}
			if c.target == "" {
				c.target = "/"
			}
			r := httptest.NewRequest(c.method, c.target, c.body)
			if c.header != nil {
				r.Header = c.header
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			require.Equal(t, c.status, w.Code)
			require.Equal(t, c.text, w.Body.String())
			if c.text != "" {
				require.Equal(t, "text/plain; charset=utf-8", w.Header().Get("Content-Type"))
			}
			counts := h.Counts()
			require.Equal(t, c.outcomes, counts.Outcomes)
			require.Equal(t, map[int]int64{c.status: 1}, counts.Answers)
			require.Len(t, said.entries, len(counts.Outcomes))
			require.Equal(t, c.o.Redirect, w.Header().Get("Location"))
			allowed := ""
			if _, isForm := c.channel.(intake.Form); c.status == 405 && isForm {
				allowed = "POST, OPTIONS"
			} else if c.status == 405 {
				allowed = "POST"
			}
			require.Equal(t, allowed, w.Header().Get("Allow"))
			require.Equal(t, name == "a form with a mistake", counts.InvalidFields == 1)
		})
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestBrowsers(t *testing.T) {
	t.Parallel()
	h := webhook.New(remembered(t), intake.Chat{Origins: []string{"https://shop.example"}}, nil)
	for origin, want := range map[string]string{"https://shop.example": "https://shop.example", "https://elsewhere.example": "", "": ""} {
		r := httptest.NewRequest("OPTIONS", "/", nil)
		r.Header.Set("Origin", origin)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		require.Equal(t, 204, w.Code)
		require.Equal(t, want, w.Header().Get("Access-Control-Allow-Origin"))
		require.Equal(t, want != "", w.Header().Get("Access-Control-Allow-Methods") == "POST")
		require.Equal(t, "Origin", w.Header().Get("Vary"))
	}
	w := post(h, json, []byte(`{"anonymous_id":"00112233445566778899aabbccddeeff"}`), "Origin", "https://shop.example")
	require.Equal(t, 200, w.Code)
	require.Equal(t, "https://shop.example", w.Header().Get("Access-Control-Allow-Origin"), "or the page's script does not see that all is well")
	require.Empty(t, w.Body.String())
}

// broken is a store that fails at some captures.
type broken struct {
	store.Store
	fails func(visitor.Contact) error
}

func (b broken) Apply(ctx context.Context, ws store.WorkspaceID, changes []driver.Change) ([]driver.Outcome, error) {
	for _, c := range changes {
		if c, ok := c.(driver.CaptureContact); ok {
			if err := b.fails(c.Contact); err != nil {
				return nil, err
			}
		}
	}
	return b.Store.Apply(ctx, ws, changes)
}

// What the store could not keep is not acknowledged, and all of it comes again.
func TestStoreFails(t *testing.T) {
	t.Parallel()
	down := true
	st := memory.New()
	ws := opened(t, broken{st, func(c visitor.Contact) error {
		if down && c.ExternalID == "3" {
			return errors.New("disk full")
		}
		return nil
	}}, "acme")
	body := []byte(`{"object":"page","entry":[{"id":"31","messaging":[
		{"sender":{"id":"1"},"message":{"mid":"m1"}},{"sender":{"id":"2"},"message":{"mid":"m2"}},{"sender":{"id":"3"},"message":{"mid":"m3"}},{"sender":{"id":"4"},"message":{"mid":"m4"}}]}]}`)
	var said heard
	o := &webhook.Options{Log: said.log}
	w := signed(ws, intake.Messenger{}, json, body, o)
	require.Equal(t, 503, w.Code)
	require.Empty(t, w.Body.String())
	require.Equal(t, []webhook.Outcome{webhook.Failed, webhook.Failed, webhook.Failed, webhook.Failed}, said.outcomes())
	require.Equal(t, slog.LevelError, said.entries[0].Level())
	require.ErrorContains(t, said.entries[0].Err, "disk full")

	down, said.entries = false, nil
	require.Equal(t, 200, signed(ws, intake.Messenger{}, json, body, o).Code)
	require.Equal(t, []webhook.Outcome{webhook.Created, webhook.Created, webhook.Created, webhook.Created}, said.outcomes())
	n, err := ws.Count(t.Context(), filter.All())
	require.NoError(t, err)
	require.EqualValues(t, 4, n)
}

// A store that hangs does not hang the channel; a channel that hangs up does not stop the
// store.
func TestTimeouts(t *testing.T) {
	t.Parallel()
	hanging := opened(t, hanging{memory.New()}, "acme")
	require.Equal(t, 503, signed(hanging, telegram, json, update("1", "42", "Ada"), &webhook.Options{Timeout: time.Millisecond}).Code)

	ws := remembered(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := httptest.NewRequestWithContext(ctx, "POST", "/", bytes.NewReader(update("1", "42", "Ada")))
	r.Header.Set(secretToken, "secret")
	w := httptest.NewRecorder()
	webhook.New(ws, telegram, nil).ServeHTTP(w, r)
	require.Equal(t, 200, w.Code)
	require.Len(t, dumped(t, ws).Visitors, 1)
}

type hanging struct{ store.Store }

func (hanging) Apply(ctx context.Context, _ store.WorkspaceID, _ []driver.Change) ([]driver.Outcome, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// Over a real connection: a body that trickles in is given up, and the connection of one
// that was read stays open for the next, however long that takes to be kept.
func TestSlowBody(t *testing.T) {
	t.Parallel()
	slow := opened(t, broken{memory.New(), func(visitor.Contact) error { time.Sleep(300 * time.Millisecond); return nil }}, "acme")
	server := httptest.NewServer(webhook.New(slow, telegram, &webhook.Options{ReadTimeout: 200 * time.Millisecond}))
	defer server.Close()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	require.NoError(t, err)
	defer conn.Close()
	_, err = conn.Write([]byte("POST / HTTP/1.1\r\nHost: x\r\n" + secretToken + ": secret\r\nContent-Length: 100\r\n\r\n{"))
	require.NoError(t, err)
	answer, err := io.ReadAll(conn)
	require.NoError(t, err)
	require.True(t, bytes.HasPrefix(answer, []byte("HTTP/1.1 408 ")), "%s", answer)

	client := server.Client()
	for _, id := range []string{"1", "2"} {
		r, err := http.NewRequestWithContext(t.Context(), "POST", server.URL, bytes.NewReader(update(id, "42", "Ada")))
		require.NoError(t, err)
		r.Header.Set(secretToken, "secret")
		answer, err := client.Do(r)
		require.NoError(t, err)
		body, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		require.Equal(t, 200, answer.StatusCode)
		require.Empty(t, body)
	}
}

func TestRoute(t *testing.T) {
	t.Parallel()
	require.Panics(t, func() { webhook.New(nil, telegram, nil) })
	one, two := remembered(t), remembered(t)
	body := []byte(`{"object":"page","entry":[{"id":"1","messaging":[{"sender":{"id":"7"},"message":{"mid":"m1"}}]},
		{"id":"2","messaging":[{"sender":{"id":"7"},"message":{"mid":"m1"}}]},{"id":"3","messaging":[{"sender":{"id":"7"},"message":{"mid":"m1"}}]}]}`)
	var said heard
	w := signed(nil, intake.Messenger{}, json, body, &webhook.Options{Log: said.log, Route: func(account string) *store.Workspace {
		return map[string]*store.Workspace{"1": one, "2": two}[account]
	}})
	require.Equal(t, 200, w.Code)
	require.Equal(t, []webhook.Outcome{webhook.Created, webhook.Created, webhook.Ignored}, said.outcomes())
	require.Equal(t, string(webhook.Unrouted), said.entries[2].Reason)
	require.Len(t, dumped(t, one).Visitors, 1)
	require.Len(t, dumped(t, two).Visitors, 1)
}

// What is logged of an event holds nothing of the person.
func TestEntriesHoldNoPersonalData(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := slog.New(slog.NewTextHandler(&out, nil))
	ws := remembered(t)
	o := &webhook.Options{Log: func(e webhook.Entry) { log.Log(t.Context(), e.Level(), "webhook", "event", e) }}
	for _, body := range []string{
		`{"event_id":"PRIVATE1","anonymous_id":"5ec2e75ec2e75ec2e75ec2e75ec2e700","name":"PRIVATE\u0000","email":"PRIVATE","phone":"PRIVATE"}`,
		`{"event_id":"PRIVATE1","anonymous_id":"5ec2e75ec2e75ec2e75ec2e75ec2e700","name":"PRIVATE","email":"PRIVATE","phone":"PRIVATE"}`,
		`{"type":"profile","anonymous_id":"5ec2e75ec2e75ec2e75ec2e75ec2e701","name":"PRIVATE"}`,
		`{"anonymous_id":"PRIVATE"}`, `{"identity":"PRIVATE"}`, `PRIVATE`,
	} {
		signed(ws, intake.Chat{Account: "shop", Secrets: []string{"s"}}, json, []byte(body), o)
	}
	require.NotContains(t, out.String(), "PRIVATE")
	require.NotContains(t, out.String(), "5ec2e7")
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	require.Len(t, lines, 6)
	require.Contains(t, lines[0], "event.invalid_fields=")
	require.Contains(t, lines[0], "level=WARN")
	require.Contains(t, lines[1], "event.outcome=duplicate event.source=chat event.account=shop event.via=message")
	require.Contains(t, lines[2], "event.reason=unknown")
	require.Contains(t, lines[4], "event.status=403")
}
