package rest_test

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/internal/crowd"
	"github.com/contactpipeline/visitors/store/rest"
	"github.com/contactpipeline/visitors/store/sqlite"
)

var dataFlag = flag.String("rest.data", "", "folder that keeps benchmark databases; default: a temporary one")

// city is a database with many visitors in the workspace acme.
func city(b *testing.B, size int) *sqlite.Store {
	folder := *dataFlag
	if folder == "" {
		folder = b.TempDir()
	}
	st, err := sqlite.Open(b.Context(), filepath.Join(folder, fmt.Sprintf("%d.db", size)), &sqlite.Options{RelaxedDurability: true})
	require.NoError(b, err)
	b.Cleanup(func() { st.Close() })
	n, err := st.CountVisitors(b.Context(), "acme", crowd.Bind(b, filter.All(), nil), 0)
	require.NoError(b, err)
	if n == 0 {
		require.NoError(b, crowd.New(size).Load(b.Context(), st, "acme"))
	}
	return st
}

// BenchmarkPage measures a page of 50 visitors over a socket, alternating with the same query
// through Workspace.Find. p99-ratio is the ratio of the 99th percentiles.
func BenchmarkPage(b *testing.B) {
	crowd.Sizes(b, func(b *testing.B, size int) {
		st := city(b, size)
		ws, err := store.Open(st, "acme", nil)
		require.NoError(b, err)
		h, err := rest.New(st, &rest.Options{Workspace: acme})
		require.NoError(b, err)
		server := httptest.NewServer(h)
		b.Cleanup(server.Close)
		for _, q := range []struct{ name, text string }{
			{"newest", "is:everyone"},
			{"source-and-tag", `source:instagram tag:"tag 003"`},
			{"has-not", `-tag:"tag 000"`},
			{"segment", `(source:telegram OR source:messenger) tag:"tag 001","tag 002" -tag:"tag 000"`},
			{"search", "zykov"},
		} {
			b.Run(q.name, func(b *testing.B) { page(b, ws, server, q.text) })
		}
	})
}

func page(b *testing.B, ws *store.Workspace, server *httptest.Server, text string) {
	where, err := filter.Parse(text)
	require.NoError(b, err)
	address := server.URL + "/visitors?filter=" + url.QueryEscape(text)
	ctx := context.Background()
	var direct, served []time.Duration
	var bytes int64
	for range 20 {
		_, err := ws.Find(ctx, store.Query{Where: where})
		require.NoError(b, err)
	}
	for b.Loop() {
		start := time.Now()
		_, err := ws.Find(ctx, store.Query{Where: where})
		direct = append(direct, time.Since(start))
		require.NoError(b, err)
		start = time.Now()
		res, err := server.Client().Get(address)
		require.NoError(b, err)
		n, err := io.Copy(io.Discard, res.Body)
		res.Body.Close()
		served = append(served, time.Since(start))
		require.NoError(b, err)
		require.Equal(b, http.StatusOK, res.StatusCode)
		bytes = n
	}
	at := func(laps []time.Duration, percent int) float64 {
		slices.Sort(laps)
		return laps[(len(laps)-1)*percent/100].Seconds() * 1_000
	}
	b.ReportMetric(at(direct, 50), "find-ms")
	b.ReportMetric(at(served, 50), "http-ms")
	b.ReportMetric(at(served, 50)/at(direct, 50), "ratio")
	b.ReportMetric(at(direct, 99), "p99-find-ms")
	b.ReportMetric(at(served, 99), "p99-http-ms")
	b.ReportMetric(at(served, 99)/at(direct, 99), "p99-ratio")
	b.ReportMetric(float64(bytes)/1_000, "kB")
	b.ReportMetric(0, "ns/op")
}
