package postgres_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/visitor"
)

// TestLongTexts writes and finds texts of the maximum length, which are too long for an index
// entry.
func TestLongTexts(t *testing.T) {
	t.Parallel()
	s := *seed
	if s == 0 {
		s = rand.Uint64()
	}
	t.Logf("run again with -postgres.seed=%d", s)
	r := rand.New(rand.NewPCG(s, 0))
	// Characters that fold to several characters: ligatures of phrases, and squared words.
	long := []rune("\uFDFA\uFDFB\u3316\u3315\u3317\u3300\u3347\u334D\u3356\u3319\u2A0C\u1F82\uFDF2")
	for c := rune(0x3300); c < 0x3358; c++ {
		long = append(long, c)
	}
	random := func(n int, of func() rune) string {
		var b strings.Builder
		for range n {
			b.WriteRune(of())
		}
		return b.String()
	}
	st, _ := open(t, nil)
	ws := workspace(t, st, "acme")
	for range 20 {
		letters := random(1365, func() rune { return 0x4E00 + r.Int32N(0x5000) }) // 4,095 bytes of which none repeat
		d := visitor.Draft{
			Name:       random(visitor.MaxName, func() rune { return long[r.IntN(len(long))] }),
			Email:      random(60, func() rune { return 'a' + r.Int32N(26) }) + "@" + strings.Repeat("long.", 37) + "example",
			Source:     visitor.Chat,
			Attributes: visitor.Attributes{"note": visitor.Text(letters), "notes": visitor.List(letters, letters[3:])},
			Identities: []visitor.Identity{{Source: visitor.Chat,
				Account:    random(85, func() rune { return 0x4E00 + r.Int32N(0x5000) }),
				ExternalID: random(85, func() rune { return 0x4E00 + r.Int32N(0x5000) }),
				Username:   random(85, func() rune { return 0x4E00 + r.Int32N(0x5000) })}},
		}
		v, err := ws.Create(t.Context(), d)
		require.NoError(t, err)
		got, err := ws.Get(t.Context(), v.ID)
		require.NoError(t, err)
		require.Equal(t, v, got)
		head, tail := letters[:300], letters[len(letters)-300:]
		i := d.Identities[0]
		for _, e := range []filter.Expr{
			filter.Email.Is(d.Email), filter.Email.Contains(d.Email[5:200]), filter.Name.HasPrefix(string([]rune(d.Name)[:12])),
			filter.Identity.Is(visitor.Chat, i.Account, i.ExternalID), filter.Identity.Is(visitor.Chat, "", i.ExternalID),
			filter.Attr("note").HasPrefix(head), filter.Attr("note").HasSuffix(tail), filter.Attr("note").Contains(tail[:99]), filter.Attr("notes").Contains(head),
		} {
			n, err := ws.Count(t.Context(), e)
			require.NoError(t, err)
			require.EqualValues(t, 1, n, "%+v", e)
		}
	}
}

// TestHeadsOfTexts finds texts about as long as the part that the index of attributes holds.
func TestHeadsOfTexts(t *testing.T) {
	t.Parallel()
	st, _ := open(t, nil)
	ws := workspace(t, st, "acme")
	long := strings.Repeat("ж", 80)
	var changes []string
	for _, n := range []int{1, 62, 63, 64, 65, 66, 80} {
		text := string([]rune(long)[:n])
		changes = append(changes, text)
		_, err := ws.Create(t.Context(), visitor.Draft{Name: "Ada", Source: visitor.Chat, Attributes: visitor.Attributes{"text": visitor.Text(text)}})
		require.NoError(t, err)
	}
	for i, text := range changes {
		for _, c := range []struct {
			e    filter.Expr
			want int64
		}{
			{filter.Attr("text").Is(text), 1},
			{filter.Attr("text").In(text, "другое"), 1},
			{filter.Attr("text").HasPrefix(text), int64(len(changes) - i)},
			{filter.Not(filter.Attr("text").Is(text)), int64(len(changes) - 1)},
			{filter.Attr("text").Is(text + "з"), 0},
			{filter.Attr("text").In(text, text+"з", "ж"), int64(min(i, 1) + 1)},
			{filter.Not(filter.Attr("text").HasPrefix(text)), int64(i)},
		} {
			n, err := ws.Count(t.Context(), c.e)
			require.NoError(t, err)
			require.Equal(t, c.want, n, "%d letters: %+v", len([]rune(text)), c.e)
		}
	}
}
