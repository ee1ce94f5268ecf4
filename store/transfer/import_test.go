package transfer_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/memory"
	"github.com/contactpipeline/visitors/store/transfer"
	"github.com/contactpipeline/visitors/visitor"
)

var chat = &transfer.CSVOptions{DefaultSource: visitor.Chat}

func workspace(t testing.TB) *store.Workspace {
	st := memory.New()
	t.Cleanup(func() { require.NoError(t, st.Close()) })
	ws, err := store.Open(st, "acme", nil)
	require.NoError(t, err)
	return ws
}

// load imports a file into a new workspace. It returns the report, and each visitor as
// "name|email|phone|source|tags|attributes".
func load(t testing.TB, file string, o *transfer.CSVOptions) (transfer.Report, []string) {
	t.Helper()
	ws := workspace(t)
	report, err := transfer.ImportCSV(t.Context(), ws, strings.NewReader(file), o)
	require.NoError(t, err)
	require.Equal(t, report.Rows, report.Created+len(report.Refused)+len(report.Duplicates)+report.Omitted)
	return report, profiles(t, ws)
}

func profiles(t testing.TB, ws *store.Workspace) (all []string) {
	t.Helper()
	for v, err := range ws.All(t.Context(), store.Query{Where: filter.All(), Order: store.OldestFirst}) {
		require.NoError(t, err)
		all = append(all, profile(v))
	}
	return all
}

func profile(v visitor.Visitor) string {
	var tags []string
	for _, a := range v.Tags {
		tags = append(tags, a.Name)
	}
	attributes := fmt.Sprint(v.Attributes)
	return strings.Join([]string{v.Name, v.Email, v.Phone, string(v.Source), strings.Join(tags, ","), strings.TrimPrefix(attributes, "map")}, "|")
}

