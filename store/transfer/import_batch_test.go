package transfer_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/transfer"
	"github.com/contactpipeline/visitors/visitor"
)

func TestImportSkipsDuplicates(t *testing.T) {
	t.Parallel()
	ws := workspace(t)
	ada, err := ws.Create(t.Context(), visitor.Draft{Name: "Ada", Email: "Ada@Example.com", Phone: "+442079460001", Source: visitor.Instagram})
	require.NoError(t, err)
	_, err = ws.Create(t.Context(), visitor.Draft{Name: "Ada's twin", Email: "ada@example.com", Source: visitor.Chat})
	require.NoError(t, err)
	const file = "Name,Email,Phone\n" +
		"Ada L.,ADA@example.COM,\n" + // 2: in the workspace, by e-mail
		"A. Lovelace,,+44 (20) 7946-0001\n" + // 3: in the workspace, by phone
		"Bob,bob@example.com,+442079460002\n" + // 4
		"Robert, BOB@EXAMPLE.COM ,\n" + // 5: line 4
		"Bobby,bobby@example.com,tel:+44-20-7946-0002\n" + // 6: line 4
		"Bobby,bobby@example.com,\n" + // 7: no duplicate, as line 6 was left out
		"No way,,\n" + // 8
		"No way,,\n" // 9: no duplicate: it has no key
	report, err := transfer.ImportCSV(t.Context(), ws, strings.NewReader(file), chat)
	require.NoError(t, err)
	require.Empty(t, report.Refused)
	require.Equal(t, []transfer.Duplicate{
		{Line: 2, Field: "email", Of: ada.ID},
		{Line: 3, Field: "phone", Of: ada.ID},
		{Line: 5, Field: "email", OfLine: 4},
		{Line: 6, Field: "phone", OfLine: 4},
	}, report.Duplicates)
	require.Equal(t, 4, report.Created)
	require.Equal(t, "line 5: email: as on line 4", report.Duplicates[2].String())
	require.Equal(t, "line 2: email: as visitor "+string(ada.ID), report.Duplicates[0].String())

	again, err := transfer.ImportCSV(t.Context(), ws, strings.NewReader(file), chat)
	require.NoError(t, err)
	require.Equal(t, 2, again.Created, "only those without e-mail and phone")

	kept, err := transfer.ImportCSV(t.Context(), ws, strings.NewReader(file),
		&transfer.CSVOptions{DefaultSource: visitor.Chat, Duplicates: transfer.AllowDuplicates})
	require.NoError(t, err)
	require.Equal(t, 8, kept.Created)
	require.Empty(t, kept.Duplicates)
}

func TestImportDistinguishesAddressesByAccent(t *testing.T) {
	t.Parallel()
	report, got := load(t, "Name,Email\nJorg,jorg@example.com\nJörg,jörg@example.com\n", chat)
	require.Empty(t, report.Duplicates)
	require.Len(t, got, 2)
}

func TestImportSkipsExistingIdentities(t *testing.T) {
	t.Parallel()
	ws := workspace(t)
	ada, err := ws.Create(t.Context(), visitor.Draft{Name: "Ada", Source: visitor.Telegram,
		Identities: []visitor.Identity{{Source: visitor.Telegram, ExternalID: "42"}}})
	require.NoError(t, err)
	file := "Name,Email,Identities\n" +
		"Ada,ada@example.com,\"[{\"\"source\"\":\"\"telegram\"\",\"\"external_id\"\":\"\"42\"\"}]\"\n" +
		"Bob,bob@example.com,\"[{\"\"source\"\":\"\"telegram\"\",\"\"external_id\"\":\"\"43\"\"}]\"\n"
	report, err := transfer.ImportCSV(t.Context(), ws, strings.NewReader(file), chat)
	require.NoError(t, err)
	require.Equal(t, []transfer.Duplicate{{Line: 2, Field: "identities", Of: ada.ID}}, report.Duplicates)
	require.Equal(t, 1, report.Created)
}

func TestImportRefusesAddressesOfErasedPeople(t *testing.T) {
	t.Parallel()
	ws := workspace(t)
	ada, err := ws.Create(t.Context(), visitor.Draft{Name: "Ada", Email: "ada@example.com", Source: visitor.Chat})
	require.NoError(t, err)
	_, err = ws.Erase(t.Context(), ada.ID, "")
	require.NoError(t, err)
	file := "Name,Email\nBob,bob@example.com\nAda,ADA@example.com\nCleo,cleo@example.com\n"
	report, err := transfer.ImportCSV(t.Context(), ws, strings.NewReader(file), chat)
	require.NoError(t, err)
	require.Equal(t, 2, report.Created)
	require.Equal(t, []transfer.RowError{{Line: 3, Field: "row", Reason: store.ErrSuppressed.Error()}}, report.Refused)
	require.ErrorIs(t, report.Refused[0], store.ErrSuppressed)
	require.NotErrorIs(t, report.Refused[0], store.ErrInvalid)
}

func TestImportInBatches(t *testing.T) {
	t.Parallel()
	const people = 2_500
	var file strings.Builder
	file.WriteString("Name,Email,Tags\n")
	for range 2 {
		for i := range people {
			fmt.Fprintf(&file, "Person %d,p%d@example.com,\"t%d, all\"\n", i, i, i%7)
		}
		fmt.Fprintf(&file, ",nobody@example.com,\n")
	}
	var seen []int
	o := &transfer.CSVOptions{DefaultSource: visitor.Chat, Progress: func(r transfer.Report) { seen = append(seen, r.Created) }}
	ws := workspace(t)
	report, err := transfer.ImportCSV(t.Context(), ws, strings.NewReader(file.String()), o)
	require.NoError(t, err)
	require.Equal(t, []int{1_000, 2_000, 2_500, 2_500, 2_500, 2_500}, append(seen, report.Created))
	require.Equal(t, people, report.Created)
	require.Len(t, report.Duplicates, people)
	require.Equal(t, []int{people + 2, 2*people + 3}, linesOf(report.Refused))
	require.Equal(t, 2*people+2, report.Rows)
	require.EqualValues(t, file.Len(), report.Bytes)
	n, err := ws.Count(t.Context(), filter.Tag.HasAll("all", "t3"))
	require.NoError(t, err)
	require.EqualValues(t, people/7, n)
}
