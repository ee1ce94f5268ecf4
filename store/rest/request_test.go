package rest_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/memory"
	"github.com/contactpipeline/visitors/store/rest"
	"github.com/contactpipeline/visitors/visitor"
)

func TestNewRequiresWorkspace(t *testing.T) {
	t.Parallel()
	for _, o := range []*rest.Options{
		nil, {}, {Workspace: acme, Origins: []string{"not an origin"}},
		{Workspace: acme, Store: &store.Options{Sources: map[visitor.Source]visitor.SourceInfo{"No Source": {}}}},
	} {
		_, err := rest.New(memory.New(), o)
		require.ErrorIs(t, err, store.ErrInvalid)
		var field *visitor.FieldError
		require.ErrorAs(t, err, &field)
	}
}

func TestWorkspacesAreIsolated(t *testing.T) {
	t.Parallel()
	st := memory.New()
	s := open(t, st, &rest.Options{Workspace: func(r *http.Request) (store.WorkspaceID, error) {
		if r.Header.Get("Tenant") == "" {
			return "", errors.New("secret reason")
		}
		return store.WorkspaceID(r.Header.Get("Tenant")), nil
	}})
	id := s.call("POST", "/visitors", object{"name": "Ada", "source": "chat"}, "Tenant", "one", "Idempotency-Key", "k").is(201)["id"].(string)
	s.call("GET", "/visitors/"+id, nil, "Tenant", "one").is(200)
	s.call("GET", "/visitors/"+id, nil, "Tenant", "two").problem(404, rest.CodeNotFound)
	s.call("PATCH", "/visitors/"+id, object{"name": "x"}, "Tenant", "two").problem(404, rest.CodeNotFound)
	s.call("DELETE", "/visitors/"+id, nil, "Tenant", "two").problem(404, rest.CodeNotFound)
	other := s.call("POST", "/visitors", object{"name": "Ada", "source": "chat"}, "Tenant", "two", "Idempotency-Key", "k").is(201)
	require.NotEqual(t, id, other["id"], "keys are of a workspace")
	refused := s.call("POST", "/visitors", "{", "Tenant", "").problem(403, rest.CodeNoWorkspace)
	require.NotContains(t, refused["detail"], "secret")
}

// A mistake of the host is reported to the host, not to the caller.
func TestHostMistakes(t *testing.T) {
	t.Parallel()
	var reported []error
	s := open(t, memory.New(), &rest.Options{
		Workspace: func(*http.Request) (store.WorkspaceID, error) { return "no spaces", nil },
		Failed:    func(_ *http.Request, err error) { reported = append(reported, err) },
	})
	p := s.call("GET", "/visitors", nil).problem(500, rest.CodeInternal)
	require.NotContains(t, p["detail"], "spaces")
	require.Len(t, reported, 1)
	require.ErrorIs(t, reported[0], store.ErrInvalid)
}

// Errors repeat nothing of the request.
func TestErrorsEchoNothing(t *testing.T) {
	t.Parallel()
	s := open(t, memory.New(), &rest.Options{MaxBody: 4_000})
	const secret = "Xyzzy"
	for body, status := range map[string]int{
		`{"name":"` + secret + `"`:                 400,
		secret:                                     400,
		"{\"name\":\"" + secret + "\xff\"}":        422,
		`{"name":"Ada","source":"` + secret + `"}`: 422,
		`{"name":"Ada","source":"chat","email":"` + secret + `"}`:                                   422,
		`{"name":"Ada","source":"chat","phone":"` + secret + `"}`:                                   422,
		`{"name":"Ada","source":"chat","created_at":"` + secret + `"}`:                              422,
		`{"name":"Ada","source":"chat","groups":["` + secret + `"]}`:                                422,
		`{"name":"Ada","source":"chat","attributes":{"a":{"time":"` + secret + `"}}}`:               422,
		`{"name":"Ada","source":"chat","attributes":{"a":{"` + secret + `":1}}}`:                    422,
		`{"name":"Ada","source":"chat","attributes":{"a":["` + secret + `",1]}}`:                    422,
		`{"name":["` + secret + `"],"source":"chat"}`:                                               422,
		`{"name":null,"source":"chat"}`:                                                             422,
		`{"name":"` + strings.Repeat(secret, 300) + `","source":"chat"}`:                            422,
		`{"name":"Ada","source":"chat","attributes":{"a":"` + strings.Repeat(secret, 1_000) + `"}}`: 413,
		``:                   400,
		`["` + secret + `"]`: 422,
	} {
		a := s.call("POST", "/visitors", body)
		a.is(status)
		require.Equal(t, "application/problem+json", a.Header.Get("Content-Type"))
		require.NotContains(t, string(a.text), secret, body)
	}
	for _, query := range []string{"?filter=tag:" + secret, "?filter=" + secret + ":x", "?filter=(" + secret, "?order=" + secret, "?after=" + secret, "?limit=" + secret} {
		a := s.call("GET", "/visitors"+query, nil)
		a.is(422)
		require.NotContains(t, string(a.text), secret, query)
	}
	s.call("GET", "/visitors/"+secret, nil).problem(422, rest.CodeInvalid)
	require.EqualValues(t, 0, s.call("GET", "/visitors/count", nil).is(200)["count"])
}

