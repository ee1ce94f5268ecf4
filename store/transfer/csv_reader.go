package transfer

import (
	"bytes"
	"fmt"
	"io"
)

// Limits of a row.
const (
	MaxRow     = 1 << 20 // bytes, as in the file; for UTF-16, as UTF-8
	MaxColumns = 1_000
)

// record is a row of the file. Its cells are valid until the next call of next.
type record struct {
	line  int // where it starts, from 1
	cells [][]byte
	doubt bool // it follows a broken quote and looks like the middle of a cell
}

// recordReader splits text into rows and cells according to RFC 4180, with any separator and
// with line ends LF, CR LF or CR. A quote inside a cell that does not start with a quote is an
// ordinary character. It holds at most one row of MaxRow bytes.
type recordReader struct {
	in    io.Reader
	sep   byte
	buf   []byte
	start int   // of the unread part of buf
	err   error // of in, after buf
	line  int   // at start, from 1
	width int   // number of cells of a complete row; 0 if not known yet
	torn  bool  // no complete row was read since a broken quote
	until int   // the last line that was read as part of a broken quote
	spans []span
	cells [][]byte
}

// span is the place of a cell, relative to recordReader.start.
type span struct {
	from, to int
	doubled  bool // it contains doubled quotes
}

func newRecordReader(in io.Reader, sep byte) *recordReader {
	return &recordReader{in: in, sep: sep, line: 1}
}

// next returns the next row, io.EOF, a RowError after which the next call continues in the
// next line, or the error of the underlying reader.
func (r *recordReader) next() (record, error) {
	r.spans = r.spans[:0]
	if _, ok := r.at(0); !ok {
		return record{}, r.err
	}
	for i := 0; ; {
		s, end, reason := r.cell(i)
		c, ok := r.at(end)
		if !ok && r.err != io.EOF {
			return record{}, r.err
		}
		if reason == "" && len(r.spans) == MaxColumns {
			reason = fmt.Sprintf("more than %d cells", MaxColumns)
		}
		if reason != "" {
			if quote, _ := r.at(i); quote == '"' {
				r.torn = true
			}
			return record{}, r.refuse(end, reason)
		}
		r.spans = append(r.spans, s)
		if !ok || c != r.sep {
			return r.take(end), nil
		}
		i = end + 1
	}
}

// cell returns the cell that starts at i, and its end: at a separator, a line end, or the end
// of the file. If the row must be refused, it returns the reason and where that was found.
func (r *recordReader) cell(i int) (s span, end int, reason string) {
	if c, ok := r.at(i); ok && c == '"' {
		return r.quoted(i + 1)
	}
	for end = i; ; end++ {
		if end >= MaxRow {
			return s, end, fmt.Sprintf("longer than %d bytes", MaxRow)
		}
		c, ok := r.at(end)
		if !ok || c == r.sep || c == '\n' || c == '\r' {
			return span{from: i, to: end}, end, ""
		}
	}
}

func (r *recordReader) quoted(i int) (s span, end int, reason string) {
	s.from = i
	for end = i; ; end++ {
		if end >= MaxRow {
			return s, end, fmt.Sprintf("longer than %d bytes, or a quote that is not closed", MaxRow)
		}
		c, ok := r.at(end)
		if !ok {
			return s, end, "a quote that is not closed"
		}
		if c != '"' {
			continue
		}
		switch c, ok := r.at(end + 1); {
		case ok && c == '"':
			s.doubled = true
			end++
		case !ok || c == r.sep || c == '\n' || c == '\r':
			s.to = end
			return s, end + 1, ""
		default:
			return s, end, "a quote inside quotes that is not doubled, or one that is not closed"
		}
	}
}

// take consumes the row that ends at end and returns it.
func (r *recordReader) take(end int) record {
	rec := record{line: r.line}
	if r.torn = r.torn || r.line <= r.until; r.torn {
		rec.doubt = len(r.spans) != r.width
		r.torn = rec.doubt
	}
	length := end + r.lineEnd(end) // before window is used, as it can move the buffer
	window := r.buf[r.start:]
	r.cells = r.cells[:0]
	for _, s := range r.spans {
		cell := window[s.from:s.to]
		if s.doubled {
			cell = bytes.ReplaceAll(cell, []byte(`""`), []byte(`"`))
		}
		r.cells = append(r.cells, cell)
	}
	rec.cells = r.cells
	r.consume(length)
	return rec
}

// refuse consumes the first line of the row, whose bytes up to end were read. The following
// lines can be the rest of a cell or rows of their own.
func (r *recordReader) refuse(end int, reason string) error {
	line := r.line
	window := r.buf[r.start:min(r.start+end, len(r.buf))]
	if first := bytes.IndexAny(window, "\r\n"); first >= 0 {
		r.until = max(r.until, line+countLines(window))
		r.consume(first + r.lineEnd(first))
		return RowError{line, "row", reason}
	}
	for _, ok := r.at(0); ok; _, ok = r.at(0) {
		window = r.buf[r.start:]
		if end := bytes.IndexAny(window, "\r\n"); end >= 0 {
			r.consume(end + r.lineEnd(end))
			break
		}
		r.consume(len(window))
	}
	return RowError{line, "row", reason}
}

// lineEnd returns the length of the line end at i, or 0 at the end of the file.
func (r *recordReader) lineEnd(i int) int {
	c, ok := r.at(i)
	if !ok {
		return 0
	}
	if next, ok := r.at(i + 1); ok && c == '\r' && next == '\n' {
		return 2
	}
	return 1
}

func (r *recordReader) consume(n int) {
	r.line += countLines(r.buf[r.start : r.start+n])
	r.start += n
}

// countLines counts line ends: LF, CR LF and CR.
func countLines(b []byte) int {
	return bytes.Count(b, []byte("\n")) + bytes.Count(b, []byte("\r")) - bytes.Count(b, []byte("\r\n"))
}

// at returns the byte at i, relative to start. At the end it returns false, and err is set.
func (r *recordReader) at(i int) (byte, bool) {
	for r.start+i >= len(r.buf) {
		if r.err != nil {
			return 0, false
		}
		r.fill()
	}
	return r.buf[r.start+i], true
}

// fill reads more, after moving the unread part to the front of the buffer.
func (r *recordReader) fill() {
	const chunk = 32 << 10
	if cap(r.buf)-len(r.buf) < chunk && r.start > 0 {
		r.buf = append(r.buf[:0], r.buf[r.start:]...)
		r.start = 0
	}
	if cap(r.buf)-len(r.buf) < chunk {
		r.buf = append(make([]byte, 0, 2*cap(r.buf)+2*chunk), r.buf...)
	}
	n := 0
	for tries := 0; n == 0 && r.err == nil; tries++ {
		if tries == 100 {
			r.err = io.ErrNoProgress
			return
		}
		n, r.err = r.in.Read(r.buf[len(r.buf):cap(r.buf)])
	}
	r.buf = r.buf[:len(r.buf)+n]
}
