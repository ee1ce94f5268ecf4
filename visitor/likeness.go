package visitor

import (
	"cmp"
	"slices"
	"strings"

	"github.com/contactpipeline/visitors/tag/text"
)

// Likeness is one reason why two visitors may be one person.
type Likeness struct {
	Reason string  `json:"reason"` // "same phone", "same e-mail", "same name", "near name", "same username"
	Weight float64 `json:"weight"` // how likely it alone makes them one, 0 to 1
}

// Alike returns the reasons why a and b may be one person, the strongest first, and how
// likely they are, 0 to 1: as of independent reasons, one less the product of what is left
// by each, and half of that where they Rival. A phone or an e-mail that somebody only
// claims says less than a proven one. Names are folded and may have their words in another
// order; near ones differ by one letter in six.
func Alike(a, b Visitor) (score float64, reasons []Likeness) {
	if a.Phone != "" && a.Phone == b.Phone {
		reasons = append(reasons, Likeness{"same phone", addressWeight("phone", a, b)})
	}
	if a.Email != "" && text.Fold(a.Email) == text.Fold(b.Email) {
		reasons = append(reasons, Likeness{"same e-mail", addressWeight("email", a, b)})
	}
	if !a.Placeholder() && !b.Placeholder() {
		if l, ok := likeName(NameWords(a.Name), NameWords(b.Name)); ok {
			reasons = append(reasons, l)
		}
	}
	if sameUsername(a, b) {
		reasons = append(reasons, Likeness{"same username", 0.3})
	}
	slices.SortStableFunc(reasons, func(a, b Likeness) int { return cmp.Compare(b.Weight, a.Weight) })
	rest := 1.0
	for _, r := range reasons {
		rest *= 1 - r.Weight
	}
	score = 1 - rest
	if a.Rival(b) {
		score /= 2
	}
	return score, reasons
}

func addressWeight(field string, a, b Visitor) float64 {
	if a.Origins[field].Claimed || b.Origins[field].Claimed {
		return 0.6
	}
	return 0.9
}

// NameWords are the words of a name, folded and sorted: two names with the same are the
// same to Alike.
func NameWords(name string) []string {
	words := strings.FieldsFunc(text.Fold(name), func(r rune) bool { return strings.ContainsRune(" .,-_'’()\"", r) })
	slices.Sort(words)
	return words
}

func likeName(a, b []string) (Likeness, bool) {
	switch {
	case len(a) == 0 || len(b) == 0:
		return Likeness{}, false
	case slices.Equal(a, b) && len(a) > 1:
		return Likeness{"same name", 0.4}, true
	case slices.Equal(a, b):
		return Likeness{"same name", 0.15}, true // a first name, or a nickname
	case len(a) != len(b):
		return Likeness{}, false
	}
	distance, runes := 0, 0
	left := slices.Clone(b)
	for _, word := range a {
		best, at := -1, 0
		for i, other := range left {
			if d := edits([]rune(word), []rune(other)); best < 0 || d < best {
				best, at = d, i
			}
		}
		distance, runes = distance+best, runes+len([]rune(word))
		left = slices.Delete(left, at, at+1)
	}
	if len(a) < 2 || distance > max(1, runes/6) {
		return Likeness{}, false
	}
	return Likeness{"near name", 0.3}, true
}

// edits is how many letters must be put in, taken out, replaced or swapped with the next to
// make b of a (the optimal string alignment distance).
func edits(a, b []rune) int {
	if len(a) > MaxName || len(b) > MaxName {
		return MaxName
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range a {
		row[0] = i + 1
		for j := range b {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(last[j]+cost, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}

func sameUsername(a, b Visitor) bool {
	for _, i := range a.Identities {
		for _, j := range b.Identities {
			if i.Username != "" && text.Fold(i.Username) == text.Fold(j.Username) && !i.Rivals(j) {
				return true
			}
		}
	}
	return false
}
