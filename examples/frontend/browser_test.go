package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"
)

var screenshots = flag.String("screenshots", "", "folder for screenshots of the page")

// tab is a page in the browser, with the test that uses it.
type tab struct {
	testing.TB
	*pane
	server   *server
	mu       sync.Mutex
	problems []string // errors of the console, violations of the policy
	refusals bool     // error responses of the server are expected
}

// waitTimeout is how long a tab waits for a condition.
const waitTimeout = 10 * time.Second

// open starts a server with n visitors and shows its page. An error on the console, or a
// violation of the Content-Security-Policy, fails the test.
func open(t *testing.T, n int) *tab {
	t.Helper()
	t.Parallel() // it mostly waits for the browser
	return show(t, options{visitors: n})
}

// show starts a server and shows its page, as open does.
func show(t testing.TB, o options) *tab {
	t.Helper()
	chromium.once.Do(launch)
	switch {
	case errors.Is(chromium.err, errNoChromium) && os.Getenv("CI") != "true":
		t.Skip(chromium.err)
	case chromium.err != nil:
		t.Fatalf("start Chromium: %v", chromium.err)
	}
	o.addr, o.seed = "127.0.0.1:0", 1
	s, err := start(t.Context(), o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.close()) })

	b := &tab{TB: t, server: s, pane: takePane()}
	b.use(b)
	t.Cleanup(func() {
		if t.Failed() {
			b.picture("failed-" + strings.ReplaceAll(t.Name(), "/", "-"))
		}
		b.use(nil)
		b.leave(t.Failed())
		require.Empty(t, b.found(), "on the console")
	})
	_, err = chromedp.Call(b.ctx, log.Enable, cdp.Empty{})
	require.NoError(t, err)
	_, err = chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{})
	require.NoError(t, err)
	b.size(1360, 860)
	b.visit("")
	return b
}

// listen records errors on the console.
func (b *tab) listen(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError || e.Entry.Source == log.EntrySourceSecurity {
			if e.Entry.Source == log.EntrySourceNetwork && b.refusals && strings.Contains(e.Entry.Text, "status of ") {
				return
			}
			b.problems = append(b.problems, e.Entry.Text+" "+e.Entry.URL)
		}
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning || e.Type == runtime.ConsoleAPICalledTypeAssert {
			said, _ := json.Marshal(e.Args)
			b.problems = append(b.problems, string(said))
		}
	case *runtime.EventExceptionThrown:
		said, _ := json.Marshal(e.ExceptionDetails)
		b.problems = append(b.problems, string(said))
	case *page.EventJavascriptDialogOpening:
		b.problems = append(b.problems, "a script opened a dialog: "+e.Message)
	}
}

func (b *tab) found() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.problems
}

// clearProblems clears the problems, for tests that cause one.
func (b *tab) clearProblems() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.problems = nil
}

func (b *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 2*waitTimeout)
	defer cancel()
	require.NoError(b, chromedp.Do(ctx, actions...))
}

// visit opens the page with a query, and waits until visitors are shown.
func (b *tab) visit(query string) {
	b.Helper()
	b.goTo(chromedp.Navigate(b.server.url + query))
}

func (b *tab) reload() {
	b.Helper()
	b.goTo(chromedp.Reload())
}

func (b *tab) goTo(action chromedp.Action[chromedp.Void]) {
	b.Helper()
	b.until(`window.left = true`) // a mark on the page before
	b.do(action)
	b.until(`!window.left && document.querySelector("#table") !== null`)
	b.settled()
}

// settled waits until the table shows the result, and all visible counts are shown.
func (b *tab) settled() {
	b.Helper()
	b.until(`![...document.querySelectorAll('[aria-busy="true"]')].some((e) => e.checkVisibility())`)
}

// eval runs a script in the page and returns its value.
func eval[T any](b *tab, script string) (value T) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 2*waitTimeout)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	require.NoError(b, err)
	return value
}

// until waits until a script is true.
func (b *tab) until(script string) {
	b.Helper()
	for end := time.Now().Add(waitTimeout); !eval[bool](b, "Boolean("+script+")"); time.Sleep(15 * time.Millisecond) {
		if time.Now().After(end) {
			b.picture("waited-" + strings.ReplaceAll(b.Name(), "/", "-"))
			b.Fatalf("timed out waiting for %s\nerrors: %q", script, b.found())
		}
	}
}

