package remote_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/memory"
	"github.com/contactpipeline/visitors/store/remote"
	"github.com/contactpipeline/visitors/store/sqlite"
	"github.com/contactpipeline/visitors/store/storetest"
	"github.com/contactpipeline/visitors/store/transfer"
	"github.com/contactpipeline/visitors/visitor"
)

// anyone lets every client use every workspace.
func anyone(*http.Request, store.WorkspaceID) error { return nil }

// serve returns a client of st, over a socket.
func serve(tb testing.TB, st store.Store) *remote.Client {
	h, err := remote.NewHandler(st, &remote.HandlerOptions{Authorize: anyone, Failed: func(r *http.Request, err error) {
		tb.Errorf("%s: %v", r.URL.Path, err)
	}})
	require.NoError(tb, err)
	server := httptest.NewServer(h)
	tb.Cleanup(server.Close)
	c, err := remote.NewClient(server.URL, nil)
	require.NoError(tb, err)
	tb.Cleanup(func() { c.Close() })
	return c
}

// onSQLite does not wait for the disk: what is durable is tested in store/sqlite.
func onSQLite(tb testing.TB) store.Store {
	st, err := sqlite.Open(tb.Context(), filepath.Join(tb.TempDir(), "visitors.db"), &sqlite.Options{Relaxed: true})
	require.NoError(tb, err)
	tb.Cleanup(func() { st.Close() })
	return st
}

func TestClientOfMemory(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(tb testing.TB) store.Store { return serve(tb, memory.New()) })
}

func TestClientOfSQLite(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(tb testing.TB) store.Store { return serve(tb, onSQLite(tb)) })
}

func TestNewClientRefuses(t *testing.T) {
	t.Parallel()
	for _, base := range []string{"localhost:80", "ftp://localhost", "http://", "http://localhost/?a=b", ""} {
		_, err := remote.NewClient(base, nil)
		require.ErrorIs(t, err, store.ErrInvalid, base)
	}
}

// A client tells what is not a store's answer from what is.
func TestClientOfSomethingElse(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	mux.HandleFunc("/v1/get", func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "<html>bad gateway", http.StatusBadGateway)
	})
	mux.HandleFunc("/v1/apply", func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, `{"code":"new_code"}`, http.StatusConflict)
	})
	mux.HandleFunc("/v1/events", func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(`{"events":[{`)) })
	server := httptest.NewServer(mux)
	defer server.Close()
	c, err := remote.NewClient(server.URL+"/", nil)
	require.NoError(t, err)
	defer c.Close()
	_, err = c.GetVisitor(t.Context(), "acme", "018f0000-0000-7000-8000-000000000000")
	require.ErrorContains(t, err, "502")
	require.NotErrorIs(t, err, store.ErrNotFound)
	_, err = c.Apply(t.Context(), "acme", nil)
	require.ErrorContains(t, err, "409")
	_, err = c.Events(t.Context(), "acme", 0, 1)
	require.Error(t, err)
	_, err = c.ListTags(t.Context(), "acme", store.List{Limit: 1})
	require.ErrorContains(t, err, "404")
	require.NotErrorIs(t, err, store.ErrNotFound)
}

// Apply waits for an answer when its context ends, but not for ever.
func TestApplyIsPatient(t *testing.T) {
	t.Parallel()
	arrived, answer := make(chan struct{}), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		arrived <- struct{}{}
		select {
		case <-answer:
			w.Write([]byte(`{"outcomes":[{"effect":"missing"}]}`))
		case <-r.Context().Done():
		}
	}))
	defer server.Close()
	changes := []store.Change{store.DeleteVisitor{ID: "018f0000-0000-7000-8000-000000000000", At: time.Unix(1, 0).UTC()}}
	apply := func(patience time.Duration) ([]store.Outcome, error) {
		c, err := remote.NewClient(server.URL, &remote.ClientOptions{Patience: patience})
		require.NoError(t, err)
		defer c.Close()
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			<-arrived
			cancel()
			if patience > time.Second {
				answer <- struct{}{}
			}
		}()
		return c.Apply(ctx, "acme", changes)
	}
	outcomes, err := apply(time.Hour)
	require.NoError(t, err)
	require.Equal(t, []store.Outcome{{Effect: store.Missing}}, outcomes)
	_, err = apply(time.Millisecond)
	require.ErrorIs(t, err, context.Canceled)
}

// A server may know fewer sources than the program that imports a file.
func TestImportLeavesOutRowsThatTheServerRefuses(t *testing.T) {
	t.Parallel()
	ws, err := store.Open(serve(t, memory.New()), "acme", &store.Options{
		Sources: map[visitor.Source]visitor.SourceInfo{"fair": {Label: "Fair", Badge: "#000000"}},
	})
	require.NoError(t, err)
	report, err := transfer.ImportCSV(t.Context(), ws, strings.NewReader("Name,Source\nAda,chat\nBob,fair\nCleo,telegram\nDan,fair\n"), nil)
	require.NoError(t, err)
	require.Equal(t, 2, report.Created)
	require.Len(t, report.Refused, 2)
	for i, line := range []int{3, 5} {
		require.Equal(t, line, report.Refused[i].Line)
		require.Equal(t, "source", report.Refused[i].Field)
	}
}
