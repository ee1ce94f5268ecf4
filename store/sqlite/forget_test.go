package sqlite_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/sqlite"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

// TestNothingOfADeletedPersonIsLeft looks through the bytes of the closed file for a
// person's texts: as entered, folded, and encoded for the search index.
func TestNothingOfADeletedPersonIsLeft(t *testing.T) {
	t.Parallel()
	t.Run("deleted", func(t *testing.T) {
		t.Parallel()
		nothingIsLeft(t, func(ws *store.Workspace, id visitor.ID) error {
			_, err := ws.Delete(t.Context(), id)
			return err
		})
	})
	t.Run("erased", func(t *testing.T) {
		t.Parallel()
		nothingIsLeft(t, func(ws *store.Workspace, id visitor.ID) error {
			_, err := ws.Erase(t.Context(), id, "request by letter")
			return err
		})
	})
}

func nothingIsLeft(t *testing.T, remove func(*store.Workspace, visitor.ID) error) {
	path := filepath.Join(t.TempDir(), "visitors.db")
	st, err := sqlite.Open(t.Context(), path, nil)
	require.NoError(t, err)
	ws, err := store.Open(st, "acme", nil)
	require.NoError(t, err)
	agent, err := ws.WithActor("agent-7", "import")
	require.NoError(t, err)
	for i := range 300 { // other visitors, so that pages are shared
		_, err := ws.Create(t.Context(), visitor.Draft{Name: fmt.Sprint("Somebody Else ", i), Source: visitor.Chat, Tags: []string{"seen"}})
		require.NoError(t, err)
	}
	person, err := agent.Create(t.Context(), visitor.Draft{
		Name: "Quïntessa Zwyxbrough", Email: "Zwyx.Mail@example.org", Phone: "+4915123987456", Source: visitor.Telegram,
		Tags: []string{"seen"}, Attributes: visitor.Attributes{"home": visitor.Text("Vlotho Kjolmgade"), "notes": visitor.List("Bryngwyn visit")},
		Identities: []visitor.Identity{{Source: visitor.Telegram, Account: "bot", ExternalID: "tg-77123456789", Username: "zwyxbro_tg"}},
	})
	require.NoError(t, err)
	name := "Quïntessa Zwyxbrough-Plimsoll"
	_, err = ws.Update(t.Context(), person.ID, visitor.Patch{Name: &name, Set: visitor.Attributes{"home": visitor.Text("Hjallerup Strandby")}})
	require.NoError(t, err)

	texts := []string{
		"Zwyxbrough", "zwyxbrough", "Plimsoll", "quintessa", "Zwyx.Mail", "zwyx.mail", "15123987456",
		"Vlotho", "vlotho", "Hjallerup", "hjallerup", "Bryngwyn", "77123456789", "zwyxbro_tg",
		gram("acme", "wyx"), gram("acme", "xbr"),
	}
	file := func() []byte {
		b, err := os.ReadFile(path)
		require.NoError(t, err)
		wal, err := os.ReadFile(path + "-wal")
		require.True(t, err == nil || os.IsNotExist(err), err)
		return append(b, wal...)
	}
	// Another visitor for the same person, captured from a channel, is merged into this one.
	captured, err := ws.Capture(t.Context(), visitor.Contact{
		Source: visitor.WhatsApp, ExternalID: "331987123654", Name: "Oswyth Grzybowska", Username: "oswyth_wa", Email: "oswyth@example.net",
		EventID: "wamid.Qvzzt77", Attributes: visitor.Attributes{"street": visitor.Text("Szczecinska 12")},
	})
	require.NoError(t, err)
	_, err = ws.Merge(t.Context(), person.ID, captured.Visitor.ID)
	require.NoError(t, err)
	// What the person and the merged visitor said, with evidence, and an audience of them.
	for _, s := range []consent.Subject{
		{Channel: consent.Email, Address: "zwyx.mail@example.org"}, {Channel: consent.Email, Address: "oswyth@example.net"},
		{Channel: consent.Telegram, Sender: "bot", Address: "tg-77123456789"},
	} {
		_, err := agent.RecordConsent(t.Context(), consent.Entry{
			Subject: s, State: consent.Granted, Origin: consent.Person,
			Evidence: consent.Evidence{Kind: consent.ByForm, Ref: "form-Jqvist", Wording: "Ylvingen agreed", IP: "198.51.100.77"},
		}, consent.Entry{Subject: s, State: consent.Denied, Origin: consent.Person, Evidence: consent.Evidence{Kind: consent.ByMessage, Wording: "Hrothgar stop"}})
		require.NoError(t, err)
	}
	_, err = ws.CreateAudience(t.Context(), "everybody", filter.All(), consent.Request{Channel: consent.Email})
	require.NoError(t, err)
	texts = append(texts, "Jqvist", "Ylvingen", "198.51.100.77", "Hrothgar", "Oswyth", "oswyth", "331987123654", "Grzybowska", "grzybowska", "wamid.Qvzzt77", "Szczecinska", "szczecinska", gram("acme", "swy"))

	for _, text := range append(texts[:3:3], "Grzybowska", "331987123654", "Ylvingen", "Hrothgar", "198.51.100.77") {
		require.True(t, bytes.Contains(file(), []byte(text)), "the test looks in the wrong place: no %q", text)
	}

	require.NoError(t, remove(ws, person.ID))
	_, err = ws.Get(t.Context(), person.ID)
	require.ErrorIs(t, err, store.ErrNotFound)
	require.NoError(t, st.Compact(t.Context()))
	for _, text := range texts {
		require.False(t, bytes.Contains(file(), []byte(text)), "%q is left while the database is open", text)
	}
	require.NoError(t, st.Close())
	for _, text := range texts {
		require.False(t, bytes.Contains(file(), []byte(text)), "%q is left after closing", text)
	}

	st, err = sqlite.Open(t.Context(), path, nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, st.Close()) }()
	ws, err = store.Open(st, "acme", nil)
	require.NoError(t, err)
	n, err := ws.Count(t.Context(), filter.Search("somebody"))
	require.NoError(t, err)
	require.EqualValues(t, 300, n, "those who were not deleted are still found")
	for e, err := range ws.EventsOf(t.Context(), person.ID) {
		require.NoError(t, err)
		require.Equal(t, e.Kind == store.VisitorCreated || e.Kind == store.ConsentRecorded, e.Actor == "agent-7" && e.Cause == "import", "events keep who acted and why")
	}
}

