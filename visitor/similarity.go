package visitor

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/contactpipeline/visitors/tag/text"
)

// MatchReason is a reason why two visitors may be the same person.
type MatchReason struct {
	Reason MatchCode `json:"reason"`
	Weight float64   `json:"weight"` // probability of the same person for this reason alone, 0 to 1
}

// MatchCode is what two visitors have in common.
type MatchCode string

// Values of MatchCode.
const (
	SamePhone    MatchCode = "same_phone"
	SameEmail    MatchCode = "same_email"
	SameName     MatchCode = "same_name"
	SimilarName  MatchCode = "similar_name"
	SameUsername MatchCode = "same_username"
)

// Text returns the code in English, such as "same phone".
func (c MatchCode) Text() string { return strings.ReplaceAll(string(c), "_", " ") }

// Similarity returns the reasons why a and b may be the same person, those with the highest
// weight first, and a score from 0 to 1. The score is 1 - (1-w1)(1-w2)… for the weights of the
// reasons, and half of that if the identities conflict. An unverified phone or e-mail has a
// lower weight. Names are compared folded and with their words in any order; two names are
// similar if they differ in at most one letter of six.
func Similarity(a, b Visitor) (score float64, reasons []MatchReason) {
	if a.Phone != "" && a.Phone == b.Phone {
		reasons = append(reasons, MatchReason{SamePhone, addressWeight("phone", a, b)})
	}
	if a.Email != "" && text.Fold(a.Email) == text.Fold(b.Email) {
		reasons = append(reasons, MatchReason{SameEmail, addressWeight("email", a, b)})
	}
	if !a.Placeholder() && !b.Placeholder() {
		if l, ok := similarName(NameWords(a.Name), NameWords(b.Name)); ok {
			reasons = append(reasons, l)
		}
	}
	if sameUsername(a, b) {
		reasons = append(reasons, MatchReason{SameUsername, 0.3})
	}
	slices.SortStableFunc(reasons, func(a, b MatchReason) int { return cmp.Compare(b.Weight, a.Weight) })
	rest := 1.0
	for _, r := range reasons {
		rest *= 1 - r.Weight
	}
	score = 1 - rest
	if a.Conflicts(b) {
		score /= 2
	}
	return score, reasons
}

func addressWeight(field string, a, b Visitor) float64 {
	if a.Provenance[field].Unverified || b.Provenance[field].Unverified {
		return 0.6
	}
	return 0.9
}

// NameWords returns the words of a name, folded and sorted. Similarity treats names with equal
// words as the same name.
func NameWords(name string) []string {
	words := strings.FieldsFunc(text.Fold(name), func(r rune) bool { return strings.ContainsRune(" .,-_'’()\"", r) })
	slices.Sort(words)
	return words
}

func similarName(a, b []string) (MatchReason, bool) {
	switch {
	case len(a) == 0 || len(b) == 0:
		return MatchReason{}, false
	case slices.Equal(a, b) && len(a) > 1:
		return MatchReason{SameName, 0.4}, true
	case slices.Equal(a, b):
		return MatchReason{SameName, 0.15}, true // a first name, or a nickname
	case len(a) != len(b):
		return MatchReason{}, false
	}
	letters := utf8.RuneCountInString(strings.Join(a, ""))
	if len(a) < 2 || letters > 2*MaxName { // folding can make a name very long
		return MatchReason{}, false
	}
	tooMany := max(1, letters/6) + 1 // differences
	distance, left := 0, slices.Clone(b)
	for _, word := range a {
		best, at := tooMany, 0
		for i, other := range left {
			if d := text.Distance(word, other, best); d < best {
				best, at = d, i
			}
		}
		distance += best
		left = slices.Delete(left, at, at+1)
	}
	return MatchReason{SimilarName, 0.3}, distance < tooMany
}

func sameUsername(a, b Visitor) bool {
	for _, i := range a.Identities {
		for _, j := range b.Identities {
			if i.Username != "" && text.Fold(i.Username) == text.Fold(j.Username) && !i.Conflicts(j) {
				return true
			}
		}
	}
	return false
}
