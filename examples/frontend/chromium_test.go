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

// chromium is the one browser of the test binary; tests have tabs of it, each with cookies
// and storage of its own.
var chromium struct {
	once   sync.Once
	ctx    context.Context
	cancel context.CancelFunc
	err    error
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
