package text

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Line normalizes a line of text such as a name: to NFC, each run of white space (also NBSP and
// line breaks) to a single space, without white space and zero-width characters at both ends and
// without zero-width spaces inside. It keeps the joiners U+200C and U+200D inside, which emoji and
// several scripts need.
//
// It returns a *FieldError for field if s has invalid UTF-8, NUL or other control characters,
// directional overrides or isolates (U+202A–202E, U+2066–2069), or more than limit code points.
func Line(field, s string, limit int) (string, error) {
	if len(s) > limit*utf8.UTFMax*4 {
		return "", Refuse(field, fmt.Sprintf("longer than %d characters", limit))
	}
	if err := check(field, s, true); err != nil {
		return "", err
	}
	var b strings.Builder
	space := false
	for _, r := range norm.NFC.String(s) {
		switch {
		case unicode.IsSpace(r):
			space = true
		case invisible(r):
		default:
			if space && b.Len() > 0 {
				b.WriteByte(' ')
			}
			space = false
			b.WriteRune(r)
		}
	}
	out := norm.NFC.String(Trim(b.String()))
	if utf8.RuneCountInString(out) > limit {
		return "", Refuse(field, fmt.Sprintf("longer than %d characters", limit))
	}
	return out, nil
}

// Clean normalizes a text of several lines such as a description: to NFC and without the ends that
// Trim removes. It keeps line breaks and tabs. It returns a *FieldError for the same characters as
// Line, and for more than limit bytes.
func Clean(field, s string, limit int) (string, error) {
	if len(s) <= limit {
		if err := check(field, s, true); err != nil {
			return "", err
		}
		s = norm.NFC.String(Trim(s)) // can be longer than s
	}
	if len(s) > limit {
		return "", Refuse(field, fmt.Sprintf("longer than %d bytes", limit))
	}
	return s, nil
}

// Trim returns s without white space and zero-width characters, including joiners, at its ends.
func Trim(s string) string {
	return strings.TrimFunc(s, func(r rune) bool {
		return unicode.IsSpace(r) || invisible(r) || joiner(r)
	})
}

// Blank reports whether s has no visible character: only white space, format characters, combining
// marks without a letter, and invisible letters.
func Blank(s string) bool {
	for _, r := range s {
		switch r {
		case 0x115F, 0x1160, 0x3164, 0xFFA0, 0x2800: // Hangul fillers, braille blank
			continue
		}
		if !unicode.In(r, unicode.Z, unicode.Cf, unicode.Cc, unicode.M) {
			return false
		}
	}
	return true
}

// Token validates an opaque token, such as an id of another system, and returns it unchanged. It
// returns a *FieldError if s has white space at an end, a control character, a directional
// override, invalid UTF-8, or more than limit bytes.
func Token(field, s string, limit int) (string, error) {
	if len(s) > limit {
		return "", Refuse(field, fmt.Sprintf("longer than %d bytes", limit))
	}
	if err := check(field, s, false); err != nil {
		return "", err
	}
	if s != strings.TrimSpace(s) {
		return "", Refuse(field, "white space at an end")
	}
	return s, nil
}

func check(field, s string, breaks bool) error {
	if !utf8.ValidString(s) {
		return Refuse(field, "not valid UTF-8")
	}
	for _, r := range s {
		switch {
		case r == 0:
			return Refuse(field, "NUL character")
		case breaks && unicode.IsSpace(r):
		case unicode.IsControl(r):
			return Refuse(field, fmt.Sprintf("control character U+%04X", r))
		case override(r):
			return Refuse(field, fmt.Sprintf("directional override U+%04X", r))
		}
	}
	return nil
}

// invisible reports whether r is a zero-width character that has no meaning inside a line.
func invisible(r rune) bool {
	switch r {
	case 0x00AD, 0x061C, 0x180E, 0x200B, 0x200E, 0x200F, 0xFEFF:
		return true
	}
	return r >= 0x2060 && r <= 0x2064 || r >= 0x206A && r <= 0x206F
}

// joiner reports whether r is one of the two zero-width joiners.
func joiner(r rune) bool { return r == 0x200C || r == 0x200D }

// override reports whether r changes the direction of the text after it.
func override(r rune) bool {
	return r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069
}
