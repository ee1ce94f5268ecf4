package preferences

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"errors"
	"html/template"
	"io"
	"mime"
	"mime/multipart"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor/consent"
)

// Options configure a handler. A nil *Options and the zero value of each field mean the default.
type Options struct {
	// Text is what the page says. Default: English.
	Text Text
	// RecordIP records the address that a request comes from as evidence: http.Request.RemoteAddr,
	// which is that of a proxy if there is one. Default: it is not recorded.
	RecordIP bool
	// Failed is called with an error of the store, for which the answer is 500. Default: nothing.
	Failed func(r *http.Request, err error)
	// Now is the clock for what the page shows. Default: time.Now.
	Now func() time.Time
}

// Text is what the page says. Empty fields are in English.
type Text struct {
	Lang         string // the language, as in HTML; default "en"
	Dir          string // the direction of the text, "ltr" or "rtl"; default "ltr"
	Title        string
	Topics       string // above the topics
	Or           string // above None
	None         string // no messages at all on the channel
	NoneHint     string // not on SMS, where a denial of the channel stops every message
	Save         string
	Saved        string
	Unsubscribed string // the answer to a click in a mail program
}

var english = Text{
	Lang: "en", Dir: "ltr", Title: "Your preferences", Topics: "What may we write to you about?", Or: "Or nothing at all",
	None: "No messages to this address", NoneHint: "Messages about an order or an account may still be sent.",
	Save: "Save", Saved: "Your preferences are saved.", Unsubscribed: "You are unsubscribed.",
}

func (t Text) withDefaults() Text {
	for _, f := range []struct{ to, from *string }{
		{&t.Lang, &english.Lang}, {&t.Dir, &english.Dir}, {&t.Title, &english.Title}, {&t.Topics, &english.Topics}, {&t.Or, &english.Or},
		{&t.None, &english.None}, {&t.NoneHint, &english.NoneHint}, {&t.Save, &english.Save},
		{&t.Saved, &english.Saved}, {&t.Unsubscribed, &english.Unsubscribed},
	} {
		if *f.to == "" {
			*f.to = *f.from
		}
	}
	return t
}

// parameter is the query parameter with the token.
const parameter = "t"

// Link returns the URL of the handler at base with a token of Workspace.UnsubscribeToken.
func Link(base, token string) string {
	separator := "?"
	if strings.Contains(base, "?") {
		separator = "&"
	}
	return base + separator + parameter + "=" + url.QueryEscape(token)
}

// handler answers the requests of links.
type handler struct {
	open func(ctx context.Context, workspace string) (*store.Workspace, error)
	o    Options
}

// NewHandler returns a handler for links made by Link. open returns the workspace of that name; if
// it returns an error, the answer is 404. The error of NewHandler matches store.ErrInvalid if open
// is nil.
func NewHandler(open func(ctx context.Context, workspace string) (*store.Workspace, error), o *Options) (http.Handler, error) {
	if open == nil {
		return nil, text.Refuse("open", "missing")
	}
	h := &handler{open: open}
	if o != nil {
		h.o = *o
	}
	h.o.Text = h.o.Text.withDefaults()
	if h.o.Now == nil {
		h.o.Now = time.Now
	}
	return h, nil
}

//go:embed style.css
var style string

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Parse(pageText))

// policy allows the style of the page and its own form, and nothing else.
var policy = func() string {
	sum := sha256.Sum256([]byte(style))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
}()

// maxBody is the maximum length of a request's body, which has the keys of at most
// consent.MaxTopics topics.
const maxBody = 64 << 10

