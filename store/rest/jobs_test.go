package rest_test

import (
	"bufio"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store/memory"
	"github.com/contactpipeline/visitors/store/rest"
)

func TestJobs(t *testing.T) {
	t.Parallel()
	s := open(t, memory.New(), &rest.Options{Actor: func(*http.Request) string { return "ann" }})
	ids := s.people("Ada", "Bob", "Cleo")
	plan := func(body object) (id string, job object) {
		t.Helper()
		a := s.call("POST", "/jobs", body)
		job = a.is(201)
		id = job["id"].(string)
		require.Equal(t, "jobs/"+id, a.Header.Get("Location"))
		return id, job
	}
	count := func(filter string) float64 {
		t.Helper()
		return s.call("GET", "/visitors/count?filter="+filter, nil).is(200)["count"].(float64)
	}

	id, job := plan(object{"action": "tag", "filter": "-name:cleo", "tags": []string{"VIP"}})
	require.Equal(t, object{"changed": 2., "unchanged": 0.}, job["expected"])
	require.Equal(t, []any{"majority"}, job["warnings"])
	require.Equal(t, []any{"planned", "ann", "-name:cleo", 2.}, []any{job["state"], job["actor"], job["filter"], job["count"]})
	require.EqualValues(t, 0, s.call("GET", "/visitors/count", nil).is(200)["count"].(float64)-3, "nothing is changed")
	ran := s.call("POST", "/jobs/"+id+"/run", nil).is(200)
	require.Equal(t, object{"done": 2., "changed": 2., "unchanged": 0., "missing": 0., "refused": 0.}, ran["progress"])
	require.EqualValues(t, 2, count("tag:vip"))
	require.Equal(t, "it is done", s.call("POST", "/jobs/"+id+"/run", nil).problem(409, rest.CodeJobState)["detail"])
	undone := s.call("POST", "/jobs/"+id+"/undo", nil).is(200)
	require.Equal(t, object{"done": 2., "restored": 2., "left": 0., "gone": 0.}, undone["undo"])
	require.EqualValues(t, 0, count("tag:vip"))

	held, _ := plan(object{"action": "delete", "ids": ids[:1], "hold": 3600})
	waits := s.call("POST", "/jobs/"+held+"/run", nil).is(200)
	require.Equal(t, "held", waits["state"])
	require.NotEmpty(t, waits["not_before"])
	require.Equal(t, "canceled", s.call("POST", "/jobs/"+held+"/cancel", nil).is(200)["state"])

	set, _ := plan(object{"action": "set", "filter": "is:everyone", "set": object{"plan": "pro"}})
	require.Equal(t, "done", s.call("POST", "/jobs/"+set+"/run", nil).is(200)["state"])
	merge, _ := plan(object{"action": "merge", "pairs": [][]string{{ids[0], ids[1]}}})
	require.Equal(t, "done", s.call("POST", "/jobs/"+merge+"/run", nil).is(200)["state"])
	require.EqualValues(t, 2, count(""))

	var states []any
	for _, j := range s.call("GET", "/jobs", nil).is(200)["jobs"].([]any) {
		states = append(states, j.(object)["state"])
	}
	require.Equal(t, []any{"done", "done", "canceled", "undone"}, states, "newest first")
	newest := s.call("GET", "/jobs?limit=3", nil).is(200)["jobs"].([]any)
	require.Len(t, newest, 3)
	require.Equal(t, []any{merge, held}, []any{newest[0].(object)["id"], newest[2].(object)["id"]})
	require.Equal(t, id, s.call("GET", "/jobs/"+id, nil).is(200)["id"])
	s.call("DELETE", "/jobs/"+id, nil).is(204)
	for method, path := range map[string]string{"GET": "", "DELETE": "", "POST": "/run"} {
		require.Equal(t, "job", s.call(method, "/jobs/"+id+path, nil).problem(404, rest.CodeNotFound)["kind"])
	}
}

// A request works on a job for a limited time, and the next one continues.
func TestJobInSeveralRequests(t *testing.T) {
	t.Parallel()
	st := memory.New()
	s := open(t, st, &rest.Options{JobTime: time.Nanosecond})
	s.people("Ada", "Bob")
	job := s.call("POST", "/jobs", object{"action": "tag", "filter": "is:everyone", "tags": []string{"vip"}}).is(201)
	path := "/jobs/" + job["id"].(string)
	require.Equal(t, "planned", s.call("POST", path+"/run", nil).is(202)["state"], "no time for a step")

	other := open(t, st, nil)
	r, err := http.NewRequestWithContext(t.Context(), "GET", other.URL+path+"/stream", nil)
	require.NoError(t, err)
	res, err := other.Client().Do(r)
	require.NoError(t, err)
	defer res.Body.Close()
	var events []string
	for lines := bufio.NewScanner(res.Body); lines.Scan(); {
		if state, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
			if events = append(events, state); state == "planned" {
				require.Equal(t, "done", other.call("POST", path+"/run", nil).is(200)["state"])
			}
		}
	}
	require.Equal(t, []string{"planned", "done"}, events)
}

func TestJobsRefuse(t *testing.T) {
	t.Parallel()
	s := open(t, memory.New(), nil)
	ids := s.people("Ada")
	for name, c := range map[string]struct {
		body  object
		field string
	}{
		"no visitors":         {object{"action": "delete"}, "filter"},
		"filter and ids":      {object{"action": "delete", "filter": "ada", "ids": ids}, "filter"},
		"an empty filter":     {object{"action": "delete", "filter": " "}, "filter"},
		"an unknown tag":      {object{"action": "delete", "filter": "tag:vip"}, "filter"},
		"an unknown action":   {object{"action": "rename", "ids": ids}, "action"},
		"no tags":             {object{"action": "tag", "ids": ids}, "tags"},
		"a group to tag":      {object{"action": "tag", "tags": []string{"vip"}, "ids": ids, "group": ids[0]}, "group"},
		"not an id":           {object{"action": "delete", "ids": []string{"1"}}, "ids[0]"},
		"three ids in a pair": {object{"action": "merge", "pairs": [][]string{{ids[0], ids[0], ids[0]}}}, "pairs[0]"},
		"a pair of one":       {object{"action": "merge", "pairs": [][]string{{ids[0], ids[0]}}}, "pairs"},
		"a negative hold":     {object{"action": "delete", "ids": ids, "hold": -1}, "hold"},
	} {
		require.Equal(t, c.field, s.call("POST", "/jobs", c.body).is(422)["field"], name)
	}
	require.EqualValues(t, 8, s.call("POST", "/jobs", object{"action": "delete", "filter": "ada tag:vip"}).problem(422, rest.CodeUnknownTag)["position"])
	s.call("POST", "/jobs", object{"action": "add_to_group", "ids": ids, "group": someID}).problem(404, rest.CodeNotFound)
	s.call("POST", "/jobs/"+someID+"/undo", nil).problem(404, rest.CodeNotFound)
	s.call("GET", "/jobs/1", nil).problem(422, rest.CodeInvalid)
}
