package address_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/visitor/address"
)

func TestUnicodeDomain(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"example.com":                "example.com",
		"Example.COM":                "example.com",
		"xn--bcher-kva.example":      "bücher.example",
		"BU\u0308CHER.example":       "bücher.example",
		"mail.xn--bcher-kva.example": "mail.bücher.example",
		"XN--BCHER-KVA.example":      "bücher.example",
		// The samples of RFC 3492 §7.1 in lower case, with the letters of a domain.
		"xn--egbpdaj6bu4bxfgehfvwxn.com":               "xn--egbpdaj6bu4bxfgehfvwxn.com", // has a question mark
		"xn--ihqwcrb4cv8a8dqg056pqjye.com":             "他们为什么不说中文.com",
		"xn--proprostnemluvesky-uyb24dma41a.com":       "pročprostěnemluvíčesky.com",
		"xn--n8jok5ay5dzabd5bym9f0cm5685rrjetr6pdxa.a": "なぜみんな日本語を話してくれないのか.a",
		"xn--b1abfaaepdrnnbgefbadotcwatmq2g4l.com":     "почемужеонинеговорятпорусски.com",
		"xn--tinyurl-.com":                             "xn--tinyurl-.com",
		"xn--.com":                                     "xn--.com",
		"xn--a.com":                                    "xn--a.com",
		"xn--999999999.com":                            "xn--999999999.com",
		"xn--abc!.com":                                 "xn--abc!.com",
		"xn--a-ecp.ru":                                 "xn--a-ecp.ru", // encodes ⒈, which is another spelling of "1."
		"axn--bcher-kva.com":                           "axn--bcher-kva.com",
	} {
		require.Equal(t, want, address.UnicodeDomain(in), in)
	}
}

func FuzzUnicodeDomain(f *testing.F) {
	for _, s := range []string{"xn--bcher-kva.example", "XN--A.b", "xn--999999b.c", "bücher.de", "xn--xn--bcher-kva-.com"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		once := address.UnicodeDomain(s)
		if again := address.UnicodeDomain(once); again != once {
			t.Fatalf("%q gives %q, which gives %q", s, once, again)
		}
	})
}

func TestDomainSpellings(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{"example.com"}, address.DomainSpellings("example.com"))
	require.Equal(t, []string{"bücher.example", "xn--bcher-kva.example"}, address.DomainSpellings("bücher.example"))
	require.Len(t, address.DomainSpellings("ü.ä.ö.example"), 8)
	for _, domain := range []string{"bücher.example", "münchen.bücher.de", "правда.рф", "例え.テスト", "ü.ä.ö.é.example", "straße-nord1.de"} {
		for _, s := range address.DomainSpellings(domain) {
			require.Equal(t, domain, address.UnicodeDomain(s), s)
		}
	}
}