// ServeHTTP answers a request.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	for name, value := range map[string]string{
		"Content-Security-Policy": policy, "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
		"X-Content-Type-Options": "nosniff", "X-Robots-Tag": "noindex",
	} {
		w.Header().Set(name, value)
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead && r.Method != http.MethodPost {
		w.Header().Set("Allow", "GET, HEAD, POST")
		answer(w, http.StatusMethodNotAllowed, "method not allowed")
		return
	}
	ws, link, err := h.link(r)
	switch {
	case errors.Is(err, consent.ErrToken):
		answer(w, http.StatusNotFound, "not found")
		return
	case err != nil:
		h.fail(w, r, err)
		return
	}
	saved := false
	if r.Method == http.MethodPost {
		form, err := readForm(w, r)
		if err != nil {
			answer(w, http.StatusBadRequest, "the form could not be read")
			return
		}
		if form.Get("List-Unsubscribe") == "One-Click" {
			if err := h.record(r, ws, h.said(r, link.Subject, link.Topic, consent.Denied, consent.ByOneClick)); err != nil {
				h.fail(w, r, err)
				return
			}
			answer(w, http.StatusOK, h.o.Text.Unsubscribed)
			return
		}
		if form.Get("save") == "" {
			answer(w, http.StatusBadRequest, "neither a click to unsubscribe nor preferences")
			return
		}
		if err := h.save(r, ws, link, form); err != nil {
			h.fail(w, r, err)
			return
		}
		saved = true
	}
	if err := h.show(w, r, ws, link, saved); err != nil {
		h.fail(w, r, err)
	}
}

func answer(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	io.WriteString(w, body+"\n")
}

func (h *handler) fail(w http.ResponseWriter, r *http.Request, err error) {
	if h.o.Failed != nil && r.Context().Err() == nil {
		h.o.Failed(r, err)
	}
	answer(w, http.StatusInternalServerError, "this did not work: please try again later")
}

// link returns the link of a request and its workspace. The error matches consent.ErrToken if open
// refuses the workspace.
func (h *handler) link(r *http.Request) (*store.Workspace, consent.Link, error) {
	token := r.URL.Query().Get(parameter)
	workspace, err := consent.TokenWorkspace(token)
	if err != nil {
		return nil, consent.Link{}, err
	}
	ws, err := h.open(r.Context(), workspace)
	if err != nil {
		return nil, consent.Link{}, consent.ErrToken
	}
	link, err := ws.ReadToken(r.Context(), token)
	return ws, link, err
}

// readForm reads a body in one of the two forms of RFC 8058 §3.2.
func readForm(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return nil, err
	}
	kind, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case err != nil:
		return nil, err
	case kind == "application/x-www-form-urlencoded":
		return url.ParseQuery(string(body))
	case kind != "multipart/form-data":
		return nil, errors.New("another media type")
	}
	form, err := multipart.NewReader(bytes.NewReader(body), parameters["boundary"]).ReadForm(maxBody)
	if err != nil {
		return nil, err
	}
	defer form.RemoveAll()
	return form.Value, nil
}

// said returns what the person says by the link.
func (h *handler) said(
	r *http.Request, s consent.Subject, topic string, state consent.State, kind consent.EvidenceKind,
) consent.Entry {
	e := consent.Entry{
		Subject: s, Topic: topic, State: state, Origin: consent.Person,
		Evidence: consent.Evidence{Kind: kind, Ref: "link"},
	}
	if state == consent.Granted {
		e.Basis = consent.ByConsent
	}
	if host, _, err := net.SplitHostPort(r.RemoteAddr); h.o.RecordIP && err == nil {
		e.Evidence.IP = host
	}
	return e
}

// record records entries. A topic that was deleted since the link was sent is denied as the whole
// channel, rather than not at all.
func (h *handler) record(r *http.Request, ws *store.Workspace, entries ...consent.Entry) error {
	_, err := ws.RecordConsent(r.Context(), entries...)
	if len(entries) == 1 && errors.Is(err, store.ErrNotFound) {
		entries[0].Topic = ""
		_, err = ws.RecordConsent(r.Context(), entries...)
	}
	return err
}

func (h *handler) show(w http.ResponseWriter, r *http.Request, ws *store.Workspace, l consent.Link, saved bool) error {
	c, err := h.choices(r, ws, l)
	if err != nil {
		return err
	}
	t := h.o.Text
	if l.Subject.Channel == consent.SMS {
		t.NoneHint = ""
	}
	var out bytes.Buffer
	err = page.Execute(&out, map[string]any{
		"Text": t, "Style": template.CSS(style), "Topics": c.topics, "None": c.none, "Saved": saved,
	})
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, err = out.WriteTo(w)
	return err
}
