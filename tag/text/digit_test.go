package text_test

import (
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/runenames"

	"github.com/contactpipeline/visitors/tag/text"
)

// The value of a digit is part of its Unicode name, such as THAI DIGIT SEVEN.
func TestDigit(t *testing.T) {
	t.Parallel()
	words := strings.Fields("ZERO ONE TWO THREE FOUR FIVE SIX SEVEN EIGHT NINE")
	digits := 0
	for r := rune(0); r <= unicode.MaxRune; r++ {
		value, ok := text.Digit(r)
		require.Equal(t, unicode.Is(unicode.Nd, r), ok, "%U", r)
		if !ok {
			require.Zero(t, value)
			continue
		}
		digits++
		if name := runenames.Name(r); name != "" {
			require.True(t, strings.HasSuffix(name, "DIGIT "+words[value]), "%U %s is read as %d", r, name, value)
		}
	}
	require.Greater(t, digits, 600)
}