func TestUnknownRoutes(t *testing.T) {
	t.Parallel()
	s := open(t, memory.New(), nil)
	s.call("GET", "/nowhere", nil).problem(404, rest.CodeNoRoute)
	got := s.call("PUT", "/visitors", object{})
	got.problem(405, rest.CodeMethod)
	require.Contains(t, got.Header.Get("Allow"), "POST")
	s.call("POST", "/visitors", `name=Ada`, "Content-Type", "text/plain").problem(415, rest.CodeMediaType)
}

func TestIdempotencyKey(t *testing.T) {
	t.Parallel()
	s := open(t, memory.New(), nil)
	ada, bob := object{"name": "Ada", "source": "chat"}, object{"name": "Bob", "source": "chat"}
	first := s.call("POST", "/visitors", ada, "Idempotency-Key", "one")
	again := s.call("POST", "/visitors", ada, "Idempotency-Key", "one")
	require.Equal(t, first.is(201), again.is(201))
	require.Empty(t, first.Header.Get("Idempotency-Replayed"))
	require.Equal(t, "true", again.Header.Get("Idempotency-Replayed"))
	s.call("POST", "/visitors", bob, "Idempotency-Key", "one").problem(422, rest.CodeKeyReused)
	s.call("POST", "/visitors", object{"name": " ", "source": "chat"}, "Idempotency-Key", "two").problem(422, rest.CodeInvalid)
	s.call("POST", "/visitors", bob, "Idempotency-Key", "two").is(201) // a refused request releases its key

	var group sync.WaitGroup
	made := make(chan string, 16)
	for range cap(made) {
		group.Go(func() {
			a := s.call("POST", "/visitors", object{"name": "Cleo", "source": "chat"}, "Idempotency-Key", "three")
			switch a.StatusCode {
			case 201:
				made <- a.is(201)["id"].(string)
			default:
				a.problem(409, rest.CodeInProgress)
			}
		})
	}
	group.Wait()
	close(made)
	id := <-made
	require.NotEmpty(t, id)
	for other := range made {
		require.Equal(t, id, other)
	}
	require.EqualValues(t, 3, s.call("GET", "/visitors/count", nil).is(200)["count"])
	s.call("DELETE", "/visitors/"+id, nil).is(204)
	s.call("POST", "/visitors", object{"name": "Cleo", "source": "chat"}, "Idempotency-Key", "three").problem(404, rest.CodeNotFound)
}

func TestCrossOrigin(t *testing.T) {
	t.Parallel()
	const app, evil = "https://app.example.com", "https://evil.example.com"
	s := open(t, memory.New(), &rest.Options{Origins: []string{app}})
	ada := object{"name": "Ada", "source": "chat"}
	s.call("POST", "/visitors", ada, "Sec-Fetch-Site", "same-origin").is(201)
	s.call("POST", "/visitors", ada, "Sec-Fetch-Site", "cross-site", "Origin", evil).problem(403, rest.CodeCrossOrigin)
	got := s.call("POST", "/visitors", ada, "Sec-Fetch-Site", "cross-site", "Origin", app)
	got.is(201)
	require.Equal(t, app, got.Header.Get("Access-Control-Allow-Origin"))
	got = s.call("GET", "/visitors", nil, "Origin", evil)
	got.is(200)
	require.Empty(t, got.Header.Get("Access-Control-Allow-Origin"))
	require.Equal(t, "Origin", got.Header.Get("Vary"))

	ask := httptest.NewRequestWithContext(t.Context(), "OPTIONS", "/visitors", nil)
	ask.Header.Set("Origin", app)
	ask.Header.Set("Access-Control-Request-Method", "POST")
	w := httptest.NewRecorder()
	s.Config.Handler.ServeHTTP(w, ask)
	require.Equal(t, http.StatusNoContent, w.Code)
	require.Contains(t, w.Header().Get("Access-Control-Allow-Methods"), "PATCH")
	require.Contains(t, w.Header().Get("Access-Control-Allow-Headers"), "If-Match")
}

