package sqlite

import (
	"strings"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store/internal/sqlstore"
)

// grams spells visitors and searches for the FTS4 table.
//
// The document of a visitor is the folded name, a line break, the folded e-mail, a line
// break, and the digits of the phone, each digit spelled as a control character so that it
// differs from a digit in a name. From every character of it starts a gram: three characters
// in a row. A text is contained in the document if and only if its grams follow
// one another there, which is what a phrase query asks. A text of one or two
// characters begins a gram, which a prefix query finds.
//
// A gram becomes one token: the workspace, "zx", the three characters. The simple
// tokenizer of FTS4 keeps a–z, 0–9 and bytes of 0x80 and more; what it would not keep, and z
// itself, is spelled z and two hex digits. No spelling of a character begins that of another
// one, so tokens are equal when grams are. With the workspace in the token, a search
// reads nothing of its neighbours.
type grams struct{}

const gram = 3

// Document spells the grams of a visitor's text.
func (grams) Document(ws string, p sqlstore.Searchable) string {
	doc := encode(make([]string, 0, 128), p.Name)
	doc = append(encode(append(doc, lineBreak), p.Email), lineBreak)
	doc = append(encodeDigits(doc, p.Phone), lineBreak, lineBreak)
	var b strings.Builder
	b.Grow(len(doc) * 16)
	return phrase(&b, prefix(ws), doc).String()
}

// Terms asks for every term in one of its two spellings.
func (grams) Terms(ws string, terms filter.Terms) string {
	start := prefix(ws)
	parts := make([]string, len(terms))
	for i, t := range terms {
		parts[i] = ask(start, encode(nil, t.Text))
		if t.Digits != "" {
			parts[i] = "(" + parts[i] + " OR " + ask(start, encodeDigits(nil, t.Digits)) + ")"
		}
	}
	return strings.Join(parts, " AND ")
}

// Part asks for a text, or for digits of a phone.
func (grams) Part(ws, part string, digits bool) string {
	if digits {
		return ask(prefix(ws), encodeDigits(nil, part))
	}
	return ask(prefix(ws), encode(nil, part))
}

// ask is the query for characters in a row.
func ask(start string, characters []string) string {
	if len(characters) < gram {
		return `"` + start + strings.Join(characters, "") + `*"`
	}
	var b strings.Builder
	b.WriteByte('"')
	return phrase(&b, start, characters).String() + `"`
}

// phrase writes the grams that start at each character but the last two.
func phrase(b *strings.Builder, start string, characters []string) *strings.Builder {
	for i := range len(characters) - gram + 1 {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(start)
		for _, c := range characters[i : i+gram] {
			b.WriteString(c)
		}
	}
	return b
}

func prefix(ws string) string { return strings.Join(encode(nil, ws), "") + "zx" }

const lineBreak = "z0a"

// plain holds the spelling of every ASCII character. The control characters, which no
// stored text has, are spelled as one, since ten of them stand for the digits of phones.
var plain = func() (table [0x80]string) {
	for r := range rune(len(table)) {
		switch {
		case r < ' ':
			table[r] = "z00"
		case r >= 'a' && r < 'z' || r >= '0' && r <= '9':
			table[r] = string(r)
		default:
			table[r] = escape(byte(r))
		}
	}
	return table
}()

func escape(c byte) string {
	const hex = "0123456789abcdef"
	return string([]byte{'z', hex[c>>4], hex[c&15]})
}

func encode(to []string, text string) []string {
	for i, r := range text {
		if r < 0x80 {
			to = append(to, plain[r])
		} else {
			to = append(to, text[i:i+len(string(r))])
		}
	}
	return to
}

// encodeDigits spells the digits of a phone and leaves out everything else.
func encodeDigits(to []string, phone string) []string {
	for i := range len(phone) {
		if c := phone[i]; c >= '0' && c <= '9' {
			to = append(to, escape(0x10+c-'0'))
		}
	}
	return to
}
