package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"
)

var everyFlag = flag.Bool("frontend.every", false, "audit each colour scheme in each width; default: light in the wide one, dark on a phone")

// finding is a violation that axe has found.
type finding struct {
	ID, Impact, Help string
	Nodes            []struct {
		HTML, FailureSummary string
	}
}

// audited runs axe on the current page.
func (b *tab) audited(where string) {
	b.Helper()
	found := eval[[]finding](b, `axe.run(document, { resultTypes: ["violations"] }).then((r) => r.violations.map(({ id, impact, help, nodes }) => ({ id, impact, help, nodes: nodes.map(({ html, failureSummary }) => ({ html, failureSummary })) })))`)
	for _, f := range found {
		b.Logf("%s: %s: %s (%s)", where, f.ID, f.Help, f.Impact)
	}
	grave := slices.DeleteFunc(found, func(f finding) bool { return f.Impact != "serious" && f.Impact != "critical" })
	if len(grave) > 0 {
		said, _ := json.MarshalIndent(grave, "", "  ")
		b.Errorf("%s: %s", where, said)
	}
}

// withAxe loads axe into the page, for audited.
func (b *tab) withAxe() {
	b.Helper()
	axe, err := os.ReadFile("testdata/axe/axe.min.js")
	require.NoError(b, err)
	b.do(chromedp.Evaluate[chromedp.Void](string(axe)))
}

// TestAxeFindsNothingSeriousInLightAndDark audits the states of the page, wide and on a phone, and
// takes screenshots of them.
func TestAxeFindsNothingSeriousInLightAndDark(t *testing.T) {
	b := open(t, 3_000)
	b.refusals = true
	load := func(query string) {
		t.Helper()
		b.visit(query)
		b.withAxe()
	}
	// axe does find violations.
	load("?filter=tag:vip+tag:wholesale")
	eval[bool](b, `document.querySelector(".count").style.setProperty("color", "#aaa") ?? true`)
	require.Contains(t, eval[[]string](b, `axe.run().then((r) => r.violations.map((v) => v.id))`), "color-contrast")

	for _, scheme := range []string{"light", "dark"} {
		b.scheme(scheme)
		for width, height := range map[int64]int64{1440: 900, 360: 740} {
			if !*everyFlag && (scheme == "light") != (width > 720) {
				continue
			}
			b.size(width, height)
			at := func(what string) {
				t.Helper()
				name := fmt.Sprintf("%s-%d-%s", scheme, width, what)
				b.picture(name)
				// On a phone the same elements are placed differently; three states show all of them.
				if width > 720 || !*everyFlag || what == "chips" || what == "list" || what == "record" {
					b.audited(name)
				}
			}
			b.visit("?filter=tag:newsletter+-tag:customer&order=seen")
			b.tick(0, 2)
			b.picture(fmt.Sprintf("%s-%d-page", scheme, width))
			load("?filter=source:instagram,whatsapp+tag:hot-lead+-tag:customer+-has:email+tag:newsletter&order=name")
			if width < 720 {
				b.click("#filters summary")
				at("chips")
				b.click("#filters summary")
			} else {
				b.click("#delete-tag")
				b.choose(`.field[data-field="tag"] select`, "vip")
				at("tag-deletion")
				b.press(kb.Escape)
				b.closed()
			}
			b.tick(0, 1)
			at("list")
			b.click("#selection button | Tag")
			b.press("new")
			b.until(find(`[role="option"]`))
			at("tags")
			b.press("est", kb.Enter)
			b.until(find(".draft"))
			at("new-tag")
			b.press(kb.Escape, kb.Escape)
			b.closed()
			b.click("#selection button | Add to group")
			at("groups")
			b.press(kb.Escape)
			b.closed()
			b.click("#selection button | Delete")
			at("deletion")
			b.press(kb.Escape)
			b.closed()
			b.click("td.name button")
			b.write(nameField, "")
			b.click("dialog button | Save")
			at("record")
			load("?filter=tga:vip")
			b.until(find("#filter-error"))
			at("error")
			load("?filter=nobody+is+called+so")
			at("nobody")
		}
	}
}
