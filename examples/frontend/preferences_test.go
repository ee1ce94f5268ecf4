package main

import (
	"context"
	"net/http/httptest"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/memory"
	"github.com/contactpipeline/visitors/store/preferences"
	"github.com/contactpipeline/visitors/visitor/consent"
)

// TestPreferencePage opens a link in Chromium, chooses and saves. The page is that of package
// preferences; the browser is here.
func TestPreferencePage(t *testing.T) {
	b := open(t, 1)
	ws, err := store.Open(memory.New(), "acme", nil)
	require.NoError(t, err)
	for _, topic := range []consent.Topic{
		{Key: "news", Label: "News", Description: "Once a month: what is new in the shop", Public: true},
		{Key: "offers", Label: "Offers", Public: true, Default: consent.OptOut},
	} {
		_, err := ws.PutTopic(t.Context(), topic)
		require.NoError(t, err)
	}
	h, err := preferences.NewHandler(func(context.Context, string) (*store.Workspace, error) { return ws, nil }, nil)
	require.NoError(t, err)
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	mail := consent.Subject{Channel: consent.Email, Address: "ada@example.com"}
	token, err := ws.UnsubscribeToken(t.Context(), mail, "")
	require.NoError(t, err)

	for _, scheme := range []string{"light", "dark"} {
		b.scheme(scheme)
		b.size(390, 700)
		b.do(chromedp.Navigate(preferences.Link(server.URL, token)))
		b.withAxe()
		b.audited("preferences, " + scheme)
		b.picture("preferences-" + scheme)
	}
	statuses, err := ws.StatusOf(t.Context(), mail)
	require.NoError(t, err)
	require.Empty(t, statuses, "opening the page changes nothing")

	eval[bool](b, `document.querySelector("input[value=news]").click() ?? true`)
	eval[bool](b, `document.querySelector("input[value=offers]").click() ?? true`)
	eval[bool](b, `document.querySelector("button").click() ?? true`)
	b.until(`document.querySelector("[role=status]") !== null`)
	require.Equal(t, []bool{true, false, false}, eval[[]bool](b, `[...document.querySelectorAll("input")].map((i) => i.checked)`))
	b.picture("preferences-saved")
	statuses, err = ws.StatusOf(t.Context(), mail)
	require.NoError(t, err)
	require.Len(t, statuses, 2)
	require.Equal(t, consent.Granted, statuses[0].Entry.State)
	require.Equal(t, consent.Denied, statuses[1].Entry.State)
}
