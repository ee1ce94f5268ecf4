package rest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/memory"
	"github.com/contactpipeline/visitors/store/rest"
)

// marker is personal data that no error may repeat.
const marker = "Xyzzy@x.com"

// sampleBodies has a valid body for each operation with a body.
var sampleBodies = map[string]string{
	"createVisitor": `{"name":"Ada","email":"ada@example.com","phone":"+5511987654321","source":"chat","created_at":"2024-06-10T02:35:18Z",
		"identities":[{"source":"chat","account":"site","external_id":"1","username":"ada","first_seen":"2024-06-10T02:35:18Z"}],"tags":["vip"],
		"groups":["` + someID + `"],"attributes":{"city":"London","langs":["en"],"score":1,"vip":true,"born":{"time":"1815-12-10T00:00:00Z"}}}`,
	"updateVisitor":  `{"name":"Ada","email":"","phone":"","set":{"city":"London","born":{"time":"1815-12-10T00:00:00Z"}},"unset":["score"],"if_revision":1}`,
	"searchVisitors": `{"where":` + sampleFilter + `,"order":"newest","after":"","limit":5}`,
	"changeVisitors": `{"action":"tag","ids":["` + someID + `"],"filter":"ada","expect":1,"tags":["vip"],"group":"` + someID + `"}`,
	"captureContact": `{"source":"chat","external_id":"1","name":"Ada","event_id":"e","occurred_at":"2024-06-10T02:35:18Z","tags":["vip"],
		"attributes":{"city":"London"},"alternate_ids":[{"source":"chat","external_id":"2"}],"previous_ids":[{"source":"chat","external_id":"3"}]}`,
	"linkIdentity":         `{"source":"chat","account":"site","external_id":"1"}`,
	"mergeVisitors":        `{"from":"` + someID + `"}`,
	"createTag":            `{"name":"vip","color":"#fff","description":"best"}`,
	"updateTag":            `{"name":"vip","color":"#fff","description":"best"}`,
	"createGroup":          `{"name":"Team","description":"us","rule":` + sampleFilter + `,"rule_text":"ada"}`,
	"updateGroup":          `{"name":"Team","description":"us","rule":` + sampleFilter + `,"rule_text":"ada","clear_rule":true}`,
	"putTopic":             `{"label":"News","description":"Monthly","channels":["email"],"default":"opt_in","double_opt_in":true,"public":true}`,
	"recordConsents":       `{"entries":[` + sampleEntry + `]}`,
	"getStatus":            sampleSubject,
	"reportHealth":         `{"reports":[{"subject":` + sampleSubject + `,"state":"hard_bounce","origin":"operator","at":"2024-06-10T02:35:18Z","code":"550","actor":"bob","cause":"returned"}]}`,
	"makeUnsubscribeToken": `{"subject":` + sampleSubject + `,"topic":"news"}`,
	"createAudience":       `{"name":"June","filter":"ada","request":{"channel":"email","sender":"example.com","topic":"news","purpose":"marketing"}}`,
	"verifyAudience": `{"id":"` + someID + `","name":"June","at":"2024-06-10T02:35:18Z","actor":"bob","cause":"plan","filter":"ada","request":{"channel":"email"},
		"matching":3,"count":2,"reasons":{"granted":2,"no_address":1},"hash":"AAAA","complete":true}`,
	"eraseVisitor": `{"reason":"asked by letter"}`,
	"reapplyErasures": `{"erasures":[{"visitor":"` + someID + `","at":"2024-06-10T02:35:18Z","reason":"asked","actor":"bob","aliases":["` + someID + `"],
		"others":["` + someID + `"],"deleted":{"entries":1},"hashes":[{"channel":"email","hash":"00"}],"key":"k","signature":"AAAA"}]}`,
	"planJob": `{"action":"set","filter":"ada","ids":["` + someID + `"],"pairs":[["` + someID + `","` + someID + `"]],"tags":["vip"],
		"group":"` + someID + `","set":{"city":"London"},"unset":["city"],"hold":1}`,
	"checkFilter": `{"text":"ada","json":` + sampleFilter + `}`,
	"watchGroup":  `{"events":true}`,
	"previewRule": `{"rule":` + sampleFilter + `,"rule_text":"ada","clear_rule":true}`,
}

const sampleSubject = `{"channel":"email","sender":"example.com","address":"ada@example.com"}`

const sampleEntry = `{"subject":` + sampleSubject + `,"topic":"news","state":"granted","origin":"person","at":"2024-06-10T02:35:18Z",
	"expires":"2034-06-10T02:35:18Z","basis":"consent","evidence":{"kind":"form","ref":"7","wording":"yes","url":"https://example.com","ip":"192.0.2.1",
	"user_agent":"x"},"actor":"bob","cause":"form"}`

const sampleFilter = `{"version":1,"filter":{"op":"and","of":[{"op":"in","field":"tag","values":["vip",{"id":"` + someID + `"}]},
	{"op":"in","field":"attr","attr":"city","values":["London",1]},{"op":"between","field":"created","values":[{"ago":"30d"},{"date":"2026-01-01"}]},
	{"op":"in","field":"identity","values":[{"identity":{"source":"chat","account":"site","external_id":"1"}}]},
	{"op":"not","of":{"op":"search","text":"ada"}}]}}`

