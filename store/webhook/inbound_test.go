package webhook_test

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/sqlite"
	"github.com/contactpipeline/visitors/store/webhook"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
	"github.com/contactpipeline/visitors/visitor/intake"
	"github.com/contactpipeline/visitors/visitor/intake/intaketest"
)

const insertMessage = "INSERT INTO message (event, visitor, payload) VALUES ($1, $2, $3)"

// withMessages opens a store and a table of messages in the same file.
func withMessages(tb testing.TB) (*sqlite.Store, *sql.DB) {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "visitors.db")
	st, err := sqlite.Open(tb.Context(), path, nil)
	require.NoError(tb, err)
	db, err := sql.Open("sqlite3", path)
	require.NoError(tb, err)
	_, err = db.Exec("CREATE TABLE message (event TEXT PRIMARY KEY, visitor TEXT NOT NULL, payload TEXT NOT NULL)")
	require.NoError(tb, err)
	tb.Cleanup(func() {
		require.NoError(tb, db.Close())
		require.NoError(tb, st.Close())
	})
	return st, db
}

// keepMessages keeps messages in the host's table.
func keepMessages(ctx context.Context, tx *sql.Tx, in []webhook.Inbound) error {
	for _, m := range in {
		if _, err := tx.ExecContext(ctx, insertMessage, m.Event.Contact.EventID, string(m.Visitor.ID), string(m.Payload)); err != nil {
			return err
		}
	}
	return nil
}

func messages(t testing.TB, db *sql.DB) (n int) {
	t.Helper()
	require.NoError(t, db.QueryRow("SELECT count(*) FROM message").Scan(&n))
	return n
}

// events is a channel that delivers always the same events.
type events []intake.Event

func (events) Verify(intake.Header, []byte) error { return nil }

func (e events) Parse(intake.Header, []byte) (intake.Batch, error) {
	return intake.Batch{Events: e}, nil
}

func inboundOf(account, id, event string) intake.Event {
	return intake.Event{
		Kind: intake.Inbound, Account: account, Via: "text", Payload: []byte(`{"id":"` + event + `"}`),
		Contact: visitor.Contact{Source: visitor.WhatsApp, ExternalID: id, Name: "Ada", EventID: event, OccurredAt: intaketest.Clock()},
	}
}

// Only what was captured is passed on, in order, with the visitor as it was after its event.
func TestInboundGetsWhatWasCaptured(t *testing.T) {
	t.Parallel()
	st, db := withMessages(t)
	ws := opened(t, st, "acme")
	profile := inboundOf("1", "12025550101", "p")
	profile.Kind, profile.Contact.UpdateOnly, profile.Contact.Name = intake.Profile, true, "Ada Example"
	profile.Contact.OccurredAt = intaketest.Clock().Add(time.Minute)
	refused := inboundOf("1", "12025550101", "r")
	refused.Contact.Source = "fax"
	delivery := events{
		inboundOf("1", "12025550101", "a"), profile, refused, inboundOf("1", "12025550101", "a"),
		{Kind: intake.Ignored, Reason: intake.Echo}, inboundOf("1", "12025550102", "b"), inboundOf("1", "12025550101", "c"),
	}
	var calls int
	o := &webhook.Options{Inbound: func(ctx context.Context, tx *sql.Tx, in []webhook.Inbound) error {
		calls++
		var got []string
		for _, m := range in {
			require.Equal(t, m.Event.Payload, m.Payload)
			require.Equal(t, m.Event.Contact.ExternalID, m.Visitor.Identities[0].ExternalID)
			got = append(got, string(m.Payload)+" "+m.Visitor.Name)
		}
		require.Equal(t, []string{`{"id":"a"} Ada`, `{"id":"b"} Ada`, `{"id":"c"} Ada Example`}, got)
		return keepMessages(ctx, tx, in)
	}}
	var said heard
	o.Log = said.log
	h := webhook.New(ws, delivery, o)
	require.Equal(t, 200, post(h, json, nil, "", "").Code)
	want := []webhook.Outcome{
		webhook.Created, webhook.Updated, webhook.Refused, webhook.Duplicate, webhook.Ignored, webhook.Created, webhook.Matched,
	}
	require.Equal(t, want, said.outcomes())
	require.Equal(t, 3, messages(t, db))
	require.Equal(t, 200, post(h, json, nil, "", "").Code)
	require.Equal(t, 1, calls, "called for duplicates")

	h = webhook.New(ws, events{profile}, o)
	require.Equal(t, 200, post(h, json, nil, "", "").Code)
	require.Equal(t, 1, calls, "called without an Inbound event")
}

