package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// tick clicks the checkboxes of rows, from 0.
func (b *tab) tick(rows ...int) {
	b.Helper()
	for _, i := range rows {
		b.click(fmt.Sprintf("tbody tr:nth-child(%d) .tick input", i+1))
	}
}

func TestSelectRowsThenTagUntagAddToGroupDelete(t *testing.T) {
	b := open(t, 60)
	ids := idsOf(b.first(filter.All(), store.NewestFirst, 3))
	b.tick(0, 1, 2)
	require.Equal(t, "3 visitors selected", b.text(".selected"))

	b.click("#selection button | Tag")
	require.Equal(t, "Tag 3 visitors", b.text("dialog h2"))
	require.True(t, eval[bool](b, find("dialog button.primary")+".disabled"), "no tag is chosen yet")
	b.press("lyon")
	b.press(kb.Enter)
	b.write(".draft input[type=text]", "seen in Lyon")
	b.press(kb.Enter)
	b.click("dialog button.primary")
	b.closed()
	require.Contains(t, b.text("#notices"), "Tagged 3 visitors.")
	for _, id := range ids {
		require.Contains(t, tagNames(b.get(visitor.ID(id))), "lyon")
	}
	require.Equal(t, 3, b.count(filter.Tag.Has("lyon")))
	require.Equal(t, "seen in Lyon", b.tags()["lyon"].Description)
	require.Equal(t, 3, b.chipCount("tag", "lyon"))
	require.Equal(t, "3 visitors selected", b.text(".selected"), "still selected, for the next action")

	b.tick(1)
	require.Equal(t, "2 visitors selected", b.text(".selected"))
	b.click("#selection button | Untag")
	b.press("lyon", kb.Enter)
	b.click("dialog button.primary")
	b.closed()
	require.Equal(t, 1, b.count(filter.Tag.Has("lyon")))
	require.Contains(t, tagNames(b.get(visitor.ID(ids[1]))), "lyon")

	b.click("#selection button | Add to group")
	require.Equal(t, "Add 2 visitors to groups", b.text("dialog h2"))
	b.click(".group-list label | Spring campaign")
	b.write(".new-group input", "Lyon")
	b.click("dialog button | New group")
	b.click("dialog button.primary")
	b.closed()
	for _, i := range []int{0, 2} {
		require.Subset(t, b.get(visitor.ID(ids[i])).Groups(), []visitor.GroupID{b.groups()["Lyon"], b.groups()["Spring campaign"]})
	}
	require.Equal(t, 2, b.count(filter.Group.Has("Lyon")))

	b.click("#selection button | Delete")
	b.press("2")
	b.click("dialog button | Delete permanently")
	b.closed()
	b.shows(58)
	for i, id := range ids {
		_, err := b.server.ws.Get(t.Context(), visitor.ID(id))
		if i == 1 {
			require.NoError(t, err)
		} else {
			require.ErrorIs(t, err, store.ErrNotFound)
		}
	}
	require.False(t, eval[bool](b, `document.querySelector("#selection").checkVisibility()`))
}

func TestSelectPageThenAllMatching(t *testing.T) {
	b := open(t, 300)
	e := filter.Not(filter.Tag.Has("customer"))
	n := b.count(e)
	require.Greater(t, n, 100)
	b.search("-tag:customer")
	b.shows(n)
	b.click("#whole-page")
	require.Equal(t, "50 visitors selected", b.text(".selected"))
	b.click(fmt.Sprintf("#selection button | Select all %d matching", n))
	require.Equal(t, fmt.Sprintf("All %d matching selected", n), b.text(".selected"))

	b.click("#selection button | Tag")
	require.Equal(t, fmt.Sprintf("Tag %d visitors", n), b.text("dialog h2"))
	b.press("vip", kb.Enter)
	b.click("dialog button.primary")
	b.closed()
	require.Equal(t, n, b.count(filter.And(e, filter.Tag.Has("vip"))))
	require.Equal(t, b.count(filter.Tag.Has("vip")), n+b.count(filter.And(filter.Not(e), filter.Tag.Has("vip"))), "no other visitor changed")

	// Unselecting one leaves the others of the page, not all others that match.
	b.tick(0)
	require.Equal(t, "49 visitors selected", b.text(".selected"))
	// Another search is another selection.
	b.search("tag:vip")
	require.False(t, eval[bool](b, `document.querySelector("#selection").checkVisibility()`))

	b.click("#whole-page")
	b.click("#selection button | Select all")
	all := b.count(filter.Tag.Has("vip"))
	rest := 300 - all
	b.click("#selection button | Delete")
	b.press(fmt.Sprint(all))
	b.press(kb.Enter)
	b.closed()
	b.shows(0)
	require.Equal(t, rest, b.count(filter.All()))
}

