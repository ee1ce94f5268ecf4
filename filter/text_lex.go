package filter

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// scanner reads the text form from left to right.
type scanner struct {
	in   string
	pos  int  // in bytes
	long bool // a word was longer than MaxText; pos is inside it
}

func (s *scanner) fail(pos int, format string, args ...any) *SyntaxError {
	return &SyntaxError{Pos: pos, Reason: fmt.Sprintf(format, args...)}
}

func (s *scanner) end() bool { return s.pos == len(s.in) }

// at reports whether the rest of the text starts with prefix.
func (s *scanner) at(prefix string) bool { return strings.HasPrefix(s.in[s.pos:], prefix) }

// skip advances past prefix if the rest of the text starts with it.
func (s *scanner) skip(prefix string) bool {
	if !s.at(prefix) {
		return false
	}
	s.pos += len(prefix)
	return true
}

func (s *scanner) skipSpace() {
	s.pos = len(s.in) - len(strings.TrimLeftFunc(s.in[s.pos:], unicode.IsSpace))
}

// atBreak reports whether a word ends here: at white space, a closing parenthesis or
// the end.
func (s *scanner) atBreak() bool {
	r, _ := utf8.DecodeRuneInString(s.in[s.pos:])
	return s.end() || r == ')' || unicode.IsSpace(r)
}

// keyword advances past word if it is the next word.
func (s *scanner) keyword(word string) bool {
	rest, ok := strings.CutPrefix(s.in[s.pos:], word)
	if !ok {
		return false
	}
	if r, _ := utf8.DecodeRuneInString(rest); rest != "" && r != '(' && r != ')' && !unicode.IsSpace(r) {
		return false
	}
	s.pos += len(word)
	return true
}

// plain reads characters that need no quotes. It stops before white space, a character of
// special, and "..", and after MaxText.
func (s *scanner) plain(special string) string {
	start := s.pos
	for i, r := range s.in[start:] {
		if i > MaxText {
			s.long = true
		}
		if s.long || unicode.IsSpace(r) || strings.ContainsRune(special, r) || strings.HasPrefix(s.in[start+i:], "..") {
			s.pos = start + i
			return s.in[start:s.pos]
		}
	}
	s.pos = len(s.in)
	return s.in[start:]
}

// quoted reads a text in double quotes, in which a backslash escapes a double quote or another
// backslash.
func (s *scanner) quoted() (string, error) {
	start := s.pos
	s.pos++
	var b strings.Builder
	for !s.end() {
		if b.Len() > MaxText {
			return "", s.fail(start, "a text longer than %d bytes", MaxText)
		}
		c := s.in[s.pos]
		s.pos++
		switch c {
		case '"':
			return b.String(), nil
		case '\\':
			if s.end() || s.in[s.pos] != '"' && s.in[s.pos] != '\\' {
				return "", s.fail(s.pos-1, `in quotes, write \\ for a backslash`)
			}
			c = s.in[s.pos]
			s.pos++
		}
		b.WriteByte(c)
	}
	return "", s.fail(start, "the quote is not closed")
}

func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}
