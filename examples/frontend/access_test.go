package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/visitor"
)

// back presses Shift+Tab.
func (b *tab) back() {
	b.Helper()
	e := *kb.Encode('\t')[0]
	e.Modifiers = int64(chromedp.ModifierShift)
	up := e
	up.Type = kb.KeyUp
	for _, e := range []input.DispatchKeyEventParams{e, up} {
		_, err := chromedp.Call(b.ctx, input.DispatchKeyEvent, e)
		require.NoError(b, err)
	}
}

// focused describes the focused element.
func (b *tab) focused() string {
	b.Helper()
	return eval[string](b, `((e) => (e.getAttribute("aria-label") || e.labels?.[0]?.textContent || e.textContent || e.id).replace(/\s+/g, " ").trim())(document.activeElement)`)
}

// tabTo presses Tab until an element has the focus. Each focused element must be visibly marked.
func (b *tab) tabTo(what string) {
	b.Helper()
	for range 40 {
		b.press(kb.Tab)
		require.True(b, eval[bool](b, `((e) => e === document.body || e.matches(":focus-visible") && (getComputedStyle(e).outlineStyle !== "none" || getComputedStyle(e.nextElementSibling ?? e).outlineStyle !== "none"))(document.activeElement)`), "the focus is not visible at %s", b.focused())
		if strings.HasPrefix(b.focused(), what) {
			return
		}
	}
	b.Fatalf("Tab does not come to %s", what)
}

func TestEverythingWorksByKeyboard(t *testing.T) {
	b := open(t, 60)
	all := b.first(filter.All(), store.NewestFirst, 3)

	// Create.
	b.tabTo("Skip to the visitors")
	b.tabTo("Create")
	b.press(kb.Enter)
	b.until(find("dialog"+" form") + " !== undefined")
	b.press("Ada Lovelace", kb.Tab, "Chat", kb.Tab, "ada@example.com", kb.Tab, kb.Tab)
	b.press("countess", kb.Enter, kb.Tab, kb.Tab) // from the description of the new tag to its buttons
	require.Equal(t, "Discard", b.focused())
	b.back()
	b.back()
	b.back() // the colours are one stop; the arrow keys choose
	before := b.text(".draft legend")
	b.press(kb.ArrowRight)
	require.Equal(t, before, b.text(".draft legend"))
	color := eval[string](b, `document.activeElement.value`)
	b.press(kb.Enter)
	b.press(kb.Tab, " ", kb.Enter) // the first group, and saved
	b.closed()
	require.Equal(t, "Create", b.focused(), "the focus is back")
	ada := b.first(filter.All(), store.NewestFirst, 1)[0]
	require.Equal(t, "Ada Lovelace", ada.Name)
	require.Equal(t, []string{"countess"}, tagNames(ada))
	require.Equal(t, color, string(b.tags()["countess"].Color))
	require.Len(t, ada.Memberships, 1)

	// Each list of chips is one stop of Tab; the arrow keys move between chips.
	b.tabTo("Instagram")
	b.press(kb.ArrowDown, kb.ArrowDown, kb.ArrowUp)
	require.Contains(t, b.focused(), "WhatsApp")
	b.press(" ")
	b.shows(b.count(filter.Source.Is(visitor.WhatsApp)))
	require.Contains(t, b.focused(), "WhatsApp, is", "the focus stays when the list changes")
	b.press(kb.Enter, kb.Enter)
	b.shows(61)
	b.press(kb.Tab)
	require.Contains(t, b.focused(), "countess")
	b.press(kb.End)
	require.Contains(t, b.focused(), "wholesale")

	// Search, with an error and its correction.
	b.refusals = true
	b.tabTo("Search and filter visitors")
	b.press("tga:countess", kb.Enter)
	b.until(find("#filter-error .fix"))
	b.tabTo("Did you mean tag?")
	b.press(kb.Enter)
	b.shows(1)
	require.Equal(t, "Search and filter visitors", b.focused())
	b.press(kb.Escape)
	b.shows(61)

	// Sort, rows, selection.
	b.tabTo("Select this page")
	b.tabTo("Name")
	b.press(kb.Enter)
	b.until(`document.querySelector("[aria-sort]") !== null`)
	b.press(kb.Enter)
	b.tabTo("Last seen")
	eval[bool](b, `document.querySelector("#order").focus() ?? true`)
	b.press("New")
	b.settled()
	b.until(fmt.Sprintf(`document.querySelector("tbody tr").dataset.id === %q`, ada.ID))
	b.tabTo("Select Ada Lovelace")
	b.press(kb.ArrowDown, " ", kb.ArrowDown, " ")
	require.Equal(t, "2 visitors selected", b.text(".selected"))
	b.press(kb.Home)
	require.Equal(t, "Select Ada Lovelace", b.focused())
	b.press(kb.Tab)
	require.Equal(t, "Ada Lovelace", b.focused())
	b.press(kb.ArrowDown)
	require.Equal(t, all[0].Name, b.focused())

	// Edit: Enter opens, Escape closes, the focus returns.
	b.press(kb.Enter)
	b.until(find("dialog form") + " !== undefined")
	require.Equal(t, "Name", b.focused())
	b.back()
	b.press(kb.Tab) // the focus stays in the dialog
	require.True(t, eval[bool](b, `document.activeElement.closest("dialog") !== null`))
	b.press(kb.Escape)
	b.closed()
	require.Equal(t, all[0].Name, b.focused())

	// From the rows, Tab moves to the bulk actions.
	b.press(kb.Tab)
	require.Equal(t, "Select all 61 matching", b.focused())
	b.tabTo("Tag")
	b.press(kb.Enter)
	b.until(find("dialog form") + " !== undefined")
	b.press("countess", kb.Enter)
	b.until(find(".chosen .badge"))
	b.tabTo("Tag")
	b.press(kb.Enter)
	b.closed()
	require.Equal(t, 3, b.count(filter.Tag.Has("countess")))
	b.tabTo("Delete")
	b.press(kb.Enter)
	b.until(find("dialog form") + " !== undefined")
	b.press("2", kb.Enter)
	b.closed()
	b.shows(59)
	for _, v := range all[:2] {
		_, err := b.server.ws.Get(t.Context(), v.ID)
		require.ErrorIs(t, err, store.ErrNotFound)
	}

	// Pages.
	b.tabTo("Next")
	b.press(kb.Enter)
	b.until(`document.querySelector("#pager span").textContent === "Page 2"`)
	b.settled()
	b.tabTo("Previous")
	b.press(kb.Enter)
	b.until(`document.querySelector("#pager span").textContent === "Page 1"`)
}

