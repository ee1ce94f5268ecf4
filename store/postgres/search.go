package postgres

import (
	"strings"
	"unicode/utf8"

	sq "github.com/Masterminds/squirrel"

	"github.com/contactpipeline/visitors/filter/bound"
)

// The column search of a visitor contains the folded name, the folded e-mail and the phone's
// digits, one line each, so that one trigram index serves all three. Folded text has no line
// breaks and no capitals. So a term, which is folded text, matches inside one line, and digits
// encoded as capitals match the phone only. The migration encodes the digits in the same way.
var digits = strings.NewReplacer("0", "B", "1", "C", "2", "D", "3", "F", "4", "G", "5", "H", "6", "J", "7", "K", "8", "Q", "9", "X", "+", "")

// literal escapes the special characters of a LIKE pattern.
var literal = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

func pattern(text string) string { return "%" + literal.Replace(text) + "%" }

// Term finds its text in name or e-mail, or its digits in the phone.
func (dialect) Term(search string, t bound.Term) sq.Sqlizer {
	if t.Digits == "" {
		return sq.Expr(search+" LIKE ?", pattern(t.Text))
	}
	return sq.Expr("("+search+" LIKE ? OR "+search+" LIKE ?)", pattern(t.Text), pattern(digits.Replace(t.Digits)))
}

const (
	shortest = 3  // characters of a text that the trigram index can find
	most     = 20 // texts in one condition
	head     = 64 // characters of an attribute's text that are in its index
)

// Indexed adds a condition that an index serves: for a part of a name, an e-mail or a phone the
// trigram index, for the text of an attribute the index of its head.
func (dialect) Indexed(test sq.Sqlizer, column, search string, t *bound.Test) sq.Sqlizer {
	if t.Op == bound.OpExists || len(t.Texts) > most {
		return test
	}
	switch column {
	case "v.name_fold":
		if t.Op == bound.OpContains || t.Op == bound.OpSuffix { // the index of names serves the others
			return narrow(test, search, t.Texts, func(text string) string { return text })
		}
	case "v.email_fold":
		return narrow(test, search, t.Texts, func(text string) string { return text })
	case "v.phone":
		return narrow(test, search, t.Texts, digits.Replace)
	case "a.text_fold":
		if t.Op == bound.OpIn {
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

// byHead compares the heads of texts, which is enough if all texts are shorter than a head.
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
