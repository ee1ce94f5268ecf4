package transfer_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/transfer"
	"github.com/contactpipeline/visitors/visitor"
)

var seed = flag.Uint64("transfer.seed", 0, "seed of the random round trip; 0: a new one")

// everything returns all data of the visitors that a file contains, oldest first.
func everything(t testing.TB, ws *store.Workspace) (all []string) {
	t.Helper()
	for v, err := range ws.All(t.Context(), store.Query{Where: filter.All(), Order: store.OldestFirst}) {
		require.NoError(t, err)
		all = append(all, fmt.Sprintf("%s|%v|%v|%v", profile(v), v.CreatedAt, v.Identities, v.LastSeenAt))
	}
	return all
}

func roundTrip(t testing.TB, ws *store.Workspace, o *transfer.ExportOptions) {
	t.Helper()
	var file bytes.Buffer
	n, err := transfer.ExportCSV(t.Context(), ws, &file, filter.All(), o)
	require.NoError(t, err)
	back := workspace(t)
	report, err := transfer.ImportCSV(t.Context(), back, bytes.NewReader(file.Bytes()), &transfer.CSVOptions{Duplicates: transfer.AllowDuplicates})
	require.NoError(t, err)
	require.Empty(t, report.Refused)
	require.Empty(t, report.Duplicates)
	require.Equal(t, n, report.Created)
	require.Equal(t, everything(t, ws), everything(t, back))
	before := attributesOf(t, ws)
	for i, after := range attributesOf(t, back) {
		require.True(t, before[i].Equal(after))
	}

	var again bytes.Buffer
	_, err = transfer.ExportCSV(t.Context(), back, &again, filter.All(), o)
	require.NoError(t, err)
	require.Equal(t, file.String(), again.String())
}

func attributesOf(t testing.TB, ws *store.Workspace) (all []visitor.Attributes) {
	for v, err := range ws.All(t.Context(), store.Query{Where: filter.All(), Order: store.OldestFirst}) {
		require.NoError(t, err)
		all = append(all, v.Attributes)
	}
	return all
}

func TestImportReadsBackExports(t *testing.T) {
	t.Parallel()
	at := time.Date(2024, 5, 1, 10, 20, 30, 123_456_000, time.UTC)
	ws := workspace(t)
	for i, d := range []visitor.Draft{
		{Name: "Ada", Email: "Ada@example.com", Phone: "+442079460001", Source: visitor.Instagram, Tags: []string{"hot-lead", "a, b", `"x"`, "y;z", "p|q", "'quoted", "=sum"}},
		{Name: "=HYPERLINK(\"http://example.com\",\"x\")", Source: visitor.WhatsApp},
		{Name: "'+1", Source: visitor.Chat, Attributes: visitor.Attributes{"note": visitor.Text("'=a\r\nb\nc\rd\te;f,g|h\"i\"")}},
		{Name: "'tis", Source: visitor.Messenger, Attributes: visitor.Attributes{"note": visitor.Text("''-x"), "name": visitor.Text("n"), "email": visitor.Text("e")}},
		{Name: "＝full width", Source: visitor.Telegram, Attributes: visitor.Attributes{
			"score": visitor.Number(-0.1), "vip": visitor.Bool(true), "since": visitor.Time(at),
			"langs": visitor.List("de", "a, b", `c "d"`, "-e"), "name_2": visitor.Text("x"), "a.b-c_d": visitor.Text("@x"),
		}},
		{Name: "李小龍 Zoë \U0001F468\u200D\U0001F469\u200D\U0001F467", Source: visitor.Chat, Attributes: visitor.Attributes{
			"score": visitor.Text("12"), "vip": visitor.Number(1e300), "langs": visitor.List("true"), "attributes": visitor.Text("{}"),
		}},
		{Name: "Identified", Source: visitor.Telegram, Identities: []visitor.Identity{
			{Source: visitor.Telegram, Account: "bot", ExternalID: "42", Username: "@ada", FirstSeen: at, LastSeen: at.Add(time.Hour)},
			{Source: visitor.Instagram, ExternalID: "=1,\"x\""},
		}},
		{Name: "Same phone", Phone: "+442079460001", Email: "ada@example.com", Source: visitor.Chat},
	} {
		d.CreatedAt = at.Add(time.Duration(i) * time.Microsecond)
		_, err := ws.Create(t.Context(), d)
		require.NoError(t, err, "%d", i)
	}
	roundTrip(t, ws, nil)
	for _, sep := range ",;\t|" {
		roundTrip(t, ws, &transfer.ExportOptions{Separator: sep, BOM: true})
	}
}

