package remote

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/memory"
)

// A change that is accepted encodes to the same change, which is accepted again.
func FuzzChange(f *testing.F) {
	const id, at = `"01900000-0000-7000-8000-000000000000"`, `"2024-06-10T02:35:18.4Z"`
	for kind, value := range map[string]string{
		"create_visitor":  `{"Visitor":{"id":` + id + `,"name":"Ada","source":"chat","identities":[{"source":"chat","external_id":"1"}],"attributes":{"a":["x"],"b":{"time":` + at + `}},"created_at":` + at + `,"updated_at":` + at + `,"revision":1},"Tags":["vip"],"Groups":[` + id + `],"At":` + at + `,"Actor":"ann","Cause":"import"}`,
		"update_visitor":  `{"ID":` + id + `,"Patch":{"name":"Eve","unset":["a"]},"At":` + at + `}`,
		"add_tags":        `{"ID":` + id + `,"Tags":["vip"],"At":` + at + `}`,
		"create_tag":      `{"Tag":{"id":` + id + `,"name":"VIP","color":"#ff0000","created_at":` + at + `},"At":` + at + `,"Actor":"ann"}`,
		"create_group":    `{"Group":{"ID":` + id + `,"Name":"Team","Rule":{"version":1,"filter":{"op":"everyone"}},"CreatedAt":` + at + `},"At":` + at + `,"Cause":"import"}`,
		"update_group":    `{"ID":` + id + `,"Patch":{"Name":"x","Rule":null,"ClearRule":true},"At":` + at + `}`,
		"capture_contact": `{"ID":` + id + `,"At":` + at + `,"Contact":{"source":"chat","external_id":"1","tags":["a"],"occurred_at":` + at + `,"alternate_ids":[{"source":"chat","external_id":"2"}]},"Policy":{"name":"never"}}`,
		"merge_visitors":  `{"Into":` + id + `,"From":` + id + `,"At":` + at + `}`,
		"link_identity":   `{"ID":` + id + `,"Identity":{"source":"chat","external_id":"1"},"At":` + at + `}`,
		"put_job": `{"Job":{"id":` + id + `,"state":"planned","action":{"kind":"set","set":{"a":["x"]}},"at":` + at + `,"count":1,"expected":{"changed":1,"unchanged":0},` +
			`"progress":{"done":0,"changed":0,"unchanged":0,"missing":0,"refused":0},"undo":{"done":0,"restored":0,"left":0,"gone":0},"expires":` + at + `,"parts":1,"cursor":0},` +
			`"Part":1,"Visitors":[` + id + `],"At":` + at + `}`,
		"step_job":     `{"ID":` + id + `,"Step":"run","From":1,"Took":5,"At":` + at + `}`,
		"add_to_group": `{"Group":` + id + `,"ID":` + id + `,"At":` + at + `,"Actor":"ann","Cause":"import"}`,
	} {
		f.Add(kind, []byte(value))
	}
	f.Fuzz(func(t *testing.T, kind string, value []byte) {
		c, err := readChange(changeForm{kind, value}, checker{})
		if err != nil {
			require.NotEqual(t, codeInternal, writeError(err).Code, "%v", err)
			return
		}
		form, err := writeChange(c)
		require.NoError(t, err)
		require.Equal(t, kind, form.Kind)
		again, err := readChange(form, checker{})
		require.NoError(t, err, "%s", form.Value)
		second, err := writeChange(again)
		require.NoError(t, err)
		require.JSONEq(t, string(form.Value), string(second.Value))
	})
}

// Every error response decodes to an error, which survives a second round trip.
func FuzzError(f *testing.F) {
	f.Add([]byte(`{"code":"not_found","kind":"visitor","key":"1","index":3}`))
	f.Add([]byte(`{"code":"in_use","kind":"tag","groups":["01900000-0000-7000-8000-000000000000"],"index":0}`))
	f.Add([]byte(`{"code":"job","key":"1","reason":"the plan has expired","index":0}`))
	f.Add([]byte(`{"code":"invalid","field":"name","reason":"missing"}`))
	f.Add([]byte(`{"code":"filter_invalid","pointer":"/filter","path":"tag","reason":"x"}`))
	f.Fuzz(func(t *testing.T, answer []byte) {
		var form errorForm
		if json.Unmarshal(answer, &form) != nil {
			return
		}
		err := form.err()
		require.Error(t, err)
		again := writeError(err).err()
		for _, known := range []error{driver.ErrNotFound, driver.ErrExists, driver.ErrConflict, driver.ErrInUse, driver.ErrInvalid, driver.ErrClosed} {
			require.Equal(t, errors.Is(err, known), errors.Is(again, known), "%s: %v, then %v", known, err, again)
		}
	})
}

// No request body causes a 500.
func FuzzBodies(f *testing.F) {
	h, err := NewHandler(memory.New(), &HandlerOptions{Authorize: func(*http.Request, driver.WorkspaceID) error { return nil }})
	require.NoError(f, err)
	routes := []string{"get", "find", "count", "tags", "groups", "apply", "events", "facets"}
	for i, body := range []string{
		`{"id":"01900000-0000-7000-8000-000000000000"}`, `{"where":{"kind":"everyone"},"order":"newest","limit":5}`,
		`{"where":{"kind":"nobody"},"limit":0}`, `{"list":{"Keys":["a"]}}`, `{"list":{"Limit":5}}`, `{"changes":[]}`, `{"after":1,"limit":5,"visitor":"01900000-0000-7000-8000-000000000000"}`, `{"where":{"kind":"everyone"}}`,
	} {
		f.Add(uint8(i), body)
	}
	f.Fuzz(func(t *testing.T, route uint8, body string) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, protocol+routes[int(route)%len(routes)], strings.NewReader(body))
		r.Header.Set(workspaceHeader, "acme")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		require.Less(t, w.Code, 500, "%s: %s", r.URL.Path, w.Body)
		require.True(t, json.Valid(w.Body.Bytes()), "%s", w.Body)
	})
}
