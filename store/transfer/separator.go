package transfer

import (
	"bytes"
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/contactpipeline/visitors/tag/text"
)

// separators are the candidates; the first one wins a tie.
const separators = ",;\t|"

// sepLine is a first line that names the separator, as Excel reads it.
var sepLine = regexp.MustCompile(`^"?(?i:sep)=([,;\t|])"?(?:\r\n|\r|\n|$)`)

// sniffSeparator detects the separator from the start of a file. It also returns the length
// of a first line that only names the separator.
func sniffSeparator(head []byte) (sep byte, skip int) {
	if m := sepLine.FindSubmatch(head); m != nil {
		return m[1][0], len(m[0])
	}
	best := -1
	for _, candidate := range []byte(separators) {
		if score := score(head, candidate); score > best {
			sep, best = candidate, score
		}
	}
	return sep, 0
}

// score rates a separator: most important are known names in the header, then rows with as
// many cells as the header, then the number of cells.
func score(head []byte, sep byte) int {
	r := newRecordReader(bytes.NewReader(head), sep)
	known, even, width := 0, 0, 0
	for rows := 0; rows < 20; {
		rec, err := r.next()
		if _, refused := err.(RowError); refused {
			continue
		}
		if err != nil {
			break
		}
		if blank(rec.cells) {
			continue
		}
		if rows++; rows == 1 {
			width = len(rec.cells)
			for _, cell := range rec.cells {
				if _, ok := aliases[headerKey(string(cell))]; ok || strings.HasPrefix(string(cell), attrPrefix) {
					known++
				}
			}
		} else if len(rec.cells) == width && width > 1 {
			even++
		}
	}
	return known*100_000 + even*2_000 + width
}

// blank reports whether no cell has a visible character.
func blank[Cell ~string | ~[]byte](cells []Cell) bool {
	return !slices.ContainsFunc(cells, func(cell Cell) bool { return text.Trim(string(cell)) != "" })
}

// checkSeparator returns an error for a separator that a caller gave.
func checkSeparator(separator rune) error {
	if separator < 0 || separator > math.MaxInt8 || strings.ContainsRune("\"\r\n", separator) {
		return text.Refuse("separator", "want an ASCII character other than a quote or a line end")
	}
	return nil
}
