package filter

import (
	"slices"
	"strings"
	"unicode"

	"github.com/contactpipeline/visitors/tag/text"
)

// minDigits is how many digits a word needs to be looked for in phones.
const minDigits = 3

// terms splits a search into its folded terms. Words of a phone number that stand side
// by side, as in +1 (555) 123-4567, are one term when one of them alone is too short.
func terms(s string) []Term {
	words := strings.Fields(text.Fold(s))
	terms := make([]Term, 0, len(words))
	for len(words) > 0 {
		n, short := 0, false
		for n < len(words) && phoneDigits(words[n]) != "" {
			short = short || len(phoneDigits(words[n])) < minDigits
			n++
		}
		if n < 2 || !short {
			n = 1
		}
		if t := termOf(strings.Join(words[:n], " ")); !slices.Contains(terms, t) {
			terms = append(terms, t)
		}
		words = words[n:]
	}
	return terms
}

func termOf(folded string) Term {
	t := Term{Text: folded}
	if digits := phoneDigits(folded); len(digits) >= minDigits {
		t.Digits = digits
	}
	return t
}

// phoneDigits returns the digits of a part of a phone number, or "" when s holds
// anything but digits and phone punctuation.
func phoneDigits(s string) string {
	var digits []byte
	for _, r := range text.Fold(s) {
		if digit, ok := text.Digit(r); ok {
			digits = append(digits, '0'+byte(digit))
		} else if !strings.ContainsRune("+-.()/ ", r) && !unicode.Is(unicode.Pd, r) {
			return ""
		}
	}
	return string(digits)
}
