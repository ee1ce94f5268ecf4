package rest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/memory"
	"github.com/contactpipeline/visitors/store/rest"
	"github.com/contactpipeline/visitors/visitor"
)

// TestActorOfEveryChange makes every kind of change through the API and checks its actor.
func TestActorOfEveryChange(t *testing.T) {
	t.Parallel()
	s := open(t, memory.New(), &rest.Options{Actor: func(r *http.Request) string { return r.Header.Get("User") }})
	ann := func(method, path string, body any) object {
		t.Helper()
		a := s.call(method, path, body, "User", "ann")
		require.Less(t, a.StatusCode, 300, string(a.text))
		return a.is(a.StatusCode)
	}
	group := ann("POST", "/groups", object{"name": "Team"})["id"].(string)
	v := ann("POST", "/visitors", object{"name": "Ada", "source": "chat", "tags": []string{"vip"}, "groups": []string{group}})
	id, tag := v["id"].(string), v["tags"].([]any)[0].(object)
	require.Equal(t, "ann", tag["actor"])
	require.Equal(t, "ann", v["memberships"].([]any)[0].(object)["actor"])
	ann("PATCH", "/visitors/"+id, object{"name": "Ada King"})
	ann("POST", "/visitors/"+id+"/identities", object{"source": "telegram", "external_id": "7"})
	ann("DELETE", "/visitors/"+id+"/identities?source=telegram&external_id=7", nil)
	ann("POST", "/capture", object{"source": "telegram", "external_id": "42", "occurred_at": "2026-01-01T00:00:00Z"})
	ann("POST", "/capture", object{"source": "telegram", "external_id": "42", "occurred_at": "2026-01-02T00:00:00Z"})
	other := ann("POST", "/visitors", object{"name": "Ada", "source": "chat"})["id"].(string)
	ann("POST", "/visitors/"+id+"/merge", object{"from": other})
	ann("POST", "/visitors/"+other+"/unmerge", nil)
	for _, body := range []object{
		{"action": "untag", "tags": []string{"vip"}}, {"action": "tag", "tags": []string{"vip"}},
		{"action": "remove_from_group", "group": group}, {"action": "add_to_group", "group": group}, {"action": "delete"},
	} {
		ann("POST", "/visitors/bulk", with(body, "ids", []string{id}))
	}
	ann("DELETE", "/visitors/"+other, nil)
	ann("PATCH", "/tags/"+tag["tag"].(string), object{"name": "best"})
	ann("DELETE", "/tags/"+tag["tag"].(string), nil)
	ann("PATCH", "/groups/"+group, object{"name": "Best"})
	ann("DELETE", "/groups/"+group, nil)

	kinds := map[any]bool{}
	for _, e := range s.call("GET", "/events", nil).is(200)["events"].([]any) {
		require.Equal(t, "ann", e.(object)["actor"], e)
		kinds[e.(object)["kind"]] = true
	}
	require.Len(t, kinds, 16, "every kind of event")
	s.call("POST", "/tags", object{"name": "new"}).is(201)
	events := s.call("GET", "/events", nil).is(200)["events"].([]any)
	require.NotContains(t, events[len(events)-1], "actor")
}

func TestInvalidActor(t *testing.T) {
	t.Parallel()
	var failed []error
	s := open(t, memory.New(), &rest.Options{
		Actor:  func(*http.Request) string { return strings.Repeat("a", 201) },
		Failed: func(_ *http.Request, err error) { failed = append(failed, err) },
	})
	s.call("POST", "/tags", object{"name": "vip"}).problem(500, rest.CodeInternal)
	require.Len(t, failed, 1)
	require.ErrorIs(t, failed[0], store.ErrInvalid)
}

// The API shows the actor and the cause of a change that a program made.
func TestActorAndCauseAreShown(t *testing.T) {
	t.Parallel()
	st := memory.New()
	s := open(t, st, nil)
	ws, err := store.Open(st, "acme", nil)
	require.NoError(t, err)
	robot, err := ws.WithActor("robot", "spring campaign")
	require.NoError(t, err)
	g, err := robot.CreateGroup(t.Context(), group.Draft{Name: "Team"})
	require.NoError(t, err)
	v, err := robot.Create(t.Context(), visitor.Draft{Name: "Ada", Source: visitor.Chat, Tags: []string{"vip"}, Groups: []group.ID{g.ID}})
	require.NoError(t, err)
	events := s.call("GET", "/events?visitor="+string(v.ID), nil).is(200)["events"].([]any)
	shown := s.call("GET", "/visitors/"+string(v.ID), nil).is(200)
	for _, o := range []any{events[0], shown["tags"].([]any)[0], shown["memberships"].([]any)[0]} {
		require.Equal(t, []any{"robot", "spring campaign"}, []any{o.(object)["actor"], o.(object)["cause"]})
	}
	require.Equal(t, string(g.ID), shown["memberships"].([]any)[0].(object)["group"])
	require.NotContains(t, shown, "groups")
}
