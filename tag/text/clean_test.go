package text_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/contactpipeline/visitors/tag/text"
)

func TestLine(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ in, want string }{
		"empty":               {"", ""},
		"as it is":            {"Ada Lovelace", "Ada Lovelace"},
		"trimmed":             {"  Ada\t\n", "Ada"},
		"NBSP trimmed":        {"\u00a0Ada\u00a0", "Ada"},
		"zero width trimmed":  {"\ufeff\u200bAda\u200d\u200c\u2060", "Ada"},
		"mixed ends":          {" \u200b \u200d Ada \u200d \u200b ", "Ada"},
		"inner white space":   {"Ada \t\n King\u3000\u00a0Lovelace", "Ada King Lovelace"},
		"zero width inside":   {"A\u200bd\u00ada\u200e", "Ada"},
		"joiners inside stay": {"👩\u200d🔬 नी\u200cल", "👩\u200d🔬 नी\u200cल"},
		"NFC":                 {"Rene\u0301e", "Renée"},
		"NFC over zero width": {"Rene\u200b\u0301e", "Renée"},
		"line separators":     {"a\u2028b\u2029c\u0085d", "a b c d"},
		"only white space":    {" \t\u00a0\u200b", ""},
		"at the limit":        {strings.Repeat("é", 64), strings.Repeat("é", 64)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := text.Line("name", c.in, 64)
			require.NoError(t, err)
			require.Equal(t, c.want, got)
		})
	}
}

func TestLineRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ in, reason string }{
		"too long":            {strings.Repeat("é", 65), "longer than 64 characters"},
		"a megabyte":          {strings.Repeat("x", 1<<20), "longer than 64 characters"},
		"NUL":                 {"A\x00da", "NUL character"},
		"control":             {"A\x1bda", "control character U+001B"},
		"C1 control":          {"A\u009bda", "control character U+009B"},
		"delete":              {"Ada\x7f", "control character U+007F"},
		"right-to-left":       {"Ada \u202egpj.exe", "directional override U+202E"},
		"isolate":             {"Ada \u2066x", "directional override U+2066"},
		"invalid UTF-8":       {"Ada\xff", "not valid UTF-8"},
		"surrogate":           {"Ada\xed\xa0\x80", "not valid UTF-8"},
		"overlong":            {"Ada\xc0\x80", "not valid UTF-8"},
		"cut off in the rune": {"Ada\xe2\x82", "not valid UTF-8"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := text.Line("name", c.in, 64)
			refused(t, err, "name", c.reason)
			require.Empty(t, got)
		})
	}
}

func TestClean(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ in, want string }{
		"empty":            {"", ""},
		"lines and tabs":   {"a\n\tb\r\nc", "a\n\tb\r\nc"},
		"inner spaces":     {"a  b", "a  b"},
		"trimmed":          {"\ufeff\n a \u200b\n", "a"},
		"NFC":              {"e\u0301", "é"},
		"zero width stays": {"a\u200bb", "a\u200bb"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := text.Clean("description", c.in, 16)
			require.NoError(t, err)
			require.Equal(t, c.want, got)
		})
	}
	_, err := text.Clean("description", strings.Repeat("x", 17), 16)
	refused(t, err, "description", "longer than 16 bytes")
	_, err = text.Clean("description", "\u0958\u0958\u0958\u0958\u0958", 16) // 15 bytes, 30 in NFC
	refused(t, err, "description", "longer than 16 bytes")
	_, err = text.Clean("description", "a\u202eb", 16)
	refused(t, err, "description", "directional override U+202E")
	_, err = text.Clean("description", "a\x00b", 16)
	refused(t, err, "description", "NUL character")
}

func TestToken(t *testing.T) {
	t.Parallel()
	for _, ok := range []string{"", "42", "a b", "e\u0301", "17841400000000000:x/y+z=="} {
		got, err := text.Token("id", ok, 64)
		require.NoError(t, err)
		require.Equal(t, ok, got, "as it came")
	}
	for in, reason := range map[string]string{
		" 42":                   "white space at an end",
		"42\u00a0":              "white space at an end",
		"4\n2":                  "control character U+000A",
		"4\x002":                "NUL character",
		"4\u202e2":              "directional override U+202E",
		"4\xff2":                "not valid UTF-8",
		strings.Repeat("x", 65): "longer than 64 bytes",
	} {
		got, err := text.Token("id", in, 64)
		refused(t, err, "id", reason)
		require.Empty(t, got)
	}
}

func TestTrim(t *testing.T) {
	t.Parallel()
	require.Equal(t, "a\u00a0b", text.Trim("\u00a0\u200b\ufeff\u200d a\u00a0b\u2060\u3000\n"))
	require.Empty(t, text.Trim(" \u200b\u200c"))
}

func TestBlank(t *testing.T) {
	t.Parallel()
	for _, blank := range []string{"", " ", "\u00a0", "\u200b\u200d", "\u0301", "\u094d", "\u3164", "\u115f \u1160", "\uffa0", "\u2800", "\u202e", "\ufe0f", "\U000e0041"} {
		require.True(t, text.Blank(blank), "%+q", blank)
	}
	for _, seen := range []string{"a", "\u0301a", "王", "한", "ᄒ", "😀", ".", "1", "\u3164a", "\ue000", "\U0001fae9"} {
		require.False(t, text.Blank(seen), "%+q", seen)
	}
}

func refused(t *testing.T, err error, field, reason string) {
	t.Helper()
	var f *text.FieldError
	require.True(t, errors.As(err, &f), "%v", err)
	require.ErrorIs(t, err, text.ErrInvalid)
	require.Equal(t, text.FieldError{Field: field, Reason: reason}, *f)
	require.Equal(t, field+": "+reason, err.Error())
}

func TestLineSettles(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOfN(texts(), 1, 4).Draw(t, "parts")
		marks := rapid.StringOfN(rapid.RuneFrom([]rune("\u0301\u0344\u05b0\u05c2\u0335\u200b")), 0, 80, -1).Draw(t, "marks")
		for _, s := range []string{strings.Join(parts, marks), marks + strings.Join(parts, " ")} {
			once, err := text.Line("name", s, 1_000)
			if err != nil {
				continue
			}
			again, err := text.Line("name", once, 1_000)
			require.NoError(t, err)
			require.Equal(t, once, again)
		}
	})
}
