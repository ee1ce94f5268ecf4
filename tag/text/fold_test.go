package text_test

import (
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/cases"
	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"github.com/contactpipeline/visitors/tag/text"
)

func TestFold(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ in, want string }{
		"empty":                {"", ""},
		"lower ASCII":          {"ada lovelace!", "ada lovelace!"},
		"case":                 {"Ada LOVELACE", "ada lovelace"},
		"control":              {"a\x01B", "a\x01b"},
		"NUL":                  {"é\x00E", "e\x00e"},
		"white space":          {"a\tb\nc\u00a0d\u3000e\u2028f", "a b c d e f"},
		"full width":           {"ＦＵＬＬ　ｗｉｄｔｈ１", "full width1"},
		"half width kana":      {"ｶﾞ", "カ\u3099"},
		"accents, NFC":         {"Renée Müller Ångström Ñandú", "renee muller angstrom nandu"},
		"accents, NFD":         {norm.NFD.String("Renée Müller Ångström Ñandú"), "renee muller angstrom nandu"},
		"Vietnamese":           {"Nguyễn Thị Hương", "nguyen thi huong"},
		"dotted I":             {"İstanbul", "istanbul"},
		"dotless i":            {"Işık ışık", "isik isik"},
		"sharp s":              {"Straße STRAẞE strasse", "strasse strasse strasse"},
		"ligature":             {"ﬁnﬄe", "finffle"},
		"no decomposition":     {"Łódź Øre Đuro Ðe Þór Æther Œuvre", "lodz ore duro de thor aether oeuvre"},
		"accent upon ø and æ":  {"ǿ Ǽ", "o ae"},
		"sigmas":               {"ΟΔΥΣΣΕΥΣ Οδυσσεύς", "οδυσσευσ οδυσσευσ"},
		"Greek iota below":     {"ᾳ", "α"},
		"Cyrillic":             {"ДМИТРИЙ Ёлкин", "дмитрии елкин"},
		"Devanagari":           {"हिन्दी", "हिन्दी"},
		"Devanagari nukta":     {"\u0958", "\u0915\u093c"},
		"Hangul":               {"한", "\u1112\u1161\u11ab"},
		"Hangul without tail":  {"하", "\u1112\u1161"},
		"Hangul in letters":    {"\u1112\u1161\u11ab", "\u1112\u1161\u11ab"},
		"Cherokee":             {"Ꭰ", text.Fold("ꭰ")},
		"Deseret":              {"𐐀", "𐐨"},
		"mathematical letters": {"𝓐𝖉𝒂", "ada"},
		"zero width":           {"a\u200bd\u200ca\u200d\ufeff\u2060", "ada"},
		"soft hyphen":          {"so\u00adft", "soft"},
		"directional":          {"\u200ea\u202eb\u2066c\u061c", "abc"},
		"variation selectors":  {"❤\ufe0f 葛\U000e0100", "❤ 葛"},
		"joined emoji":         {"👩\u200d🔬", "👩🔬"},
		"acute by itself":      {"a´b", "a b"},
		"fraction":             {"½", "1⁄2"},
		"invalid UTF-8":        {"a\xffb", "a\ufffdb"},
		"zalgo":                {"z" + strings.Repeat("\u0301\u0335\u0348", 33_334), "z"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.want, text.Fold(c.in))
			require.Equal(t, c.want, text.Fold(c.want), "folded again")
		})
	}
}

// The result for a long run of marks does not depend on their order.
func TestFoldOrdersMarks(t *testing.T) {
	t.Parallel()
	const n = 2_000
	sorted := "\u05d0" + strings.Repeat("\u05b0", n) + strings.Repeat("\u05b8", n) + strings.Repeat("\u05c2", n)
	mixed := "\u05d0" + strings.Repeat("\u05c2\u05b8\u0301\u05b0", n)
	require.Equal(t, sorted, text.Fold(mixed))
	require.Equal(t, sorted, text.Fold(sorted))
	require.Equal(t, "\u05d0\u05b0\u05b8", text.Fold("\u05d0\u05b8\u200d\u05b0"), "a dropped joiner parts nothing")
}

func TestFoldEveryRune(t *testing.T) {
	t.Parallel()
	lower, upper, fold := cases.Lower(language.Und), cases.Upper(language.Und), cases.Fold()
	for r := rune(0); r <= unicode.MaxRune; r++ {
		s := string(r)
		folded := text.Fold(s)
		if again := text.Fold(folded); again != folded {
			t.Errorf("%U folds to %+q, which folds to %+q", r, folded, again)
		}
		if !unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S, unicode.Z, unicode.Cc, unicode.Cf) {
			continue // not assigned, so it has no other forms
		}
		if strings.ContainsRune(norm.NFKD.String(s), '\u0345') {
			continue // the Greek iota subscript, whose capital follows its letter
		}
		for _, variant := range []string{
			lower.String(s), upper.String(s), fold.String(s),
			norm.NFC.String(s), norm.NFD.String(s), norm.NFKC.String(s), norm.NFKD.String(s),
		} {
			if got := text.Fold(variant); got != folded {
				t.Errorf("%U folds to %+q, its form %+q to %+q", r, folded, variant, got)
			}
		}
		if want := reference(s); folded != want {
			t.Errorf("%U folds to %+q, want %+q", r, folded, want)
		}
	}
}

func TestFoldAgainstReference(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := texts().Draw(t, "s")
		require.Equal(t, reference(s), text.Fold(s))
	})
}

