package transfer_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"github.com/contactpipeline/visitors/store/transfer"
	"github.com/contactpipeline/visitors/visitor"
)

func TestImportDetectsTheEncoding(t *testing.T) {
	t.Parallel()
	const file = "Name;Città\nJosé Müller;Zürich\n李小龍;\n"
	const western = "Name;Città\nJosé Müller;Zürich\nZoë;\n"
	encode := func(s string, e interface{ String(string) (string, error) }) string {
		out, err := e.String(s)
		require.NoError(t, err)
		return out
	}
	little := unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewEncoder()
	big := unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM).NewEncoder()
	both := []string{"José Müller|||chat||[citta:Zürich]", "李小龍|||chat||[]"}
	west := []string{"José Müller|||chat||[citta:Zürich]", "Zoë|||chat||[]"}
	for name, c := range map[string]struct {
		file     string
		want     []string
		encoding transfer.Encoding
		recoded  int
	}{
		"UTF-8":                      {file, both, transfer.UTF8, 0},
		"UTF-8 with a mark":          {"\uFEFF" + file, both, transfer.UTF8, 0},
		"UTF-16 LE with a mark":      {"\xff\xfe" + encode(file, little), both, transfer.UTF16LE, 0},
		"UTF-16 BE with a mark":      {"\xfe\xff" + encode(file, big), both, transfer.UTF16BE, 0},
		"UTF-16 LE without a mark":   {encode(western, little), west, transfer.UTF16LE, 0},
		"UTF-16 BE without a mark":   {encode(western, big), west, transfer.UTF16BE, 0},
		"Windows-1252":               {encode(western, charmap.Windows1252.NewEncoder()), west, transfer.Windows1252, 0},
		"one row in Windows-1252":    {file + "Zo\xeb;\n", append(both[:2:2], "Zoë|||chat||[]"), transfer.UTF8, 1},
		"Windows-1252 far behind":    {"Name\n" + strings.Repeat("\n", 70_000) + "Zo\xeb\n", []string{"Zoë|||chat||[]"}, transfer.Windows1252, 0},
		"UTF-8 after Windows-1252":   {"Name\nZo\xeb\nZoë\n", []string{"Zoë|||chat||[]", "Zoë|||chat||[]"}, transfer.UTF8, 1},
		"a character across a chunk": {"Name\n" + strings.Repeat("\n", 64<<10-6) + "ë\n", []string{"ë|||chat||[]"}, transfer.UTF8, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			report, got := load(t, c.file, chat)
			require.Equal(t, c.want, got, "%v", report.Refused)
			require.Equal(t, c.encoding, report.Encoding)
			require.Equal(t, c.recoded, report.Recoded)
		})
	}
}

func TestImportUsesAGivenEncoding(t *testing.T) {
	t.Parallel()
	report, got := load(t, "Name\nZo\xeb\nJosé\n", &transfer.CSVOptions{DefaultSource: visitor.Chat, Encoding: transfer.UTF8})
	require.Equal(t, []string{"José|||chat||[]"}, got)
	require.Equal(t, []transfer.RowError{{Line: 2, Field: "row", Reason: "not valid UTF-8"}}, report.Refused)

	_, got = load(t, "Name\nZo\xeb\nJos\xc3\xa9\n", &transfer.CSVOptions{DefaultSource: visitor.Chat, Encoding: transfer.Windows1252})
	require.Equal(t, []string{"Zoë|||chat||[]", "JosÃ©|||chat||[]"}, got)
}
