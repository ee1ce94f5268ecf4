package preferences_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/memory"
	"github.com/contactpipeline/visitors/store/preferences"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

var mail = consent.Subject{Channel: consent.Email, Address: "ada@example.com"}

// site is a workspace with three topics, of which one is not public, and a handler.
type site struct {
	t  *testing.T
	ws *store.Workspace
	http.Handler
}

func newSite(t *testing.T, o *preferences.Options) site {
	st := memory.New()
	ws, err := store.Open(st, "acme", nil)
	require.NoError(t, err)
	for _, topic := range []consent.Topic{
		{Key: "news", Label: "News <b>", Description: "Once a month", Public: true},
		{Key: "offers", Label: "Offers", Public: true, Default: consent.OptOut},
		{Key: "secure", Label: "Double", Public: true, DoubleOptIn: true},
		{Key: "internal", Label: "Internal", Default: consent.OptOut},
		{Key: "sms", Label: "Only SMS", Public: true, Channels: []consent.Channel{consent.SMS}},
	} {
		_, err := ws.PutTopic(t.Context(), topic)
		require.NoError(t, err)
	}
	h, err := preferences.NewHandler(func(_ context.Context, workspace string) (*store.Workspace, error) {
		if workspace != "acme" {
			return nil, errors.New("not ours")
		}
		return ws, nil
	}, o)
	require.NoError(t, err)
	return site{t, ws, h}
}

func (s site) token(topic string) string {
	token, err := s.ws.UnsubscribeToken(s.t.Context(), mail, topic)
	require.NoError(s.t, err)
	return token
}

func (s site) do(method, token, contentType, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, preferences.Link("/preferences", token), strings.NewReader(body))
	r.Header.Set("Content-Type", contentType)
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	require.Empty(s.t, w.Header().Values("Set-Cookie"))
	require.Contains(s.t, w.Header().Get("Content-Security-Policy"), "default-src 'none'")
	require.Equal(s.t, "no-store", w.Header().Get("Cache-Control"))
	return w
}

// save submits the form, and returns the page that answers.
func (s site) save(token string, values url.Values) string {
	values.Set("save", "1")
	w := s.do(http.MethodPost, token, form, values.Encode())
	require.Equal(s.t, http.StatusOK, w.Code, w.Body)
	require.Contains(s.t, w.Body.String(), "Your preferences are saved.")
	return w.Body.String()
}

// Boxes of the page that are ticked.
const (
	noneTicked   = `name="none" value="1" checked`
	offersTicked = `value="offers" checked`
)

const form = "application/x-www-form-urlencoded"

// states returns what stands about the address, by topic.
func (s site) states() map[string]consent.State {
	statuses, err := s.ws.StatusOf(s.t.Context(), mail)
	require.NoError(s.t, err)
	all := map[string]consent.State{}
	for _, status := range statuses {
		all[status.Entry.Topic] = status.Entry.State
	}
	return all
}

func TestOneClick(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	w := s.do(http.MethodPost, s.token("offers"), form, consent.OneClick)
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, "You are unsubscribed.\n", w.Body.String())
	require.Equal(t, map[string]consent.State{"offers": consent.Denied}, s.states())

	var body bytes.Buffer
	m := multipart.NewWriter(&body)
	require.NoError(t, m.WriteField("List-Unsubscribe", "One-Click"))
	require.NoError(t, m.Close())
	require.Equal(t, http.StatusOK, s.do(http.MethodPost, s.token(""), m.FormDataContentType(), body.String()).Code)
	require.Equal(t, map[string]consent.State{"offers": consent.Denied, "": consent.Denied}, s.states())
}

// A link still denies after its topic and its visitor were deleted.
func TestOneClickLater(t *testing.T) {
	t.Parallel()
	s := newSite(t, &preferences.Options{RecordIP: true})
	v, err := s.ws.Create(t.Context(), visitor.Draft{Name: "Ada", Email: mail.Address, Source: visitor.Chat})
	require.NoError(t, err)
	token := s.token("offers")
	_, err = s.ws.Delete(t.Context(), v.ID)
	require.NoError(t, err)
	_, err = s.ws.DeleteTopic(t.Context(), "offers")
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, s.do(http.MethodPost, token, form, consent.OneClick).Code)
	again, err := s.ws.Create(t.Context(), visitor.Draft{Name: "Ada", Email: "ADA@example.com", Source: visitor.Chat})
	require.NoError(t, err)
	d, err := s.ws.CanContact(t.Context(), again.ID, consent.Request{Channel: consent.Email})
	require.NoError(t, err)
	require.Equal(t, consent.ReasonDeniedChannel, d.Reason)
	entries, _, err := s.ws.ConsentHistory(t.Context(), again.ID)
	require.NoError(t, err)
	require.Equal(t, "192.0.2.1", entries[0].Evidence.IP)
}

