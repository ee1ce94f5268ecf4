package text_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/contactpipeline/visitors/tag/text"
)

func FuzzFold(f *testing.F) {
	for _, s := range names {
		f.Add(s, s[len(s)/2:])
	}
	f.Add("\u05d0\u05c2\u05b8\u200d\u05b0", "\u05b0")
	f.Add("İIıiſßẞ", "ss")
	f.Add("A\xff\x00\u0301", "a")
	f.Fuzz(func(t *testing.T, s, other string) {
		folded := text.Fold(s)
		if again := text.Fold(folded); again != folded {
			t.Fatalf("%+q folds to %+q, which folds to %+q", s, folded, again)
		}
		if !utf8.ValidString(folded) {
			t.Fatalf("%+q folds to %+q, which is not UTF-8", s, folded)
		}
		if utf8.ValidString(s) {
			for _, form := range []norm.Form{norm.NFC, norm.NFD, norm.NFKC, norm.NFKD} {
				if got := text.Fold(form.String(s)); got != folded {
					t.Fatalf("%+q folds to %+q, its normal form %d to %+q", s, folded, form, got)
				}
			}
		}
		sub := text.Fold(other)
		if got, want := text.Contains(s, sub), strings.Contains(folded, sub); got != want {
			t.Fatalf("Contains(%+q, %+q) = %v, want %v", s, sub, got, want)
		}
	})
}

func FuzzLine(f *testing.F) {
	for _, s := range names {
		f.Add(s)
	}
	f.Add(" \u200b a\u200b\u0301 \u200d")
	f.Add("a" + strings.Repeat("\u0301", 40))
	f.Add("\u202ea\x00\xff")
	f.Fuzz(func(t *testing.T, s string) {
		const limit = 100
		line, err := text.Line("name", s, limit)
		if err != nil {
			return
		}
		if n := utf8.RuneCountInString(line); n > limit || !utf8.ValidString(line) || !norm.NFC.IsNormalString(line) || text.Trim(line) != line {
			t.Fatalf("%+q gives %+q", s, line)
		}
		if again, err := text.Line("name", line, limit); err != nil || again != line {
			t.Fatalf("%+q gives %+q, which gives %+q, %v", s, line, again, err)
		}
	})
}