func TestImportReadsExportsOfOtherPrograms(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		file    string
		want    []string
		columns string
	}{
		"plain": {
			"Name,Email,Phone,Source,Tags,Created\nAda Lovelace,ada@example.com,+44 20 7946 0001,Instagram,hot-lead; VIP,2024-05-01\n",
			[]string{"Ada Lovelace|ada@example.com|+442079460001|instagram|VIP,hot-lead|[]"},
			"name email phone source tags created_at",
		},
		"Google, new": {
			"First Name,Middle Name,Last Name,Labels,E-mail 1 - Label,E-mail 1 - Value,E-mail 2 - Value,Phone 1 - Value\n" +
				"Ada,King,Lovelace,* myContacts ::: friends,Work,ada@example.com ::: a@example.org,al@example.com,+442079460001\n",
			[]string{"Ada King Lovelace|ada@example.com|+442079460001|chat|friends|[e_mail_1_label:Work e_mail_1_value:a@example.org e_mail_2_value:al@example.com]"},
			"first_name|middle_name|last_name|tags|attr.e_mail_1_label|email|email|phone",
		},
		"Google, old": {
			"Name,Given Name,Additional Name,Family Name,Group Membership,E-mail 1 - Value,Phone 1 - Value\n" +
				"Ada Lovelace,Ada,,Lovelace,friends ::: * myContacts,ada@example.com,+442079460001\n",
			[]string{"Ada Lovelace|ada@example.com|+442079460001|chat|friends|[]"},
			"name|first_name|middle_name|last_name|tags|email|phone",
		},
		"Outlook": {
			"Title,First Name,Last Name,E-mail Address,E-mail 2 Address,Business Phone,Mobile Phone,Company,Categories\r\n" +
				"Ms,Ada,Lovelace,ada@example.com,,,+442079460001,Analytical Engines,VIP;Press\r\n",
			[]string{"Ada Lovelace|ada@example.com|+442079460001|chat|Press,VIP|[company:Analytical Engines title:Ms]"},
			"attr.title|first_name|last_name|email|email|phone|phone|attr.company|tags",
		},
		"HubSpot": {
			"Record ID,First Name,Last Name,Email,Phone Number,Lead Status,Create Date\n" +
				"101,Ada,Lovelace,ada@example.com,+442079460001,NEW,2024-05-01 10:22\n",
			[]string{"Ada Lovelace|ada@example.com|+442079460001|chat||[lead_status:NEW record_id:101]"},
			"attr.record_id|first_name|last_name|email|phone|attr.lead_status|created_at",
		},
		"Mailchimp": {
			"Email Address,First Name,Last Name,MEMBER_RATING,OPTIN_TIME,TAGS\n" +
				`ada@example.com,Ada,Lovelace,2,"2024-05-01 10:22:33","""hot lead"",""a, b"""` + "\n",
			[]string{"Ada Lovelace|ada@example.com||chat|a, b,hot lead|[member_rating:2]"},
			"email|first_name|last_name|attr.member_rating|created_at|tags",
		},
		"Chatwoot": {
			"id,name,email,identifier,phone_number,labels\n7,Ada,ada@example.com,u-1,+442079460001,\"vip,press\"\n",
			[]string{"Ada|ada@example.com|+442079460001|chat|press,vip|[id:7 identifier:u-1]"},
			"attr.id|name|email|attr.identifier|phone|tags",
		},
		"German Excel": {
			"\uFEFFsep=;\r\n\"Vorname\";\"Nachname\";\"E-Mail-Adresse\";\"Straße\"\r\nJörg;Müller;j@example.com;Am Ring 1\r\n",
			[]string{"Jörg Müller|j@example.com||chat||[strasse:Am Ring 1]"},
			"first_name|last_name|email|attr.strasse",
		},
		"listmonk": {
			"email,name,attributes\na@example.com,Ada,\"{\"\"city\"\":\"\"London\"\",\"\"age\"\":36}\"\n",
			[]string{"Ada|a@example.com||chat||[age:36 city:London]"},
			"email|name|attributes",
		},
		"full name beside parts that say more": {
			"Name,Last Name\nAda,Lovelace\n",
			[]string{"Ada|||chat||[last_name:Lovelace]"},
			"name|last_name",
		},
		"two columns of one name": {
			"Name,Email,Email,Notes,Notes\nAda,a@example.com,b@example.com,one,two\nBob,,c@example.com,,\n",
			[]string{
				"Ada|a@example.com||chat||[email_2:b@example.com notes:one notes_2:two]",
				"Bob|c@example.com||chat||[]",
			},
			"name|email|email|attr.notes|attr.notes_2",
		},
		"headers that name nothing": {
			"Name,名前,,9 lives,A b-C.d,ok.name-1\nAda,1,2,3,4,5\n",
			[]string{"Ada|||chat||[a_b_c_d:4 column_2:1 column_3:2 lives:3 ok.name-1:5]"},
			"name|attr.column_2|attr.column_3|attr.lives|attr.a_b_c_d|attr.ok.name-1",
		},
		"unknown columns shift nothing": {
			"x1,Name,x2,Email,x3\n1,Ada,2,a@example.com,3\n",
			[]string{"Ada|a@example.com||chat||[x1:1 x2:2 x3:3]"},
			"attr.x1|name|attr.x2|email|attr.x3",
		},
		"typed attributes": {
			"Name,attr.n:number,attr.b:bool,attr.l:list,attr.t:time\nAda,1.5,true,\"x, y\",2024-05-01T00:00:00Z\n",
			[]string{"Ada|||chat||[b:true l:x, y n:1.5 t:2024-05-01T00:00:00Z]"},
			"name|attr.n|attr.b|attr.l|attr.t",
		},
		"short rows":             {"Name,Email,City\nAda\nBob,b@example.com\n", []string{"Ada|||chat||[]", "Bob|b@example.com||chat||[]"}, ""},
		"empty cells at the end": {"Name,Email\nAda,a@example.com,,,\n", []string{"Ada|a@example.com||chat||[]"}, ""},
		"a cell over many lines": {"Name,Notes\nAda,\"one\r\ntwo\"\n", []string{"Ada|||chat||[notes:one\r\ntwo]"}, ""},
		"CR only":                {"Name,Email\rAda,a@example.com\rBob,b@example.com\r", []string{"Ada|a@example.com||chat||[]", "Bob|b@example.com||chat||[]"}, ""},
		"tabs":                   {"Name\tEmail\nAda, Countess\ta@example.com\n", []string{"Ada, Countess|a@example.com||chat||[]"}, ""},
		"bars":                   {"Name|Email\nAda; Countess|a@example.com\n", []string{"Ada; Countess|a@example.com||chat||[]"}, ""},
		"one column":             {"Name\nAda; Countess\n", []string{"Ada; Countess|||chat||[]"}, ""},
		"white space":            {" Name , Email \n\u00a0Ada \u200b, a@example.com\u00a0\n", []string{"Ada|a@example.com||chat||[]"}, ""},
		"formulas":               {"Name,Notes\n'=1+1,'@x\n'tis,''-\n", []string{"=1+1|||chat||[notes:@x]", "'tis|||chat||[notes:'-]"}, ""},
		"blank rows":             {"\n  \nName,Email\n\n,\nAda,a@example.com\n \u00a0,\n", []string{"Ada|a@example.com||chat||[]"}, ""},
		"bare quotes":            {"Name,Notes\nAda,5\" pipe\n", []string{"Ada|||chat||[notes:5\" pipe]"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			report, got := load(t, c.file, chat)
			require.Equal(t, c.want, got, "%v", report.Refused)
			var fields []string
			for _, column := range report.Columns {
				fields = append(fields, column.Field)
			}
			if c.columns != "" {
				require.Equal(t, strings.ReplaceAll(c.columns, "|", " "), strings.Join(fields, " "))
			}
		})
	}
}

