package postgres

import (
	"strings"
	"unicode/utf8"

	sq "github.com/Masterminds/squirrel"

	"github.com/contactpipeline/visitors/filter"
)

// The column search of a visitor holds the folded name, the folded e-mail and the phone's
// digits, a line each, so that one trigram index serves them all. Folded text has no
// line breaks and no capitals. So a term, which is folded text too, is found in a line of
// its own or not at all; and digits spelled as capitals are found in the phone alone. The
// migration spells the digits of the column in the same way.
var digits = strings.NewReplacer("0", "B", "1", "C", "2", "D", "3", "F", "4", "G", "5", "H", "6", "J", "7", "K", "8", "Q", "9", "X", "+", "")

// literal makes every character of a LIKE pattern mean itself.
var literal = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

func pattern(text string) string { return "%" + literal.Replace(text) + "%" }

// Term finds its text in name or e-mail, or its digits in the phone.
func (dialect) Term(search string, t filter.Term) sq.Sqlizer {
	if t.Digits == "" {
		return sq.Expr(search+" LIKE ?", pattern(t.Text))
	}
	return sq.Expr("("+search+" LIKE ? OR "+search+" LIKE ?)", pattern(t.Text), pattern(digits.Replace(t.Digits)))
}

const (
	shortest = 3  // characters, of which an index of trigrams has entries
	most     = 20 // texts looked for at once
	head     = 64 // characters of an attribute's text that its index has
)

// Narrow asks the index of trigrams first for what contains a name, an e-mail or a phone,
// or a part of one, and the index of attributes for the head of a text.
func (dialect) Narrow(test sq.Sqlizer, column, search string, t *filter.Test) sq.Sqlizer {
	if t.Op == filter.OpExists || len(t.Texts) > most {
		return test
	}
	switch column {
	case "v.name_fold":
		if t.Op == filter.OpContains || t.Op == filter.OpSuffix { // the others have the index of names
			return narrow(test, search, t.Texts, func(text string) string { return text })
		}
	case "v.email_fold":
		return narrow(test, search, t.Texts, func(text string) string { return text })
	case "v.phone":
		return narrow(test, search, t.Texts, digits.Replace)
	case "a.text_fold":
		if t.Op == filter.OpIn {
			return byHead(test, t.Texts)
		}
	}
	return test
}

func narrow(test sq.Sqlizer, search string, texts []string, spell func(string) string) sq.Sqlizer {
	patterns := make([]string, len(texts))
	for i, text := range texts {
		text = spell(text)
		if utf8.RuneCountInString(text) < shortest {
			return test
		}
		patterns[i] = pattern(text)
	}
	if len(patterns) == 1 {
		return sq.Expr("("+search+" LIKE ? AND ?)", patterns[0], test)
	}
	return sq.Expr("("+search+" LIKE ANY(?) AND ?)", array(patterns), test)
}

// byHead compares the heads of texts. A head that is shorter than it might be is the
// whole text.
func byHead(test sq.Sqlizer, texts []string) sq.Sqlizer {
	heads, whole := make([]string, len(texts)), true
	for i, text := range texts {
		runes := []rune(text)
		heads[i] = string(runes[:min(len(runes), head)])
		whole = whole && len(runes) < head
	}
	of := sq.Expr("substr(a.text_fold, 1, 64) = ANY(?)", array(heads))
	if whole {
		return of
	}
	return sq.Expr("(? AND ?)", of, test)
}
