package sqlite

import (
	"slices"
	"strings"

	"github.com/contactpipeline/visitors/filter/bound"
	"github.com/contactpipeline/visitors/store/internal/sqlstore"
)

// grams encodes visitors and searches for the FTS4 table.
//
// The document of a visitor is the folded name, a line break, the folded e-mail, a line
// break, and the digits of the phone, each encoded as a control character to differ from a
// digit in a name. Each character starts a gram: three characters in a row. A text is contained
// in the document if and only if its grams follow one another there, which a phrase query
// tests. A text of one or two characters is the start of a gram, which a prefix query finds.
//
// A gram becomes one token: the workspace, "zx", and the three characters. The simple
// tokenizer of FTS4 keeps a–z, 0–9 and bytes from 0x80 on; other characters, and z itself,
// are encoded as z and two hex digits. No encoded character is a prefix of another, so equal
// tokens are equal grams. With the workspace in the token, a search reads nothing of other
// workspaces.
type grams struct{}

const gram = 3

// Document encodes the grams of a visitor's text.
func (grams) Document(ws string, p sqlstore.Searchable) string {
	doc := encode(make([]string, 0, 128), p.Name)
	doc = append(encode(append(doc, lineBreak), p.Email), lineBreak)
	doc = append(encodeDigits(doc, p.Phone), lineBreak, lineBreak)
	var b strings.Builder
	b.Grow(len(doc) * 16)
	return phrase(&b, prefix(ws), doc).String()
}

// Terms returns the query for all terms, each as text or as digits of a phone.
func (grams) Terms(ws string, terms bound.Terms) string {
	return query(ws, terms, func(characters []string) []string { return characters })
}

// window is the number of characters in a query of Narrow: FTS4 merges the rows of up to four
// tokens, but loads all rows of more tokens first.
const window = gram + 3

// Exact reports whether no term is longer than a window.
func (grams) Exact(terms bound.Terms) bool { return longest(terms) <= window }

func longest(terms bound.Terms) (n int) {
	for _, t := range terms {
		n = max(n, len(encode(nil, t.Text)), len(t.Digits))
	}
	return n
}

// maxCuts is the number of parts of a term that Grams and Narrow try.
const maxCuts = 4

// Grams returns queries for single grams, from up to four places of the longest term.
func (grams) Grams(ws string, terms bound.Terms) []string {
	var queries []string
	for i, t := range terms {
		length := max(len(encode(nil, t.Text)), len(t.Digits))
		if length <= gram || t.Digits != "" && t.Text != "" {
			continue // the whole term is as quick; of two encodings, one is usually frequent
		}
		for at := 0; at < length-gram && len(queries) < maxCuts; at += gram {
			queries = append(queries, query(ws, terms[i:i+1], cut(at, gram)))
		}
		queries = append(queries, query(ws, terms[i:i+1], cut(length, gram)))
	}
	return queries
}

// Narrow returns queries for one window of every long term: first the start of a text and the
// end of a phone, where people differ most, then the next ones.
func (grams) Narrow(ws string, terms bound.Terms) []string {
	var queries []string
	length := longest(terms)
	for at := 0; at == 0 || at+window < length+gram && len(queries) < maxCuts; at += gram {
		queries = append(queries, query(ws, terms, cut(at, window)))
	}
	return queries
}

// cut returns a function that returns n characters from at on, or from the last place with n
// characters.
func cut(at, n int) func([]string) []string {
	return func(characters []string) []string {
		start := max(0, min(at, len(characters)-n))
		return characters[start:min(start+n, len(characters))]
	}
}

// query returns the query for the cut of every term, as text or as digits of a phone, which are
// cut from the end.
func query(ws string, terms bound.Terms, cut func([]string) []string) string {
	start := prefix(ws)
	parts := make([]string, len(terms))
	for i, t := range terms {
		var spellings []string
		if t.Text != "" {
			spellings = append(spellings, ask(start, cut(encode(nil, t.Text))))
		}
		if t.Digits != "" {
			digits := encodeDigits(nil, t.Digits)
			slices.Reverse(digits)
			digits = slices.Clone(cut(digits))
			slices.Reverse(digits)
			spellings = append(spellings, ask(start, digits))
		}
		parts[i] = "(" + strings.Join(spellings, " OR ") + ")"
	}
	return strings.Join(parts, " AND ")
}

// ask returns the query for characters in a row.
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

// plain is the encoding of each ASCII character. All control characters, which no stored text
// has, have the same one, as ten of them are used for the digits of phones.
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

// encodeDigits encodes the digits of a phone and drops all other characters.
func encodeDigits(to []string, phone string) []string {
	for i := range len(phone) {
		if c := phone[i]; c >= '0' && c <= '9' {
			to = append(to, escape(0x10+c-'0'))
		}
	}
	return to
}