func TestDeletionShowsConsequencesAndRequiresTheNumber(t *testing.T) {
	b := open(t, 10)
	b.tick(0, 1, 2)
	b.click("#selection button | Delete")
	said := b.text("dialog form")
	for _, words := range []string{
		"You are about to delete 3 visitors.", "This goes", "Profile", "Tags they carry", "Memberships in groups", "Identities on channels",
		"This stays", "Conversations kept elsewhere", "This cannot be undone.", "Type 3 to delete",
	} {
		require.Contains(t, said, words)
	}
	may := func() bool { return !eval[bool](b, find("dialog button | Delete permanently")+".disabled") }
	require.False(t, may())
	for text, want := range map[string]bool{"": false, "2": false, "33": false, "three": false, "3": true} {
		b.write("dialog input", text)
		require.Equal(t, want, may(), text)
	}
	b.write("dialog input", "2")
	b.press(kb.Enter)
	require.Equal(t, 10, b.count(filter.All()), "Enter with another number does nothing")
	b.press(kb.Escape)
	b.closed()
	require.Equal(t, 10, b.count(filter.All()))
	require.Equal(t, "Delete", eval[string](b, `document.activeElement.textContent`), "the focus is back")
}

func TestDeleteFromTheRecord(t *testing.T) {
	b := open(t, 3)
	v := b.create(visitor.Draft{Name: "Ada", Source: visitor.Chat})
	b.visit("")
	b.click("td.name button | Ada")
	b.click("dialog button | Delete…")
	require.Contains(t, b.text("dialog form"), "You are about to delete Ada.")
	b.press("1", kb.Enter)
	b.closed()
	b.shows(3)
	_, err := b.server.ws.Get(t.Context(), v.ID)
	require.ErrorIs(t, err, store.ErrNotFound)
}

func TestDeletionOfAllMatchingStopsIfTheNumberChanged(t *testing.T) {
	b := open(t, 80)
	b.refusals = true
	n := b.count(filter.Source.Is(visitor.Instagram))
	b.click(chip("source", "instagram"))
	b.shows(n)
	b.click("#whole-page")
	if n > 50 {
		b.click("#selection button | Select all")
	} else {
		// All that match are on the page, so selecting all is not offered.
		b.create(visitor.Draft{Name: "Newcomer", Source: visitor.Instagram})
		b.shows(n + 1)
		n++
		b.click("#selection button | Select all")
	}
	b.click("#selection button | Delete")
	b.create(visitor.Draft{Name: "Last minute", Source: visitor.Instagram})
	b.press(fmt.Sprint(n), kb.Enter)
	b.until(find("dialog .field-error"))
	require.Contains(t, b.text("dialog .field-error"), fmt.Sprintf("%d visitors match now. Nothing was deleted.", n+1))
	require.Equal(t, n+1, b.count(filter.Source.Is(visitor.Instagram)))
	require.Contains(t, b.text("dialog form"), fmt.Sprintf("Type %d to delete", n+1))
	b.until(find("dialog button | Delete permanently") + ".disabled")
	b.press(fmt.Sprint(n+1), kb.Enter)
	b.closed()
	require.Zero(t, b.count(filter.Source.Is(visitor.Instagram)))
	require.True(t, strings.HasPrefix(b.text("#notices"), "Deleted"))
}

func TestUndoBulkChange(t *testing.T) {
	b := open(t, 60)
	before := b.count(filter.Tag.Has("vip"))
	b.click("#whole-page")
	b.click("#selection button | Select all 60 matching")
	b.click("#selection button | Tag")
	b.press("vip", kb.Enter)
	b.click("dialog button.primary")
	b.closed()
	require.Equal(t, 60, b.count(filter.Tag.Has("vip")))
	require.Contains(t, b.text("#notices"), fmt.Sprintf("Tagged %d visitors. %d needed no change.", 60-before, before))
	// One visitor loses the tag by another hand: undoing leaves that alone.
	changed := b.first(filter.All(), store.NewestFirst, 60)
	at := slices.IndexFunc(changed, func(v visitor.Visitor) bool {
		return slices.ContainsFunc(v.Tags, func(a tag.Assignment) bool { return a.Name == "vip" && strings.HasPrefix(a.Cause, "job:") })
	})
	_, err := b.server.ws.Untag(t.Context(), []string{"vip"}, changed[at].ID)
	require.NoError(t, err)
	b.withAxe()
	b.audited("undo")
	b.picture("undo")
	b.click("#notices button | Undo")
	b.until(find(fmt.Sprintf("#notices p | Undone for %d visitors. 1 had changed since, and stay as they are.", 59-before)))
	require.Equal(t, before, b.count(filter.Tag.Has("vip")))
}

func TestStopBulkChange(t *testing.T) {
	t.Parallel()
	b := show(t, options{visitors: 4_000, jobTime: 20 * time.Millisecond})
	b.click("#whole-page")
	b.click("#selection button | Select all 4,000 matching")
	// Each step takes a while, as with more visitors.
	eval[bool](b, `(() => { const now = window.fetch; window.fetch = async (url, how) => {
		if (String(url).endsWith("/run")) await new Promise((after) => setTimeout(after, 700));
		return now(url, how);
	}; return true })()`)
	b.click("#selection button | Tag")
	b.press("lyon", kb.Enter, kb.Enter, kb.Enter)
	b.click("dialog button.primary")
	b.until(find("dialog progress"))
	b.until(`Number(document.querySelector("dialog progress").value) > 0`)
	b.picture("progress")
	b.press(kb.Escape) // is Stop, not Cancel
	b.closed()
	done := b.count(filter.Tag.Has("lyon"))
	require.Contains(t, b.text("#notices"), "Stopped: tagged ")
	require.Greater(t, done, 0)
	require.Less(t, done, 4_000)
	b.click("#notices button | Undo")
	b.until(find("#notices p | Undone for "))
	require.Zero(t, b.count(filter.Tag.Has("lyon")))
}
