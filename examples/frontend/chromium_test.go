package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"
	"go.uber.org/goleak"
)

// Chromium is looked for in PATH, then where macOS puts it.
var programs = []string{
	"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome",
	"/Applications/Chromium.app/Contents/MacOS/Chromium", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
}

var errNoChromium = errors.New("no Chromium is installed")

// chromium is the one browser of the test binary; tests that run at the same time have a pane
// of it each.
var chromium struct {
	once   sync.Once
	ctx    context.Context
	cancel context.CancelFunc
	err    error
}

// pane is a page that tests use one after the other. What a page keeps is kept apart by the
// address of its server, of which each test has its own.
type pane struct {
	ctx context.Context
	end context.CancelFunc

	lock sync.Mutex
	user *tab
}

// panes are those that no test uses now.
var panes struct {
	sync.Mutex
	free []*pane
}

// takePane returns a pane that no test uses.
func takePane() *pane {
	panes.Lock()
	defer panes.Unlock()
	if n := len(panes.free); n > 0 {
		p := panes.free[n-1]
		panes.free = panes.free[:n-1]
		return p
	}
	p := &pane{}
	p.ctx, p.end = chromedp.NewContext(chromium.ctx, chromedp.WithNewBrowserContext(), chromedp.WithListener(func(event any) {
		p.lock.Lock()
		b := p.user
		p.lock.Unlock()
		if b != nil {
			b.listen(event)
		}
	}))
	return p
}

// use has a tab hear of what happens in the pane, or nobody.
func (p *pane) use(b *tab) {
	p.lock.Lock()
	defer p.lock.Unlock()
	p.user = b
}

// leave empties the pane for the next test, or closes it where it may be of no use.
func (p *pane) leave(failed bool) {
	if failed || chromedp.Do(p.ctx, chromedp.Navigate("about:blank")) != nil {
		p.end()
		return
	}
	panes.Lock()
	defer panes.Unlock()
	panes.free = append(panes.free, p)
}

func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	if chromium.cancel != nil {
		chromium.cancel()
	}
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	if errors.Is(chromium.err, errNoChromium) {
		fmt.Fprintf(os.Stderr, "\n*** TESTS IN A BROWSER WERE SKIPPED: %v ***\n\n", chromium.err)
	}
	os.Exit(code)
}

func launch() {
	var path string
	for _, name := range programs {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		chromium.err = errNoChromium
		return
	}
	o := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("force-color-profile", "srgb"), chromedp.Flag("lang", "en"))
	if os.Geteuid() == 0 {
		o = append(o, chromedp.NoSandbox)
	}
	allocator, free := chromedp.NewExecAllocator(context.Background(), o...)
	ctx, end := chromedp.NewContext(allocator)
	chromium.ctx, chromium.cancel = ctx, func() { end(); free() }
	chromium.err = chromedp.Do(ctx)
}
