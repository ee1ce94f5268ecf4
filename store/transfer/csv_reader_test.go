package transfer

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

// readAll returns the rows, with their cells joined by |, and the lines that are refused.
func readAll(t testing.TB, r *recordReader) (rows []string, lines []int, refused []RowError) {
	for {
		rec, err := r.next()
		if bad, ok := err.(RowError); ok {
			refused = append(refused, bad)
			continue
		}
		if err == io.EOF {
			return rows, lines, refused
		}
		require.NoError(t, err)
		rows = append(rows, string(bytes.Join(rec.cells, []byte("|"))))
		lines = append(lines, rec.line)
	}
}

func TestRecords(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		in      string
		rows    []string
		lines   []int
		refused []int
	}{
		"plain":                    {"a,b\nc,d\n", []string{"a|b", "c|d"}, []int{1, 2}, nil},
		"no line end at the end":   {"a,b\nc,d", []string{"a|b", "c|d"}, []int{1, 2}, nil},
		"CR LF":                    {"a,b\r\nc,d\r\n", []string{"a|b", "c|d"}, []int{1, 2}, nil},
		"CR only":                  {"a,b\rc,d\r", []string{"a|b", "c|d"}, []int{1, 2}, nil},
		"all line ends":            {"a\rb\nc\r\nd", []string{"a", "b", "c", "d"}, []int{1, 2, 3, 4}, nil},
		"blank lines":              {"a\n\n\nb\n", []string{"a", "", "", "b"}, []int{1, 2, 3, 4}, nil},
		"empty cells":              {",,\n", []string{"||"}, []int{1}, nil},
		"quoted separator":         {"\"a,b\",c\n", []string{"a,b|c"}, []int{1}, nil},
		"quoted line ends stay":    {"\"a\r\nb\nc\rd\",e\nf\n", []string{"a\r\nb\nc\rd|e", "f"}, []int{1, 5}, nil},
		"doubled quotes":           {"\"say \"\"hi\"\"\",b\n", []string{"say \"hi\"|b"}, []int{1}, nil},
		"quote inside a cell":      {"5\" pipe,b\n", []string{"5\" pipe|b"}, []int{1}, nil},
		"only quotes":              {"\"\",\"\"\"\"\n", []string{"|\""}, []int{1}, nil},
		"quote not doubled":        {"a,\"b \"c\" d\"\ne,f\n", []string{"e|f"}, []int{2}, []int{1}},
		"quote not closed":         {"a,b\n\"c,d\ne,f\ng,h\n", []string{"a|b", "e|f", "g|h"}, []int{1, 3, 4}, []int{2}},
		"quote closed a row later": {"\"a,b\n\"c\",d\ne,f\n", []string{"c|d", "e|f"}, []int{2, 3}, []int{1}},
		"NUL":                      {"a\x00b,c\n", []string{"a\x00b|c"}, []int{1}, nil},
		"nothing":                  {"", nil, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, in := range []io.Reader{
				strings.NewReader(c.in),
				iotest.OneByteReader(strings.NewReader(c.in)),
				iotest.DataErrReader(strings.NewReader(c.in)),
			} {
				rows, lines, refused := readAll(t, newRecordReader(in, ','))
				require.Equal(t, c.rows, rows)
				require.Equal(t, c.lines, lines)
				require.Len(t, refused, len(c.refused))
				for i, bad := range refused {
					require.Equal(t, c.refused[i], bad.Line)
				}
			}
		})
	}
}

func TestRecordsAfterABrokenQuoteAreInDoubtUntilACompleteOne(t *testing.T) {
	t.Parallel()
	for in, want := range map[string][]bool{
		"\"a,b\nc,d\n\"e\",f\ng\n":     {false, false, false}, // an unclosed quote, then rows
		"a,\"b \"c\nd\ne\"\nf,g\nh\n":  {true, true, false, false},
		"a,\"b\nc,d\ne\n\"f\ng,h\ni\n": {false, true, false, true},
		"a,b,\"\"c\nd\n":               {true},
		"a\n":                          {false},
	} {
		r := newRecordReader(strings.NewReader(in), ',')
		r.width = 2
		var doubts []bool
		for {
			rec, err := r.next()
			if err == io.EOF {
				break
			}
			if _, refused := err.(RowError); refused {
				continue
			}
			require.NoError(t, err)
			doubts = append(doubts, rec.doubt)
		}
		require.Equal(t, want, doubts, "%q", in)
	}
}

