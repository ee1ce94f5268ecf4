package intake

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

// scalar is an id or a time, which channels send as text or as an integer. It is text, so that no
// digit is lost. A value of another type is "".
type scalar string

func (s *scalar) UnmarshalJSON(b []byte) error {
	*s = ""
	switch first := b[0]; {
	case first == '"' && plain(b[1:len(b)-1]):
		*s = scalar(b[1 : len(b)-1])
	case first == '"':
		var decoded string
		if err := json.Unmarshal(b, &decoded); err == nil {
			*s = scalar(decoded)
		}
	case first == '-' || first >= '0' && first <= '9':
		if !bytes.ContainsAny(b, ".eE") {
			*s = scalar(b)
		}
	}
	return nil
}

// plain reports whether the content of a JSON string is ASCII without escapes, as most ids are.
func plain(b []byte) bool {
	for _, c := range b {
		if c == '\\' || c >= 0x80 {
			return false
		}
	}
	return true
}

// time parses seconds or milliseconds since 1970, which differ in size. It returns the zero time
// if s is neither.
func (s scalar) time() time.Time {
	n, err := strconv.ParseInt(string(s), 10, 64)
	switch {
	case err != nil || n <= 0 || n >= 1e14:
		return time.Time{}
	case n < 1e11: // milliseconds would be before 1973, seconds are before the year 5139
		return time.Unix(n, 0).UTC()
	}
	return time.UnixMilli(n).UTC()
}

// decode parses a JSON object leniently: a field with a value of the wrong type stays empty.
func decode(body []byte, into any) error {
	body, err := checkObject(body)
	if err == nil {
		_ = json.Unmarshal(body, into) // decodes the other fields before it returns an error of a type
	}
	return err
}

// cleanText makes a text of a channel valid for package text, truncated to limit code points.
// It returns "" if no character is visible.
func cleanText(s string, limit int) string {
	if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' }) {
		s = strings.Map(visible, strings.ToValidUTF8(s, ""))
	}
	s = cut(text.Trim(s), limit)
	line, err := text.Line("text", s, limit)
	if err != nil || text.Blank(line) {
		return ""
	}
	return line
}

// visible returns r, a space for any white space, -1 for a character to remove.
func visible(r rune) rune {
	switch {
	case r >= ' ' && r <= '~':
		return r
	case unicode.IsSpace(r):
		return ' '
	case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r):
		return -1
	}
	return r
}

func cut(s string, limit int) string {
	for i := range s {
		if limit == 0 {
			return s[:i]
		}
		limit--
	}
	return s
}

// username returns a channel's username without a leading @, "" if it is too long.
func username(s string) string {
	if len(s) > visitor.MaxIdentity {
		return ""
	}
	return cleanText(strings.TrimPrefix(strings.TrimSpace(s), "@"), visitor.MaxIdentity)
}

// phone returns the digits of a channel, with or without a leading +, in E.164 form, "" if they
// are not a phone number.
func phone(digits string) string {
	digits = strings.TrimPrefix(strings.TrimSpace(digits), "+")
	if digits == "" {
		return ""
	}
	number, err := visitor.NormalizePhone("+" + digits)
	if err != nil {
		return ""
	}
	return number
}

// eventName returns a channel's name for an event, "" if it is not a plain identifier.
func eventName(s string) string {
	if len(s) > 64 || strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" {
		return ""
	}
	return s
}