func TestContains(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		s, sub string
		want   bool
	}{
		"all":                  {"Ada", "ada", true},
		"nothing is in all":    {"Ada", "", true},
		"nothing is in none":   {"", "", true},
		"not in none":          {"", "a", false},
		"lower":                {"ada lovelace", "love", true},
		"end":                  {"Ada Lovelace", "lace", true},
		"too long":             {"Ada", "adaa", false},
		"first letter repeats": {"AAAB", "aab", true},
		"digit first":          {"Room 101A", "101a", true},
		"sign first":           {"A[b]C", "[b]c", true},
		"no capital of a sign": {"A`B@", "`b`", false},
		"accents":              {"Renée", "nee", true},
		"accent repeats":       {"éééb", "eeb", true},
		"not there":            {"Renée", "nez", false},
		"wildcards are plain":  {"Ünder_score 100%", "_score 100%", true},
		"no wildcard":          {"Ünder", "%", false},
		"ss":                   {"Straße", "ass", true},
		"longer than a name":   {strings.Repeat("é", 10_000) + "Ω", "eω", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.want, text.Contains(c.s, c.sub))
		})
	}
}

func TestContainsIsFoldAndContains(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := texts().Draw(t, "s")
		folded := text.Fold(s)
		sub := text.Fold(texts().Draw(t, "other"))
		if rapid.Bool().Draw(t, "part") {
			runes := []rune(folded)
			from := rapid.IntRange(0, len(runes)).Draw(t, "from")
			sub = string(runes[from:rapid.IntRange(from, len(runes)).Draw(t, "to")])
		}
		require.Equal(t, strings.Contains(folded, sub), text.Contains(s, sub))
	})
}

func TestComparesAsFoldDoes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := texts().Draw(t, "s")
		folded := text.Fold(s)
		cut := rapid.IntRange(0, len([]rune(folded))).Draw(t, "cut")
		head, tail := string([]rune(folded)[:cut]), string([]rune(folded)[cut:])
		require.True(t, text.Equal(s, folded))
		require.True(t, text.HasPrefix(s, head))
		require.True(t, text.HasSuffix(s, tail))

		other := text.Fold(texts().Draw(t, "other"))
		require.Equal(t, folded == other, text.Equal(s, other))
		require.Equal(t, strings.HasPrefix(folded, other), text.HasPrefix(s, other))
		require.Equal(t, strings.HasSuffix(folded, other), text.HasSuffix(s, other))
	})
}

func TestComparingAllocatesNothing(t *testing.T) {
	for _, name := range names {
		for label, compare := range map[string]func(s, folded string) bool{
			"Contains": text.Contains, "Equal": text.Equal, "HasPrefix": text.HasPrefix, "HasSuffix": text.HasSuffix,
		} {
			require.Zero(t, testing.AllocsPerRun(100, func() { compare(name, "zz") }), "%s of %s", label, name)
		}
	}
}

var names = []string{
	"ada lovelace", "Ada Lovelace", "Renée Müller-Łukasz", "Дмитрий Иванов", "Ελένη Παπαδοπούλου",
	"हिन्दी नाम", "שָׁלוֹם כהן", "محمد علي", "王小明", "山田ガク", "김철수", "Nguyễn Thị Hương", "👩‍🔬 Ada",
}

// texts generates texts of characters that Fold treats in different ways.
func texts() *rapid.Generator[string] {
	char := rapid.OneOf(
		rapid.RuneFrom([]rune("abzABZ 09_%\t\u00a0")),
		rapid.RuneFrom([]rune("éÉüñÅłŁøØđĐðÐþÞæÆœŒıİßẞﬁſςσΣ½´ǅ")),
		rapid.RuneFrom([]rune("\u0301\u0308\u0335\u05b0\u05b8\u05c2\u064b\u0651\u094d\u093c\u3099\u0fb2\u0f80\u200b\u200c\u200d\ufe0f\u00ad")),
		rapid.RuneFrom([]rune("한하ᄒ각王ガｶﾞＡ️１हिשﬡꭰᎠ𐐀😀")),
		rapid.Rune(),
	)
	return rapid.Map(rapid.StringOfN(char, 0, 24, -1), func(s string) string { return strings.ReplaceAll(s, "\u0345", "") })
}

// reference is Fold by its definition, repeated until the text does not change.
func reference(s string) string {
	spelled := strings.NewReplacer("ł", "l", "ø", "o", "đ", "d", "ð", "d", "þ", "th", "æ", "ae", "œ", "oe", "ı", "i")
	drop := func(r rune) rune {
		switch {
		case r >= 0x0300 && r <= 0x036F, unicode.In(r, unicode.Variation_Selector, unicode.Join_Control),
			r == 0x00AD, r == 0x061C, r == 0x180E, r == 0x200B, r == 0x200E, r == 0x200F, r == 0xFEFF,
			r >= 0x202A && r <= 0x202E, r >= 0x2060 && r <= 0x206F && r != 0x2065:
			return -1
		case unicode.IsSpace(r):
			return ' '
		}
		return r
	}
	for {
		next := norm.NFKD.String(s)
		next = cases.Fold().String(strings.Map(drop, next))
		next = spelled.Replace(strings.Map(drop, norm.NFKD.String(next)))
		next = smallCherokee(next)
		if next == s {
			return s
		}
		s = next
	}
}

// smallCherokee converts Cherokee to small letters, as Fold does; full case folding converts it to
// capitals.
func smallCherokee(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cherokee, r) {
			return unicode.ToLower(r)
		}
		return r
	}, s)
}