func TestRecordsReaderErrorIsNotTheEndOfARow(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	for _, in := range []string{"a,b\nc", "a,b\nc,", "a,b\n\"c\nd", "a,b\n\"c\""} {
		r := newRecordReader(io.MultiReader(strings.NewReader(in), iotest.ErrReader(broken)), ',')
		rec, err := r.next()
		require.NoError(t, err)
		require.Equal(t, 1, rec.line)
		_, err = r.next()
		require.ErrorIs(t, err, broken, "%q", in)
		_, err = r.next()
		require.ErrorIs(t, err, broken, "%q", in)
	}
}

// endless repeats its text up to a number of bytes.
func endless(text string, size int64) io.Reader {
	return io.LimitReader(&repeat{text: text}, size)
}

type repeat struct {
	text string
	at   int
}

func (r *repeat) Read(p []byte) (n int, err error) {
	for n < len(p) {
		c := copy(p[n:], r.text[r.at:])
		n += c
		r.at = (r.at + c) % len(r.text)
	}
	return n, nil
}

func TestLongRecordsNeedLittleMemory(t *testing.T) {
	t.Parallel()
	const size = 16 << 20
	for name, c := range map[string]struct {
		in      io.Reader
		rows    int
		refused int
	}{
		"one long line":          {io.MultiReader(endless("x", size), strings.NewReader("\na,b\n")), 1, 1},
		"many separators":        {io.MultiReader(endless(",", size), strings.NewReader("\na,b\n")), 1, 1},
		"a quote never closed":   {io.MultiReader(strings.NewReader("\"\n"), endless("x", size), strings.NewReader("\na,b\n")), 1, 2},
		"a quote on one line":    {io.MultiReader(strings.NewReader("\""), endless("x", size), strings.NewReader("\na,b\n")), 1, 1},
		"a quote of doubled":     {io.MultiReader(strings.NewReader("\""), endless("\"\"", size), strings.NewReader("\na,b\n")), 1, 1},
		"a quote on many lines":  {endless("\"x\n", 3<<18), 0, 1 << 18},
		"short lines in a quote": {io.MultiReader(strings.NewReader("\""), endless("ab\n", 6<<20)), 2<<20 - 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRecordReader(c.in, ',')
			rows, refused := 0, 0
			for {
				_, err := r.next()
				if _, bad := err.(RowError); bad {
					refused++
					continue
				}
				if err == io.EOF {
					break
				}
				require.NoError(t, err)
				rows++
			}
			require.Equal(t, c.rows, rows)
			require.Equal(t, c.refused, refused)
			require.Less(t, cap(r.buf), 4*MaxRow)
			require.Less(t, cap(r.spans), 2*MaxColumns)
		})
	}
}

// FuzzRecords compares with encoding/csv for every text that encoding/csv accepts without
// changing line ends.
func FuzzRecords(f *testing.F) {
	for _, seed := range []string{
		"a,b\nc,d\n", "\"a\nb\",c\n", "\"a\"\"b\"\n", "\n\n,\n", "a\rb", "\"", "\"\"\"", "a,\"b\n\"c\",d", "\"a\"b\n\"c\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		rows, lines, refused := readAll(t, newRecordReader(bytes.NewReader(in), ','))
		require.IsNonDecreasing(t, append([]int{0}, lines...))
		require.LessOrEqual(t, len(rows)+len(refused), countLines(in)+1)
		if bytes.ContainsRune(in, '\r') {
			return
		}
		std := csv.NewReader(bytes.NewReader(in))
		std.FieldsPerRecord = -1
		want, err := std.ReadAll()
		if err != nil {
			return
		}
		var wanted, got []string
		for _, rec := range want {
			if joined := strings.Join(rec, "|"); joined != "" {
				wanted = append(wanted, joined)
			}
		}
		for _, row := range rows {
			if row != "" {
				got = append(got, row)
			}
		}
		require.Empty(t, refused)
		require.Equal(t, wanted, got)
	})
}
