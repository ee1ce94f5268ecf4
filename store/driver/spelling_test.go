package driver_test

import (
	"flag"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/address"
	"github.com/contactpipeline/visitors/visitor/consent"
)

var spellingSeed = flag.Uint64("spelling.seed", 0, "seed of random addresses; 0 picks one")

// TestSpellingsOfEmail gives visitors random addresses, and finds each by its normal form.
func TestSpellingsOfEmail(t *testing.T) {
	t.Parallel()
	seed := *spellingSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("-spelling.seed=%d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	pick := func(of ...string) string { return of[random.IntN(len(of))] }
	locals := []string{"a", "Z", "9", ".", "+", "-", "é", "É", "e\u0301", "ß", "ẞ", "İ", "ı", "ſ", "\u212a", "Σ", "ς", "Ł", "ᾼ", "ﬀ", "я", "Я", "愛"}
	labels := []string{
		"example", "Mail", "bücher", "BÜCHER", "bu\u0308cher", "xn--bcher-kva", "XN--BCHER-KVA", "ü", "xn--tda", "xn---tda",
		"xn--example-", "xn--zzzzzz", "faß", "xn--fa-hia", "ﬀ", "правда", "xn--80aafi6cg", "愛", "xn--e22a", "xn--i-7iq", "İ", "a-b",
	}
	found := 0
	for range 20_000 {
		local := ""
		for range 1 + random.IntN(4) {
			local += pick(locals...)
		}
		email, err := address.Email(local + "@" + pick(labels...) + "." + pick(labels...) + "." + pick("example", "xn--p1ai", "рф", "de"))
		if err != nil {
			continue
		}
		found++
		for _, r := range (&visitor.Visitor{Email: email}).Routes() {
			same := func(spelling string) bool { return text.Fold(spelling) == text.Fold(email) }
			spellings := driver.SpellingsOf(r.Subject).Emails
			require.True(t, slices.ContainsFunc(spellings, same), "%q is not found by %q", email, spellings)
		}
	}
	require.Greater(t, found, 5_000)
}

// TestFoldOfNormalizedText tries all characters: an e-mail address is normalized by case and
// composition, and found by its folded form.
func TestFoldOfNormalizedText(t *testing.T) {
	t.Parallel()
	for r := rune(' '); r <= unicode.MaxRune; r++ {
		s := string(r)
		require.Equal(t, text.Fold(s), text.Fold(norm.NFC.String(strings.ToLower(s))), "%U", r)
	}
}

// TestSpellingsOfNumbers finds visitors with random numbers of countries with two spellings.
func TestSpellingsOfNumbers(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	found := 0
	for range 20_000 {
		digits := []string{"55", "551", "5511", "55119", "52", "521", "54", "549", "49", "1"}[random.IntN(10)]
		for range 7 + random.IntN(5) {
			digits += string(rune('0' + random.IntN(10)))
		}
		phone, err := address.Phone("+"+digits, nil)
		if err != nil {
			continue
		}
		v := visitor.Visitor{Phone: phone}
		for _, r := range v.Routes() {
			found++
			require.Contains(t, driver.SpellingsOf(r.Subject).Phones, phone, r.Subject.Channel)
		}
		v = visitor.Visitor{Identities: []visitor.Identity{{Source: visitor.WhatsApp, ExternalID: digits}}}
		for _, r := range v.Routes() {
			require.Equal(t, consent.WhatsApp, r.Subject.Channel)
			as := driver.SpellingsOf(r.Subject)
			require.Equal(t, visitor.WhatsApp, as.Source)
			require.Contains(t, as.ExternalIDs, digits)
		}
	}
	require.Greater(t, found, 5_000)
}
