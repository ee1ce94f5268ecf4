package main

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"
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

// first returns the first n visitors in an order.
func (b *tab) first(where filter.Expr, order store.Order, n int) []visitor.Visitor {
	b.Helper()
	p, err := b.server.ws.Find(b.Context(), store.Query{Where: where, Order: order, Limit: n})
	require.NoError(b, err)
	return p.Visitors
}

func (b *tab) count(where filter.Expr) int {
	b.Helper()
	n, err := b.server.ws.Count(b.Context(), where)
	require.NoError(b, err)
	return int(n)
}

func (b *tab) create(d visitor.Draft) visitor.Visitor {
	b.Helper()
	v, err := b.server.ws.Create(b.Context(), d)
	require.NoError(b, err)
	return v
}

func (b *tab) get(id visitor.ID) visitor.Visitor {
	b.Helper()
	v, err := b.server.ws.Get(b.Context(), id)
	require.NoError(b, err)
	return v
}

// names returns the names in the table.
func (b *tab) names() []string {
	b.Helper()
	return b.texts("td.name")
}

// ids returns the ids of the rows.
func (b *tab) ids() []string {
	b.Helper()
	return eval[[]string](b, `[...document.querySelectorAll("tbody tr")].map((row) => row.dataset.id)`)
}

func idsOf(found []visitor.Visitor) (ids []string) {
	for _, v := range found {
		ids = append(ids, string(v.ID))
	}
	return ids
}

// shows waits until the page shows that number of matches.
func (b *tab) shows(n int) {
	b.Helper()
	b.until(fmt.Sprintf(`document.querySelector("#count").textContent === %q`, inWords(n)))
	b.settled()
}

// inWords writes a number of visitors, less than 1,000, like the page.
func inWords(n int) string {
	if n == 1 {
		return "1 visitor"
	}
	return strconv.Itoa(n) + " visitors"
}

// rgb returns a colour in the form of computed styles.
func rgb(c tag.Color) string {
	r, g, b := c.RGB()
	return fmt.Sprintf("rgb(%d, %d, %d)", r, g, b)
}

func TestTableShowsNameAddressesBadgesGroupsAndLastSeen(t *testing.T) {
	b := open(t, 0)
	ws := b.server.ws
	_, err := ws.CreateTag(t.Context(), tag.Draft{Name: "hot-lead", Color: "#fde047", Description: "is about to buy"})
	require.NoError(t, err)
	g, err := ws.CreateGroup(t.Context(), group.Draft{Name: "Newsletter"})
	require.NoError(t, err)
	v := b.create(visitor.Draft{
		Name: "Ada Lovelace", Email: "ada@example.com", Phone: "+44 7700 900123", Source: visitor.Instagram,
		Tags: []string{"hot-lead", "vip"}, Groups: []visitor.GroupID{g.ID}, Identities: []visitor.Identity{{
			Source: visitor.Instagram, ExternalID: "42", LastSeen: time.Now().Add(-50 * time.Hour),
		}},
	})
	b.create(visitor.Draft{Name: "Bob", Source: visitor.Telegram})
	b.visit("")

	require.Equal(t, []string{"Select this page", "Name", "E-mail", "Phone", "Source", "Tags", "Groups", "Last seen"},
		eval[[]string](b, `[...document.querySelectorAll("thead th")].map((th) => th.textContent)`))
	row := fmt.Sprintf(`tr[data-id="%s"] `, v.ID)
	require.Equal(t, []string{"Ada Lovelace"}, b.texts(row+".name"))
	require.Equal(t, []string{"ada@example.com"}, b.texts(row+".e-mail"))
	require.Equal(t, []string{"+447700900123"}, b.texts(row+".phone"))
	require.Equal(t, []string{"Instagram"}, b.texts(row+".badge.source"))
	require.Equal(t, []string{"hot-lead", "vip"}, b.texts(row+".badge.tag"))
	require.Equal(t, []string{"Newsletter"}, b.texts(row+".groups"))
	require.Equal(t, []string{"2 days ago"}, b.texts(row+".last-seen"))
	require.Equal(t, []string{"never"}, b.texts("tbody tr:first-child .last-seen"))

	colors := func(css string) []string {
		return eval[[]string](b, fmt.Sprintf(`((s) => [s.backgroundColor, s.color])(getComputedStyle(document.querySelector(%q)))`, row+css))
	}
	green := visitor.Instagram.Info().Badge
	require.Equal(t, []string{rgb(green), rgb(green.Text())}, colors(".badge.source"))
	require.Equal(t, []string{rgb("#fde047"), rgb("#000000")}, colors(".badge.tag"))
	require.Equal(t, "is about to buy", eval[string](b, fmt.Sprintf(`document.querySelector(%q).title`, row+".badge.tag")))
}

func TestTextColourMatchesTheLibrary(t *testing.T) {
	b := open(t, 0)
	colors := []tag.Color{"#000000", "#ffffff", "#767676", "#777777", "#757575", "#747474", "#ff0000", "#00ff00", "#0000ff"}
	for _, s := range visitor.Sources() {
		colors = append(colors, s.Info().Badge)
	}
	colors = append(colors, tag.Palette()...)
	for r := 0; r < 256; r += 15 {
		colors = append(colors, tag.Color(fmt.Sprintf("#%02x%02x%02x", r, (r*7)%256, (r*13)%256)))
	}
	for _, c := range colors {
		got := eval[string](b, fmt.Sprintf(`import("/js/color.js").then((m) => m.textOn(%q))`, c))
		require.Equal(t, string(c.Text()), got, c)
	}
}

