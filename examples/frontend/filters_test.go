package main

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// typed returns the text of the search field.
func (b *tab) typed() string {
	b.Helper()
	return eval[string](b, `document.querySelector("#filter").value`)
}

// chip returns the selector of the chip of a source, tag or group.
func chip(field, name string) string {
	return fmt.Sprintf(`#%ss [data-name=%q]`, field, name)
}

func (b *tab) chipState(field, name string) string {
	b.Helper()
	return eval[string](b, find(chip(field, name))+".dataset.state")
}

func (b *tab) chipCount(field, name string) int {
	b.Helper()
	n, err := strconv.Atoi(strings.ReplaceAll(b.text(chip(field, name)+" .chip-count"), ",", ""))
	require.NoError(b, err)
	return n
}

func TestSearchByPartOfNameAddressNumberAndByFilterText(t *testing.T) {
	b := open(t, 400)
	ada := b.create(visitor.Draft{Name: "Ada Łukasiewicz", Email: "countess@example.org", Phone: "+49 30 901820", Source: visitor.Chat})
	for _, s := range []string{"łukasie", "lukasie", "untess@ex", "90182", "+49 30 901", `name:"ada łukasiewicz"`} {
		b.search(s)
		b.shows(1)
		require.Equal(t, []string{string(ada.ID)}, b.ids(), s)
	}
	for _, s := range []string{
		"source:instagram", "tag:hot-lead -tag:customer", "source:instagram tag:hot-lead -tag:customer ma",
		"(tag:vip OR tag:wholesale) -has:phone", "seen:<7d", "group:Newsletter has:email", "-has:tag",
	} {
		e, err := filter.Parse(s)
		require.NoError(t, err)
		b.search(s)
		b.shows(b.count(e))
	}
	// Without Enter the search starts after a delay.
	b.write("#filter", "łukasie")
	b.shows(1)
	b.click("#filter-clear")
	b.shows(401)
	require.Empty(t, b.typed())
}

func TestErrorsOfAFilterAreShownInPlace(t *testing.T) {
	b := open(t, 200)
	b.refusals = true
	hot := b.count(filter.Tag.Has("hot-lead"))
	b.search("tag:hot-lead")
	b.shows(hot)
	rows := b.ids()

	b.search(`name:"Şa" tga:hot-lead`) // the position is in bytes, and Ş has two
	require.Contains(t, b.text("#filter-error .reason"), "Unknown field")
	require.Equal(t, "tga", b.text("#filter-error mark"))
	require.Equal(t, "tga", eval[string](b, `((f) => f.value.slice(f.selectionStart, f.selectionEnd))(document.querySelector("#filter"))`))
	require.Equal(t, "true", eval[string](b, `document.querySelector("#filter").getAttribute("aria-invalid")`))
	require.Equal(t, fmt.Sprintf("%d visitors, by the last filter", hot), b.text("#count"))
	require.Equal(t, rows, b.ids(), "what was found before stays")
	b.click("#filter-error button | Did you mean tag?")
	b.shows(0)
	require.Equal(t, `name:"Şa" tag:hot-lead`, b.typed())
	require.False(t, eval[bool](b, `document.querySelector("#filter-error").checkVisibility()`))
	require.False(t, eval[bool](b, `document.querySelector("#filter").hasAttribute("aria-invalid")`))

	b.search("source:instagram tag:hot-laed")
	require.Equal(t, "tag", strings.ToLower(strings.Trim(strings.TrimPrefix(b.text("#filter-error .reason"), "No such "), ".")))
	require.Equal(t, "hot-laed", b.text("#filter-error mark"))
	b.click("#filter-error button | Did you mean hot-lead?")
	b.shows(b.count(filter.And(filter.Source.Is(visitor.Instagram), filter.Tag.Has("hot-lead"))))
	require.Equal(t, "source:instagram tag:hot-lead", b.typed())

	for text, place := range map[string]string{
		`ada "lovelace`:       `"lovelace`,
		"tag:vip tag:":        "", // at the end
		"(ada":                "(",
		"created:>yesteryear": "yesteryear",
	} {
		b.search(text)
		require.NotEmpty(t, b.text("#filter-error .reason"), text)
		require.Equal(t, place, b.text("#filter-error mark"), text)
	}
	b.press(kb.Escape)
	b.shows(200)

	b.visit("?filter=tga:x") // nothing was found before
	require.Equal(t, "tga", b.text("#filter-error mark"))
	require.Equal(t, "200 visitors, unfiltered", b.text("#count"))
}

