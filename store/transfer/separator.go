package transfer

import (
	"bytes"
	"regexp"
	"strings"
)

// separators are tried in this order; on a tie the first wins.
const separators = ",;\t|"

// sepLine is the first line by which Excel is told the separator.
var sepLine = regexp.MustCompile(`^"?(?i:sep)=([,;\t|])"?(?:\r\n|\r|\n|$)`)

// sniffSeparator finds the separator from the start of a file, and how many bytes of it
// are a line that only names the separator.
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

// score rates a separator: the known names in the header count most, then the rows
// that have as many cells as the header, then the cells.
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

// blank reports whether no cell holds anything but spaces.
func blank(cells [][]byte) bool {
	for _, cell := range cells {
		if len(bytes.TrimSpace(cell)) > 0 {
			return false
		}
	}
	return true
}
