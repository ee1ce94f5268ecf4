// Command automation reacts to people who enter and leave groups with a rule: a workflow tags them,
// and each event is delivered to another server, signed. The groups are watched, so that store.Run
// also notices who leaves because time has passed. The example moves the clock by itself.
package main

import (
	"context"
	"crypto/hmac"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/sqlite"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, out io.Writer) error {
	folder, err := os.MkdirTemp("", "automation")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	st, err := sqlite.Open(ctx, filepath.Join(folder, "visitors.db"), nil)
	if err != nil {
		return err
	}
	defer st.Close()
	var ahead atomic.Int64 // of the real time
	ws, err := store.Open(st, "shop", &store.Options{Now: func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }})
	if err != nil {
		return err
	}
	workflows, err := watchedGroups(ctx, ws)
	if err != nil {
		return err
	}

	secret := []byte("shared with the other server")
	crm := &receiver{secret: secret, entered: make(chan string, 10)}
	server := httptest.NewServer(crm)
	defer server.Close()

	ctx, stop := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer stop()
	running.Go(func() { store.Run(ctx, ws) })                              // what time changes
	running.Go(func() { automate(ctx, ws, 0, workflows) })                 // a program keeps the numbers that
	running.Go(func() { deliver(ctx, ws, 0, server.URL+"/hook", secret) }) // these return, and passes them later

	ada, err := ws.Create(ctx, visitor.Draft{Name: "Ada", Source: visitor.Instagram, Tags: []string{"hot-lead"}})
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "1. Ada was created with the tag hot-lead:", <-crm.entered, "and", <-crm.entered)
	if err := tagged(ctx, ws, ada.ID, "to-call", true); err != nil {
		return err
	}
	fmt.Fprintln(out, "   the workflow gave her the tag to-call")
	if _, err := ws.Untag(ctx, []string{"hot-lead"}, ada.ID); err != nil {
		return err
	}
	fmt.Fprintln(out, "2. She is no hot lead any more:", <-crm.entered)
	if err := tagged(ctx, ws, ada.ID, "to-call", false); err != nil {
		return err
	}
	fmt.Fprintln(out, "   the workflow removed the tag")
	ahead.Store(int64(8 * 24 * time.Hour))
	fmt.Fprintln(out, "3. Eight days later:", <-crm.entered)
	if err := tagged(ctx, ws, ada.ID, "win-back", true); err != nil {
		return err
	}
	fmt.Fprintln(out, "   the workflow gave her the tag win-back")
	return nil
}

// watchedGroups creates two groups that are watched, and returns what happens in each.
func watchedGroups(ctx context.Context, ws *store.Workspace) (map[group.ID]workflow, error) {
	if _, err := ws.CreateTag(ctx, tag.Draft{Name: "hot-lead"}); err != nil {
		return nil, err
	}
	workflows := map[group.ID]workflow{}
	for _, w := range []struct {
		name string
		rule filter.Expr
		flow workflow
	}{
		{"Hot leads", filter.And(filter.Source.Is(visitor.Instagram), filter.Tag.Has("hot-lead")),
			workflow{"call", tagging("to-call"), untagging("to-call")}},
		{"New this week", filter.CreatedAt.Within(7 * 24 * time.Hour), workflow{"win back", nil, tagging("win-back")}},
	} {
		g, err := ws.CreateGroup(ctx, group.Draft{Name: w.name, Rule: w.rule})
		if err != nil {
			return nil, err
		}
		if err := ws.WatchGroup(ctx, g.ID, true, nil); err != nil {
			return nil, err
		}
		workflows[g.ID] = w.flow
	}
	return workflows, nil
}

// tagged waits until a visitor has a tag, or has it no more.
func tagged(ctx context.Context, ws *store.Workspace, id visitor.ID, name string, has bool) error {
	for {
		v, err := ws.Get(ctx, id)
		if err != nil || slices.ContainsFunc(v.Tags, func(a tag.Assignment) bool { return a.Name == name }) == has {
			return err
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// receiver is the other server. It checks signatures, and refuses the first event, as if it was
// restarting.
type receiver struct {
	secret  []byte
	refused atomic.Bool
	entered chan string
}

func (s *receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err != nil || !hmac.Equal([]byte(sign(s.secret, body)), []byte(r.Header.Get(signature))) {
		http.Error(w, "not signed", http.StatusForbidden)
		return
	}
	if !s.refused.Swap(true) {
		http.Error(w, "try again", http.StatusServiceUnavailable)
		return
	}
	var e store.Event
	if err := json.Unmarshal(body, &e); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if flip, ok := e.Flip(); ok {
		s.entered <- fmt.Sprintf("%s by %s", e.Kind, flip.Cause)
	}
}
