package visitor_test

import (
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

func TestSources(t *testing.T) {
	t.Parallel()
	want := []struct {
		source visitor.Source
		info   visitor.SourceInfo
	}{
		{"instagram", visitor.SourceInfo{Label: "Instagram", Badge: "#16a34a", Description: "a direct message or comment on Instagram"}},
		{"whatsapp", visitor.SourceInfo{Label: "WhatsApp", Badge: "#2563eb", Description: "a WhatsApp Business contact"}},
		{"chat", visitor.SourceInfo{Label: "Chat", Badge: "#0ea5e9", Description: "a conversation in the website chat widget"}},
		{"messenger", visitor.SourceInfo{Label: "Facebook Messenger", Badge: "#6b7280", Description: "a message through Facebook Messenger"}},
		{"telegram", visitor.SourceInfo{Label: "Telegram", Badge: "#ea580c", Description: "a conversation with the Telegram bot"}},
	}
	require.Len(t, visitor.Sources(), len(want))
	for i, s := range visitor.Sources() {
		require.Equal(t, want[i].source, s)
		require.Equal(t, want[i].info, s.Info())
		require.GreaterOrEqual(t, s.Info().Badge.Contrast(s.Info().Badge.Text()), 4.5)
		for _, spelled := range []string{string(s), strings.ToUpper(string(s)), s.Info().Label, "\u00a0" + s.Info().Label + " "} {
			got, err := visitor.ParseSource(spelled)
			require.NoError(t, err)
			require.Equal(t, s, got)
		}
	}
	require.Equal(t, visitor.SourceInfo{Label: "fax", Badge: "#6b7280"}, visitor.Source("fax").Info())
	visitor.Sources()[0] = "x"
	require.Equal(t, visitor.Instagram, visitor.Sources()[0])
}

func TestParseSourceRefuses(t *testing.T) {
	t.Parallel()
	const known = "known are instagram, whatsapp, chat, messenger, telegram"
	for _, bad := range []string{" ", "fax", "insta gram", "instagram\x00", "instagram, chat", "\xff", strings.Repeat("instagram", 1<<17)} {
		got, err := visitor.ParseSource(bad)
		refused(t, err, "source", "unknown; "+known)
		require.Empty(t, got)
	}
	_, err := visitor.ParseSource("")
	refused(t, err, "source", "missing; "+known)
}

func TestSourceRoundTrips(t *testing.T) {
	t.Parallel()
	for _, s := range append(visitor.Sources(), "own-one") {
		b, err := json.Marshal(map[visitor.Source]visitor.Source{s: s})
		require.NoError(t, err)
		require.JSONEq(t, `{"`+string(s)+`": "`+string(s)+`"}`, string(b))
		var read map[visitor.Source]visitor.Source
		require.NoError(t, json.Unmarshal(b, &read))
		require.Equal(t, map[visitor.Source]visitor.Source{s: s}, read)

		column, err := driver.DefaultParameterConverter.ConvertValue(s)
		require.NoError(t, err)
		require.Equal(t, string(s), column)
		for _, value := range []any{column, []byte(s)} {
			var scanned sql.Null[visitor.Source]
			require.NoError(t, scanned.Scan(value))
			require.Equal(t, s, scanned.V)
		}
		require.Equal(t, string(s), s.String())
	}
}

func TestCatalog(t *testing.T) {
	t.Parallel()
	own := map[visitor.Source]visitor.SourceInfo{
		"walk-in":         {Label: " Walk  in ", Badge: "#ABC", Description: "came to the shop"},
		"email_form2":     {},
		visitor.Instagram: {Label: "IG"},
	}
	c, err := visitor.NewCatalog(own)
	require.NoError(t, err)
	delete(own, "walk-in")

	require.Equal(t, append(visitor.Sources(), "email_form2", "walk-in"), c.Sources())
	require.Equal(t, visitor.SourceInfo{Label: "Walk in", Badge: "#aabbcc", Description: "came to the shop"}, c.Info("walk-in"))
	require.Equal(t, visitor.SourceInfo{Label: "email_form2", Badge: tag.ColorFor("email_form2")}, c.Info("email_form2"))
	require.Equal(t, "IG", c.Info(visitor.Instagram).Label)
	require.Equal(t, "Instagram", visitor.Instagram.Info().Label, "no other catalogue is touched")
	require.True(t, c.Has("walk-in"))
	require.False(t, visitor.Catalog{}.Has("walk-in"))
	for _, spelled := range []string{"walk-in", "WALK IN", " walk in"} {
		got, err := c.Parse(spelled)
		require.NoError(t, err)
		require.Equal(t, visitor.Source("walk-in"), got)
	}
	_, err = c.Parse("fax")
	refused(t, err, "source", "unknown; known are instagram, whatsapp, chat, messenger, telegram, email_form2, walk-in")
}

func TestCatalogRefuses(t *testing.T) {
	t.Parallel()
	const value = "a source has 1 to 32 lower-case letters, digits, - and _, and starts with a letter"
	for _, bad := range []visitor.Source{"", "Fax", "1st", "-a", "a b", "é", "a:b", "a\x00", visitor.Source(strings.Repeat("x", 33))} {
		_, err := visitor.NewCatalog(map[visitor.Source]visitor.SourceInfo{bad: {}})
		refused(t, err, "source", value)
	}
	_, err := visitor.NewCatalog(map[visitor.Source]visitor.SourceInfo{"fax": {Label: "\x00"}})
	refused(t, err, "source label", "NUL character")
	_, err = visitor.NewCatalog(map[visitor.Source]visitor.SourceInfo{"fax": {Badge: "red"}})
	refused(t, err, "color", "want #rrggbb")
	_, err = visitor.NewCatalog(map[visitor.Source]visitor.SourceInfo{"fax": {Label: strings.Repeat("x", 65)}})
	refused(t, err, "source label", "longer than 64 characters")
}
