package filter

import (
	"unicode/utf8"

	"github.com/contactpipeline/visitors/tag/text"
)

// Nearest returns the known name that is most similar to name, or "" if none is similar: a
// third of its characters may differ, but no more than two, and one in any case. Names are
// compared folded.
func Suggest(name string, known []string) string {
	if len(name) > MaxText {
		return ""
	}
	wanted := text.Fold(name)
	best, nearest := max(1, min(2, utf8.RuneCountInString(wanted)/3))+1, ""
	for _, k := range known {
		if d := text.Distance(wanted, text.Fold(k), best); d < best {
			best, nearest = d, k
		}
	}
	return nearest
}