func TestImportRefusesSingleRows(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		row   string
		field string
		part  string // of the reason
	}{
		"no name":              {",a@example.com,,instagram,", "name", "missing"},
		"name of nothing":      {"\u200b \u3164,a@example.com,,instagram,", "name", "missing"},
		"control character":    {"A\x07da,,,instagram,", "name", "control character"},
		"NUL":                  {"A\x00da,,,instagram,", "name", "NUL"},
		"override":             {"Ada\u202e,,,instagram,", "name", "directional"},
		"long name":            {strings.Repeat("a", 201) + ",,,instagram,", "name", "longer than 200"},
		"e-mail":               {"Ada,ada.example.com,,instagram,", "email", "no @"},
		"e-mail with a name":   {"Ada,Ada <ada@example.com>,,instagram,", "email", "without a name"},
		"national phone":       {"Ada,,020 7946 0001,instagram,", "phone", "national number"},
		"phone with letters":   {"Ada,,+1-800-FLOWERS,instagram,", "phone", "letters"},
		"unknown source":       {"Ada,,,TikTok,", "source", "unknown; known are instagram"},
		"part of a source":     {"Ada,,,insta,", "source", "unknown"},
		"day or month first":   {"Ada,,,instagram,03/04/2024", "created_at", "want a time"},
		"time to come":         {"Ada,,,instagram,2999-01-01", "created_at", "more than a day from now"},
		"too many cells":       {"Ada,,,instagram,,Paris", "row", "6 cells where the header has 5"},
		"shifted by a comma":   {"Lovelace, Ada,a@example.com,,instagram,2024-05-01", "row", "6 cells where the header has 5"},
		"quote not doubled":    {"\"Ada \"Countess\" L\",,,instagram,", "row", "not doubled"},
		"longer than MaxRow":   {strings.Repeat("a", transfer.MaxRow) + ",,,instagram,", "row", "longer than 1048576 bytes"},
		"very many cells":      {"Ada,,,instagram," + strings.Repeat(",", transfer.MaxColumns), "row", "more than 1000 cells"},
		"damaged UTF-8":        {"Jos\u00e9 M\xfcller,,,instagram,", "row", "partly UTF-8 and partly not"},
		"source in a quote":    {"Ada,,,\"\",", "source", "missing"},
		"white space in phone": {"Ada,,+44 20 7946 0001 ext. 5,instagram,", "phone", "extension"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := "Name,Email,Phone,Source,Created\nBefore,b@example.com,,instagram,\n" + c.row + "\nAfter,c@example.com,,telegram,\n"
			report, got := load(t, file, nil)
			require.Equal(t, []string{"Before|b@example.com||instagram||[]", "After|c@example.com||telegram||[]"}, got)
			require.Len(t, report.Refused, 1)
			bad := report.Refused[0]
			require.Equal(t, 3, bad.Line)
			require.Equal(t, c.field, bad.Field)
			require.Contains(t, bad.Reason, c.part)
			require.ErrorIs(t, bad, visitor.ErrInvalid)
			require.NotContains(t, bad.Error(), "Ada")
		})
	}
}

func TestImportRefusesMalformedRows(t *testing.T) {
	t.Parallel()
	report, _ := load(t, "Name,attr.n:number,attr.b:bool,attr.t:time,identities,attributes\n"+
		"A,x,,,,\nB,,yes,,,\nC,,,soon,,\nD,,,,[{],\nE,,,,,[1]\nF,1,,,,\"{\"\"n\"\":2}\"\n", chat)
	var fields []string
	for _, bad := range report.Refused {
		fields = append(fields, bad.Field)
	}
	require.Equal(t, []string{"attribute n", "attribute b", "attribute t", "identities", "attributes", "attribute n"}, fields)
	require.Equal(t, []int{2, 3, 4, 5, 6, 7}, linesOf(report.Refused))
}

