package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

var hostile = []string{
	`<script>alert(1)</script>`,
	`"><img src=x onerror=alert(1)>`,
	`</td></table><h1>gone</h1>`,
	`{{constructor.constructor('alert(1)')()}} ${alert(1)}`,
	"مرحبا Ada (1)",
	"(1) שלום", // right to left, which can also turn the (1) beside it
	"👩‍🚀🏳️‍🌈 Zoë 👍🏽",
	"Z̸̡̢a̵̧͝l̶̛g̸o̷",
	strings.Repeat("W", 200),
	strings.Repeat("long name ", 19) + "and more",
	"&lt;b&gt;&amp;",
	"javascript:alert(1)",
}

func TestHostileNamesShowAsText(t *testing.T) {
	b := open(t, 0)
	ws := b.server.ws
	want := map[string]visitor.ID{}
	for i, name := range hostile {
		short := name
		if utf8.RuneCountInString(short) > 60 {
			short = string([]rune(short)[:60])
		}
		g, err := ws.CreateGroup(t.Context(), group.Draft{Name: short, Description: name})
		require.NoError(t, err)
		_, err = ws.CreateTag(t.Context(), tag.Draft{Name: short, Description: name})
		require.NoError(t, err)
		v := b.create(visitor.Draft{Name: name, Source: visitor.Sources()[i%5], Tags: []string{short}, Groups: []visitor.GroupID{g.ID},
			Identities: []visitor.Identity{{Source: visitor.Chat, ExternalID: name[:min(len(name), 200)], Username: name}}})
		want[v.Name] = v.ID
	}
	for _, width := range []int64{1360, 360} {
		b.size(width, 800)
		b.visit("")
		b.picture("hostile-" + map[int64]string{1360: "wide", 360: "phone"}[width])
		shown := eval[[]string](b, `[...document.querySelectorAll("td.name")].map((td) => td.textContent)`)
		require.Len(t, shown, len(want))
		for _, name := range shown {
			require.Contains(t, want, name)
		}
		require.LessOrEqual(t, eval[float64](b, `document.documentElement.scrollWidth`), float64(width), "nothing is pushed out of the page")
		// The names are shown as text, and none changes the direction of the text beside it.
		require.Zero(t, eval[int](b, `document.querySelectorAll("td script, td img, td h1, td b, .chips script, .chips img").length`))
		require.True(t, eval[bool](b, `[...document.querySelectorAll("td.name bdi, .badge.tag bdi, td.groups bdi, .chip bdi")].every((e) => getComputedStyle(e).unicodeBidi === "isolate")`))
		require.Equal(t, len(want), eval[int](b, `document.querySelectorAll("tbody tr").length`))
	}
	b.size(1360, 860)
	for name, id := range want {
		b.click(`tr[data-id="` + string(id) + `"] button.open`)
		require.Equal(t, "Edit visitor", b.text("dialog h2"))
		require.Equal(t, name, eval[string](b, find(nameField)+".value"))
		b.click("dialog button | Delete…")
		require.Equal(t, name, eval[string](b, find("dialog bdi")+".textContent"))
		b.press(kb.Escape)
		b.closed()
	}
	// Filtering by their tags works.
	for _, chip := range eval[[]string](b, `[...document.querySelectorAll("#tags .chip")].map((c) => c.dataset.name)`) {
		name, err := json.Marshal(chip)
		require.NoError(t, err)
		eval[bool](b, `[...document.querySelectorAll("#tags .chip")].find((c) => c.dataset.name === `+string(name)+`).click() ?? true`)
		b.shows(1)
		b.click("#filter-clear")
		b.shows(len(want))
	}
	require.Equal(t, len(want), b.count(filter.All()))
}

// TestOverridesOfDirectionAreRefused: they could disguise a name as another one.
func TestOverridesOfDirectionAreRefused(t *testing.T) {
	b := open(t, 0)
	b.refusals = true
	b.click("#create")
	b.press("\u202Egnp.exe")
	b.choose(sourceField, "Chat")
	b.click("dialog button | Save")
	b.until(find(`.field[data-field="name"] .field-error`))
	require.Contains(t, b.text(`.field[data-field="name"] .field-error`), "directional override")
	require.Zero(t, b.count(filter.All()))
}

func TestHostileNamesCanBeTyped(t *testing.T) {
	b := open(t, 0)
	b.click("#create")
	b.press(`<img src=x onerror=alert(1)>`)
	b.choose(sourceField, "Chat")
	b.write(tagField, `<b>"tag"</b>`)
	b.press(kb.Enter, `"><script>alert(1)</script>`, kb.Enter)
	b.write(".new-group input", `<i>group</i>`)
	b.press(kb.Enter)
	b.click("dialog button | Save")
	b.closed()
	require.Equal(t, []string{`<img src=x onerror=alert(1)>`}, b.names())
	require.Contains(t, b.text("#notices"), `Created <img src=x onerror=alert(1)>.`)
	require.Equal(t, []string{`<b>"tag"</b>`}, b.texts("td .badge.tag"))
	b.click(chip("tag", `<b>"tag"</b>`))
	require.Equal(t, `tag:"<b>\"tag\"</b>"`, b.typed())
	b.shows(1)
}

func TestOtherNamesOfTheServerAreRefused(t *testing.T) {
	s, err := start(t.Context(), options{addr: "127.0.0.1:0"})
	require.NoError(t, err)
	defer func() { require.NoError(t, s.close()) }()
	for host, want := range map[string]int{"": 200, "localhost:8080": 200, "[::1]:8080": 200, "evil.example": 421, "localhost.evil.example:80": 421} {
		for _, path := range []string{"", "api/visitors?filter=is:everyone"} {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+path, nil)
			require.NoError(t, err)
			r.Host = host
			resp, err := http.DefaultClient.Do(r)
			require.NoError(t, err)
			resp.Body.Close()
			require.Equal(t, want, resp.StatusCode, host)
		}
	}
}

func TestPolicyIsStrictAndViolationsAreFound(t *testing.T) {
	b := open(t, 0)
	resp, err := http.Get(b.server.url)
	require.NoError(t, err)
	resp.Body.Close()
	p := resp.Header.Get("Content-Security-Policy")
	require.Contains(t, p, "default-src 'none'")
	for _, loose := range []string{"unsafe", "*", "data:", "http"} {
		require.NotContains(t, p, loose)
	}
	// The page loads only its own files.
	require.Equal(t, []string{strings.TrimSuffix(b.server.url, "/")}, eval[[]string](b, `[...new Set(performance.getEntriesByType("resource").map((r) => new URL(r.name).origin))]`))

	b.until("true")
	require.Empty(t, b.found())
	for _, bad := range []string{
		`document.body.setAttribute("style", "color: red")`,
		`document.body.append(Object.assign(document.createElement("style"), { textContent: "* {}" }))`,
		`document.body.append(Object.assign(document.createElement("img"), { src: "https://example.invalid/x.png" }))`,
		`console.error("oh")`,
		`setTimeout(() => { throw new Error("oh"); })`,
	} {
		eval[bool](b, "("+bad+", true)")
		noticed := false
		for range 200 {
			if noticed = len(b.found()) > 0; noticed {
				break
			}
			b.until("true")
		}
		require.True(t, noticed, bad)
		b.clearProblems()
	}
	require.True(t, eval[bool](b, `(() => { try { document.body.innerHTML = "<b>oh</b>"; return false; } catch (error) { return error instanceof TypeError; } })()`), "text that would become HTML is refused")
	b.until("true")
	b.clearProblems()
}
