package rest_test

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store/memory"
	"github.com/contactpipeline/visitors/store/rest"
)

func TestEvents(t *testing.T) {
	t.Parallel()
	s := open(t, memory.New(), nil)
	require.Equal(t, object{"events": []any{}, "next": 0.}, s.call("GET", "/events", nil).is(200))
	s.people("Ada", "Bob", "Cleo")
	page := s.call("GET", "/events?limit=2", nil).is(200)
	require.Len(t, page["events"], 2)
	require.EqualValues(t, 2, page["next"])
	page = s.call("GET", "/events?after=2", nil).is(200)
	require.Len(t, page["events"], 1)
	require.EqualValues(t, 3, page["next"])
	require.EqualValues(t, 3, s.call("GET", "/events?after=3", nil).is(200)["next"])
	s.call("GET", "/events?after=-2", nil).problem(422, rest.CodeInvalid)
}

func TestEventsOfOneVisitor(t *testing.T) {
	t.Parallel()
	s := open(t, memory.New(), nil)
	ids := s.people("Ada", "Bob")
	ada, bob := ids[0], ids[1]
	s.call("POST", "/visitors/bulk", object{"action": "tag", "ids": ids, "tags": []string{"vip"}}).is(200)
	s.call("PATCH", "/visitors/"+ada, object{"name": "Ada King"}).is(200)
	s.call("POST", "/visitors/"+ada+"/merge", object{"from": bob}).is(200)
	s.call("PATCH", "/visitors/"+bob, object{"name": "Ada B."}).is(200) // Bob's id is an alias of Ada's now
	kinds := func(query string) (kinds []any, next any) {
		t.Helper()
		page := s.call("GET", "/events?"+query, nil).is(200)
		for _, e := range page["events"].([]any) {
			kinds = append(kinds, e.(object)["kind"])
		}
		return kinds, page["next"]
	}
	all, next := kinds("visitor=" + ada)
	require.Equal(t, []any{"visitor.created", "visitor.tagged", "visitor.updated", "visitor.merged", "visitor.updated"}, all)
	require.EqualValues(t, 8, next)
	ofBob, _ := kinds("visitor=" + strings.ToUpper(bob))
	require.Equal(t, []any{"visitor.created", "visitor.tagged", "visitor.merged"}, ofBob)

	var paged []any
	for after := any(0.); ; {
		some, next := kinds(fmt.Sprintf("visitor=%s&limit=2&after=%v", ada, after))
		if len(some) == 0 {
			require.Equal(t, after, next)
			break
		}
		paged, after = append(paged, some...), next
	}
	require.Equal(t, all, paged)
	none, next := kinds("after=-1&visitor=" + ada)
	require.Empty(t, none)
	require.EqualValues(t, 8, next, "from now on")
	none, _ = kinds("visitor=" + someID)
	require.Empty(t, none)
	require.Equal(t, "visitor", s.call("GET", "/events?visitor=ada", nil).problem(422, rest.CodeInvalid)["field"])
}

func TestEventsFromNowOn(t *testing.T) {
	t.Parallel()
	s := open(t, memory.New(), nil)
	for n := range 40 {
		require.Equal(t, object{"events": []any{}, "next": float64(n)}, s.call("GET", "/events?after=-1", nil).is(200))
		s.people("Ada")
	}
}

// follow reads the lines of an event stream until it has the given number of ids.
func (s site) follow(ctx context.Context, path, last string, want int) (ids, kinds []string) {
	s.Helper()
	r, err := http.NewRequestWithContext(ctx, "GET", s.URL+path, nil)
	require.NoError(s, err)
	r.Header.Set("Last-Event-ID", last)
	res, err := s.Client().Do(r)
	require.NoError(s, err)
	defer res.Body.Close()
	require.Equal(s, http.StatusOK, res.StatusCode)
	require.Equal(s, "text/event-stream", res.Header.Get("Content-Type"))
	lines := bufio.NewScanner(res.Body)
	for lines.Scan() {
		if id, ok := strings.CutPrefix(lines.Text(), "id: "); ok {
			ids = append(ids, id)
		}
		if kind, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
			kinds = append(kinds, kind)
		}
		if lines.Text() == "" && len(ids) == want {
			return ids, kinds
		}
	}
	return ids, kinds
}

func TestEventStream(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	s := open(t, memory.New(), nil)
	s.people("Ada", "Bob")
	go func() {
		time.Sleep(50 * time.Millisecond)
		s.people("Cleo")
	}()
	ids, kinds := s.follow(ctx, "/events/stream?after=1", "", 2)
	require.Equal(t, []string{"2", "3"}, ids)
	require.Equal(t, []string{"visitor.created", "visitor.created"}, kinds)
	ids, _ = s.follow(ctx, "/events/stream", "2", 1)
	require.Equal(t, []string{"3"}, ids, "after the last one that was seen")
	s.call("GET", "/events/stream", nil, "Last-Event-ID", "x").problem(422, rest.CodeInvalid)
}

// A stream ends when its store is closed, so that a server can shut down.
func TestEventStreamEndsWithTheStore(t *testing.T) {
	t.Parallel()
	st := memory.New()
	s := open(t, st, nil)
	s.people("Ada")
	go func() {
		time.Sleep(50 * time.Millisecond)
		st.Close()
	}()
	ids, _ := s.follow(t.Context(), "/events/stream", "", 2)
	require.Equal(t, []string{"1"}, ids)
}
