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

// Encoding is the character encoding of a file.
type Encoding string

// The encodings.
const (
	UTF8        Encoding = "UTF-8"
	UTF16LE     Encoding = "UTF-16LE" // "Unicode Text" in Excel
	UTF16BE     Encoding = "UTF-16BE"
	Windows1252 Encoding = "windows-1252" // Western European; includes ISO 8859-1
)

// headSize is the number of bytes from which encoding and separator are detected.
const headSize = 64 << 10

// errTooLarge is the error of reading beyond CSVOptions.MaxBytes.
var errTooLarge = errors.New("file too large")

// meter counts the bytes read, and fails after more than limit.
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

// decoder decodes the cells of a file whose separators and line ends are ASCII.
type decoder struct {
	encoding Encoding
	given    bool // encoding is from the caller
	doubt    bool // a row that is not UTF-8 can be damaged UTF-8, not only Windows-1252
	utf8     int  // rows with characters beyond ASCII in UTF-8
	other    int  // rows read as Windows-1252
}

// decode returns the file without its byte order mark, UTF-16 converted to UTF-8, and the
// decoder for its cells.
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

// sniffEncoding detects the encoding from the start of a file, and returns decoder.doubt.
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
		head = head[:end] // the last line can end inside a character
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

// row decodes the cells of a row, or returns a reason to refuse it. If the encoding was
// detected, a row that is not valid UTF-8 is read as Windows-1252.
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

// verdict returns the encoding to report, and the number of rows of a UTF-8 file that were
// read as Windows-1252.
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

// hasMultibyte reports whether b contains a UTF-8 character of two bytes or more.
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
