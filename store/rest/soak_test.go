package rest_test

import (
	"cmp"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store/rest"
	"github.com/contactpipeline/visitors/store/sqlite"
)

var (
	soakFlag = flag.Duration("rest.soak", time.Second, "how long TestSoak goes on")
	seedFlag = flag.Uint64("rest.seed", 0, "seed of TestSoak; 0 picks one")
)

// TestSoak runs 64 clients that read and write concurrently on SQLite. Each checks its own
// visitors by id while the others work. At the end every visitor that was created and not
// deleted exists once, and the events have each creation and deletion once.
func TestSoak(t *testing.T) {
	const clients = 64
	seed := cmp.Or(*seedFlag, uint64(time.Now().UnixNano()))
	st, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "visitors.db"), nil)
	require.NoError(t, err)
	defer st.Close()
	h, err := rest.New(st, &rest.Options{Workspace: acme, Failed: func(r *http.Request, err error) { t.Errorf("%s %s: %v", r.Method, r.URL.Path, err) }})
	require.NoError(t, err)
	server := httptest.NewServer(h)
	defer server.Close()
	transport := &http.Transport{MaxIdleConnsPerHost: clients}
	defer transport.CloseIdleConnections()

	all := make([]*guest, clients)
	end := time.Now().Add(*soakFlag)
	var calls atomic.Int64
	var group sync.WaitGroup
	for i := range all {
		g := &guest{
			client: http.Client{Transport: transport}, base: server.URL, name: fmt.Sprintf("guest-%d", i),
			rnd: rand.New(rand.NewPCG(seed, uint64(i))), alive: map[string]int{}, gone: map[string]bool{},
		}
		all[i] = g
		group.Go(func() {
			for g.err == nil && time.Now().Before(end) {
				g.step(t.Context())
			}
			calls.Add(g.calls)
		})
	}
	group.Wait()
	alive, gone := map[string]bool{}, map[string]bool{}
	for _, g := range all {
		require.NoError(t, g.err, "to try again: -rest.seed=%d", seed)
		for id := range g.alive {
			require.False(t, alive[id], "one id was given to two")
			alive[id] = true
		}
		maps.Copy(gone, g.gone)
	}
	reader := all[0]
	require.Equal(t, alive, reader.walk(t.Context(), "newest", ""), "visitors that exist at the end")
	require.Equal(t, alive, reader.walk(t.Context(), "name", ""), "in another order")
	created, deleted := reader.events(t)
	maps.Copy(alive, gone)
	require.Equal(t, alive, created, "creations in the events")
	require.Equal(t, gone, deleted, "deletions in the events")
	t.Logf("%d clients, %d calls, %d made, %d deleted in %v, seed %d", clients, calls.Load(), len(alive), len(gone), *soakFlag, seed)
}
