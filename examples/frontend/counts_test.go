package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/visitor"
)

const (
	rowsPath   = "/api/visitors"
	countPath  = "/api/visitors/count"
	facetsPath = "/api/visitors/facets"
	tagsPath   = "/api/tags"
)

// gate is a proxy in front of a server. It counts the requests, and can hold or refuse them.
type gate struct {
	url string

	mu    sync.Mutex
	seen  map[string]int // requests by path
	rules map[string]rule
}

// rule is what the gate does with the requests to a path.
type rule struct {
	filter  string          // of the requests; "": any
	held    <-chan struct{} // requests wait until it is closed
	ended   chan<- error    // receives why a request that waited was cancelled
	tooSlow bool            // requests are answered with 503
}

// gated shows the page through a gate.
func gated(b *tab) *gate {
	b.Helper()
	target, err := url.Parse(b.server.url)
	require.NoError(b, err)
	transport := &http.Transport{}
	proxy := &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(target) },
		Transport: transport,
		// Cancelled requests are usual here.
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
	g := &gate{seen: map[string]int{}, rules: map[string]rule{}}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if g.passes(w, r) {
			proxy.ServeHTTP(w, r)
		}
	}))
	b.Cleanup(func() {
		g.open()
		b.do(chromedp.Navigate("about:blank")) // ends the event stream
		front.CloseClientConnections()
		front.Close()
		transport.CloseIdleConnections()
	})
	g.url = front.URL + "/"
	b.goTo(chromedp.Navigate(g.url))
	g.reached(b, tagsPath, 1) // the page reloads when it is connected to the event stream
	b.settled()
	return g
}

func (g *gate) passes(w http.ResponseWriter, r *http.Request) bool {
	g.mu.Lock()
	g.seen[r.URL.Path]++
	rule := g.rules[r.URL.Path]
	g.mu.Unlock()
	if rule.filter != "" && rule.filter != r.URL.Query().Get("filter") {
		return true
	}
	if rule.held != nil {
		select {
		case <-rule.held:
		case <-r.Context().Done():
			if rule.ended != nil {
				rule.ended <- context.Cause(r.Context())
			}
			return false
		}
	}
	if rule.tooSlow {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprint(w, `{"status": 503, "code": "too_slow", "detail": "The query took too long."}`)
	}
	return !rule.tooSlow
}

// set sets the rule for the requests to a path.
func (g *gate) set(path string, r rule) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.rules[path] = r
}

// open removes the rules; requests that wait already still do.
func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	clear(g.rules)
}

// requests returns the number of requests to a path.
func (g *gate) requests(path string) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.seen[path]
}

// reached waits for another request to a path than those before.
func (g *gate) reached(b *tab, path string, before int) {
	b.Helper()
	require.Eventually(b, func() bool { return g.requests(path) > before }, waitTimeout, time.Millisecond)
}

// rows waits until these visitors are shown.
func (b *tab) rows(found []visitor.Visitor) {
	b.Helper()
	b.until(fmt.Sprintf(`[...document.querySelectorAll("tbody tr")].map((row) => row.dataset.id).join() === %q`,
		strings.Join(idsOf(found), ",")))
	b.until(`document.querySelector("#table").getAttribute("aria-busy") === "false"`)
}

func TestRowsAreShownBeforeCounts(t *testing.T) {
	b := open(t, 400)
	g := gated(b)
	b.withAxe()
	whatsapp, count := filter.Source.Is(visitor.WhatsApp), chip("source", "whatsapp")+" .chip-count"
	busy := func(css string) bool {
		return eval[bool](b, fmt.Sprintf(`document.querySelector(%q).getAttribute("aria-busy") === "true"`, css))
	}
	held := make(chan struct{})
	g.set(countPath, rule{held: held})
	g.set(facetsPath, rule{held: held})
	b.click(chip("source", "whatsapp"))
	b.rows(b.first(whatsapp, store.NewestFirst, 50))
	require.Equal(t, "has", b.chipState("source", "whatsapp"))
	require.Equal(t, "Counting…", b.text("#count"))
	require.Equal(t, "…counting", b.text(count), "the number before is wrong now")
	require.True(t, busy("#count"))
	require.True(t, busy("#sources"))
	b.audited("counting")
	b.picture("counting")

	// The same rows in another order, and the next page, do not wait for the counts either.
	b.click("th button | Name")
	b.rows(b.first(whatsapp, store.NameAZ, 50))
	b.tick(0)
	selectAll := `document.querySelector("#selection .link").checkVisibility()`
	require.False(t, eval[bool](b, selectAll), "the number of all is unknown")
	b.click("#pager button | Next")
	b.rows(b.first(whatsapp, store.NameAZ, 100)[50:])
	require.Equal(t, "Counting…", b.text("#count"))

	g.set(countPath, rule{})
	close(held)
	b.shows(b.count(whatsapp))
	require.Equal(t, b.count(whatsapp), b.chipCount("source", "whatsapp"))
	require.True(t, eval[bool](b, selectAll))
	require.False(t, busy("#count"))
	require.False(t, busy("#sources"))
}

