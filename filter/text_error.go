package filter

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/contactpipeline/visitors/tag/text"
)

// SyntaxError is why, and where, a text is not a filter. It matches visitor.ErrInvalid. Error
// repeats nothing of the text; Readings and Caret do.
type SyntaxError struct {
	Pos        int      // offset in the text, in bytes
	Reason     string   // e.g. "unknown field"
	Suggestion string   // a known word to write there instead; "" if none is similar
	Readings   []string // the two possible meanings, if AND and OR are mixed
}

// Error returns "filter: at byte 7: reason; did you mean …?".
func (e *SyntaxError) Error() string {
	s := fmt.Sprintf("filter: at byte %d: %s", e.Pos, e.Reason)
	if e.Suggestion != "" {
		s += fmt.Sprintf("; did you mean %q?", e.Suggestion)
	}
	return s
}

// Is reports whether target is visitor.ErrInvalid.
func (e *SyntaxError) Is(target error) bool { return target == text.ErrInvalid }

// caretWidth is the most characters of a line that Caret shows on each side of the caret.
const caretWidth = 60

// Caret returns the line with the error, and below it a caret under the place. input is the
// text that was parsed. A long line is cut to 60 characters on each side of the caret.
func (e *SyntaxError) Caret(input string) string {
	pos := max(0, min(e.Pos, len(input)))
	start := strings.LastIndexByte(input[:pos], '\n') + 1
	rest, _, _ := strings.Cut(input[pos:], "\n")
	before, after := oneLine(input[start:pos]), oneLine(rest)
	if len(before) > caretWidth {
		before = append([]rune("…"), before[len(before)-caretWidth:]...)
	}
	if len(after) > caretWidth {
		after = append(after[:caretWidth:caretWidth], '…')
	}
	columns := 0
	for _, r := range before {
		if !unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf) {
			columns++
		}
	}
	return string(before) + string(after) + "\n" + strings.Repeat(" ", columns) + "^"
}

// oneLine replaces control characters, which could move the caret, by spaces.
func oneLine(s string) []rune {
	return []rune(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s))
}