func TestChipsFilterBySourceAndByHasAndHasNotTag(t *testing.T) {
	b := open(t, 400)
	source, has := filter.Source, filter.Tag.Has
	b.click(chip("source", "instagram"))
	b.shows(b.count(source.Is(visitor.Instagram)))
	require.Equal(t, "source:instagram", b.typed())
	require.Equal(t, "has", b.chipState("source", "instagram"))

	b.click(chip("tag", "hot-lead"))
	b.shows(b.count(filter.And(source.Is(visitor.Instagram), has("hot-lead"))))
	require.Equal(t, "source:instagram tag:hot-lead", b.typed())

	b.click(chip("tag", "customer"))
	b.click(chip("tag", "customer"))
	found := filter.And(source.Is(visitor.Instagram), has("hot-lead"), filter.Not(has("customer")))
	b.shows(b.count(found))
	require.Equal(t, "source:instagram tag:hot-lead -tag:customer", b.typed())
	require.Equal(t, []string{"has", "not", "off"}, []string{b.chipState("tag", "hot-lead"), b.chipState("tag", "customer"), b.chipState("tag", "vip")})
	require.Contains(t, b.text(chip("tag", "customer")), "has not")

	// Counts show the matches of each chip.
	for name, e := range map[string]filter.Expr{
		"newsletter": filter.And(found, has("newsletter")),
		"hot-lead":   found,
		"customer":   filter.And(source.Is(visitor.Instagram), has("hot-lead"), has("customer")), // how many are left out
	} {
		require.Equal(t, b.count(e), b.chipCount("tag", name), name)
	}
	for _, s := range visitor.Sources() { // the other sources can still be chosen
		require.Equal(t, b.count(filter.And(source.Is(s), has("hot-lead"), filter.Not(has("customer")))), b.chipCount("source", string(s)), s)
	}
	require.Equal(t, b.count(filter.And(found, filter.Group.Has("Newsletter"))), b.chipCount("group", "Newsletter"))

	// Two sources match either; a third press clears.
	b.click(chip("source", "telegram"))
	require.Equal(t, "source:instagram,telegram tag:hot-lead -tag:customer", b.typed())
	b.shows(b.count(filter.And(source.In(visitor.Instagram, visitor.Telegram), has("hot-lead"), filter.Not(has("customer")))))
	b.click(chip("tag", "customer"))
	b.click(chip("tag", "hot-lead"))
	b.click(chip("tag", "hot-lead"))
	require.Equal(t, "source:instagram,telegram", b.typed())
	b.shows(b.count(source.In(visitor.Instagram, visitor.Telegram)))

	// The chips follow the typed text, and keep its other conditions.
	b.search(`ma TAG:"Hot-Lead" -group:"Spring campaign" has:email`)
	require.Equal(t, []string{"has", "not", "off"}, []string{b.chipState("tag", "hot-lead"), b.chipState("group", "Spring campaign"), b.chipState("source", "instagram")})
	b.click(chip("group", "Spring campaign"))
	require.Equal(t, `ma TAG:"Hot-Lead" has:email`, b.typed())
	b.search("tag:vip OR tag:wholesale")
	require.Equal(t, "off", b.chipState("tag", "vip"), "vip alone is not asked for")
	b.click(chip("source", "whatsapp"))
	require.Equal(t, "(tag:vip OR tag:wholesale) source:whatsapp", b.typed())
	b.shows(b.count(filter.And(filter.Or(has("vip"), has("wholesale")), source.Is(visitor.WhatsApp))))

	// The URL and the history have them.
	b.do(chromedp.NavigateBack())
	b.shows(b.count(filter.Or(has("vip"), has("wholesale"))))
	require.Equal(t, "tag:vip OR tag:wholesale", b.typed())
	b.do(chromedp.NavigateForward())
	b.shows(b.count(filter.And(filter.Or(has("vip"), has("wholesale")), source.Is(visitor.WhatsApp))))
	b.reload()
	b.shows(b.count(filter.And(filter.Or(has("vip"), has("wholesale")), source.Is(visitor.WhatsApp))))
	require.Equal(t, "has", b.chipState("source", "whatsapp"))
}

