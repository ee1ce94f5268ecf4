package rest_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/memory"
	"github.com/contactpipeline/visitors/store/rest"
)

var update = flag.Bool("update", false, "rewrite openapi.json")

// site is a handler behind a test server.
type site struct {
	testing.TB
	*httptest.Server
}

func acme(*http.Request) (store.WorkspaceID, error) { return "acme", nil }

func open(tb testing.TB, st store.Store, o *rest.Options) site {
	if o == nil {
		o = &rest.Options{}
	}
	if o.Workspace == nil {
		o.Workspace = acme
	}
	if o.Failed == nil {
		o.Failed = func(r *http.Request, err error) { tb.Errorf("%s %s: %v", r.Method, r.URL.Path, err) }
	}
	h, err := rest.New(st, o)
	require.NoError(tb, err)
	server := httptest.NewServer(h)
	tb.Cleanup(server.Close)
	return site{tb, server}
}

// answer is a response with its body.
type answer struct {
	testing.TB
	*http.Response
	text []byte
}

func (s site) call(method, path string, body any, headers ...string) answer {
	s.Helper()
	var reader io.Reader
	switch body := body.(type) {
	case nil:
	case string:
		reader = bytes.NewReader([]byte(body))
	default:
		text, err := json.Marshal(body)
		require.NoError(s, err)
		reader = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(s.Context(), method, s.URL+path, reader)
	require.NoError(s, err)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	res, err := s.Client().Do(r)
	require.NoError(s, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	require.NoError(s, err)
	validate(s, r, res, text)
	return answer{s, res, text}
}

type object = map[string]any

const someID = "01900000-0000-7000-8000-000000000000"

// with returns a copy of o with changed fields.
func with(o object, fields ...any) object {
	o = maps.Clone(o)
	for i := 0; i+1 < len(fields); i += 2 {
		o[fields[i].(string)] = fields[i+1]
	}
	return o
}

func (a answer) is(status int) object {
	a.Helper()
	require.Equal(a, status, a.StatusCode, string(a.text))
	var o object
	if len(a.text) > 0 {
		require.NoError(a, json.Unmarshal(a.text, &o), string(a.text))
	}
	return o
}

// problem requires a problem with that status and code.
func (a answer) problem(status int, code rest.Code) object {
	a.Helper()
	o := a.is(status)
	require.Equal(a, "application/problem+json", a.Header.Get("Content-Type"))
	require.Equal(a, string(code), o["code"], string(a.text))
	require.EqualValues(a, status, o["status"])
	return o
}

func TestDocument(t *testing.T) {
	t.Parallel()
	h, err := rest.New(memory.New(), &rest.Options{Workspace: acme})
	require.NoError(t, err)
	got := httptest.NewRecorder()
	h.ServeHTTP(got, httptest.NewRequestWithContext(t.Context(), "GET", "/openapi.json", nil))
	require.Equal(t, http.StatusOK, got.Code)
	if *update {
		require.NoError(t, os.WriteFile("openapi.json", got.Body.Bytes(), 0o644))
	}
	want, err := os.ReadFile("openapi.json")
	require.NoError(t, err)
	require.Equal(t, string(want), got.Body.String(), "go test ./store/rest -update writes it")
}
