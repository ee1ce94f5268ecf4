package intake

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

// scalar is an id or a time, which channels write as text or as a whole number. It is kept
// as text, to the last digit. Anything else is "".
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

// plain reports whether the inside of a JSON string is the text itself, as of most ids.
func plain(b []byte) bool {
	for _, c := range b {
		if c == '\\' || c >= 0x80 {
			return false
		}
	}
	return true
}

// time reads seconds or milliseconds since 1970, told apart by their size; the zero time
// when it is neither.
func (s scalar) time() time.Time {
	n, err := strconv.ParseInt(string(s), 10, 64)
	switch {
	case err != nil || n <= 0 || n >= 1e14:
		return time.Time{}
	case n < 1e11: // as milliseconds that would be before 1973, as seconds it is before 5139
		return time.Unix(n, 0).UTC()
	}
	return time.UnixMilli(n).UTC()
}

// flag is a yes or no that guards against a visitor being made: whatever is there and is
// not false means yes.
type flag struct{ set bool }

func (f *flag) UnmarshalJSON(b []byte) error {
	f.set = string(b) != "null" && string(b) != "false"
	return nil
}

// decode reads a JSON object leniently: a value of the wrong type leaves its field
// empty, which encoding/json does before it reports the first of them.
func decode(body []byte, into any) error {
	if len(body) > MaxBody {
		return text.Refuse("body", fmt.Sprintf("longer than %d bytes", MaxBody))
	}
	err := json.Unmarshal(body, into)
	if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) {
		return text.Refuse("body", fmt.Sprintf("not JSON: broken at byte %d", syntax.Offset))
	}
	if trimmed := bytes.TrimLeft(body, " \t\r\n"); trimmed[0] != '{' {
		return text.Refuse("body", "not a JSON object")
	}
	return nil
}

// presentable returns a text of a channel as package text accepts it, cut to limit code
// points: "" when nothing of it can be seen.
func presentable(s string, limit int) string {
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

// visible returns r, a space for what stands for one, -1 for what must not be kept.
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

// username returns a channel's username without the @ that people put before it, "" for
// what is too long to be one.
func username(s string) string {
	if len(s) > visitor.MaxIdentity {
		return ""
	}
	return presentable(strings.TrimPrefix(strings.TrimSpace(s), "@"), visitor.MaxIdentity)
}

// phone returns the number that a channel's digits are in E.164, with or without a + before
// them, "" when they are none.
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

// word returns a channel's own word for a thing, "" for what does not look like one.
func word(s string) string {
	if len(s) > 64 || strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" {
		return ""
	}
	return s
}
