package filter

import (
	"slices"
	"strings"
	"unicode"

	"github.com/contactpipeline/visitors/tag/text"
)

const (
	minDigits = 3  // that a term needs to be looked for in phones
	maxDigits = 15 // that a phone has
)

// terms splits a search into its folded words. A phone word, of digits and phone punctuation,
// is looked for in the digits of phones, too: by itself when it has minDigits, else together
// with the phone words beside it. So "+49 170 123" finds that number although two digits
// are too few to look for, and "1 12" finds names that contain both beside the phones that
// contain 112. A visitor is found when its phone has the digits of the whole run, since it
// has then those of each longer word, or when each word is found by itself.
func terms(s string) []Term {
	words := strings.Fields(text.Fold(s))
	terms := make([]Term, 0, len(words))
	for len(words) > 0 {
		run, all := 0, ""
		for run < len(words) && phoneDigits(words[run]) != "" {
			all += phoneDigits(words[run])
			run++
		}
		if len(all) < minDigits || len(all) > maxDigits {
			all = "" // no phone has them, or too many have
		}
		run = max(run, 1)
		for _, word := range words[:run] {
			t := Term{Text: word, Digits: phoneDigits(word)}
			if len(t.Digits) < minDigits && t.Digits != "" {
				t.Digits = all
			}
			if !slices.Contains(terms, t) {
				terms = append(terms, t)
			}
		}
		words = words[run:]
	}
	return terms
}

// valid reports whether terms could have made t.
func (t Term) valid() bool {
	if words := strings.Fields(t.Text); !isFolded(t.Text) || len(words) != 1 || words[0] != t.Text {
		return false
	}
	own := phoneDigits(t.Text)
	switch {
	case t.Digits == "":
		return len(own) < minDigits
	case own == "" || len(own) >= minDigits:
		return t.Digits == own
	}
	return len(t.Digits) >= minDigits && len(t.Digits) <= maxDigits && strings.Trim(t.Digits, "0123456789") == "" &&
		strings.Contains(t.Digits, own)
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
