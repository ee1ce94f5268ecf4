package day_test

import (
	"bytes"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/internal/day"
	"github.com/contactpipeline/visitors/store/internal/pgtest"
	"github.com/contactpipeline/visitors/store/memory"
	"github.com/contactpipeline/visitors/store/postgres"
	"github.com/contactpipeline/visitors/store/sqlite"
	"github.com/contactpipeline/visitors/store/webhook"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/intake"
	"github.com/contactpipeline/visitors/visitor/intake/intaketest"
)

var (
	seed = flag.Uint64("day.seed", uint64(time.Now().UnixNano()), "seed of the day")
	size = flag.Int("day.events", 6_000, "how many events the day has")
)

func TestMain(m *testing.M) { pgtest.Main(m) }

var made = sync.OnceValue(func() day.Day { return day.New(*seed, *size) })

// Late, reordered, repeated and concurrent deliveries lead to the same visitors as each event
// once and in order.
func TestDay(t *testing.T) {
	for _, e := range []struct {
		name string
		open func(*testing.T) store.Store
	}{
		{"memory", func(*testing.T) store.Store { return memory.New() }},
		{"sqlite", func(t *testing.T) store.Store {
			st, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "visitors.db"), nil)
			require.NoError(t, err)
			return st
		}},
		{"postgres", func(t *testing.T) store.Store {
			st, err := postgres.Open(t.Context(), pgtest.Database(t, nil), nil)
			require.NoError(t, err)
			return st
		}},
	} {
		t.Run(e.name, func(t *testing.T) {
			st := e.open(t)
			t.Cleanup(func() { require.NoError(t, st.Close()) })
			d := made()
			begun := time.Now()
			want := inOrder(t, opened(t, st, "ordered"), d)
			ordered := time.Since(begun)
			begun = time.Now()
			counts := arriving(t, opened(t, st, "arrived"), d)
			arrived := time.Since(begun)
			got := dumped(t, opened(t, st, "arrived"))
			t.Logf("-day.seed %d: %d events in %d deliveries, %d visitors; in order %v, as they arrive %v",
				*seed, len(d.Ordered), len(d.Arrived), len(want), ordered.Round(time.Millisecond), arrived.Round(time.Millisecond))
			t.Logf("%v\n%v", d.Kinds, counts)
			compare(t, want, got)
		})
	}
}

// compare shows the first visitors that differ.
func compare(t *testing.T, want, got []string) {
	t.Helper()
	lost := missing(want, got)
	more := missing(got, want)
	if len(lost)+len(more) > 0 {
		t.Fatalf("-day.seed %d -day.events %d: %d visitors are missing, such as\n%s\n%d are too many, such as\n%s", *seed, *size,
			len(lost), strings.Join(lost[:min(3, len(lost))], "\n"), len(more), strings.Join(more[:min(3, len(more))], "\n"))
	}
}

// missing returns the items of a that are not in b; both are sorted.
func missing(a, b []string) (all []string) {
	for _, s := range a {
		if _, ok := slices.BinarySearch(b, s); !ok {
			all = append(all, s)
		}
	}
	if len(all) == 0 && len(a) > len(b) {
		all = []string{"a visitor that exists twice"}
	}
	return all
}

func opened(t *testing.T, st store.Store, name string) *store.Workspace {
	t.Helper()
	ws, err := store.Open(st, name, &store.Options{Now: day.Clock, Sources: day.Sources()})
	require.NoError(t, err)
	return ws
}

// inOrder captures each event once, in order.
func inOrder(t *testing.T, ws *store.Workspace, d day.Day) []string {
	t.Helper()
	var contacts []visitor.Contact
	channels := day.Channels()
	for _, one := range d.Ordered {
		batch, err := channels[one.Channel].Parse(intaketest.Delivery{ContentType: one.ContentType}.Header, one.Body)
		require.NoError(t, err, "%s", one.Body)
		for _, e := range batch.Events {
			require.NotEqual(t, intake.Malformed, e.Reason, "%s", one.Body)
		}
		contacts = slices.AppendSeq(contacts, batch.Contacts())
	}
	results, err := ws.CaptureAll(t.Context(), contacts)
	require.NoError(t, err)
	for _, r := range results {
		require.NoError(t, r.Err)
	}
	return dumped(t, ws)
}

// arriving posts the deliveries of the day to the handlers of its channels concurrently.
func arriving(t *testing.T, ws *store.Workspace, d day.Day) map[webhook.Outcome]int64 {
	t.Helper()
	type endpoint struct {
		*webhook.Handler
		channel intake.Channel
	}
	endpoints := map[string]endpoint{}
	for name, channel := range day.Channels() {
		signed, _, _ := intaketest.Sign(channel, nil)
		endpoints[name] = endpoint{webhook.New(ws, signed, nil), channel}
	}
	ended := make([]chan struct{}, len(d.Arrived))
	var group sync.WaitGroup
	for i, one := range d.Arrived {
		if ended[i] = make(chan struct{}); i >= day.MaxConcurrent {
			<-ended[i-day.MaxConcurrent] // limits how far deliveries are reordered
		}
		group.Go(func() {
			defer close(ended[i])
			to := endpoints[one.Channel]
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", bytes.NewReader(one.Body))
			r.Header.Set("Content-Type", one.ContentType)
			if _, header, value := intaketest.Sign(to.channel, one.Body); header != "" {
				r.Header.Set(header, value)
			}
			w := httptest.NewRecorder()
			if to.ServeHTTP(w, r); w.Code != http.StatusOK {
				t.Errorf("status %d for %s", w.Code, one.Body)
			}
		})
	}
	group.Wait()
	all := map[webhook.Outcome]int64{}
	for _, to := range endpoints {
		for outcome, n := range to.Counts().Outcomes {
			all[outcome] += n
		}
	}
	require.Zero(t, all[webhook.Failed]+all[webhook.Refused])
	return all
}

// dumped returns all visitors of a workspace as sorted text, without ids and revisions.
func dumped(t *testing.T, ws *store.Workspace) (all []string) {
	t.Helper()
	for v, err := range ws.All(t.Context(), store.Query{Where: filter.All()}) {
		require.NoError(t, err)
		v.ID, v.Revision = "", 0
		for i := range v.Tags {
			v.Tags[i].Tag = ""
		}
		all = append(all, fmt.Sprint(v))
	}
	slices.Sort(all)
	return all
}
