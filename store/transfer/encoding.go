package transfer

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"github.com/contactpipeline/visitors/tag/text"
)

// Encoding names how the characters of a file are written.
type Encoding string

// The encodings.
const (
	UTF8        Encoding = "UTF-8"
	UTF16LE     Encoding = "UTF-16LE" // what Excel calls Unicode text
	UTF16BE     Encoding = "UTF-16BE"
	Windows1252 Encoding = "windows-1252" // Western European; ISO 8859-1 is read so too
)

// headSize is how many bytes of a file are looked at to find out its encoding and its
// separator.
const headSize = 64 << 10

// errTooLarge ends the reading of a file beyond CSVOptions.MaxBytes.
var errTooLarge = errors.New("file too large")

// meter counts the bytes read, and refuses to read more than limit.
type meter struct {
	in    io.Reader
	count int64
	limit int64
}

func (m *meter) Read(p []byte) (int, error) {
	n, err := m.in.Read(p)
	m.count += int64(n)
	if m.count > m.limit {
		return 0, errTooLarge
	}
	return n, err
}

// decoder reads the cells of a file whose separators and line ends are ASCII.
type decoder struct {
	encoding Encoding
	given    bool // the encoding was not found out, so it is taken at its word
	doubt    bool // a row may be damaged UTF-8 rather than Windows-1252
	utf8     int  // rows with characters beyond ASCII in UTF-8
	other    int  // rows read as Windows-1252
}

// decode returns the file without its byte order mark, its UTF-16 as UTF-8, and the
// decoder of its cells.
func decode(r io.Reader, given Encoding) (*bufio.Reader, *decoder, error) {
	in := bufio.NewReaderSize(r, headSize)
	head, err := in.Peek(headSize)
	if err != nil && err != io.EOF {
		return nil, nil, err
	}
	d := &decoder{encoding: given, given: given != "", doubt: true}
	if !d.given {
		d.encoding, d.doubt = sniffEncoding(head)
	}
	switch d.encoding {
	case UTF8:
		if bytes.HasPrefix(head, []byte("\xEF\xBB\xBF")) {
			in.Discard(3)
		}
	case Windows1252:
	case UTF16LE:
		in = bufio.NewReaderSize(transform.NewReader(in, unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder()), headSize)
	case UTF16BE:
		in = bufio.NewReaderSize(transform.NewReader(in, unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewDecoder()), headSize)
	default:
		return nil, nil, text.Refuse("encoding", fmt.Sprintf("want %s, %s, %s or %s", UTF8, UTF16LE, UTF16BE, Windows1252))
	}
	return in, d, nil
}

// sniffEncoding finds out the encoding from the start of a file, and whether single rows
// in another one are to be doubted.
func sniffEncoding(head []byte) (e Encoding, doubt bool) {
	switch {
	case bytes.HasPrefix(head, []byte("\xEF\xBB\xBF")):
		return UTF8, true
	case bytes.HasPrefix(head, []byte("\xFF\xFE")):
		return UTF16LE, true
	case bytes.HasPrefix(head, []byte("\xFE\xFF")):
		return UTF16BE, true
	}
	var nuls [2]int
	for i, c := range head {
		if c == 0 {
			nuls[i%2]++
		}
	}
	switch many := len(head) / 4; {
	case nuls[1] > many && nuls[0] == 0:
		return UTF16LE, true
	case nuls[0] > many && nuls[1] == 0:
		return UTF16BE, true
	}
	if end := bytes.LastIndexAny(head, "\r\n"); end >= 0 && len(head) == headSize {
		head = head[:end] // the last line may be cut inside a character
	}
	valid, other := false, false
	for line := range bytes.FieldsFuncSeq(head, func(r rune) bool { return r == '\n' || r == '\r' }) {
		switch {
		case isASCII(line):
		case utf8.Valid(line):
			valid = true
		case !hasMultibyte(line):
			other = true
		}
	}
	if other && !valid {
		return Windows1252, false
	}
	return UTF8, true
}

// row returns the cells of a row as text, or a reason to refuse it. Unless the encoding
// was given, a row that is not valid UTF-8 is read as Windows-1252.
func (d *decoder) row(cells [][]byte) (out []string, reason string) {
	out = make([]string, len(cells))
	encoding := d.encoding
	if !d.given && (encoding == UTF8 || encoding == Windows1252) {
		if encoding, reason = d.guess(cells); reason != "" {
			return nil, reason
		}
	}
	for i, cell := range cells {
		switch {
		case encoding == Windows1252 && !isASCII(cell):
			decoded, err := charmap.Windows1252.NewDecoder().Bytes(cell)
			if err != nil {
				return nil, "not Windows-1252"
			}
			out[i] = string(decoded)
		case !utf8.Valid(cell):
			return nil, "not valid UTF-8"
		default:
			out[i] = string(cell)
		}
	}
	return out, ""
}

func (d *decoder) guess(cells [][]byte) (Encoding, string) {
	ascii, valid, mixed := true, true, false
	for _, cell := range cells {
		if isASCII(cell) {
			continue
		}
		ascii = false
		if !utf8.Valid(cell) {
			valid = false
		}
		mixed = mixed || hasMultibyte(cell)
	}
	switch {
	case ascii:
		return UTF8, ""
	case valid:
		d.utf8++
		return UTF8, ""
	case mixed && d.doubt:
		return "", "partly UTF-8 and partly not"
	}
	d.other++
	return Windows1252, ""
}

// verdict returns the encoding to report, and how many rows of a UTF-8 file were not.
func (d *decoder) verdict() (e Encoding, recoded int) {
	switch {
	case d.given || d.encoding != UTF8 && d.encoding != Windows1252:
		return d.encoding, 0
	case d.other > 0 && d.utf8 == 0:
		return Windows1252, 0
	}
	return UTF8, d.other
}

func isASCII(b []byte) bool {
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// hasMultibyte reports whether b holds a character of two bytes or more in UTF-8.
func hasMultibyte(b []byte) bool {
	for len(b) > 0 {
		_, size := utf8.DecodeRune(b)
		if size > 1 {
			return true
		}
		b = b[size:]
	}
	return false
}