// No problem repeats the marker, wherever in a request it is sent.
func TestProblemsRepeatNothing(t *testing.T) {
	t.Parallel()
	h, err := rest.New(memory.New(), &rest.Options{Workspace: func(r *http.Request) (store.WorkspaceID, error) { return "acme", nil }})
	require.NoError(t, err)
	problems := 0
	send := func(method, target, body string, headers ...string) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		r := httptest.NewRequestWithContext(ctx, method, "/", strings.NewReader(body))
		var err error
		r.URL, err = url.Parse(target)
		require.NoError(t, err)
		r.Header.Set("Content-Type", "application/json")
		for i := 0; i+1 < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		require.Less(t, w.Code, 500, "%s %s %s: %s", method, target, body, w.Body)
		require.NotContains(t, []int{301, 302, 307, 308}, w.Code, "%s %s", method, target)
		if w.Code < 400 {
			return
		}
		problems++
		var header bytes.Buffer
		require.NoError(t, w.Header().Write(&header))
		require.NotContains(t, strings.ToLower(header.String()+w.Body.String()), "xyzzy", "%s %s %s %v", method, target, body, headers)
	}

	var doc struct {
		Paths map[string]map[string]struct {
			ID         string `json:"operationId"`
			Parameters []struct{ In, Name string }
			Body       any `json:"requestBody"`
		}
	}
	text, err := os.ReadFile("openapi.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &doc))
	escaped := url.QueryEscape(marker)
	for path, operations := range doc.Paths {
		target := strings.ReplaceAll(strings.ReplaceAll(path, "{id}", someID), "{key}", "news")
		for method, op := range operations {
			method = strings.ToUpper(method)
			body, ok := sampleBodies[op.ID]
			require.Equal(t, op.Body != nil, ok, op.ID)
			send(method, strings.ReplaceAll(strings.ReplaceAll(path, "{id}", marker), "{key}", marker), body)
			for _, odd := range []string{"/" + marker, "/../" + marker, "//" + marker, "/" + marker + "/"} {
				send(method, target+odd, body)
			}
			send("XYZZY", target, body)
			for _, query := range []string{escaped + "=1", "=" + escaped, "%zz" + marker, "a;" + marker, "filter[" + escaped + "]=1", "%ff" + marker + "=1"} {
				send(method, target+"?"+query, body)
			}
			for _, p := range op.Parameters {
				switch p.In {
				case "query":
					for _, filter := range []string{"(X", "X:a", "tag:X", "group:X", "attr.X:1", "created:X", "source:X", "is:X", "a OR tag:X b", `"X`, "identity:X", "tag:all(X"} {
						send(method, target+"?"+p.Name+"="+url.QueryEscape(strings.ReplaceAll(filter, "X", marker)), body)
					}
					send(method, target+"?"+p.Name+"="+escaped, body)
					send(method, target+"?"+p.Name+"=1&"+p.Name+"="+escaped, body)
					send(method, target+"?"+p.Name+"=%ff"+escaped, body)
					send(method, target+"?"+strings.ToUpper(p.Name)+"="+escaped, body)
				case "header":
					send(method, target, body, p.Name, marker)
					send(method, target, body, p.Name, strings.Repeat(marker, 100))
				}
			}
			for _, header := range []string{"Content-Type", "Accept", "If-Match", "Origin", "Cookie", "X-HTTP-Method-Override", "X-Xyzzy"} {
				if op.ID != "streamEvents" {
					send(method, target, body, header, marker)
				}
			}
			if op.ID != "streamEvents" {
				send(method, target, body, "Content-Type", "application/json; charset="+marker)
				send(method, target, body, "Content-Type", "application/"+marker+"+json")
			}
			if body == "" {
				continue
			}
			var sample any
			require.NoError(t, json.Unmarshal([]byte(body), &sample))
			for changed := range withMarker(sample) {
				written, err := json.Marshal(changed)
				require.NoError(t, err)
				send(method, target, string(written))
			}
			for _, text := range []string{marker, `"` + marker, `{"` + marker, `{"` + marker + `":1,"` + marker + `":2}`, `{"` + marker + `\ud800":1}`, body + marker} {
				send(method, target, text)
			}
		}
	}
	t.Logf("%d problems", problems)
	require.Greater(t, problems, 1_000)
}

// withMarker yields copies of v with the marker at each place.
func withMarker(v any) func(yield func(any) bool) {
	return func(yield func(any) bool) {
		for _, other := range []any{marker, []any{marker}, object{marker: marker}, []any{object{marker: 1}}, object{"time": marker}, object{"Time": marker}} {
			if !yield(other) {
				return
			}
		}
		switch v := v.(type) {
		case object:
			if !yield(with(v, marker, 1)) {
				return
			}
			for name, child := range v {
				if !yield(with(v, strings.ToUpper(name), marker)) {
					return
				}
				for changed := range withMarker(child) {
					o := maps.Clone(v)
					o[name] = changed
					if !yield(o) {
						return
					}
				}
			}
		case []any:
			for i, child := range v {
				for changed := range withMarker(child) {
					list := slices.Clone(v)
					list[i] = changed
					if !yield(list) {
						return
					}
				}
			}
		}
	}
}
