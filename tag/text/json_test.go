package text_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/tag/text"
)

func TestIsUnicodeJSON(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		``, `"Ada"`, `"Zoë"`, `"\u005a\n\"\\"`, `"\ud83d\ude00"`, `"\uD83D\uDE00\ud83d\ude00"`, `"\\ud83d"`, `"\ufffd"`, `"\uffff"`,
		`"\`, `"\u12"`, `"\uzzzz"`,
	} {
		require.True(t, text.IsUnicodeJSON([]byte(s)), s)
	}
	for _, s := range []string{
		"\"\xff\"", "\"\xed\xa0\x80\"", `"\ud83d"`, `"\ude00"`, `"\ude00\ud83d"`, `"\ud83d\ud83d\ude00"`, `"\ud83d \ude00"`, `"\ud83d\u0041"`,
		`"\ud83d\n"`, `"\\\ud83d"`, `{"\uD83D":1}`, `"\ud83d\ude`,
	} {
		require.False(t, text.IsUnicodeJSON([]byte(s)), s)
	}
}
