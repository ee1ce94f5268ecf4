package filter

import (
	"unicode/utf8"

	"github.com/contactpipeline/visitors/tag/text"
)

// Suggest returns the known name that is most similar to name, or "" if none is similar: one
// character can differ, or two if name has six or more. Names are compared folded.
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
