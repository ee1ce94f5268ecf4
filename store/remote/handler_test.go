package remote_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/memory"
	"github.com/contactpipeline/visitors/store/remote"
	"github.com/contactpipeline/visitors/visitor"
)

type object = map[string]any

// site is a handler behind a test server, for requests that no Client sends.
type site struct {
	testing.TB
	*httptest.Server
}

func open(tb testing.TB, st driver.Store, o *remote.HandlerOptions) site {
	h, err := remote.NewHandler(st, o)
	require.NoError(tb, err)
	server := httptest.NewServer(h)
	tb.Cleanup(server.Close)
	return site{tb, server}
}

// answer is a response; code is that of an error.
type answer struct {
	testing.TB
	status     int
	code, body string
}

func (a answer) ok() {
	a.Helper()
	require.Equal(a, 200, a.status, a.body)
}

// call sends a request for the workspace acme, with changed headers.
func (s site) call(route string, body any, headers ...string) answer {
	s.Helper()
	text, isText := body.(string)
	if !isText {
		written, err := json.Marshal(body)
		require.NoError(s, err)
		text = string(written)
	}
	r, err := http.NewRequestWithContext(s.Context(), "POST", s.URL+"/v1/"+route, strings.NewReader(text))
	require.NoError(s, err)
	r.Header.Set("Visitors-Workspace", "acme")
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	res, err := s.Client().Do(r)
	require.NoError(s, err)
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	require.NoError(s, err)
	var form struct{ Code string }
	_ = json.Unmarshal(got, &form) // net/http's own error pages are not JSON
	return answer{s, res.StatusCode, form.Code, string(got)}
}

func TestNewHandlerRequiresAuthorize(t *testing.T) {
	t.Parallel()
	for _, o := range []*remote.HandlerOptions{
		nil, {}, {Authorize: anyone, Store: &store.Options{Sources: map[visitor.Source]visitor.SourceInfo{"No Source": {}}}},
	} {
		_, err := remote.NewHandler(memory.New(), o)
		require.ErrorIs(t, err, driver.ErrInvalid)
		var field *visitor.FieldError
		require.ErrorAs(t, err, &field)
	}
}

// No call reaches a workspace that Authorize refuses.
func TestAuthorize(t *testing.T) {
	t.Parallel()
	st := memory.New()
	h, err := remote.NewHandler(st, &remote.HandlerOptions{Authorize: func(r *http.Request, ws driver.WorkspaceID) error {
		if r.Header.Get("Authorization") != "Bearer of "+string(ws) {
			return errors.New("secret reason")
		}
		return nil
	}})
	require.NoError(t, err)
	server := httptest.NewServer(h)
	defer server.Close()
	as := func(token string) *remote.Client {
		c, err := remote.NewClient(server.URL, &remote.ClientOptions{Authenticate: func(r *http.Request) { r.Header.Set("Authorization", token) }})
		require.NoError(t, err)
		t.Cleanup(func() { c.Close() })
		return c
	}
	c := as("Bearer of acme")
	ws, err := store.Open(c, "acme", nil)
	require.NoError(t, err)
	v, err := ws.Create(t.Context(), visitor.Draft{Name: "Ada", Source: visitor.Chat})
	require.NoError(t, err)

	_, err = as("").GetVisitor(t.Context(), "acme", v.ID)
	require.ErrorContains(t, err, "403")
	require.NotContains(t, err.Error(), "secret")
	for name, call := range map[string]func() error{
		"get":    func() error { _, err := c.GetVisitor(t.Context(), "globex", v.ID); return err },
		"find":   func() error { _, err := c.FindVisitors(t.Context(), "globex", driver.Select{Limit: 1}); return err },
		"tags":   func() error { _, err := c.ListTags(t.Context(), "globex", driver.List{Limit: 1}); return err },
		"groups": func() error { _, err := c.ListGroups(t.Context(), "globex", driver.List{Limit: 1}); return err },
		"apply": func() error {
			_, err := c.Apply(t.Context(), "globex", []driver.Change{driver.DeleteVisitor{ID: v.ID, Audit: driver.Audit{At: v.CreatedAt}}})
			return err
		},
		"events": func() error { _, err := c.Events(t.Context(), "globex", driver.EventQuery{Limit: 1}); return err },
	} {
		require.ErrorContains(t, call(), "403", name)
	}
	_, err = ws.Get(t.Context(), v.ID)
	require.NoError(t, err)
}

// Each request needs a workspace, which is checked before the body is read.
func TestWorkspaceOfARequest(t *testing.T) {
	t.Parallel()
	var asked []driver.WorkspaceID
	s := open(t, memory.New(), &remote.HandlerOptions{Authorize: func(_ *http.Request, ws driver.WorkspaceID) error {
		asked = append(asked, ws)
		return errors.New("no")
	}})
	for _, id := range []string{"", "a b", "a/b", strings.Repeat("a", 65)} {
		require.Equal(t, "invalid", s.call("get", "{", "Visitors-Workspace", id).code, id)
	}
	require.Empty(t, asked)
	require.Equal(t, "forbidden", s.call("get", "{").code)
	require.Equal(t, []driver.WorkspaceID{"acme"}, asked)
}

// A web page cannot use the store through the browser of a user inside the network.
func TestBrowsersAreRefused(t *testing.T) {
	t.Parallel()
	s := open(t, memory.New(), &remote.HandlerOptions{Authorize: anyone})
	require.Equal(t, 403, s.call("apply", object{"changes": []any{}}, "Origin", "https://evil.example.com", "Sec-Fetch-Site", "cross-site").status)
}

func TestBodyTimeout(t *testing.T) {
	t.Parallel()
	s := open(t, memory.New(), &remote.HandlerOptions{Authorize: anyone, BodyTimeout: 50 * time.Millisecond})
	slow, w := io.Pipe()
	defer w.Close()
	r, err := http.NewRequestWithContext(t.Context(), "POST", s.URL+"/v1/apply", slow)
	require.NoError(t, err)
	r.Header.Set("Visitors-Workspace", "acme")
	res, err := s.Client().Do(r)
	require.NoError(t, err)
	res.Body.Close()
	require.Equal(t, http.StatusBadRequest, res.StatusCode)
}

// brokenStore fails with an internal error.
type brokenStore struct{ driver.Store }

func (brokenStore) GetVisitor(ctx context.Context, _ driver.WorkspaceID, _ visitor.ID) (visitor.Visitor, error) {
	return visitor.Visitor{}, errors.New("disk of /secret/path is full")
}

// Internal errors are reported to the host, not to the client.
func TestFailed(t *testing.T) {
	t.Parallel()
	var failed []error
	s := open(t, brokenStore{memory.New()}, &remote.HandlerOptions{Authorize: anyone, Failed: func(_ *http.Request, err error) { failed = append(failed, err) }})
	a := s.call("get", object{"id": someID})
	require.Equal(t, 500, a.status)
	require.Equal(t, "internal", a.code)
	require.NotContains(t, a.body, "secret")
	require.Len(t, failed, 1)
}
