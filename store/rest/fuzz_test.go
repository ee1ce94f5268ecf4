package rest

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/memory"
)

// A change that is taken is written as it was read, and is taken again.
func FuzzChange(f *testing.F) {
	const id, at = `"01900000-0000-7000-8000-000000000000"`, `"2024-06-10T02:35:18.4Z"`
	for kind, value := range map[string]string{
		"create_visitor":  `{"Visitor":{"id":` + id + `,"name":"Ada","source":"chat","identities":[{"source":"chat","external_id":"1"}],"attributes":{"a":[""],"b":{"time":` + at + `}},"created_at":` + at + `,"updated_at":` + at + `,"revision":1},"Tags":["vip"],"By":"ann"}`,
		"update_visitor":  `{"ID":` + id + `,"Patch":{"name":"Eve","unset":["a"]},"At":` + at + `}`,
		"add_tags":        `{"ID":` + id + `,"Tags":["vip"],"At":` + at + `}`,
		"create_tag":      `{"Tag":{"id":` + id + `,"name":"VIP","color":"#ff0000","created_at":` + at + `}}`,
		"create_group":    `{"Group":{"ID":` + id + `,"Name":"Team","Rule":{"version":1,"filter":{"op":"everyone"}},"CreatedAt":` + at + `}}`,
		"update_group":    `{"ID":` + id + `,"Patch":{"Name":"x","Rule":null,"ClearRule":true},"At":` + at + `}`,
		"capture_contact": `{"ID":` + id + `,"At":` + at + `,"Contact":{"source":"chat","external_id":"1","tags":["a"],"occurred_at":` + at + `,"also":[{"source":"chat","external_id":"2"}]},"Policy":{"name":"never"}}`,
		"merge_visitors":  `{"Into":` + id + `,"From":` + id + `,"At":` + at + `}`,
		"link_identity":   `{"ID":` + id + `,"Identity":{"source":"chat","external_id":"1"},"At":` + at + `}`,
		"join_group":      `{"Group":` + id + `,"ID":` + id + `,"At":` + at + `}`,
	} {
		f.Add(kind, []byte(value))
	}
	check := changeChecker{}
	take := func(form changeForm) (store.Change, error) {
		c, err := readChange(form)
		if err == nil {
			c, err = check.change(c)
		}
		return c, err
	}
	f.Fuzz(func(t *testing.T, kind string, value []byte) {
		c, err := take(changeForm{kind, value})
		if err != nil {
			require.NotEqual(t, CodeInternal, problemOf(err).Code, "%v", err)
			return
		}
		form, err := writeChange(c)
		require.NoError(t, err)
		require.Equal(t, kind, form.Kind)
		again, err := take(form)
		require.NoError(t, err, "%s", form.Value)
		second, err := writeChange(again)
		require.NoError(t, err)
		require.JSONEq(t, string(form.Value), string(second.Value))
	})
}

// Whatever a server answers, the error is one, and comes through a second time.
func FuzzFault(f *testing.F) {
	f.Add([]byte(`{"code":"not_found","kind":"visitor","id":"1","op":"get visitor","index":3}`))
	f.Add([]byte(`{"code":"invalid","field":"name","detail":"missing"}`))
	f.Add([]byte(`{"code":"filter_invalid","pointer":"/filter","path":"tag","detail":"x"}`))
	f.Fuzz(func(t *testing.T, answer []byte) {
		var told fault
		if json.Unmarshal(answer, &told) != nil {
			return
		}
		err := told.err()
		require.Error(t, err)
		again := faultOf(err).err()
		for _, known := range []error{store.ErrNotFound, store.ErrExists, store.ErrConflict, store.ErrInvalid, store.ErrClosed} {
			require.Equal(t, errors.Is(err, known), errors.Is(again, known), "%s: %v, then %v", known, err, again)
		}
	})
}

// No body makes the handler fail.
func FuzzBodies(f *testing.F) {
	h, err := New(memory.New(), &Options{
		StoreRoutes: true,
		Workspace:   func(*http.Request) (store.WorkspaceID, error) { return "acme", nil },
	})
	require.NoError(f, err)
	paths := []string{
		"/visitors", "/visitors/search", "/visitors/bulk", "/filters/check", "/tags", "/groups", "/store/get", "/store/find",
		"/store/count", "/store/tags", "/store/groups", "/store/apply", "/store/events", "/store/facets",
	}
	for i, body := range []string{
		`{"name":"Ada","source":"chat","attributes":{"a":1},"tags":["vip"]}`, `{"where":{"version":1,"filter":{"op":"everyone"}},"limit":1}`,
		`{"action":"tag","filter":"is:everyone","expect":0,"tags":["x"]}`, `{"text":"ada tag:vip"}`, `{"name":"vip","color":"#fff"}`,
		`{"name":"Team","rule_text":"ada"}`, `{"id":"01900000-0000-7000-8000-000000000000"}`, `{"where":{"kind":"everyone"},"order":"newest","limit":5}`,
		`{"where":{"kind":"nobody"},"limit":0}`, `{"list":{"Keys":["a"]}}`, `{"list":{"Limit":5}}`, `{"changes":[]}`, `{"after":1,"limit":5}`, `{"where":{"kind":"everyone"}}`,
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
