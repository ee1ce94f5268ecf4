package text

// Distance returns the number of edits that change a into b: inserted, deleted and replaced
// characters, and swapped neighbors (the optimal string alignment distance). If it is limit or
// more, Distance stops early and returns limit.
func Distance(a, b string, limit int) int {
	s, t := []rune(a), []rune(b)
	if len(s)-len(t) >= limit || len(t)-len(s) >= limit {
		return limit
	}
	before, last, row := make([]int, len(t)+1), make([]int, len(t)+1), make([]int, len(t)+1)
	for j := range last {
		last[j] = j
	}
	for i := range s {
		row[0] = i + 1
		least := row[0]
		for j := range t {
			cost := 1
			if s[i] == t[j] {
				cost = 0
			}
			row[j+1] = min(last[j]+cost, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && s[i] == t[j-1] && s[i-1] == t[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
			least = min(least, row[j+1])
		}
		if least >= limit { // later rows are not smaller, not even by a swap, which adds 1 to the previous row
			return limit
		}
		before, last, row = last, row, before
	}
	return min(last[len(t)], limit)
}