// Each workspace of a delivery has its transaction: what was committed in one stays if another
// one fails.
func TestInboundOfSeveralWorkspaces(t *testing.T) {
	t.Parallel()
	st, db := withMessages(t)
	workspaces := map[string]*store.Workspace{"1": opened(t, st, "acme"), "2": opened(t, st, "other")}
	delivery := events{inboundOf("1", "12025550101", "a"), inboundOf("2", "12025550101", "b"), inboundOf("1", "12025550102", "c")}
	failing := true
	var said heard
	h := webhook.New(nil, delivery, &webhook.Options{
		Log:   said.log,
		Route: func(account string) *store.Workspace { return workspaces[account] },
		Inbound: func(ctx context.Context, tx *sql.Tx, in []webhook.Inbound) error {
			if err := keepMessages(ctx, tx, in); err != nil || !failing || in[0].Event.Account == "1" {
				return err
			}
			return errors.New("the host failed")
		},
	})
	require.Equal(t, 503, post(h, json, nil, "", "").Code)
	require.Equal(t, []webhook.Outcome{webhook.Created, webhook.Failed, webhook.Created}, said.outcomes())
	require.EqualError(t, said.entries[1].Err, "capture contacts: the host failed")
	require.Equal(t, 2, messages(t, db))
	require.Empty(t, dumped(t, workspaces["2"]).Visitors)
	failing = false
	require.Equal(t, 200, post(h, json, nil, "", "").Code)
	require.Equal(t, []webhook.Outcome{webhook.Duplicate, webhook.Created, webhook.Duplicate}, said.outcomes()[3:])
	require.Equal(t, 3, messages(t, db))
	require.Len(t, dumped(t, workspaces["2"]).Visitors, 1)
}

// A store without transactions: the callback gets nil after the capture, and again for the
// duplicate, since the message of the first delivery can be missing.
func TestInboundWithoutTransactions(t *testing.T) {
	t.Parallel()
	ws := remembered(t)
	var said heard
	calls := 0
	h := webhook.New(ws, events{inboundOf("1", "12025550101", "a"), inboundOf("1", "12025550102", "b")}, &webhook.Options{
		Log: said.log,
		Inbound: func(ctx context.Context, tx *sql.Tx, in []webhook.Inbound) error {
			require.Nil(t, tx)
			require.Len(t, in, 2)
			if calls++; calls == 1 {
				return errors.New("the host failed")
			}
			return nil
		},
	})
	require.Equal(t, 503, post(h, json, nil, "", "").Code)
	require.Equal(t, 200, post(h, json, nil, "", "").Code)
	require.Equal(t, 2, calls)
	require.Equal(t, []webhook.Outcome{webhook.Failed, webhook.Failed, webhook.Duplicate, webhook.Duplicate}, said.outcomes())
	require.Len(t, dumped(t, ws).Visitors, 2)

	v := dumped(t, ws).Visitors
	_, err := ws.Delete(t.Context(), v[0].ID, v[1].ID)
	require.NoError(t, err)
	require.Equal(t, 200, post(h, json, nil, "", "").Code)
	require.Equal(t, 2, calls, "called for visitors who were deleted")
}

