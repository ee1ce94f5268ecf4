package visitor_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/visitor"
)

func TestNormalizeEmail(t *testing.T) {
	t.Parallel()
	longest := strings.Repeat("a", 64) + "@" + strings.Repeat("b.", 90) + strings.Repeat("c", 9)
	require.Len(t, longest, visitor.MaxEmail)
	for name, c := range map[string]struct{ in, want string }{
		"none":                    {"", ""},
		"blank":                   {" \u00a0\u200b\n", ""},
		"plain":                   {"ada@example.com", "ada@example.com"},
		"trimmed":                 {"\t ada@example.com \r\n", "ada@example.com"},
		"NBSP and zero width":     {"\u00a0\ufeffada@example.com\u200b\u00a0", "ada@example.com"},
		"domain lowered":          {"Ada.Lovelace@EXAMPLE.Com", "Ada.Lovelace@example.com"},
		"plus":                    {"ada+crm@example.com", "ada+crm@example.com"},
		"signs":                   {"a!#$%&'*/=?^_`{|}~-b@example.com", "a!#$%&'*/=?^_`{|}~-b@example.com"},
		"sub-domains":             {"a@b.c.d.co.uk", "a@b.c.d.co.uk"},
		"digits in the domain":    {"a@1.2.3.4.example", "a@1.2.3.4.example"},
		"hyphens in the domain":   {"a@b--c.co", "a@b--c.co"},
		"punycode":                {"a@XN--bcher-kva.example", "a@xn--bcher-kva.example"},
		"international domain":    {"ada@BÜCHER.example", "ada@bücher.example"},
		"international, NFD":      {"ada@bu\u0308cher.example", "ada@bücher.example"},
		"international address":   {"用户@例え.テスト", "用户@例え.テスト"},
		"Devanagari":              {"अजय@डाटा.भारत", "अजय@डाटा.भारत"},
		"longest":                 {longest, longest},
		"longest label":           {"a@" + strings.Repeat("b", 63) + ".co", "a@" + strings.Repeat("b", 63) + ".co"},
		"long international name": {"a@" + strings.Repeat("あ", 40) + ".jp", "a@" + strings.Repeat("あ", 40) + ".jp"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := visitor.NormalizeEmail(c.in)
			require.NoError(t, err)
			require.Equal(t, c.want, got)
			again, err := visitor.NormalizeEmail(got)
			require.NoError(t, err)
			require.Equal(t, got, again)
		})
	}
}

func TestNormalizeEmailRefuses(t *testing.T) {
	t.Parallel()
	const (
		bare  = "give the address alone, without a name and < >"
		quote = "quotes are not supported"
		other = "not an address like name@example.com"
		char  = "a character that no domain has"
		edge  = "a part of the domain starts or ends with a hyphen"
		empty = "an empty part in the domain"
	)
	for name, c := range map[string]struct{ in, reason string }{
		"no @":                 {"ada.example.com", "no @"},
		"two @":                {"ada@b@example.com", "more than one @"},
		"nothing before":       {"@example.com", "nothing before the @"},
		"nothing after":        {"ada@", "no dot in the domain"},
		"no dot":               {"ada@localhost", "no dot in the domain"},
		"dot at the start":     {"ada@.co", empty},
		"dot at the end":       {"ada@example.co.", empty},
		"two dots":             {"ada@example..co", empty},
		"address literal":      {"ada@[127.0.0.1]", "a domain literal is not supported"},
		"IPv6 literal":         {"ada@[IPv6:::1]", "a domain literal is not supported"},
		"an IP address":        {"ada@127.0.0.1", "the last part of the domain is a number"},
		"label edge":           {"ada@-x.co", edge},
		"label end":            {"ada@x-.co", edge},
		"last label":           {"ada@x.-co", edge},
		"underscore":           {"ada@a_b.co", char},
		"sign in the domain":   {"ada@a!b.co", char},
		"emoji domain":         {"ada@💩.la", char},
		"ideographic dot":      {"ada@例え。テスト.jp", char},
		"long label":           {"a@" + strings.Repeat("b", 64) + ".co", "a part of the domain is longer than 63 characters"},
		"long local part":      {strings.Repeat("a", 65) + "@example.com", "more than 64 bytes before the @"},
		"too long":             {"a@" + strings.Repeat("b.", 126) + "co", "longer than 254 bytes"},
		"a megabyte":           {strings.Repeat("a@", 1<<19), "longer than 254 bytes"},
		"a megabyte of quotes": {`"` + strings.Repeat(`\"`, 1<<19) + `"@example.com`, "longer than 254 bytes"},
		"longer in lower case": {"a@" + strings.Repeat("Ⱥ", 40) + "." + strings.Repeat("Ⱥ", 40) + "." + strings.Repeat("Ⱥ", 40) + ".co", "longer than 254 bytes"},
		"display name":         {"John <a@b.co>", bare},
		"angle brackets":       {"<a@b.co>", bare},
		"quoted local part":    {`"a b"@x.co`, quote},
		"needless quotes":      {`"a"@x.co`, quote},
		"comment":              {"a@b.co(x)", char},
		"comment before":       {"(x)a@b.co", other},
		"list":                 {"a@b.co,c@d.co", "more than one @"},
		"group":                {"g:a@b.co;", char},
		"mailto":               {"mailto:a@b.co", other},
		"dot before the @":     {"a.@b.co", other},
		"dots before the @":    {"a..b@b.co", other},
		"dot first":            {".a@b.co", other},
		"space":                {"ada lovelace@example.com", "white space inside"},
		"NBSP inside":          {"ada\u00a0l@example.com", "white space inside"},
		"zero width inside":    {"ada\u200b@example.com", "invisible character U+200B"},
		"soft hyphen":          {"ada@exam\u00adple.com", "invisible character U+00AD"},
		"override":             {"ada\u202emoc.elpmaxe@b.co", "directional override U+202E"},
		"header injection":     {"a@b.co\r\nBcc: x@y.co", "control character U+000D"},
		"line feed":            {"a@b.co\nx", "control character U+000A"},
		"NUL":                  {"a\x00@b.co", "NUL character"},
		"tab":                  {"a\t@b.co", "control character U+0009"},
		"invalid UTF-8":        {"a\xff@b.co", "not valid UTF-8"},
		"encoded word":         {"=?utf-8?q?a?= <a@b.co>", bare},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := visitor.NormalizeEmail(c.in)
			refused(t, err, "email", c.reason)
			secret(t, err, c.in)
			require.Empty(t, got)
		})
	}
}
