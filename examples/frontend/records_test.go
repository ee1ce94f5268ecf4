package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

const (
	nameField   = `.field[data-field="name"] input`
	emailField  = `.field[data-field="email"] input`
	phoneField  = `.field[data-field="phone"] input`
	sourceField = `.field[data-field="source"] select`
	tagField    = `.picker input[role="combobox"]`
)

// choose selects an item of a list by typing its start.
func (b *tab) choose(list, begins string) {
	b.Helper()
	eval[bool](b, find(list)+".focus() ?? true")
	b.press(begins)
}

// closed waits until no dialog is open.
func (b *tab) closed() {
	b.Helper()
	b.until(`document.querySelector("dialog") === null`)
	b.settled()
}

// tags returns all tags by name.
func (b *tab) tags() map[string]tag.Tag {
	b.Helper()
	all := map[string]tag.Tag{}
	for t, err := range b.server.ws.Tags(b.Context()) {
		require.NoError(b, err)
		all[t.Name] = t
	}
	return all
}

func (b *tab) groups() map[string]group.ID {
	b.Helper()
	all := map[string]group.ID{}
	for g, err := range b.server.ws.Groups(b.Context()) {
		require.NoError(b, err)
		all[g.Name] = g.ID
	}
	return all
}

func tagNames(v visitor.Visitor) (names []string) {
	for _, a := range v.Tags {
		names = append(names, a.Name)
	}
	return names
}

func TestCreateWithNewAndExistingTags(t *testing.T) {
	b := open(t, 30)
	b.click("#create")
	require.Equal(t, "Create visitor", b.text("dialog h2"))
	b.press("Katherine Johnson") // the name has the focus
	b.choose(sourceField, "What")
	b.write(emailField, "katherine@example.com")
	b.write(phoneField, "+1 202 555 0123")

	// A new tag: type, Enter, a colour, a description, Enter.
	b.write(tagField, "spring fair")
	b.press(kb.Enter)
	require.Equal(t, "New tag spring fair", b.text(".draft legend"))
	b.click(`.swatch input[value="#16a34a"]`)
	b.write(".draft input[type=text]", "met at the fair in Lyon")
	b.press(kb.Enter)
	require.Equal(t, []string{"spring fair×"}, b.texts(".chosen .badge"))

	// An existing tag: chosen from the list by mouse, and by keys.
	b.write(tagField, "hot")
	b.click(`[role="option"] | hot-lead`)
	b.write(tagField, "ip")
	b.press(kb.ArrowDown, kb.Enter)
	require.Equal(t, []string{"spring fair×", "hot-lead×", "vip×"}, b.texts(".chosen .badge"))
	// The name of an existing tag in another spelling creates no second one.
	b.write(tagField, "CUSTOMER")
	b.press(kb.Enter)
	b.click(`.group-list label | Newsletter`)
	b.click("dialog button | Save")
	b.closed()
	require.Contains(t, b.text("#notices"), "Created Katherine Johnson.")

	v := b.first(filter.All(), store.NewestFirst, 1)[0]
	require.Equal(t, []string{"Katherine Johnson", "katherine@example.com", "+12025550123", "whatsapp"}, []string{v.Name, v.Email, v.Phone, string(v.Source)})
	require.Equal(t, []string{"customer", "hot-lead", "spring fair", "vip"}, tagNames(v))
	require.Equal(t, []visitor.GroupID{b.groups()["Newsletter"]}, v.Groups())
	made := b.tags()["spring fair"]
	require.Equal(t, tag.Color("#16a34a"), made.Color)
	require.Equal(t, "met at the fair in Lyon", made.Description)
	require.Equal(t, "Katherine Johnson", b.names()[0])
	require.True(t, eval[bool](b, `document.activeElement.id === "create"`), "the focus is back")
}

func TestCreateShowsErrorsAtTheField(t *testing.T) {
	b := open(t, 0)
	b.refusals = true
	wrong := func(field, says string) {
		t.Helper()
		b.click("dialog button | Save")
		b.until(find(fmt.Sprintf(".field[data-field=%q] .field-error | %s", field, says)))
		require.Equal(t, field, eval[string](b, `document.activeElement.closest(".field").dataset.field`))
		require.Len(t, b.texts(".field-error"), 1)
	}
	b.click("#create")
	wrong("name", "A name is needed")
	b.write(nameField, "Ada")
	wrong("source", "Choose where")
	b.choose(sourceField, "Chat")
	b.write(emailField, "ada@")
	wrong("email", "")
	b.write(emailField, "ada@example.com")
	b.write(phoneField, "030 123456")
	wrong("phone", "")
	b.write(tagField, "half typed")
	wrong("tags", "not added yet")
	b.press(kb.Enter)
	b.until(find(".draft"))
	b.press(kb.Escape)
	b.write(tagField, strings.Repeat("long", 20))
	b.press(kb.Enter, kb.Enter)
	require.Zero(t, b.count(filter.All()))
	b.write(phoneField, "+49 30 123456")
	wrong("tags", "64")
	b.click(".chosen button")
	require.Equal(t, "Ada", eval[string](b, find(nameField)+".value"), "nothing that was typed is lost")
	b.click("dialog button | Save")
	b.closed()
	require.Equal(t, 1, b.count(filter.All()))
}

