package rest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/memory"
)

// No request body causes a 500.
func FuzzBodies(f *testing.F) {
	h, err := New(memory.New(), &Options{
		Workspace: func(*http.Request) (store.WorkspaceID, error) { return "acme", nil },
	})
	require.NoError(f, err)
	paths := []string{
		"/visitors", "/visitors/search", "/visitors/bulk", "/filters/check", "/tags", "/groups",
	}
	for i, body := range []string{
		`{"name":"Ada","source":"chat","attributes":{"a":1},"tags":["vip"]}`, `{"where":{"version":1,"filter":{"op":"everyone"}},"limit":1}`,
		`{"action":"tag","filter":"is:everyone","expect":0,"tags":["x"]}`, `{"text":"ada tag:vip"}`, `{"name":"vip","color":"#fff"}`,
		`{"name":"Team","rule_text":"ada"}`,
	} {
		f.Add(uint8(i), []byte(body))
	}
	f.Fuzz(func(t *testing.T, path uint8, body []byte) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, paths[int(path)%len(paths)], bytes.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		require.Less(t, w.Code, 500, "%s: %s", r.URL.Path, w.Body)
		require.NotEqual(t, http.StatusUnsupportedMediaType, w.Code)
		require.True(t, json.Valid(w.Body.Bytes()), "%s", w.Body)
	})
}
