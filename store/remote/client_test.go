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

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/memory"
	"github.com/contactpipeline/visitors/store/remote"
	"github.com/contactpipeline/visitors/store/sqlite"
	"github.com/contactpipeline/visitors/store/storetest"
	"github.com/contactpipeline/visitors/store/transfer"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// anyone lets every client use every workspace.
func anyone(*http.Request, driver.WorkspaceID) error { return nil }

// serve returns a client of st over a socket.
func serve(tb testing.TB, st driver.Store) *remote.Client {
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

// onSQLite does not wait for the disk; store/sqlite tests durability.
func onSQLite(tb testing.TB) driver.Store {
	st, err := sqlite.Open(tb.Context(), filepath.Join(tb.TempDir(), "visitors.db"), &sqlite.Options{RelaxedDurability: true})
	require.NoError(tb, err)
	tb.Cleanup(func() { st.Close() })
	return st
}

func TestClientOfMemory(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(tb testing.TB) driver.Store { return serve(tb, memory.New()) })
}

func TestClientOfSQLite(t *testing.T) {
	t.Parallel()
	storetest.RunAgain(t, func(tb testing.TB) driver.Store { return serve(tb, onSQLite(tb)) })
}

func TestNewClientRefuses(t *testing.T) {
	t.Parallel()
	for _, base := range []string{"localhost:80", "ftp://localhost", "http://", "http://localhost/?a=b", ""} {
		_, err := remote.NewClient(base, nil)
		require.ErrorIs(t, err, driver.ErrInvalid, base)
	}
}

// A client returns an error for responses that are not of a handler.
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
	require.NotErrorIs(t, err, driver.ErrNotFound)
	_, err = c.Apply(t.Context(), "acme", nil)
	require.ErrorContains(t, err, "409")
	_, err = c.Events(t.Context(), "acme", driver.EventQuery{Limit: 1})
	require.Error(t, err)
	_, err = c.ListTags(t.Context(), "acme", driver.List{Limit: 1})
	require.ErrorContains(t, err, "404")
	require.NotErrorIs(t, err, driver.ErrNotFound)
}

// Apply waits for the response after its context has ended, for the grace period.
func TestApplyGracePeriod(t *testing.T) {
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
	changes := []driver.Change{driver.DeleteVisitor{ID: "018f0000-0000-7000-8000-000000000000", Audit: driver.Audit{At: time.Unix(1, 0).UTC()}}}
	apply := func(grace time.Duration) ([]driver.Outcome, error) {
		c, err := remote.NewClient(server.URL, &remote.ClientOptions{GracePeriod: grace})
		require.NoError(t, err)
		defer c.Close()
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			<-arrived
			cancel()
			if grace > time.Second {
				answer <- struct{}{}
			}
		}()
		return c.Apply(ctx, "acme", changes)
	}
	outcomes, err := apply(time.Hour)
	require.NoError(t, err)
	require.Equal(t, []driver.Outcome{{Effect: driver.Missing}}, outcomes)
	_, err = apply(time.Millisecond)
	require.ErrorIs(t, err, context.Canceled)
}

// A server can have fewer sources than the program that imports a file.
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

// An InUseError keeps the groups that depend on a tag.
func TestInUseComesThrough(t *testing.T) {
	t.Parallel()
	st := memory.New()
	c := serve(t, st)
	ws, err := store.Open(c, "acme", nil)
	require.NoError(t, err)
	vip, err := ws.CreateTag(t.Context(), tag.Draft{Name: "vip"})
	require.NoError(t, err)
	g, err := ws.CreateGroup(t.Context(), group.Draft{Name: "Best", Rule: filter.Tag.Has("vip")})
	require.NoError(t, err)
	changes := []driver.Change{driver.DeleteTag{ID: vip.ID, Audit: driver.Audit{At: vip.CreatedAt}}}
	_, here := st.Apply(t.Context(), "acme", changes)
	_, there := c.Apply(t.Context(), "acme", changes)
	require.Equal(t, &driver.ChangeError{Err: &driver.InUseError{Kind: "tag", Groups: []group.ID{g.ID}}}, here)
	require.Equal(t, here, there)

	var inUse *store.InUseError
	require.ErrorAs(t, ws.DeleteTag(t.Context(), vip.ID), &inUse)
	require.Equal(t, &store.InUseError{Kind: "tag", Groups: []group.ID{g.ID}}, inUse)
	require.ErrorIs(t, ws.DeleteTag(t.Context(), vip.ID), store.ErrInUse)
}

// Actor and cause of a change arrive in both directions, and EventQuery.Visitor arrives.
func TestActorCauseAndHistoryComeThrough(t *testing.T) {
	t.Parallel()
	st := memory.New()
	c := serve(t, st)
	ws, err := store.Open(c, "acme", nil)
	require.NoError(t, err)
	ann, err := ws.WithActor("ann", "spring campaign")
	require.NoError(t, err)
	g, err := ann.CreateGroup(t.Context(), group.Draft{Name: "Team"})
	require.NoError(t, err)
	ada, err := ann.Create(t.Context(), visitor.Draft{Name: "Ada", Source: visitor.Chat, Tags: []string{"vip"}, Groups: []group.ID{g.ID}})
	require.NoError(t, err)
	bob, err := ann.Create(t.Context(), visitor.Draft{Name: "Bob", Source: visitor.Chat})
	require.NoError(t, err)
	_, err = ann.Merge(t.Context(), ada.ID, bob.ID)
	require.NoError(t, err)

	here, err := st.GetVisitor(t.Context(), "acme", ada.ID)
	require.NoError(t, err)
	there, err := c.GetVisitor(t.Context(), "acme", ada.ID)
	require.NoError(t, err)
	require.Equal(t, here, there)
	require.Equal(t, []visitor.Membership{{Group: g.ID, At: here.Memberships[0].At, Actor: "ann", Cause: "spring campaign"}}, here.Memberships)
	require.Equal(t, []string{"ann", "spring campaign"}, []string{here.Tags[0].Actor, here.Tags[0].Cause})

	for _, q := range []driver.EventQuery{{Limit: 9}, {Visitor: ada.ID, Limit: 9}, {Visitor: bob.ID, Limit: 9}, {Visitor: bob.ID, After: 4, Limit: 1}} {
		here, err := st.Events(t.Context(), "acme", q)
		require.NoError(t, err)
		there, err := c.Events(t.Context(), "acme", q)
		require.NoError(t, err)
		require.Equal(t, here, there)
		require.NotEmpty(t, there)
		for _, e := range there {
			require.Equal(t, []string{"ann", "spring campaign"}, []string{e.Actor, e.Cause})
			if q.Visitor != "" {
				require.Contains(t, []visitor.ID{e.Visitor, e.Other}, q.Visitor)
			}
		}
	}
}