// The element of a selector; with " | text" the first one with that text. If a dialog is open, it
// is searched in the dialog.
const lookFor = `((wanted) => {
	const [css, text] = wanted.split(" | ");
	const root = [...document.querySelectorAll("dialog[open]")].at(-1) ?? document;
	const bare = (e) => e.textContent.replace(/\s+/g, " ").trim();
	const all = [...root.querySelectorAll(css)].filter((e) => e.checkVisibility());
	return text === undefined ? all[0] : all.find((e) => bare(e) === text) ?? all.find((e) => bare(e).includes(text));
})`

func find(wanted string) string {
	quoted, _ := json.Marshal(wanted)
	return lookFor + "(" + string(quoted) + ")"
}

// click clicks the middle of an element, as soon as it exists, does not move and is not covered.
func (b *tab) click(wanted string) {
	b.Helper()
	place := `(() => {
		const e = ` + find(wanted) + `;
		if (!e) return [];
		for (const block of ["nearest", "center"]) { // what is nearest may be below what is sticky
			e.scrollIntoView({ block, behavior: "instant" });
			const r = e.getBoundingClientRect();
			const at = [r.x + r.width / 2, r.y + r.height / 2];
			const hit = document.elementFromPoint(...at);
			if (e.contains(hit) || hit?.closest("label")?.contains(e)) return at;
		}
		return [];
	})()`
	var before []float64
	for end := time.Now().Add(waitTimeout); ; time.Sleep(10 * time.Millisecond) {
		at := eval[[]float64](b, place)
		if len(at) > 0 && slices.Equal(at, before) {
			b.do(chromedp.MouseClickXY(at[0], at[1]))
			return
		}
		before = at
		if time.Now().After(end) {
			b.picture("waited-" + strings.ReplaceAll(b.Name(), "/", "-"))
			b.Fatalf("cannot click %s: missing or covered\nerrors: %q", wanted, b.found())
		}
	}
}

// press types text or keys of package kb into the focused element.
func (b *tab) press(keys ...string) {
	b.Helper()
	for _, r := range strings.Join(keys, "") {
		if _, isKey := kb.Keys[r]; !isKey { // like an input method or the clipboard
			_, err := chromedp.Call(b.ctx, input.InsertText, input.InsertTextParams{Text: string(r)})
			require.NoError(b, err)
			continue
		}
		events := kb.Encode(r)
		if len(events) == 3 { // key down with the character: if a script cancels the key, no character is typed
			events[0].Text, events[0].UnmodifiedText = events[1].Text, events[1].UnmodifiedText
			events = []*input.DispatchKeyEventParams{events[0], events[2]}
		}
		for _, e := range events {
			_, err := chromedp.Call(b.ctx, input.DispatchKeyEvent, *e)
			require.NoError(b, err)
		}
	}
}

// write clicks into a field, empties it and types.
func (b *tab) write(field, text string) {
	b.Helper()
	b.click(field)
	b.do(chromedp.Evaluate[chromedp.Void](find(field) + ".select()"))
	if text == "" {
		b.press("\b")
		return
	}
	b.press(text)
}

// text returns the text of an element.
func (b *tab) text(wanted string) string {
	b.Helper()
	b.until(find(wanted))
	return eval[string](b, find(wanted)+`.textContent.replace(/\s+/g, " ").trim()`)
}

// texts returns the texts of all elements.
func (b *tab) texts(css string) []string {
	b.Helper()
	quoted, _ := json.Marshal(css)
	return eval[[]string](b, `[...document.querySelectorAll(`+string(quoted)+`)].filter((e) => e.checkVisibility()).map((e) => e.textContent.replace(/\s+/g, " ").trim())`)
}

// search types a filter and presses Enter.
func (b *tab) search(filter string) {
	b.Helper()
	b.write("#filter", filter)
	b.press("\r")
	b.settled()
}

// scheme makes the page light or dark.
func (b *tab) scheme(value string) {
	b.Helper()
	_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: value}, {Name: "prefers-reduced-motion", Value: "reduce"},
	}})
	require.NoError(b, err)
}

func (b *tab) size(width, height int64) {
	b.Helper()
	_, err := chromedp.Call(b.ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: width, Height: height, DeviceScaleFactor: 1, Mobile: width < 720,
	})
	require.NoError(b, err)
}

// picture writes a screenshot of the page to the folder of the flag.
func (b *tab) picture(name string) {
	if *screenshots == "" {
		return
	}
	png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		b.Logf("picture %s: %v", name, err)
		return
	}
	require.NoError(b, os.MkdirAll(*screenshots, 0o755))
	require.NoError(b, os.WriteFile(filepath.Join(*screenshots, name+".png"), png, 0o644))
}
