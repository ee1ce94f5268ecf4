package store_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/memory"
	"github.com/contactpipeline/visitors/visitor"
)

// crowded opens a workspace with n people, a few of whom it has twice, with another spelling,
// phone or e-mail.
func crowded(tb testing.TB, n int) *store.Workspace {
	tb.Helper()
	ws, err := store.Open(memory.New(), "acme", nil)
	require.NoError(tb, err)
	rnd := rand.New(rand.NewPCG(1, 2))
	syllables := []string{"an", "bel", "co", "da", "el", "fin", "ga", "hor", "is", "jo", "ka", "lu", "mi", "no", "or", "pe"}
	word := func() string {
		s := ""
		for range 3 + rnd.IntN(2) {
			s += syllables[rnd.IntN(len(syllables))]
		}
		return s
	}
	for i := range n {
		d := visitor.Draft{Name: word() + " " + word(), Source: visitor.Chat}
		if rnd.IntN(2) == 0 {
			d.Email = fmt.Sprintf("p%d@example.com", i)
		}
		if rnd.IntN(2) == 0 {
			d.Phone = fmt.Sprintf("+4930%07d", i)
		}
		_, err := ws.Create(tb.Context(), d)
		require.NoError(tb, err)
		if rnd.IntN(10) == 0 {
			switch rnd.IntN(4) {
			case 0:
				d.Name = d.Name[1:] + d.Name[:1]
			case 1:
				d.Name = d.Name[:len(d.Name)-1]
			case 2:
				d.Email, d.Phone = "", ""
			case 3:
				d.Name = word()
			}
			_, err := ws.Create(tb.Context(), d)
			require.NoError(tb, err)
		}
	}
	return ws
}

// TestDuplicatesFindAllThatAreAlike compares every visitor with every other. Visitors with only
// a similar name must also have a word in common.
func TestDuplicatesFindAllThatAreAlike(t *testing.T) {
	ws := crowded(t, 400)
	var everyone []visitor.Visitor
	for v, err := range ws.All(t.Context(), store.Query{Where: filter.All()}) {
		require.NoError(t, err)
		everyone = append(everyone, v)
	}
	want := map[[2]visitor.ID]float64{}
	for i, a := range everyone {
		for _, b := range everyone[i+1:] {
			score, reasons := visitor.Similarity(a, b)
			words := visitor.NameWords(a.Name)
			shares := slices.ContainsFunc(visitor.NameWords(b.Name), func(w string) bool { return slices.Contains(words, w) })
			if score >= store.MinDuplicateScore && (reasons[0].Reason != visitor.SimilarName || shares) {
				want[[2]visitor.ID{min(a.ID, b.ID), max(a.ID, b.ID)}] = score
			}
		}
	}
	require.Greater(t, len(want), 20)
	got, last := map[[2]visitor.ID]float64{}, 1.0
	for d, err := range ws.Duplicates(t.Context()) {
		require.NoError(t, err)
		require.LessOrEqual(t, d.Score, last)
		last = d.Score
		got[[2]visitor.ID{d.A.ID, d.B.ID}] = d.Score
	}
	for p, score := range want {
		require.Equal(t, score, got[p])
		found := false
		for d, err := range ws.Duplicates(t.Context(), p[0]) {
			require.NoError(t, err)
			require.True(t, d.A.ID == p[0] || d.B.ID == p[0])
			found = found || d.A.ID == p[0] && d.B.ID == p[1]
		}
		require.True(t, found, "by the id of one")
	}
	for p := range got {
		require.Contains(t, want, p)
	}
}

func TestDuplicatesOfAMissingVisitor(t *testing.T) {
	ws := crowded(t, 3)
	for range ws.Duplicates(t.Context(), "0190a1b2-0000-7000-8000-000000000000") {
		t.Error("a pair of nobody")
	}
	for _, err := range ws.Duplicates(t.Context(), "42") {
		require.ErrorIs(t, err, store.ErrInvalid)
	}
}

func BenchmarkDuplicates(b *testing.B) {
	ws := crowded(b, 20_000)
	for b.Loop() {
		n := 0
		for _, err := range ws.Duplicates(b.Context()) {
			require.NoError(b, err)
			n++
		}
		b.ReportMetric(float64(n), "pairs")
	}
}
