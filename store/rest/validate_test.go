package rest_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/stretchr/testify/require"
)

// committed is the committed OpenAPI document, read by another library.
var committed = sync.OnceValues(func() (routers.Router, error) {
	text, err := os.ReadFile("openapi.json")
	if err != nil {
		return nil, err
	}
	openapi3filter.RegisterBodyDecoder("application/x-ndjson", openapi3filter.PlainBodyDecoder)
	doc, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		return nil, err
	}
	if err := doc.Validate(context.Background()); err != nil {
		return nil, err
	}
	return gorillamux.NewRouter(doc)
})

// validate requires that the document describes the response: its status, type and body.
func validate(tb testing.TB, r *http.Request, res *http.Response, body []byte) {
	tb.Helper()
	listed, err := described(r, res, body)
	wrong := res.StatusCode == http.StatusNotFound || res.StatusCode == http.StatusMethodNotAllowed
	require.True(tb, listed || wrong, "%s %s is not in the document", r.Method, r.URL.Path)
	require.NoError(tb, err, "%s %s: the response does not match the document", r.Method, r.URL)
}

// described reports whether the document lists the operation, and how the response differs.
func described(r *http.Request, res *http.Response, body []byte) (listed bool, err error) {
	router, err := committed()
	if err != nil {
		return false, err
	}
	asked := r.Clone(context.Background())
	asked.URL.Scheme, asked.URL.Host = "", ""
	route, params, err := router.FindRoute(asked)
	if err != nil {
		return false, nil
	}
	return true, openapi3filter.ValidateResponse(context.Background(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: asked, PathParams: params, Route: route},
		Status:                 res.StatusCode,
		Header:                 res.Header,
		Body:                   io.NopCloser(bytes.NewReader(body)),
		Options:                &openapi3filter.Options{IncludeResponseStatus: true},
	})
}

// validate fails for responses that the document does not describe.
func TestValidationFindsErrors(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequestWithContext(t.Context(), "GET", "/visitors", nil)
	answer := func(contentType, body string) error {
		res := &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {contentType}}}
		listed, err := described(r, res, []byte(body))
		require.True(t, listed)
		return err
	}
	const ada = `{"id":"018f0000-0000-7000-8000-000000000000","name":"Ada","source":"chat","created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-01T00:00:00Z","revision":1}`
	require.NoError(t, answer("application/json", `{"visitors":[`+ada+`],"next":""}`))
	for name, body := range map[string]string{
		"null for a list":           `{"visitors":null,"next":""}`,
		"a field is missing":        `{"visitors":[]}`,
		"a field is new":            `{"visitors":[],"next":"","total":0}`,
		"a field in the wrong case": `{"visitors":[` + strings.Replace(ada, "revision", "Revision", 1) + `],"next":""}`,
		"a number is a text":        `{"visitors":[` + strings.Replace(ada, ":1}", `:"1"}`, 1) + `],"next":""}`,
		"it is not an object":       `[]`,
		"an attribute is null":      `{"visitors":[` + strings.Replace(ada, "}", `,"attributes":{"a":null}}`, 1) + `],"next":""}`,
	} {
		require.Error(t, answer("application/json", body), name)
	}
	require.Error(t, answer("text/html", `{"visitors":[],"next":""}`))
}