func TestSaveTwiceCreatesOne(t *testing.T) {
	b := open(t, 0)
	b.click("#create")
	b.press("Ada")
	b.choose(sourceField, "Chat")
	eval[bool](b, find("dialog form")+`.requestSubmit() ?? true`)
	eval[bool](b, `document.querySelector("dialog form")?.requestSubmit() ?? true`)
	b.closed()
	b.shows(1)
	require.Equal(t, 1, b.count(filter.All()))
}

func TestEditProfileAndTags(t *testing.T) {
	b := open(t, 30)
	idn := b.create(visitor.Draft{Name: "Jürgen", Email: "j@müller.example", Source: visitor.Chat})
	v := b.create(visitor.Draft{Name: "Ada Byron", Email: "old@example.com", Phone: "+44 7700 900123", Source: visitor.Chat, Tags: []string{"hot-lead", "vip"}})
	b.visit("")
	b.click("td.name button | Ada Byron")
	require.Equal(t, "Edit visitor", b.text("dialog h2"))
	require.Equal(t, []string{"Ada Byron", "old@example.com", "+447700900123", "chat"}, []string{
		eval[string](b, find(nameField)+".value"), eval[string](b, find(emailField)+".value"),
		eval[string](b, find(phoneField)+".value"), eval[string](b, find(sourceField)+".value"),
	})
	b.write(nameField, "Ada Lovelace")
	b.write(emailField, "new@example.com")
	b.write(phoneField, "")
	b.choose(sourceField, "Insta")
	b.click(`button[aria-label="Remove vip"]`)
	b.write(tagField, "brand new")
	b.press(kb.Enter, kb.Enter) // with the colour that is offered, and no description
	b.press(kb.Enter)           // nothing typed: saves
	b.closed()

	got := b.get(v.ID)
	require.Equal(t, []string{"Ada Lovelace", "new@example.com", "", "instagram"}, []string{got.Name, got.Email, got.Phone, string(got.Source)})
	require.Equal(t, []string{"brand new", "hot-lead"}, tagNames(got))
	require.Equal(t, "Ada Lovelace", b.names()[0])
	require.Equal(t, int64(2), got.Revision)

	b.click("td.name button | Jürgen") // and nothing is changed that was not touched
	b.write(tagField, "vip")
	b.press(kb.Enter)
	b.click("dialog button | Save")
	b.closed()
	require.Equal(t, []any{"j@müller.example", int64(1), []string{"vip"}}, []any{b.get(idn.ID).Email, b.get(idn.ID).Revision, tagNames(b.get(idn.ID))})

	b.click("td.name button | Ada Lovelace")
	require.Equal(t, "Edit visitor", b.text("dialog h2"))
	b.press(kb.Escape)
	b.closed()
	require.Equal(t, string(v.ID), eval[string](b, `document.activeElement.closest("tr").dataset.id`), "the focus is back in the row")
}

func TestEditConflict(t *testing.T) {
	b := open(t, 0)
	b.refusals = true
	v := b.create(visitor.Draft{Name: "Ada", Source: visitor.Chat})
	b.visit("")
	b.click("td.name button | Ada")
	b.write(nameField, "Mine")
	theirs := "Theirs"
	_, err := b.server.ws.Update(t.Context(), v.ID, visitor.Patch{Name: &theirs})
	require.NoError(t, err)
	b.click("dialog button | Save")
	b.until(find(".dialog-error"))
	require.Contains(t, b.text(".dialog-error"), "Someone else has changed this visitor")
	require.Equal(t, "Theirs", b.get(v.ID).Name)
	b.press(kb.Escape)
	b.closed()
	b.until(find("td.name | Theirs"))
}

