package rest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store/memory"
	"github.com/contactpipeline/visitors/store/rest"
)

func TestVisitorsFromCreationToDeletion(t *testing.T) {
	t.Parallel()
	s := open(t, memory.New(), nil)
	made := s.call("POST", "/visitors", object{"name": " Ada  Lovelace ", "source": "Instagram", "email": "ada@Example.com", "tags": []string{"hot-lead"},
		"attributes": object{"city": "London", "score": 0.5, "vip": true, "langs": []string{"en"}, "born": object{"time": "1815-12-10T00:00:00Z"}}})
	v := made.is(201)
	id := v["id"].(string)
	require.Equal(t, "Ada Lovelace", v["name"])
	require.Equal(t, "visitors/"+id, made.Header.Get("Location"))
	require.Equal(t, `"1"`, made.Header.Get("ETag"))
	require.Equal(t, "no-store", made.Header.Get("Cache-Control"))

	got := s.call("GET", "/visitors/"+id, nil)
	require.Equal(t, v, got.is(200))
	require.Equal(t, `"1"`, got.Header.Get("ETag"))

	page := s.call("GET", "/visitors?filter=source:instagram+tag:hot-lead+ada", nil).is(200)
	require.Len(t, page["visitors"], 1)
	require.Equal(t, "", page["next"])

	changed := s.call("PATCH", "/visitors/"+id, object{"name": "Ada King", "unset": []string{"score"}}, "If-Match", `"1"`)
	require.Equal(t, "Ada King", changed.is(200)["name"])
	require.Equal(t, `"2"`, changed.Header.Get("ETag"))
	s.call("PATCH", "/visitors/"+id, object{"name": "Eve"}, "If-Match", `"1"`).problem(412, rest.CodePrecondition)
	s.call("PATCH", "/visitors/"+id, object{"name": "Eve", "if_revision": 1}).problem(409, rest.CodeConflict)
	s.call("PATCH", "/visitors/"+id, object{"name": "Ada"}, "If-Match", "*").is(200)

	s.call("DELETE", "/visitors/"+id, nil).is(204)
	s.call("DELETE", "/visitors/"+id, nil).problem(404, rest.CodeNotFound)
	s.call("GET", "/visitors/"+id, nil).problem(404, rest.CodeNotFound)
}