func TestClosedStore(t *testing.T) {
	t.Parallel()
	st := memory.New()
	s := open(t, st, nil)
	require.NoError(t, st.Close())
	s.call("GET", "/visitors", nil).problem(503, rest.CodeClosed)
	s.call("POST", "/visitors", object{"name": "Ada", "source": "chat"}).problem(503, rest.CodeClosed)
}

// A creation with an idempotency key completes even if the client disconnects.
func TestCreationWithKeyCompletes(t *testing.T) {
	t.Parallel()
	h, err := rest.New(memory.New(), &rest.Options{Workspace: acme})
	require.NoError(t, err)
	post := func(ctx context.Context) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(ctx, "POST", "/visitors", strings.NewReader(`{"name":"Ada","source":"chat"}`))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Idempotency-Key", "k")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	first, second := post(gone), post(t.Context())
	require.Equal(t, 201, first.Code)
	require.Equal(t, "true", second.Header().Get("Idempotency-Replayed"))
	require.Equal(t, first.Body.String(), second.Body.String())
}

// An error names the field as the request body does.
func TestErrorsNameTheFieldOfTheBody(t *testing.T) {
	t.Parallel()
	s := open(t, memory.New(), nil)
	ids := s.people("Ada")
	group := s.call("POST", "/groups", object{"name": "Team"}).is(201)["id"].(string)
	tag := s.call("POST", "/tags", object{"name": "vip"}).is(201)["id"].(string)
	ada := object{"name": "Ada", "source": "chat"}
	for _, c := range []struct {
		method, path string
		body         object
		field        string
	}{
		{"POST", "/visitors", with(ada, "name", " "), "name"},
		{"POST", "/visitors", with(ada, "source", "fax"), "source"},
		{"POST", "/visitors", with(ada, "email", "x"), "email"},
		{"POST", "/visitors", with(ada, "phone", "x"), "phone"},
		{"POST", "/visitors", with(ada, "tags", []string{" "}), "tags"},
		{"POST", "/visitors", with(ada, "attributes", object{"city": ""}), "attributes.city"},
		{"POST", "/visitors", with(ada, "attributes", object{"A": 1}), "attributes"},
		{"PATCH", "/visitors/" + ids[0], object{"name": ""}, "name"},
		{"PATCH", "/visitors/" + ids[0], object{"set": object{"city": ""}}, "attributes.city"},
		{"POST", "/visitors/bulk", object{"action": "tag", "ids": ids, "tags": []string{" "}}, "tags"},
		{"POST", "/tags", object{"name": " "}, "name"},
		{"POST", "/tags", object{"name": "x", "color": "red"}, "color"},
		{"POST", "/tags", object{"name": "x", "description": strings.Repeat("x", 2_000)}, "description"},
		{"PATCH", "/tags/" + tag, object{"name": " "}, "name"},
		{"POST", "/groups", object{"name": " "}, "name"},
		{"POST", "/groups", object{"name": "x", "description": strings.Repeat("x", 2_000)}, "description"},
		{"PATCH", "/groups/" + group, object{"name": " "}, "name"},
	} {
		require.Equal(t, c.field, s.call(c.method, c.path, c.body).problem(422, rest.CodeInvalid)["field"], "%s %s %v", c.method, c.path, c.body)
	}
}

// slow is a store whose changes take some time.
type slow struct{ store.Store }

func (l slow) Apply(ctx context.Context, ws store.WorkspaceID, changes []driver.Change) ([]driver.Outcome, error) {
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(300 * time.Millisecond):
		return l.Store.Apply(ctx, ws, changes)
	}
}

// BodyTimeout limits reading the body, not handling the request.
func TestBodyTimeout(t *testing.T) {
	t.Parallel()
	s := open(t, slow{memory.New()}, &rest.Options{BodyTimeout: 50 * time.Millisecond})
	s.call("POST", "/visitors", object{"name": "Ada", "source": "chat"}).is(201)

	slow, w := io.Pipe()
	defer w.Close()
	r, err := http.NewRequestWithContext(t.Context(), "POST", s.URL+"/visitors", slow)
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/json")
	res, err := s.Client().Do(r)
	require.NoError(t, err)
	res.Body.Close()
	require.Equal(t, http.StatusRequestTimeout, res.StatusCode)
}