func TestGroupsFromTheRecord(t *testing.T) {
	b := open(t, 0)
	g, err := b.server.ws.CreateGroup(t.Context(), group.Draft{Name: "Newsletter"})
	require.NoError(t, err)
	other, err := b.server.ws.CreateGroup(t.Context(), group.Draft{Name: "Partners"})
	require.NoError(t, err)
	v := b.create(visitor.Draft{Name: "Ada", Source: visitor.Chat, Groups: []visitor.GroupID{g.ID}})
	b.visit("")
	b.click("td.name button | Ada")
	require.Equal(t, "Edit visitor", b.text("dialog h2"))
	require.Equal(t, []string{string(g.ID)}, eval[[]string](b, `[...document.querySelectorAll(".group-list input:checked")].map((box) => box.value)`))
	b.click(".group-list label | Newsletter")
	b.click(".group-list label | Partners")
	b.write(".new-group input", "Alumni")
	b.press(kb.Enter)
	require.Equal(t, []string{"Newsletter", "Partners", "Alumni"}, b.texts(".group-list label > bdi"))
	b.click("dialog button | Save")
	b.closed()
	require.ElementsMatch(t, []visitor.GroupID{other.ID, b.groups()["Alumni"]}, b.get(v.ID).Groups())
	require.Equal(t, "Alumni, Partners", eval[string](b, `[...document.querySelectorAll("td.groups bdi")].map((g) => g.textContent).sort().join(", ")`))
	require.Equal(t, 1, b.chipCount("group", "Alumni"))
	require.Equal(t, 0, b.chipCount("group", "Newsletter"))
}

func TestRecordShowsMemberships(t *testing.T) {
	b := open(t, 0)
	ann, err := b.server.ws.WithActor("ann <b>", "spring campaign")
	require.NoError(t, err)
	for _, d := range []group.Draft{{Name: "By hand"}, {Name: "Chatters", Rule: filter.Source.Is(visitor.Chat)}, {Name: "Not in"}} {
		_, err := b.server.ws.CreateGroup(t.Context(), d)
		require.NoError(t, err)
	}
	v := b.create(visitor.Draft{Name: "Ada", Source: visitor.Chat})
	_, err = ann.AddToGroup(t.Context(), b.groups()["By hand"], v.ID)
	require.NoError(t, err)
	b.visit("")
	b.click("td.name button | Ada")
	require.Equal(t, "Edit visitor", b.text("dialog h2"))
	today := time.Now().Format("Jan 2, 2006")
	require.Equal(t, []string{"By handsince " + today + " by ann <b>", "Chattersby rule", "Not in"}, b.texts(".group-list label"))
	require.Equal(t, "spring campaign", eval[string](b, find(".group-list .muted")+".title"))
}

func TestRecordShowsInboxesAndAFilterFindsThem(t *testing.T) {
	b := open(t, 0)
	for n, inbox := range []string{"1055", "Page <b>"} {
		_, err := b.server.ws.Capture(t.Context(), visitor.Contact{
			Source: visitor.WhatsApp, ExternalID: "4930", Name: "Ada", Inbox: inbox, OccurredAt: time.Now().Add(time.Duration(n-2) * time.Hour),
		})
		require.NoError(t, err)
	}
	b.create(visitor.Draft{Name: "Bob", Source: visitor.Chat, Identities: []visitor.Identity{{Source: visitor.Chat, ExternalID: "7"}}})
	b.visit("")
	for filter, names := range map[string][]string{
		"inbox:1055": {"Ada"}, `inbox:"Page <b>",1056`: {"Ada"}, `inbox:"page <b>"`: {}, "-inbox:1055": {"Bob"}, "has:inbox": {"Ada"},
	} {
		b.search(filter)
		b.shows(len(names))
		require.Equal(t, names, b.names(), filter)
	}
	b.search("")
	b.click("td.name button | Ada")
	require.Equal(t, "Edit visitor", b.text("dialog h2"))
	require.Contains(t, b.texts(".facts dd"), "whatsapp: 4930 (through Page <b>, 1055)")
	b.press(kb.Escape)
	b.closed()
	b.click("td.name button | Bob")
	require.Equal(t, "Edit visitor", b.text("dialog h2"))
	require.Contains(t, b.texts(".facts dd"), "chat: 7")
}

func TestEscapeInTheTagFieldClosesTheListAndNotTheDialog(t *testing.T) {
	b := open(t, 5)
	b.click("#create")
	b.press("Ada")
	b.write(tagField, "v")
	b.until(find(`[role="option"]`))
	b.press(kb.Escape)
	b.until(`!document.querySelector("[role=listbox]").checkVisibility()`)
	b.press(kb.Enter)
	b.until(find(".draft"))
	b.press(kb.Escape) // leaves the new tag
	b.until(`document.querySelector(".draft") === null`)
	require.Equal(t, "Ada", eval[string](b, find(nameField)+".value"))
	b.press(kb.Escape)
	b.closed()
}