func TestPhoneWidth(t *testing.T) {
	b := open(t, 60)
	b.size(360, 740)
	fits := func(where string) {
		t.Helper()
		wide := eval[[]string](b, `[...(document.querySelector("dialog[open]") ?? document.body).querySelectorAll("*")].filter((e) => {
			const r = e.getBoundingClientRect();
			return e.checkVisibility() && !e.closest(".visually-hidden, .skip") && r.width > 0 && (r.right > 360.5 || r.left < -0.5);
		}).map((e) => e.tagName + "." + e.className)`)
		require.Empty(t, wide, where)
		require.LessOrEqual(t, eval[float64](b, `document.documentElement.scrollWidth`), 360.0, where)
		// Controls are large enough for a finger (WCAG 2.2, success criterion 2.5.8).
		small := eval[[]string](b, `[...(document.querySelector("dialog[open]") ?? document.body).querySelectorAll("button, select, input, summary")].filter((e) => {
			const r = (e.closest("label") ?? e).getBoundingClientRect();
			return e.checkVisibility() && (r.width < 24 || r.height < 24);
		}).map((e) => e.tagName + " " + e.textContent + e.className)`)
		require.Empty(t, small, where)
	}
	b.visit("")
	fits("list")
	b.click("#filters summary")
	b.settled() // the numbers move the chips
	b.click(chip("tag", "newsletter"))
	b.shows(b.count(filter.Tag.Has("newsletter")))
	require.Equal(t, "1 on", b.text("#filters-active"))
	fits("filters")
	b.click("#filters summary")
	b.tick(0, 1)
	fits("selection")
	b.click("#selection button | Add to group")
	fits("groups")
	b.click("dialog button | Cancel")
	b.closed()
	b.click("#selection button | Delete")
	fits("deletion")
	b.press("2", kb.Enter)
	b.closed()
	require.Equal(t, 58, b.count(filter.All()))
	b.click("#create")
	b.press("Ada")
	b.choose(sourceField, "Chat")
	b.write(tagField, "fair")
	b.press(kb.Enter)
	fits("creation")
	b.click(".draft button | Add tag")
	b.click("dialog button | Save")
	b.closed()
	require.Equal(t, 1, b.count(filter.Tag.Has("fair")))
	b.search("name:ada")
	b.shows(1)
	b.click("td.name button | Ada")
	b.until(find("dialog form") + " !== undefined") // the visitor is read first
	fits("record")
	b.press(kb.Escape)
	b.closed()
	require.Equal(t, []string{"Ada"}, b.names())
	require.Equal(t, []string{"Chat"}, b.texts("td.source"))
}
