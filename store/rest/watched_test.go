package rest_test

import (
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store/memory"
	"github.com/contactpipeline/visitors/store/rest"
)

func TestWatchedGroups(t *testing.T) {
	t.Parallel()
	s := open(t, memory.New(), nil)
	s.call("POST", "/tags", `{"name":"vip"}`).is(201)
	g := s.call("POST", "/groups", `{"name":"VIPs this week","rule_text":"tag:vip created:<7d"}`).is(201)["id"].(string)
	ada := s.call("POST", "/visitors", `{"name":"Ada","source":"chat","tags":["vip"]}`).is(201)["id"].(string)
	s.call("POST", "/groups/"+g+"/watch", `{"events":true}`).is(204)
	s.call("POST", "/groups/"+g+"/watch", `{}`).is(204)
	require.Equal(t, []any{g}, s.call("GET", "/groups/watched", nil).is(200)["groups"])
	kinds := func() (all []any) {
		for _, e := range list(t, s.call("GET", "/events?visitor="+ada, nil).is(200), "events") {
			all = append(all, e["kind"])
		}
		return all
	}
	require.Equal(t, []any{"visitor.created", "group.entered"}, kinds())
	s.call("POST", "/visitors/bulk", `{"action":"untag","ids":["`+ada+`"],"tags":["vip"]}`).is(200)
	require.Equal(t, []any{"visitor.created", "group.entered", "visitor.untagged", "group.left"}, kinds())

	require.Equal(t, object{"entered": 1.0, "left": 0.0}, s.call("POST", "/groups/"+g+"/preview", `{"rule_text":"created:<7d"}`).is(200))
	require.Equal(t, object{"entered": 0.0, "left": 0.0}, s.call("POST", "/groups/"+g+"/preview", `{}`).is(200))
	require.Equal(t, "rule_text", s.call("POST", "/groups/"+g+"/preview", `{"rule_text":"tag:"}`).is(422)["field"])
	s.call("PATCH", "/groups/"+g, `{"rule_text":"created:<7d"}`).is(200)
	until := "/groups/" + g + "/upcoming?until=" + url.QueryEscape(time.Now().Add(8*24*time.Hour).Format(time.RFC3339))
	changes := list(t, s.call("GET", until, nil).is(200), "changes")
	require.Len(t, changes, 1)
	require.Equal(t, ada, changes[0]["visitor"])
	require.Equal(t, false, changes[0]["entered"])

	s.call("DELETE", "/groups/"+g+"/watch", nil).is(204)
	require.Empty(t, s.call("GET", "/groups/watched", nil).is(200)["groups"])
	s.call("POST", "/groups/"+someID+"/watch", `{}`).problem(404, rest.CodeNotFound)
	s.call("POST", "/groups/"+someID+"/preview", `{}`).problem(404, rest.CodeNotFound)
	reach := s.call("POST", "/groups", `{"name":"Reachable","rule_text":"can:email"}`).is(201)["id"].(string)
	s.call("POST", "/groups/"+reach+"/watch", `{}`).is(422)
	require.Equal(t, "until", s.call("GET", "/groups/"+g+"/upcoming", nil).problem(422, rest.CodeInvalid)["field"])
}