func TestSortByHeadingsAndByList(t *testing.T) {
	b := open(t, 130)
	same := func(order store.Order, heading, aria string) {
		t.Helper()
		b.until(fmt.Sprintf(`document.querySelector("#order").value === %q`, order))
		b.settled()
		require.Equal(t, idsOf(b.first(filter.All(), order, 50)), b.ids(), order)
		marked := eval[[]string](b, `[...document.querySelectorAll("[aria-sort]")].map((th) => th.textContent + " " + th.getAttribute("aria-sort"))`)
		if heading == "" {
			require.Empty(t, marked)
		} else {
			require.Equal(t, []string{heading + " " + aria}, marked)
		}
	}
	same(store.NewestFirst, "", "")
	b.click("th button | Name")
	same(store.NameAZ, "Name", "ascending")
	b.click("th button | Name")
	same(store.NameZA, "Name", "descending")
	b.click("th button | Last seen")
	same(store.RecentlySeen, "Last seen", "descending")
	b.click("th button | Last seen")
	same(store.LeastRecentlySeen, "Last seen", "ascending")

	// The list has every order; a letter selects one.
	require.Equal(t, len(store.Orders()), eval[int](b, `document.querySelectorAll("#order option").length`))
	eval[bool](b, `document.querySelector("#order").focus() ?? true`)
	b.press("o") // Oldest first
	same(store.OldestFirst, "", "")

	b.visit("?order=name") // an address can be kept
	same(store.NameAZ, "Name", "ascending")
}

func TestChangesByOthersAreShown(t *testing.T) {
	b := open(t, 20)
	b.shows(20)
	v := b.create(visitor.Draft{Name: "Grace Hopper", Source: visitor.WhatsApp})
	b.shows(21)
	require.Equal(t, "Grace Hopper", b.names()[0])
	name := "Rear Admiral Hopper"
	_, err := b.server.ws.Update(t.Context(), v.ID, visitor.Patch{Name: &name})
	require.NoError(t, err)
	b.until(find("td.name | " + name))
}

func TestEmptyWorkspaceAndNoMatch(t *testing.T) {
	b := open(t, 0)
	require.Equal(t, "No visitors yet", b.text("#table h2"))
	b.click("#table button | Create the first")
	require.Equal(t, "Create visitor", b.text("dialog h2"))
	b.press(kb.Escape)
	b.create(visitor.Draft{Name: "Ada", Source: visitor.Chat})
	b.shows(1)
	b.search("nobody")
	require.Equal(t, "No visitors match", b.text("#table h2"))
	require.Equal(t, "No visitor matches the search and the filters.", b.text("#table .message p"))
	b.search("source:chat source:telegram")
	require.Equal(t, "The conditions of the filter contradict each other.", b.text("#table .message p"))
	b.click("#table button | Clear the filter")
	b.shows(1)
}

func TestServerUnreachable(t *testing.T) {
	b := open(t, 20)
	b.refusals = true
	eval[bool](b, `((real) => { window.fetch = () => Promise.reject(new TypeError("gone")); window.back = () => { window.fetch = real; }; return true; })(window.fetch)`)
	b.write("#filter", "ada\r")
	require.Equal(t, "That did not work", b.text("#table h2"))
	require.Contains(t, b.text("#table .message"), "The server cannot be reached.")
	eval[bool](b, `window.back() ?? true`)
	b.create(visitor.Draft{Name: "Ada", Source: visitor.Chat})
	b.click("#table button | Try again")
	b.until(find("td.name | Ada"))
	require.Equal(t, "ada", b.typed())
}

func TestGeneratedVisitorsAreTheSameForASeed(t *testing.T) {
	shape := regexp.MustCompile(`^[^<>]{2,60}$`)
	var both [2][]string
	for i := range both {
		s, err := start(t.Context(), options{addr: "127.0.0.1:0", visitors: 300, seed: 7})
		require.NoError(t, err)
		for v, err := range s.ws.All(t.Context(), store.Query{Where: filter.All()}) {
			require.NoError(t, err)
			require.Regexp(t, shape, v.Name)
			both[i] = append(both[i], strings.Join([]string{v.Name, v.Email, v.Phone, string(v.Source)}, "|"))
		}
		require.NoError(t, s.check(t.Context()))
		require.NoError(t, s.close())
	}
	require.Len(t, both[0], 300)
	require.Equal(t, both[0], both[1])
}

func TestFileIsFilledOnce(t *testing.T) {
	o := options{addr: "127.0.0.1:0", db: filepath.Join(t.TempDir(), "visitors.db"), visitors: 5}
	for range 2 {
		s, err := start(t.Context(), o)
		require.NoError(t, err)
		n, err := s.ws.Count(t.Context(), filter.All())
		require.NoError(t, err)
		require.EqualValues(t, 5, n)
		require.NoError(t, s.close())
		o.visitors = 7
	}
	o.addr = "no such address"
	_, err := start(t.Context(), o)
	require.Error(t, err)
}