// A block ends with a later message, whichever of the two arrives first.
func TestABlockEndsWithAMessage(t *testing.T) {
	t.Parallel()
	hello := func(id, date string) string {
		return `{"update_id":` + id + `,"message":{"message_id":` + id + `,"date":` + date +
			`,"from":{"id":42,"first_name":"Ada"},"chat":{"id":42,"type":"private"},"text":"Hello"}}`
	}
	const block = `{"update_id":2,"my_chat_member":{"date":1759000100,"from":{"id":42,"first_name":"Ada"},"chat":{"id":42,"type":"private"},
		"old_chat_member":{"status":"member","user":{"id":77}},"new_chat_member":{"status":"kicked","user":{"id":77}}}}`
	first, later := hello("1", "1759000000"), hello("3", "1759000200")
	for name, c := range map[string]struct {
		deliveries []string
		want       consent.Reason
		reports    int
	}{
		"before the block":                  {[]string{first, block}, consent.ReasonBlocked, 1},
		"before the block, delivered after": {[]string{first, block, first}, consent.ReasonBlocked, 1},
		"after the block":                   {[]string{first, block, later}, consent.ReasonNoConsentNeeded, 2},
		"after the block, delivered before": {[]string{later, block}, consent.ReasonNoConsentNeeded, 2},
		"each twice":                        {[]string{first, block, later, later, block, first}, consent.ReasonNoConsentNeeded, 2},
		"never":                             {[]string{first}, consent.ReasonNoConsentNeeded, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ws := remembered(t)
			h := webhook.New(ws, intake.Telegram{Bot: "77", Secrets: []string{"secret"}}, nil)
			for _, body := range c.deliveries {
				require.Equal(t, 200, post(h, json, []byte(body), "X-Telegram-Bot-Api-Secret-Token", "secret").Code)
			}
			v, err := ws.Lookup(t.Context(), visitor.Telegram, "", "42")
			require.NoError(t, err)
			d, err := ws.CanContact(t.Context(), v.ID, consent.Request{Channel: consent.Telegram, Purpose: consent.Transactional})
			require.NoError(t, err)
			require.Equal(t, c.want, d.Reason)
			_, reports, err := ws.ConsentHistory(t.Context(), v.ID)
			require.NoError(t, err)
			require.Len(t, reports, c.reports)
		})
	}
}

// Signals of consent are recorded, counted and logged, without the address.
func TestConsentSignals(t *testing.T) {
	t.Parallel()
	subject := consent.Subject{Channel: consent.WhatsApp, Sender: "1", Address: "+12025550123"}
	ws := remembered(t)
	var said heard
	h := webhook.New(ws, events{
		{Kind: intake.Consent, Account: "1", Via: "user_preferences", Contact: visitor.Contact{Source: visitor.WhatsApp},
			Consent: &consent.Entry{Subject: subject, State: consent.Denied, Origin: consent.Platform}},
		{Kind: intake.Consent, Account: "1", Via: "failed", Contact: visitor.Contact{Source: visitor.WhatsApp},
			Health: &consent.HealthReport{Subject: subject, State: consent.HardBounce, Code: "131026"}},
	}, &webhook.Options{Log: said.log, Inbound: func(context.Context, *sql.Tx, []webhook.Inbound) error {
		return errors.New("not an Inbound event")
	}})
	require.Equal(t, 200, post(h, json, nil, "", "").Code)
	require.Equal(t, []webhook.Entry{
		{Source: visitor.WhatsApp, Account: "1", Via: "user_preferences", Outcome: webhook.ConsentSignal, Reason: "denied"},
		{Source: visitor.WhatsApp, Account: "1", Via: "failed", Outcome: webhook.ConsentSignal, Reason: "hard_bounce"},
	}, said.entries)
	require.EqualValues(t, 2, h.Counts().Outcomes[webhook.ConsentSignal])
	require.Empty(t, dumped(t, ws).Visitors)
	require.Len(t, dumped(t, ws).Events, 2)
	statuses, err := ws.StatusOf(t.Context(), subject)
	require.NoError(t, err)
	require.Equal(t, consent.Denied, statuses[0].Entry.State)
	require.Equal(t, 200, post(h, json, nil, "", "").Code)
	require.Len(t, dumped(t, ws).Events, 2, "a second delivery records nothing")

	said.entries = nil
	h = webhook.New(nil, events{{Kind: intake.Consent, Account: "9"}}, &webhook.Options{
		Log: said.log, Route: func(string) *store.Workspace { return nil },
	})
	require.Equal(t, 200, post(h, json, nil, "", "").Code)
	require.Equal(t, []webhook.Outcome{webhook.Ignored}, said.outcomes())
}

// probed is a channel that is connected with an empty GET and an empty POST, as Mailchimp is.
type probed struct{ events }

func (probed) Challenge(url.Values) (string, error) { return "", nil }

func TestEmptyRequestsAreAnswered(t *testing.T) {
	t.Parallel()
	h := webhook.New(remembered(t), probed{}, nil)
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(method, "/", nil))
		require.Equal(t, 200, w.Code)
		require.Empty(t, w.Body.String())
	}
}
