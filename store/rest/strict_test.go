package rest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store/memory"
	"github.com/contactpipeline/visitors/store/rest"
)

// Input that encoding/json would accept, in part silently changed, is refused.
func TestBodiesAreReadStrictly(t *testing.T) {
	t.Parallel()
	s := open(t, memory.New(), nil)
	for body, field := range map[string]string{
		`{"NAME":"Ada","source":"chat"}`:                                                               "body",
		`{"name":"Ada","Name":"Eve","source":"chat"}`:                                                  "body",
		`{"name":"Ada","name":"Eve","source":"chat"}`:                                                  "body",
		`{"name":"Ada","n\u0061me":"Eve","source":"chat"}`:                                             "body",
		`{"name":"\ud800","source":"chat"}`:                                                            "name",
		"{\"name\":\"a\xff\",\"source\":\"chat\"}":                                                     "name",
		`{"name":"Ada","source":"chat","tags":["a","\udc00"]}`:                                         "tags[1]",
		`{"name":"Ada","source":"chat","\ud800":1}`:                                                    "body",
		`{"name":"Ada","source":"chat","attributes":{"city":"\ud800\ud800"}}`:                          "attributes.city",
		`{"name":"Ada","source":"chat","attributes":{"langs":["en","\ud800"]}}`:                        "attributes.langs[1]",
		`{"name":"Ada","source":"chat","attributes":{"b":1,"b":2}}`:                                    "attributes",
		`{"name":"Ada","source":"chat","attributes":{"b":{"Time":"2026-01-01T00:00:00Z"}}}`:            "attributes.b",
		`{"name":"Ada","source":"chat","identities":[{"source":"chat","external_id":"1","x":1}]}`:      "identities[0]",
		`{"name":"Ada","source":"chat","identities":[{"source":"chat","External_Id":"1"}]}`:            "identities[0]",
		`{"name":"Ada","source":"chat","identities":[{"source":"chat","external_id":"\ud83d\u0041"}]}`: "identities[0].external_id",
	} {
		require.Equal(t, field, s.call("POST", "/visitors", body).problem(422, rest.CodeInvalid)["field"], body)
	}
	require.Equal(t, "property 3 is unknown; known are attributes, created_at, email, groups, identities, name, phone, source, tags",
		s.call("POST", "/visitors", `{"name":"Ada","source":"chat","x":1}`).problem(422, rest.CodeInvalid)["detail"])
	for _, body := range []string{``, ` `, `{`, `{"name"`, `{"name":}`, `{"name":"Ada","source":"chat"}}`, `{"name":"Ada","source":"chat"}{}`, `{1:2}`} {
		s.call("POST", "/visitors", body).problem(400, rest.CodeMalformed)
	}
	s.call("POST", "/visitors/search", `{"where":{"version":1,"filter":{"op":"search","text":"\ud800"}}}`).problem(422, rest.CodeFilterInvalid)
	require.Equal(t, "/filter/op", s.call("POST", "/visitors/search", `{"where":{"version":1,"filter":{"op":"nobody","op":"everyone"}}}`).problem(422, rest.CodeFilterInvalid)["pointer"])

	const ada = `{"name":"Ada \ud83d\ude00","source":"chat"}`
	for _, accepted := range []string{"application/json", "APPLICATION/JSON", "application/json; charset=UTF-8", `Application/Json;charset="utf-8"`} {
		require.Equal(t, "Ada 😀", s.call("POST", "/visitors", ada, "Content-Type", accepted).is(201)["name"])
	}
	for _, refused := range []string{"", "text/plain", "application/json; charset=utf-16", "application/json; charset", "application/jsonp", "json", "*/*", "application/json, application/json"} {
		s.call("POST", "/visitors", ada, "Content-Type", refused).problem(415, rest.CodeMediaType)
	}
}

// Unknown and repeated parameters are refused, because ignoring them would change the result.
func TestQueriesAreReadStrictly(t *testing.T) {
	t.Parallel()
	s := open(t, memory.New(), nil)
	for query, field := range map[string]string{"ada@x.com=1": "query", "LIMIT=1": "query", "limit=1&limit=2": "limit", "filter=%zz": "query", "filter=a;limit=1": "query"} {
		require.Equal(t, field, s.call("GET", "/visitors?"+query, nil).problem(422, rest.CodeInvalid)["field"], query)
	}
	require.Equal(t, "an unknown parameter; known are after, filter, limit, order", s.call("GET", "/visitors?x", nil).is(422)["detail"])
	require.Equal(t, "an unknown parameter; none is known", s.call("GET", "/tags?x", nil).is(422)["detail"])
}
