package text

import (
	"bytes"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// IsUnicodeJSON reports whether the texts in JSON are valid Unicode: valid UTF-8 without escapes of
// half a surrogate pair, such as "\ud83d". encoding/json replaces both by U+FFFD. It does not check
// that b is JSON.
func IsUnicodeJSON(b []byte) bool {
	if !utf8.Valid(b) {
		return false
	}
	for {
		i := bytes.IndexByte(b, '\\')
		if i < 0 || i+1 == len(b) {
			return true
		}
		b = b[i:]
		r, ok := escaped(b)
		if !ok {
			b = b[2:] // another escape, such as \n
			continue
		}
		b = b[6:]
		if !utf16.IsSurrogate(r) {
			continue
		}
		second, _ := escaped(b)
		if utf16.DecodeRune(r, second) == utf8.RuneError {
			return false
		}
		b = b[6:]
	}
}

// escaped returns the character of an escape such as \u00e9 at the start of b.
func escaped(b []byte) (rune, bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(b[2:6]), 16, 32)
	return rune(n), err == nil
}
