package rest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// guest is a client that remembers the effects of its requests.
type guest struct {
	client     http.Client
	base, name string
	rnd        *rand.Rand
	alive      map[string]int // revisions
	gone       map[string]bool
	calls      int64
	keys       int
	err        error
}

// call sends a request and decodes the response into into; an unexpected status stops the guest.
func (g *guest) call(ctx context.Context, method, path string, body any, key string, into any, wanted ...int) {
	if g.err != nil {
		return
	}
	g.calls++
	status, answer, err := g.send(ctx, method, path, body, key)
	switch {
	case err != nil:
		g.err = err
	case !slices.Contains(wanted, status):
		g.err = fmt.Errorf("%s %s: %d: %s", method, path, status, answer)
	case into != nil && status < 300:
		g.err = json.Unmarshal(answer, into)
	}
}

func (g *guest) send(ctx context.Context, method, path string, body any, key string) (int, []byte, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return 0, nil, err
	}
	r, err := http.NewRequestWithContext(ctx, method, g.base+path, bytes.NewReader(text))
	if err != nil {
		return 0, nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	res, err := g.client.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	return res.StatusCode, answer, err
}

type soaked struct {
	ID       string `json:"id"`
	Revision int    `json:"revision"`
}

func (g *guest) step(ctx context.Context) {
	switch g.rnd.IntN(10) {
	case 0, 1:
		g.create(ctx)
	case 2:
		g.capture(ctx)
	case 3:
		g.update(ctx)
	case 4:
		g.delete(ctx)
	case 5:
		g.tag(ctx)
	case 6:
		g.look(ctx)
	case 7:
		g.count(ctx)
	case 8:
		g.own(ctx)
	default:
		g.call(ctx, "GET", "/visitors?limit=20&order=name&filter="+url.QueryEscape("tag:"+g.name+" OR tag:guest-0"), nil, "", nil, 200, 422) // 422: no guest has created the tag yet
	}
}

// create creates a visitor, sometimes with two requests that have the same key.
func (g *guest) create(ctx context.Context) {
	g.keys++
	key := fmt.Sprint(g.name, "-", g.keys)
	body := object{"name": fmt.Sprint(g.name, " ", g.keys), "source": "chat", "tags": []string{g.name}}
	var made, again soaked
	g.call(ctx, "POST", "/visitors", body, key, &made, 201)
	if g.rnd.IntN(4) == 0 {
		g.call(ctx, "POST", "/visitors", body, key, &again, 201)
		if g.err == nil && again.ID != made.ID {
			g.err = fmt.Errorf("key %s made two visitors", key)
		}
	}
	if g.err == nil {
		g.alive[made.ID] = 1
	}
}

// capture sends an event of a new person, sometimes twice.
func (g *guest) capture(ctx context.Context) {
	g.keys++
	event := fmt.Sprint(g.name, "-", g.keys)
	contact := object{"source": "telegram", "external_id": event, "event_id": event, "tags": []string{g.name}}
	var made, again struct {
		Outcome string
		Visitor soaked
	}
	g.call(ctx, "POST", "/capture", contact, "", &made, 200)
	if g.rnd.IntN(4) == 0 {
		g.call(ctx, "POST", "/capture", contact, "", &again, 200)
		if g.err == nil && again.Outcome != "ignored" {
			g.err = fmt.Errorf("event %s was %s twice", event, again.Outcome)
		}
	}
	if g.err == nil && made.Outcome != "created" {
		g.err = fmt.Errorf("event %s: %s", event, made.Outcome)
	}
	if g.err == nil {
		g.alive[made.Visitor.ID] = made.Visitor.Revision
	}
}

func (g *guest) any() (id string, ok bool) {
	for id := range g.alive { // any one
		return id, true
	}
	return "", false
}

func (g *guest) update(ctx context.Context) {
	if id, ok := g.any(); ok {
		var v soaked
		g.call(ctx, "PATCH", "/visitors/"+id, object{"set": object{"n": g.keys, "r": g.alive[id]}, "if_revision": g.alive[id]}, "", &v, 200)
		if g.err == nil && v.Revision != g.alive[id] && v.Revision != g.alive[id]+1 {
			g.err = fmt.Errorf("%s went from revision %d to %d", id, g.alive[id], v.Revision)
		}
		g.alive[id] = v.Revision
	}
}