func linesOf(refused []transfer.RowError) (lines []int) {
	for _, bad := range refused {
		lines = append(lines, bad.Line)
	}
	return lines
}

func TestImportAfterABrokenQuoteCreatesNoVisitorFromTheMiddleOfACell(t *testing.T) {
	t.Parallel()
	report, got := load(t, "Name,Email,Notes\nAda,a@example.com,\"she said \"hi\nand left\nfor good\"\nBob,b@example.com,\n", chat)
	require.Equal(t, []string{"Bob|b@example.com||chat||[]"}, got)
	require.Equal(t, []int{2, 3, 4}, linesOf(report.Refused))
}

func TestImportRefusesInvalidFilesAndOptions(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		file string
		o    transfer.CSVOptions
		want string
	}{
		"empty":               {"", transfer.CSVOptions{}, "import csv: file: empty"},
		"only a mark":         {"\uFEFF", transfer.CSVOptions{}, "import csv: file: empty"},
		"only blank rows":     {"\n \n", transfer.CSVOptions{}, "import csv: file: empty"},
		"no header":           {"Ada,ada@example.com\n", transfer.CSVOptions{}, "import csv: header: the first row names no column"},
		"binary":              {"\x89PNG\r\n\x1a\n\x00\x00", transfer.CSVOptions{}, "import csv: header: "},
		"header of one quote": {"\"Name,Email\n", transfer.CSVOptions{}, "import csv: header: a quote that is not closed"},
		"no source":           {"Name\nAda\n", transfer.CSVOptions{}, "import csv: source: the file has no column for it"},
		"default source":      {"Name\n", transfer.CSVOptions{DefaultSource: "tiktok"}, "import csv: default_source: not a source"},
		"policy":              {"Name\n", transfer.CSVOptions{Duplicates: "merge"}, "import csv: duplicates: want skip or allow"},
		"encoding":            {"Name\n", transfer.CSVOptions{Encoding: "EBCDIC"}, "import csv: encoding: want UTF-8"},
		"separator":           {"Name\n", transfer.CSVOptions{Separator: '"'}, "import csv: separator: want an ASCII"},
		"limit":               {"Name\n", transfer.CSVOptions{MaxBytes: -1}, "import csv: max_bytes: negative"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ws := workspace(t)
			report, err := transfer.ImportCSV(t.Context(), ws, strings.NewReader(c.file), &c.o)
			require.ErrorIs(t, err, visitor.ErrInvalid)
			require.ErrorContains(t, err, c.want)
			require.NotContains(t, err.Error(), "Ada")
			require.Zero(t, report.Rows)
			require.Empty(t, profiles(t, ws))
		})
	}
}

func TestImportDryRunCreatesNothing(t *testing.T) {
	t.Parallel()
	file := "Name,Email\nAda,a@example.com\nAda,A@example.com\n,x@example.com\n"
	dry := &transfer.CSVOptions{DefaultSource: visitor.Chat, DryRun: true}
	ws := workspace(t)
	report, err := transfer.ImportCSV(t.Context(), ws, strings.NewReader(file), dry)
	require.NoError(t, err)
	require.Empty(t, profiles(t, ws))
	wet, err := transfer.ImportCSV(t.Context(), ws, strings.NewReader(file), chat)
	require.NoError(t, err)
	require.Equal(t, wet, report)
}

func TestImportStopsAtAnErrorOfTheReader(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken pipe")
	ws := workspace(t)
	file := io.MultiReader(strings.NewReader("Name\nAda\nBob"), iotest.ErrReader(broken))
	report, err := transfer.ImportCSV(t.Context(), ws, iotest.OneByteReader(file), chat)
	require.ErrorIs(t, err, broken)
	require.ErrorContains(t, err, "import csv: ")
	require.Zero(t, report.Created, "the start of the file could not be read")

	long := "Name\n" + strings.Repeat("Ada\n", 30_000)
	report, err = transfer.ImportCSV(t.Context(), ws, io.MultiReader(strings.NewReader(long), iotest.ErrReader(broken)), chat)
	require.ErrorIs(t, err, broken)
	require.Equal(t, report.Rows, report.Created)
	require.Len(t, profiles(t, ws), report.Created, "what is counted is made")
}

