package main

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/visitor"
)

// page waits until a page is shown.
func (b *tab) page(n int) {
	b.Helper()
	b.until(fmt.Sprintf(`document.querySelector("#pager span").textContent === "Page %d"`, n))
	b.settled()
}

func TestPagesNeitherSkipNorRepeatWhileVisitorsComeAndGo(t *testing.T) {
	b := open(t, 170)
	want := idsOf(b.first(filter.All(), store.NewestFirst, 170))
	var seen []string
	b.page(1)
	for n := 1; ; n++ {
		seen = append(seen, b.ids()...)
		if eval[bool](b, find("#pager button | Next")+`.getAttribute("aria-disabled") === "true"`) {
			break
		}
		// With offsets, these two would each move the next page by one.
		b.create(visitor.Draft{Name: "Newcomer", Source: visitor.Chat})
		if n == 1 {
			_, err := b.server.ws.Delete(t.Context(), visitor.ID(want[10]))
			require.NoError(t, err)
		}
		b.click("#pager button | Next")
		b.page(n + 1)
	}
	require.Equal(t, want, seen)

	b.click("#pager button | Previous")
	b.page(3)
	require.Equal(t, want[100:150], b.ids())
	b.click("#pager button | Previous")
	b.page(2)
	b.click("#pager button | Previous")
	b.page(1)
	require.Equal(t, "true", eval[string](b, find("#pager button | Previous")+`.getAttribute("aria-disabled")`))
	require.Contains(t, b.names(), "Newcomer")
	b.click("#pager button | Previous") // and nothing happens
	b.page(1)
}

func TestNextTwiceIsOnePage(t *testing.T) {
	b := open(t, 120)
	want := idsOf(b.first(filter.All(), store.NewestFirst, 120))
	eval[bool](b, `((next) => { next.click(); next.click(); return true; })(`+find("#pager button | Next")+`)`)
	b.page(2)
	require.Equal(t, want[50:100], b.ids())
	b.click("#pager button | Next")
	b.page(3)
	require.Equal(t, want[100:], b.ids())
	require.Equal(t, "Next", b.focused(), "at the last page too")
}

func TestPageStaysWhileAFilterIsInvalid(t *testing.T) {
	b := open(t, 120)
	b.refusals = true
	want := idsOf(b.first(filter.All(), store.NewestFirst, 120))
	b.click("#pager button | Next")
	b.page(2)
	b.search("tga:vip")
	require.Equal(t, "tga", b.text("#filter-error mark"))
	require.Equal(t, want[50:100], b.ids())
	b.click("#pager button | Next")
	b.page(3)
	require.Equal(t, want[100:], b.ids())
	require.Equal(t, "120 visitors, unfiltered", b.text("#count"))
	b.create(visitor.Draft{Name: "Newcomer", Source: visitor.Chat})
	b.until(`document.querySelector("#count").textContent === "121 visitors, unfiltered"`)
	b.page(3)
	b.search("has:tag")
	b.page(1)
	b.shows(b.count(filter.Tag.Exists()))
}

func TestEmptiedPageIsReplacedByTheFirst(t *testing.T) {
	b := open(t, 53)
	b.click("#pager button | Next")
	b.until(`document.querySelectorAll("tbody tr").length === 3`)
	b.click("#whole-page")
	b.click("#selection button | Delete")
	b.press("3", kb.Enter)
	b.closed()
	b.shows(50)
	require.Len(t, b.ids(), 50)
	require.False(t, eval[bool](b, `document.querySelector("#pager").checkVisibility()`))
}