func TestPage(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	w := s.do(http.MethodGet, s.token("news"), "", "")
	require.Equal(t, http.StatusOK, w.Code)
	body := w.Body.String()
	require.Contains(t, body, "News &lt;b&gt;")
	require.Contains(t, body, offersTicked)
	require.NotContains(t, body, "Internal")
	require.NotContains(t, body, "Only SMS")
	require.NotContains(t, body, mail.Address)
	require.Empty(t, s.states(), "opening the page changes nothing")

	save := func(values url.Values) { s.save(s.token(""), values) }
	save(url.Values{"topic": {"news", "secure"}})
	require.Equal(t, map[string]consent.State{"news": consent.Granted, "secure": consent.Granted, "offers": consent.Denied}, s.states())
	save(url.Values{"topic": {"news", "secure"}, "none": {"1"}})
	require.Equal(t, consent.Denied, s.states()[""])
	require.Contains(t, s.do(http.MethodGet, s.token(""), "", "").Body.String(), noneTicked)
	save(url.Values{"topic": {"news"}})
	require.Equal(t, map[string]consent.State{"news": consent.Granted, "secure": consent.Denied, "offers": consent.Denied}, s.states())
	before := len(s.states())
	save(url.Values{"topic": {"news"}})
	require.Len(t, s.states(), before, "saving the same changes nothing")
}

// The page of a link about a topic that is not public shows that topic, so that it can be chosen again.
func TestTopicOfTheLink(t *testing.T) {
	t.Parallel()
	s := newSite(t, &preferences.Options{Text: preferences.Text{Dir: "rtl"}})
	require.Equal(t, http.StatusOK, s.do(http.MethodPost, s.token("internal"), form, consent.OneClick).Code)
	body := s.do(http.MethodGet, s.token("internal"), "", "").Body.String()
	require.Contains(t, body, `value="internal"`)
	require.Contains(t, body, `dir="rtl"`)
	s.save(s.token("internal"), url.Values{"topic": {"internal"}})
	require.Equal(t, consent.Granted, s.states()["internal"])
}

// Who unticks "No messages" and chooses no topic has agreed to nothing.
func TestNothingChosen(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	s.save(s.token(""), url.Values{"none": {"1"}})
	require.Contains(t, s.save(s.token(""), url.Values{}), noneTicked)
	require.Equal(t, map[string]consent.State{"": consent.Denied}, s.states())
}

// What was said towards one sender or towards all counts for the link of another. What the page
// shows after it was saved is what holds.
func TestSenders(t *testing.T) {
	t.Parallel()
	one := mail
	one.Sender = "one.example"
	for name, test := range map[string]struct {
		denied, link consent.Subject
		none         bool // whether the page shows the channel as denied
		others       bool // whether other senders may write about offers
	}{
		"one sender denied, link of every sender": {denied: one, link: mail, others: true},
		"one sender denied, link of it":           {denied: one, link: one, none: true, others: true},
		"every sender denied, link of one":        {denied: mail, link: one, none: true},
		"every sender denied, link of them":       {denied: mail, link: mail, none: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, nil)
			v, err := s.ws.Create(t.Context(), visitor.Draft{Name: "Ada", Email: mail.Address, Source: visitor.Chat})
			require.NoError(t, err)
			may := func(sender string) bool {
				d, err := s.ws.CanContact(t.Context(), v.ID, consent.Request{Channel: consent.Email, Sender: sender, Topic: "offers"})
				require.NoError(t, err)
				return d.Allowed
			}
			_, err = s.ws.RecordConsent(t.Context(), consent.Entry{Subject: test.denied, State: consent.Denied, Origin: consent.Person})
			require.NoError(t, err)
			token, err := s.ws.UnsubscribeToken(t.Context(), test.link, "")
			require.NoError(t, err)

			shown := s.do(http.MethodGet, token, "", "").Body.String()
			require.Equal(t, test.none, strings.Contains(shown, noneTicked))
			require.Equal(t, !test.none, strings.Contains(shown, offersTicked))
			as := url.Values{"topic": {"offers"}}
			if test.none {
				as = url.Values{"none": {"1"}}
			}
			s.save(token, as)
			require.False(t, may("one.example"))
			require.Equal(t, test.others, may("other.example"))

			require.Contains(t, s.save(token, url.Values{"none": {"1"}}), noneTicked)
			require.False(t, may("one.example"))
			require.Equal(t, test.others && test.link == one, may("other.example"))

			shown = s.save(token, url.Values{"topic": {"offers"}})
			require.NotContains(t, shown, noneTicked)
			require.Contains(t, shown, offersTicked)
			require.True(t, may("one.example"))
			require.True(t, may("other.example"))
		})
	}
}