func TestImportReadsAtMostMaxBytes(t *testing.T) {
	t.Parallel()
	ws := workspace(t)
	file := "Name\n" + strings.Repeat("Ada\n", 30_000)
	report, err := transfer.ImportCSV(t.Context(), ws, strings.NewReader(file), &transfer.CSVOptions{DefaultSource: visitor.Chat, MaxBytes: 80_000})
	require.ErrorIs(t, err, visitor.ErrInvalid)
	require.ErrorContains(t, err, "import csv: file: longer than 80000 bytes")
	require.Len(t, profiles(t, ws), report.Created)
	require.Less(t, report.Created, 20_000)

	report, err = transfer.ImportCSV(t.Context(), ws, strings.NewReader(file), &transfer.CSVOptions{DefaultSource: visitor.Chat, MaxBytes: int64(len(file))})
	require.NoError(t, err)
	require.Equal(t, 30_000, report.Created)
}

func TestImportListsAtMostMaxListed(t *testing.T) {
	t.Parallel()
	ws := workspace(t)
	file := io.MultiReader(strings.NewReader("Name,Email\n"), strings.NewReader(strings.Repeat(",x\n", transfer.MaxListed+5)))
	report, err := transfer.ImportCSV(t.Context(), ws, file, chat)
	require.NoError(t, err)
	require.Len(t, report.Refused, transfer.MaxListed)
	require.Equal(t, 5, report.Omitted)
	require.Equal(t, transfer.MaxListed+5, report.Rows)
}

func TestImportStopsWithTheContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	ws := workspace(t)
	_, err := transfer.ImportCSV(ctx, ws, strings.NewReader("Name\nAda\n"), chat)
	require.Equal(t, context.Canceled, err)
	require.Empty(t, profiles(t, ws))
}

func TestImportKeepsTheTimeOfCreation(t *testing.T) {
	t.Parallel()
	ws := workspace(t)
	file := "Name,Created At\nA,2024-05-01\nB,2024-05-01 10:20\nC,2024-05-01 10:20:30\nD,2024-05-01T10:20:30+02:00\n" +
		"E,2024-05-01 10:20:30 UTC\nF,2024-05-01 10:20:30 +0200\nG,2024-05-01T10:20:30.123456Z\nH,1.5.2024\nI,01.05.2024 10:20\n"
	report, err := transfer.ImportCSV(t.Context(), ws, strings.NewReader(file), chat)
	require.NoError(t, err)
	require.Empty(t, report.Refused)
	var got []string
	for v, err := range ws.All(t.Context(), store.Query{Where: filter.All(), Order: store.NameAZ}) {
		require.NoError(t, err)
		got = append(got, v.CreatedAt.Format(time.RFC3339Nano))
	}
	require.Equal(t, []string{
		"2024-05-01T00:00:00Z", "2024-05-01T10:20:00Z", "2024-05-01T10:20:30Z", "2024-05-01T08:20:30Z",
		"2024-05-01T10:20:30Z", "2024-05-01T08:20:30Z", "2024-05-01T10:20:30.123456Z", "2024-05-01T00:00:00Z", "2024-05-01T10:20:00Z",
	}, got)
}

func FuzzImportCSV(f *testing.F) {
	for _, seed := range []string{
		"Name,Email,Phone\nAda,a@example.com,+442079460001\n",
		"\uFEFFsep=;\n\"Name\";\"Tags\"\nZo\xeb;a,b\n",
		"\xff\xfeN\x00a\x00m\x00e\x00\n\x00A\x00\n\x00",
		"Name,attributes,identities,attr.x:list\nA,\"{\"\"a\"\":[]}\",[{}],\"\"\"\"\n",
		"First Name|Last Name|Labels\rA|B|* x ::: y\r\"A\n|\"\"|",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		ws := workspace(t)
		report, err := transfer.ImportCSV(t.Context(), ws, strings.NewReader(string(in)), chat)
		if err != nil {
			require.ErrorIs(t, err, visitor.ErrInvalid)
			require.Zero(t, report.Created)
			return
		}
		require.Equal(t, report.Rows, report.Created+len(report.Refused)+len(report.Duplicates)+report.Omitted)
		require.Len(t, profiles(t, ws), report.Created)
	})
}
