package filter

import (
	"slices"
	"strings"
	"unicode"

	"github.com/contactpipeline/visitors/filter/bound"
	"github.com/contactpipeline/visitors/tag/text"
)

const (
	minDigits = 3  // fewest digits that are searched for in phones
	maxDigits = 15 // most digits of a phone
)

// terms splits a search into its folded words. A phone word, which consists of digits and
// phone punctuation, is also searched for in the digits of phones: by itself if it has
// minDigits or more, else together with the adjacent phone words. So "+49 170 123" finds that
// number although two digits are too few to search for, and "1 12" finds the names that
// contain both and the phones that contain 112. A visitor is found if its phone contains the
// digits of the whole run, as it then contains those of each longer word, or if each word is
// found by itself.
func terms(s string) []bound.Term {
	words := strings.Fields(text.Fold(s))
	terms := make([]bound.Term, 0, len(words))
	for len(words) > 0 {
		run, all := 0, ""
		for run < len(words) && phoneDigits(words[run]) != "" {
			all += phoneDigits(words[run])
			run++
		}
		if len(all) < minDigits || len(all) > maxDigits {
			all = "" // too few to search for, or more than a phone has
		}
		run = max(run, 1)
		for _, word := range words[:run] {
			t := bound.Term{Text: word, Digits: phoneDigits(word)}
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

// isTerm reports whether terms can return t.
func isTerm(t bound.Term) bool {
	if !isFolded(t.Text) || strings.ContainsFunc(t.Text, unicode.IsSpace) {
		return false
	}
	own := phoneDigits(t.Text)
	if own == "" || len(own) >= minDigits {
		return t.Digits == own
	}
	return t.Digits == "" || len(t.Digits) >= minDigits && len(t.Digits) <= maxDigits &&
		strings.Trim(t.Digits, "0123456789") == "" && strings.Contains(t.Digits, own)
}

// phoneDigits returns the digits of a part of a phone number, or "" if s contains anything
// but digits and phone punctuation.
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
