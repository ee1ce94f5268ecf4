package rest_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
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

// committed is the committed document, read by another library.
var committed = sync.OnceValues(func() (routers.Router, error) {
	text, err := os.ReadFile("openapi.json")
	if err != nil {
		return nil, err
	}
	doc, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		return nil, err
	}
	if err := doc.Validate(context.Background()); err != nil {
		return nil, err
	}
	return gorillamux.NewRouter(doc)
})

// validate fails unless the document foresees the answer: its status, its type, its body.
func validate(tb testing.TB, r *http.Request, res *http.Response, body []byte) {
	tb.Helper()
	router, err := committed()
	require.NoError(tb, err)
	asked := r.Clone(context.Background())
	asked.URL.Scheme, asked.URL.Host = "", ""
	route, params, err := router.FindRoute(asked)
	if err != nil {
		wrong := res.StatusCode == http.StatusNotFound || res.StatusCode == http.StatusMethodNotAllowed
		require.True(tb, strings.HasPrefix(r.URL.Path, "/store/") || wrong, "%s %s is not in the document", r.Method, r.URL.Path)
		return
	}
	err = openapi3filter.ValidateResponse(context.Background(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: asked, PathParams: params, Route: route},
		Status:                 res.StatusCode,
		Header:                 res.Header,
		Body:                   io.NopCloser(bytes.NewReader(body)),
		Options:                &openapi3filter.Options{IncludeResponseStatus: true},
	})
	require.NoError(tb, err, "%s %s: the answer is not as the document says", r.Method, r.URL)
}
