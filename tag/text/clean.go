package text

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Line cleans one line of text, such as a name: NFC, white space of any kind
// (NBSP and line breaks too) folded to single spaces, white space and zero-width
// characters trimmed from both ends, zero-width spaces removed inside. The two
// joiners U+200C and U+200D stay inside, since emoji and several scripts need them.
//
// It refuses, with a *FieldError naming field: invalid UTF-8, NUL and other
// control characters, directional overrides and isolates (U+202A–202E,
// U+2066–2069), and more than limit code points.
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

// Clean cleans text of several lines, such as a description: NFC, trimmed as by
// Trim, line breaks and tabs kept. It refuses what Line refuses, and more
// than limit bytes.
func Clean(field, s string, limit int) (string, error) {
	if len(s) > limit {
		return "", Refuse(field, fmt.Sprintf("longer than %d bytes", limit))
	}
	if err := check(field, s, true); err != nil {
		return "", err
	}
	out := norm.NFC.String(Trim(s))
	if len(out) > limit {
		return "", Refuse(field, fmt.Sprintf("longer than %d bytes", limit))
	}
	return out, nil
}

// Trim returns s without the white space of any kind and the zero-width characters
// at its ends; joiners too, for there they join nothing.
func Trim(s string) string {
	return strings.TrimFunc(s, func(r rune) bool {
		return unicode.IsSpace(r) || invisible(r) || joiner(r)
	})
}

// Blank reports whether s shows nothing: it holds only white space, format
// characters, marks without a letter to carry them, and letters made to be invisible.
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

// Token checks an opaque token, such as an id given by another system: it is
// returned as it came, or refused when it holds white space at an end, a control
// character, a directional override, invalid UTF-8, or more than limit bytes.
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

// invisible reports the zero-width characters that carry no meaning inside a line.
func invisible(r rune) bool {
	switch r {
	case 0x00AD, 0x061C, 0x180E, 0x200B, 0x200E, 0x200F, 0xFEFF:
		return true
	}
	return r >= 0x2060 && r <= 0x2064 || r >= 0x206A && r <= 0x206F
}

// joiner reports the two zero-width characters that shape what they stand between.
func joiner(r rune) bool { return r == 0x200C || r == 0x200D }

// override reports the characters that turn the direction of the text after them.
func override(r rune) bool {
	return r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069
}
