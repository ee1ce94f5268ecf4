package filter

import "github.com/contactpipeline/visitors/tag/text"

// Nearest returns the known name that is most like name, or "" when none is like it: at
// most a third of its characters, and at least one and at most two, may differ. Names are
// compared folded.
func Nearest(name string, known []string) string {
	if len(name) > MaxText {
		return ""
	}
	wanted := []rune(text.Fold(name))
	best, nearest := max(1, min(2, len(wanted)/3))+1, ""
	for _, k := range known {
		if d := distance(wanted, []rune(text.Fold(k)), best); d < best {
			best, nearest = d, k
		}
	}
	return nearest
}

// distance is the number of characters to insert, delete, replace or swap to make a of b,
// or some number from limit on when it is not less.
func distance(a, b []rune, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit {
		return limit
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