// TestChipsWriteWhatTheLibraryReads parses the texts that chips write for tags with unusual names,
// beside unusual existing texts.
func TestChipsWriteWhatTheLibraryReads(t *testing.T) {
	b := open(t, 0)
	odd := []string{
		"vip", "two words", `say "hi"`, `back\slash`, "a,b", "a..b", "(x)", "*", "#1", "<b>", "=", "!", "-minus", "OR", "NOT", "is:everyone",
		"“smart”", "São Paulo", "ｖｉｐ２", "日本", "👩‍🚀", "all(a", "today", "30d", "a:b", "a/b", "'", "x@y.z", "9", "true",
	}
	texts := []string{"", "ada", "ada OR bob", `"quoted \" text" -x`, "AND ada", "ada AND bob", "NOT tag:vip", "(tag:vip OR ada) bob", "tag:vip,x", "-(ada bob)", "source:instagram AND ada"}
	ws := b.server.ws
	for _, name := range append(odd, "x") {
		if _, err := ws.CreateTag(t.Context(), tag.Draft{Name: name}); err != nil {
			require.NoError(t, err, name)
		}
	}
	type written struct{ Text, State string }
	call := func(expression string, args ...any) written {
		t.Helper()
		encoded, err := json.Marshal(args)
		require.NoError(t, err)
		return eval[written](b, `import("/js/filter_text.js").then((m) => ((`+expression+`)(m, ...`+string(encoded)+`)))`)
	}
	for _, name := range odd {
		for _, before := range texts {
			for _, state := range []string{"has", "not"} {
				w := call(`(m, text, name, state) => { const Text = m.withState(text, "tag", name, state); return { Text, State: m.stateOf(Text, "tag", name) }; }`, before, name, state)
				e, err := filter.Parse(w.Text)
				require.NoError(t, err, "%q with %q: %q", before, name, w.Text)
				require.Equal(t, state, w.State, w.Text)
				_, err = ws.Count(t.Context(), e)
				require.NoError(t, err, w.Text)
				// The condition on the tag is added to the others, which are unchanged.
				want := filter.Expr(filter.Tag.Has(name))
				if state == "not" {
					want = filter.Not(want)
				}
				require.Contains(t, conjuncts(e), want, w.Text)
			}
			off := call(`(m, text, name) => ({ Text: m.withState(m.withState(text, "tag", name, "has"), "tag", name, ""), State: "" })`, before, name)
			if before == "" {
				require.Empty(t, off.Text)
				continue
			}
			e, err := filter.Parse(off.Text)
			require.NoError(t, err, off.Text)
			was, err := filter.Parse(before)
			require.NoError(t, err)
			require.Equal(t, filter.Simplify(was), filter.Simplify(e), "%q, on and off: %q", before, off.Text)
		}
	}
}

// conjuncts returns the conditions of a conjunction.
func conjuncts(e filter.Expr) []filter.Expr {
	if and, ok := e.(filter.AndExpr); ok {
		return and.Of
	}
	return []filter.Expr{e}
}

func TestGroupsWithARule(t *testing.T) {
	b := open(t, 300)
	n := b.count(filter.Group.Has("Warm on Instagram"))
	require.Positive(t, n)
	require.Equal(t, n, b.chipCount("group", "Warm on Instagram"))
	b.click(chip("group", "Warm on Instagram"))
	b.shows(n)
	for _, cell := range b.texts("td.groups") {
		require.Contains(t, cell, "Warm on Instagram")
	}

	// A visitor that matches the rule is removed by hand, and stays excluded.
	b.click("td.name button")
	require.Equal(t, "Edit visitor", b.text("dialog h2"))
	require.True(t, eval[bool](b, find(".group-list label | Warm on Instagram")+".control.checked"))
	id := eval[string](b, `document.querySelector("tbody tr").dataset.id`)
	b.click(".group-list label | Warm on Instagram")
	b.click("dialog button | Save")
	b.closed()
	b.shows(n - 1)
	require.Equal(t, []visitor.GroupID{b.groups()["Warm on Instagram"]}, b.get(visitor.ID(id)).Excluded)
	_, err := b.server.ws.CreateGroup(t.Context(), group.Draft{Name: "Late"})
	require.NoError(t, err)
	b.until(find(chip("group", "Late")))
}