func (g *guest) delete(ctx context.Context) {
	if id, ok := g.any(); ok {
		g.call(ctx, "DELETE", "/visitors/"+id, nil, "", nil, 204)
		g.call(ctx, "GET", "/visitors/"+id, nil, "", nil, 404)
		delete(g.alive, id)
		g.gone[id] = true
	}
}

func (g *guest) tag(ctx context.Context) {
	var ids []string
	for id := range g.alive {
		if ids = append(ids, id); len(ids) == 5 {
			break
		}
	}
	if len(ids) == 0 {
		return
	}
	var done struct{ Changed, Unchanged int }
	g.call(ctx, "POST", "/visitors/bulk", object{"action": []string{"tag", "untag"}[g.rnd.IntN(2)], "ids": ids, "tags": []string{"shared"}}, "", &done, 200)
	if g.err == nil && done.Changed+done.Unchanged != len(ids) {
		g.err = fmt.Errorf("%d of %d were there", done.Changed+done.Unchanged, len(ids))
	}
}

func (g *guest) look(ctx context.Context) {
	if id, ok := g.any(); ok {
		var v soaked
		g.call(ctx, "GET", "/visitors/"+id, nil, "", &v, 200)
		if g.err == nil && (v.ID != id || v.Revision != g.alive[id]) {
			g.err = fmt.Errorf("%s is at revision %d, not %d", id, v.Revision, g.alive[id])
		}
	}
}

// count counts its own visitors, which no other client changes.
func (g *guest) count(ctx context.Context) {
	if g.keys == 0 {
		return
	}
	var n struct{ Count int }
	g.call(ctx, "GET", "/visitors/count?filter="+url.QueryEscape("tag:"+g.name), nil, "", &n, 200)
	if g.err == nil && n.Count != len(g.alive) {
		g.err = fmt.Errorf("%s has %d visitors, counted are %d", g.name, len(g.alive), n.Count)
	}
}

// own reads all pages of its own visitors.
func (g *guest) own(ctx context.Context) {
	if g.keys == 0 || len(g.alive) > 200 && g.rnd.IntN(10) > 0 {
		return
	}
	found := g.walk(ctx, []string{"newest", "oldest", "updated", "name", "seen"}[g.rnd.IntN(5)], "tag:"+g.name)
	for id := range g.alive {
		if g.err == nil && !found[id] {
			g.err = fmt.Errorf("%s was lost", id)
		}
	}
	if g.err == nil && len(found) != len(g.alive) {
		g.err = fmt.Errorf("%d found of %d", len(found), len(g.alive))
	}
}

func (g *guest) walk(ctx context.Context, order, filter string) map[string]bool {
	found := map[string]bool{}
	for after := ""; g.err == nil; {
		var page struct {
			Visitors []soaked
			Next     string
		}
		g.call(ctx, "GET", "/visitors?limit=100&order="+order+"&filter="+url.QueryEscape(filter)+"&after="+after, nil, "", &page, 200)
		for _, v := range page.Visitors {
			if found[v.ID] {
				g.err = fmt.Errorf("%s was repeated", v.ID)
			}
			found[v.ID] = true
		}
		if after = page.Next; after == "" {
			break
		}
	}
	return found
}

// events reads all events, whose numbers have no gaps.
func (g *guest) events(t *testing.T) (created, deleted map[string]bool) {
	created, deleted = map[string]bool{}, map[string]bool{}
	for after := 0; ; {
		var page struct {
			Events []struct {
				Seq     int
				Kind    string
				Visitor string
			}
		}
		g.call(t.Context(), "GET", fmt.Sprint("/events?limit=1000&after=", after), nil, "", &page, 200)
		require.NoError(t, g.err)
		if len(page.Events) == 0 {
			return created, deleted
		}
		for _, e := range page.Events {
			require.Equal(t, after+1, e.Seq)
			after = e.Seq
			seen := map[string]map[string]bool{"visitor.created": created, "visitor.deleted": deleted}[e.Kind]
			if seen != nil {
				require.False(t, seen[e.Visitor], "%s occurs twice", e.Kind)
				seen[e.Visitor] = true
			}
		}
	}
}