// A link of every sender shows a topic that one sender may still write about, so that it can be
// denied; and grants it towards each.
func TestTopicOfOneSender(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	one := mail
	one.Sender = "one.example"
	_, err := s.ws.RecordConsent(t.Context(),
		consent.Entry{Subject: one, Topic: "offers", State: consent.Denied, Origin: consent.Person},
		consent.Entry{Subject: one, Topic: "news", State: consent.Granted, Origin: consent.Person})
	require.NoError(t, err)
	body := s.do(http.MethodGet, s.token(""), "", "").Body.String()
	require.Contains(t, body, offersTicked)
	require.Contains(t, body, `value="news" checked`)
	body = s.save(s.token(""), url.Values{})
	require.NotContains(t, body, " checked")
	require.Equal(t, consent.Denied, s.states()["offers"])
	require.Contains(t, s.save(s.token(""), url.Values{"topic": {"offers"}}), offersTicked)
	statuses, err := s.ws.StatusOf(t.Context(), one)
	require.NoError(t, err)
	require.Len(t, statuses, 4)
	for _, status := range statuses {
		if status.Entry.Topic == "offers" {
			require.Equal(t, consent.Granted, status.Entry.State)
		}
	}
}

// On SMS a denial of the channel stops every message, so the page does not say that some may come.
func TestHintOfSMS(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	const hint = "Messages about an order"
	require.Contains(t, s.do(http.MethodGet, s.token(""), "", "").Body.String(), hint)
	token, err := s.ws.UnsubscribeToken(t.Context(), consent.Subject{Channel: consent.SMS, Address: "+14155550101"}, "")
	require.NoError(t, err)
	body := s.do(http.MethodGet, token, "", "").Body.String()
	require.Contains(t, body, "Only SMS")
	require.NotContains(t, body, hint)
}

// failing is a store that cannot be read.
type failing struct {
	driver.Store
	keys, records bool
}

var errDown = errors.New("the database is down")

func (f failing) Keys(ctx context.Context, ws driver.WorkspaceID) (consent.Keys, error) {
	if f.keys {
		return consent.Keys{}, errDown
	}
	return f.Store.Keys(ctx, ws)
}

func (f failing) Records(ctx context.Context, ws driver.WorkspaceID, q driver.RecordQuery) ([]driver.Record, error) {
	if f.records {
		return nil, errDown
	}
	return f.Store.Records(ctx, ws, q)
}

// A mail program repeats a click after a 500, and would not after a 404.
func TestStoreFails(t *testing.T) {
	t.Parallel()
	st := memory.New()
	ws, err := store.Open(st, "acme", nil)
	require.NoError(t, err)
	token, err := ws.UnsubscribeToken(t.Context(), mail, "")
	require.NoError(t, err)
	for _, f := range []failing{{Store: st, keys: true}, {Store: st, records: true}} {
		down, err := store.Open(f, "acme", nil)
		require.NoError(t, err)
		var failed error
		h, err := preferences.NewHandler(
			func(context.Context, string) (*store.Workspace, error) { return down, nil },
			&preferences.Options{Failed: func(_ *http.Request, err error) { failed = err }})
		require.NoError(t, err)
		w := site{t, down, h}.do(http.MethodGet, token, "", "")
		require.Equal(t, http.StatusInternalServerError, w.Code)
		require.NotContains(t, w.Body.String(), "database")
		require.ErrorIs(t, failed, errDown)
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	other, err := store.Open(memory.New(), "other", nil)
	require.NoError(t, err)
	foreign, err := other.UnsubscribeToken(t.Context(), mail, "")
	require.NoError(t, err)
	twin, err := store.Open(memory.New(), "acme", nil) // another key
	require.NoError(t, err)
	forged, err := twin.UnsubscribeToken(t.Context(), mail, "")
	require.NoError(t, err)
	token := s.token("")
	for _, bad := range []string{"", "guess", token[:len(token)-1], token + "A", foreign, forged} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			w := s.do(method, bad, form, consent.OneClick)
			require.Equal(t, http.StatusNotFound, w.Code)
			require.Equal(t, "not found\n", w.Body.String(), "no hint")
		}
	}
	for _, bad := range []struct{ contentType, body string }{
		{form, ""}, {form, "List-Unsubscribe=no"}, {form, "%"}, {"application/json", "{}"}, {"multipart/form-data", ""}, {"", consent.OneClick},
		{form, strings.Repeat("a", 1<<17)},
	} {
		require.Equal(t, http.StatusBadRequest, s.do(http.MethodPost, token, bad.contentType, bad.body).Code, bad.contentType)
	}
	require.Equal(t, http.StatusMethodNotAllowed, s.do(http.MethodPut, token, "", "").Code)
	require.Empty(t, s.states())
	_, err = preferences.NewHandler(nil, nil)
	require.ErrorIs(t, err, store.ErrInvalid)
}

func ExampleNewHandler() {
	ws, _ := store.Open(memory.New(), "acme", nil)
	h, _ := preferences.NewHandler(func(context.Context, string) (*store.Workspace, error) { return ws, nil }, nil)
	token, _ := ws.UnsubscribeToken(context.Background(), consent.Subject{Channel: consent.Email, Address: "ada@example.com"}, "")
	headers, _ := consent.Headers(preferences.Link("https://example.com/preferences", token))

	// What a mail program sends when its button is clicked.
	link := strings.Trim(headers[0].Value, "<>")
	r := httptest.NewRequest(http.MethodPost, link, strings.NewReader(consent.OneClick))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	fmt.Print(w.Body)
	// Output: You are unsubscribed.
}
