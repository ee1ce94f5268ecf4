package main

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// TestPictures shows each part of the page in light and dark, wide and on a phone.
func TestPictures(t *testing.T) {
	b := open(t, 3_000)
	b.refusals = true
	for _, scheme := range []string{"light", "dark"} {
		b.scheme(scheme)
		for _, size := range []struct {
			name          string
			width, height int64
		}{{"wide", 1360, 860}, {"phone", 360, 740}} {
			b.size(size.width, size.height)
			name := scheme + "-" + size.name + "-"
			b.visit("")
			b.picture(name + "list")
			b.visit("?filter=source:instagram+tag:hot-lead+-tag:customer&order=seen")
			b.picture(name + "filtered")
			b.click("tbody .tick label")
			b.picture(name + "selected")
			b.click("#selection button | Delete")
			b.picture(name + "delete")
			b.press("\x1b")
			b.click("#selection button | Tag")
			b.click("dialog .picker input")
			b.picture(name + "bulk-tag")
			b.press("\x1b", "\x1b")
			b.click("#selection button | Add to group")
			b.picture(name + "bulk-group")
			b.press("\x1b")
			b.click("#selection button | Untag")
			b.press("\x1b", "\x1b")
			b.visit("?filter=source:instagram+tga:hot-lead")
			b.until(`document.querySelector("#filter-error").checkVisibility()`)
			b.picture(name + "error")
			b.visit("?filter=nobody+is+called+this")
			b.picture(name + "empty")
			b.visit("")
			b.click("tbody button.open")
			b.picture(name + "edit")
			b.press("\x1b")
			b.click("#create")
			b.write("dialog .picker input", "ne")
			b.picture(name + "tags")
			b.write("dialog .picker input", "spring fair")
			b.press("\r")
			b.picture(name + "new-tag")
			b.press("\x1b", "\x1b")
			b.visit("")
			b.do(chromedp.ScrollIntoView(chromedp.CSS("#pager")))
			b.picture(name + "pager")
			if size.name == "phone" {
				b.click("#filters summary")
				b.picture(name + "chips")
			}
		}
	}
}