func TestImportReadsBackExportsOfRandomVisitors(t *testing.T) {
	t.Parallel()
	s := *seed
	if s == 0 {
		s = rand.Uint64()
	}
	t.Logf("again with -transfer.seed=%d", s)
	r := rand.New(rand.NewPCG(s, s))
	pieces := []string{"=", "+", "-", "@", "'", "\"", ",", ";", "|", "a", "Z", "9", "é", "李", " ", "x", "\u0301", "😀", "sep="}
	random := func(most int, more ...string) string {
		var b strings.Builder
		b.WriteString([]string{"", "'", "=", "''", "\"", "-"}[r.IntN(6)])
		for range r.IntN(most) {
			all := append(more, pieces...)
			b.WriteString(all[r.IntN(len(all))])
		}
		return b.String() + "k"
	}
	ws := workspace(t)
	at := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range 1_500 {
		d := visitor.Draft{
			Name: random(10), Source: visitor.Sources()[r.IntN(5)], CreatedAt: at.Add(time.Duration(i) * time.Microsecond),
			Attributes: visitor.Attributes{
				"note": visitor.Text(random(30, "\n", "\r", "\r\n", "\t")), "list": visitor.List(random(8), random(8)),
				fmt.Sprintf("n%d", r.IntN(120)): visitor.Number(r.NormFloat64()),
				fmt.Sprintf("m%d", r.IntN(4)):   []visitor.Value{visitor.Bool(i%2 == 0), visitor.Text(random(5)), visitor.Time(at)}[r.IntN(3)],
			},
		}
		for range r.IntN(4) {
			d.Tags = append(d.Tags, random(6))
		}
		_, err := ws.Create(t.Context(), d)
		require.NoError(t, err)
	}
	roundTrip(t, ws, nil)
}

func TestExportEscapesFormulas(t *testing.T) {
	t.Parallel()
	ws := workspace(t)
	for _, name := range []string{"=1+1", "+1", "-1", "@x", "＝x", "＋x", "－x", "＠x", "'=x", "''@x"} {
		_, err := ws.Create(t.Context(), visitor.Draft{Name: name, Phone: "+442079460001", Source: visitor.Chat, Tags: []string{name},
			Attributes: visitor.Attributes{"a": visitor.Text(name), "n": visitor.Number(-5), "l": visitor.List(name)}})
		require.NoError(t, err)
	}
	var file bytes.Buffer
	_, err := transfer.ExportCSV(t.Context(), ws, &file, filter.All(), nil)
	require.NoError(t, err)
	rows, err := csv.NewReader(&file).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 11)
	for _, row := range rows {
		for _, cell := range row {
			require.NotRegexp(t, `^[=+\-@\t\r\n＝＋－＠]`, cell)
		}
	}
}

func TestExportWritesMatchingVisitors(t *testing.T) {
	t.Parallel()
	ws := workspace(t)
	_, err := transfer.ImportCSV(t.Context(), ws, strings.NewReader("Name,Source\nBob,chat\nAda,telegram\nCarl,chat\n"), nil)
	require.NoError(t, err)
	var file bytes.Buffer
	n, err := transfer.ExportCSV(t.Context(), ws, &file, filter.Source.Is(visitor.Chat), &transfer.ExportOptions{Order: store.NameZA, BOM: true})
	require.NoError(t, err)
	require.Equal(t, 2, n)
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(file.String(), "\uFEFF"))).ReadAll()
	require.NoError(t, err)
	require.Equal(t, []string{"name", "email", "phone", "source", "tags", "created_at", "identities", "attributes"}, rows[0])
	require.Equal(t, []string{"Carl", "Bob"}, []string{rows[1][0], rows[2][0]})
}

type full struct{ left int }

func (w *full) Write(p []byte) (int, error) {
	if w.left -= len(p); w.left < 0 {
		return 0, errFull
	}
	return len(p), nil
}

var errFull = errors.New("disk full")

func TestExportErrors(t *testing.T) {
	t.Parallel()
	ws := workspace(t)
	_, err := transfer.ImportCSV(t.Context(), ws, strings.NewReader("Name\n"+strings.Repeat("Ada\n", 3_000)), chat)
	require.NoError(t, err)
	for _, left := range []int{0, 2, 10_000, 100_000} {
		_, err = transfer.ExportCSV(t.Context(), ws, &full{left}, filter.All(), &transfer.ExportOptions{BOM: true})
		require.ErrorIs(t, err, errFull)
		require.ErrorContains(t, err, "export csv: ")
	}
	_, err = transfer.ExportCSV(t.Context(), ws, &bytes.Buffer{}, filter.And(), nil)
	require.ErrorIs(t, err, visitor.ErrInvalid)
	_, err = transfer.ExportCSV(t.Context(), ws, &bytes.Buffer{}, filter.All(), &transfer.ExportOptions{Separator: 'é'})
	require.ErrorIs(t, err, visitor.ErrInvalid)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = transfer.ExportCSV(ctx, ws, &bytes.Buffer{}, filter.All(), nil)
	require.Equal(t, context.Canceled, err)
}