// TestASecondClickCancelsTheFirst holds the rows, the count or the facets of a first click.
func TestASecondClickCancelsTheFirst(t *testing.T) {
	for name, path := range map[string]string{"rows": rowsPath, "count": countPath, "facets": facetsPath} {
		t.Run(name, func(t *testing.T) {
			b := open(t, 400)
			g := gated(b)
			before := g.requests(path)
			held, ended := make(chan struct{}), make(chan error, 1)
			g.set(path, rule{filter: "source:instagram", held: held, ended: ended})
			b.click(chip("source", "instagram"))
			g.reached(b, path, before)
			both := filter.Source.In(visitor.Instagram, visitor.Telegram)
			b.click(chip("source", "telegram"))
			b.shows(b.count(both))
			select {
			case err := <-ended:
				require.ErrorIs(t, err, context.Canceled)
			case <-time.After(waitTimeout):
				t.Error("the first request was not cancelled")
			}
			close(held)
			b.settled()
			require.Equal(t, "source:instagram,telegram", b.typed())
			require.Equal(t, idsOf(b.first(both, store.NewestFirst, 50)), b.ids())
			require.Equal(t, inWords(b.count(both)), b.text("#count"))
			for _, s := range []visitor.Source{visitor.Instagram, visitor.Telegram} {
				require.Equal(t, "has", b.chipState("source", string(s)))
				require.Equal(t, b.count(filter.Source.Is(s)), b.chipCount("source", string(s)))
			}
			require.Equal(t, b.count(filter.And(both, filter.Tag.Has("vip"))), b.chipCount("tag", "vip"))
		})
	}
}

func TestSortDuringASearchKeepsTheSearch(t *testing.T) {
	b := open(t, 400)
	g := gated(b)
	held := make(chan struct{})
	defer close(held)
	g.set(rowsPath, rule{filter: "source:instagram", held: held})
	before := g.requests(rowsPath)
	b.click(chip("source", "instagram"))
	g.reached(b, rowsPath, before)
	g.open()
	b.click("th button | Name")
	b.shows(b.count(filter.Source.Is(visitor.Instagram)))
	b.rows(b.first(filter.Source.Is(visitor.Instagram), store.NameAZ, 50))
}

func TestRefusedSearchContinuesTheCount(t *testing.T) {
	b := open(t, 400)
	b.refusals = true
	g := gated(b)
	held := make(chan struct{})
	defer close(held)
	g.set(countPath, rule{held: held})
	vip := filter.Tag.Has("vip")
	b.click(chip("tag", "vip"))
	b.rows(b.first(vip, store.NewestFirst, 50))
	g.open()
	b.search("tga:vip")
	b.until(find("#filter-error mark | tga"))
	b.settled()
	require.Equal(t, inWords(b.count(vip))+", by the last filter", b.text("#count"))
	require.Equal(t, b.count(vip), b.chipCount("tag", "vip"))
}

func TestClosedPanelIsNotCounted(t *testing.T) {
	b := open(t, 400)
	b.size(390, 800)
	g := gated(b)
	b.shows(400)
	vip := filter.Tag.Has("vip")
	b.search("tag:vip")
	b.shows(b.count(vip))
	require.Equal(t, "Filters 1 on", b.text("#filters summary"))
	b.create(visitor.Draft{Name: "Ada", Source: visitor.Chat, Tags: []string{"vip"}})
	b.shows(b.count(vip))
	require.Zero(t, g.requests(facetsPath))
	b.picture("panel-closed")

	b.click("#filters summary")
	b.until(find(chip("source", "chat")))
	b.settled()
	require.Equal(t, b.count(vip), b.chipCount("tag", "vip"))
	b.picture("panel-open")
	require.Equal(t, 1, g.requests(facetsPath), "a search without a source and exclusions is counted by one request")
	b.click("#filters summary")
	b.click("#filters summary")
	b.settled()
	require.Equal(t, 1, g.requests(facetsPath), "they are still current")

	b.click("#filters summary")
	b.search("")
	b.shows(401)
	require.Equal(t, 1, g.requests(facetsPath))
	b.click("#filters summary")
	b.until(find(chip("source", "chat")))
	b.settled()
	require.Equal(t, b.count(vip), b.chipCount("tag", "vip"))
	require.Equal(t, 2, g.requests(facetsPath))
}

func TestCountsThatAreTooSlow(t *testing.T) {
	b := open(t, 400)
	b.refusals = true
	g := gated(b)
	b.withAxe()
	vip := filter.Tag.Has("vip")
	g.set(facetsPath, rule{tooSlow: true})
	b.click(chip("tag", "vip"))
	b.shows(b.count(vip))
	b.rows(b.first(vip, store.NewestFirst, 50))
	require.Equal(t, "Counts are not available. The query took too long. Try again", b.text("#filters-note"))
	require.Equal(t, "–count not available", b.text(chip("tag", "vip")+" .chip-count"))
	require.Equal(t, "has", b.chipState("tag", "vip"))
	b.audited("facets too slow")
	b.picture("too-slow")

	g.open()
	b.click("#filters-note button")
	b.settled()
	require.Equal(t, b.count(vip), b.chipCount("tag", "vip"))
	require.Empty(t, eval[string](b, `document.querySelector("#filters-note").textContent`))
	require.True(t, eval[bool](b, `document.activeElement.matches(".chip")`), "the focus stays in the panel")

	// If even the number of matches is too slow, the facets are not requested.
	g.set(countPath, rule{tooSlow: true})
	before := g.requests(facetsPath)
	telegram := filter.And(vip, filter.Source.Is(visitor.Telegram))
	b.click(chip("source", "telegram"))
	b.until(find("#count | Number not available"))
	b.rows(b.first(telegram, store.NewestFirst, 50))
	require.Contains(t, b.text("#filters-note"), "Counts are not available.")
	require.Equal(t, before, g.requests(facetsPath))
	g.open()
	b.click("#filters-note button")
	b.shows(b.count(telegram))
}
