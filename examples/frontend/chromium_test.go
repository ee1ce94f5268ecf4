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

// Chromium is searched in PATH, then where macOS installs it.
var programs = []string{
	"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome",
	"/Applications/Chromium.app/Contents/MacOS/Chromium", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
}

var errNoChromium = errors.New("no Chromium is installed")

// chromium is the browser of the test binary; each parallel test has a pane of it.
var chromium struct {
	once   sync.Once
	ctx    context.Context
	cancel context.CancelFunc
	err    error
}

// pane is a page that tests reuse. Storage is separate by server address, and each test has its own
// server.
type pane struct {
	ctx context.Context
	end context.CancelFunc

	lock sync.Mutex
	user *tab
}

// panes are the unused ones.
var panes struct {
	sync.Mutex
	free []*pane
}

// takePane returns an unused pane.
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

// use sets the tab that receives the events of the pane, or nil.
func (p *pane) use(b *tab) {
	p.lock.Lock()
	defer p.lock.Unlock()
	p.user = b
}

// leave clears the pane for the next test, or closes it if it may be broken.
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
