package rest_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/memory"
	"github.com/contactpipeline/visitors/store/rest"
)

func TestWatchedGroup(t *testing.T) {
	t.Parallel()
	clock := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	s := open(t, memory.New(), &rest.Options{Store: &store.Options{Now: func() time.Time { return clock }}})
	s.people("Ada", "Bob")
	id := s.call("POST", "/groups", object{"name": "New", "rule_text": "created:<30d"}).is(201)["id"].(string)
	s.call("PUT", "/groups/"+id+"/watch", object{"events": true}).is(204)
	s.call("PUT", "/groups/"+id+"/watch", object{}).is(204)
	listed := s.call("GET", "/groups", nil).is(200)["groups"].([]any)
	require.Equal(t, true, listed[0].(object)["watched"])

	events := s.call("GET", "/events?after=4", nil).is(200)["events"].([]any)
	require.Len(t, events, 2)
	require.Equal(t, "group.entered", events[0].(object)["kind"])
	require.Equal(t, []any{"rule", "rule:1"}, events[0].(object)["fields"])

	until := clock.AddDate(0, 0, 31).Format(time.RFC3339)
	upcoming := s.call("GET", "/groups/"+id+"/upcoming?limit=1&until="+until, nil).is(200)
	require.Equal(t, true, upcoming["more"])
	require.Equal(t, false, upcoming["changes"].([]any)[0].(object)["entered"])
	s.call("GET", "/groups/"+id+"/upcoming", nil).problem(422, rest.CodeInvalid)

	path := "/groups/" + id + "/preview"
	require.Equal(t, object{"entered": 0.0, "left": 1.0}, s.call("POST", path, object{"rule_text": "name:ada"}).is(200))
	require.Equal(t, object{"entered": 0.0, "left": 2.0}, s.call("POST", path, object{"clear_rule": true}).is(200))
	require.Equal(t, "rule_text", s.call("POST", path, object{"rule_text": "tag:nobody"}).problem(422, rest.CodeUnknownTag)["field"])
	s.call("POST", path, object{}).problem(422, rest.CodeInvalid)

	s.call("DELETE", "/groups/"+id+"/watch", nil).is(204)
	s.call("DELETE", "/groups/"+id+"/watch", nil).is(204)
	missing := "/groups/01900000-0000-7000-8000-000000000000"
	s.call("PUT", missing+"/watch", object{}).problem(404, rest.CodeNotFound)
	s.call("GET", missing+"/upcoming?until="+until, nil).problem(404, rest.CodeNotFound)
	s.call("POST", missing+"/preview", object{"clear_rule": true}).problem(404, rest.CodeNotFound)
	can := s.call("POST", "/groups", object{"name": "Reachable", "rule_text": "can:email"}).is(201)["id"].(string)
	s.call("PUT", "/groups/"+can+"/watch", object{}).problem(422, rest.CodeFilterInvalid)
}
