package main

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
)

const (
	tagList   = `.field[data-field="tag"] select`
	groupList = `.field[data-field="group"] select`
)

func TestDeleteTag(t *testing.T) {
	b := open(t, 60)
	b.refusals = true
	may := func() bool { return !eval[bool](b, find("dialog button | Delete permanently")+".disabled") }
	b.click("#delete-tag")
	require.Equal(t, "Delete a tag", b.text("dialog h2"))
	require.False(t, may(), "none is chosen yet")

	b.choose(tagList, "hot-lead")
	b.until(find(fmt.Sprintf("dialog p | %d visitors lose this tag. The visitors stay.", b.count(filter.Tag.Has("hot-lead")))))
	b.click("dialog button | Delete permanently")
	require.Equal(t, "Needed by the rule of Warm on Instagram. Nothing was deleted.", b.text(".field[data-field=tag] .field-error"))
	require.True(t, eval[bool](b, `document.activeElement.matches("select")`))
	require.Contains(t, b.tags(), "hot-lead")

	b.choose(tagList, "vip")
	b.until(find(fmt.Sprintf("dialog p | %d visitors", b.count(filter.Tag.Has("vip")))))
	require.Empty(t, b.texts(".field-error"))
	b.click("dialog button | Delete permanently")
	b.closed()
	require.Contains(t, b.text("#notices"), "Deleted vip.")
	require.NotContains(t, b.tags(), "vip")
	b.until(`document.querySelector('#tags [data-name="vip"]') === null`)
	b.shows(60)

	// A search for the deleted tag shows an error.
	b.search("tag:returning")
	b.click("#delete-tag")
	b.choose(tagList, "returning")
	b.until(find(fmt.Sprintf("dialog p | %d visitors", b.count(filter.Tag.Has("returning")))))
	b.click("dialog button | Delete permanently")
	b.closed()
	require.Equal(t, "returning", b.text("#filter-error mark"))
}

func TestDeleteGroup(t *testing.T) {
	b := open(t, 30)
	b.refusals = true
	ws := b.server.ws
	b.click("#delete-group")
	b.choose(groupList, "Newsletter")
	b.until(find(fmt.Sprintf("dialog p | %d visitors", b.count(filter.Group.Has("Newsletter")))))
	// Rules by others that the page has not loaded.
	for _, name := range []string{"<b>Readers</b>", "Spring readers"} {
		_, err := ws.CreateGroup(t.Context(), group.Draft{Name: name, Rule: filter.Group.Has("Newsletter")})
		require.NoError(t, err)
	}
	b.click("dialog button | Delete permanently")
	require.Equal(t, "Needed by the rule of <b>Readers</b> and Spring readers. Nothing was deleted.", b.text(".field[data-field=group] .field-error"))
	require.Contains(t, b.groups(), "Newsletter")
	b.choose(groupList, "Wholesale")
	b.until(find("dialog p | in this group. The visitors stay."))
	b.click("dialog button | Delete permanently")
	b.closed()
	require.NotContains(t, b.groups(), "Wholesale partners")
	b.shows(30)
}