// gram is three characters as FTS4 stores them: of each term only the part that differs from the
// previous term, so the test searches for the end.
func gram(ws, three string) string {
	document := sqlite.Document(ws, three, "", "")
	first, _, _ := strings.Cut(document, " ")
	return first[len(first)-4:]
}

// TestSearchForgetsADeletedPersonAtOnce searches for a deleted visitor before Compact.
func TestSearchForgetsADeletedPersonAtOnce(t *testing.T) {
	t.Parallel()
	st, err := sqlite.Open(t.Context(), ":memory:", nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, st.Close()) }()
	ws, err := store.Open(st, "acme", nil)
	require.NoError(t, err)
	var ids []visitor.ID
	for range 3 {
		v, err := ws.Create(t.Context(), visitor.Draft{Name: "Zwyxbrough", Source: visitor.Chat, CreatedAt: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)})
		require.NoError(t, err)
		ids = append(ids, v.ID)
	}
	for left := len(ids); left > 0; left-- {
		n, err := ws.Count(t.Context(), filter.Search("wyxbr"))
		require.NoError(t, err)
		require.EqualValues(t, left, n)
		_, err = ws.Delete(t.Context(), ids[left-1])
		require.NoError(t, err)
	}
	n, err := ws.Count(t.Context(), filter.Search("wyxbr"))
	require.NoError(t, err)
	require.Zero(t, n)
}
