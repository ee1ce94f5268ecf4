package postgres_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

const (
	// leftInRows counts the rows of all tables that contain a text, as such or as bytes. leftInStatistics
	// counts columns whose statistics do.
	leftInRows = `SELECT coalesce(sum((xpath('/row/n/text()', query_to_xml(format(
		'SELECT count(*) AS n FROM %s t WHERE strpos(t::text, %L) > 0 OR strpos(t::text, %L) > 0',
		c.oid::regclass, $1::text, encode(convert_to($1, 'UTF8'), 'hex')), false, true, '')))[1]::text::bigint), 0)::bigint
		FROM pg_class c WHERE c.relkind = 'r' AND c.relname LIKE 'visitors%'`
	leftInStatistics = `SELECT count(*) FROM pg_stats s WHERE s.tablename LIKE 'visitors%' AND strpos(s::text, $1) > 0`

	// leftInFiles counts the files of tables, their indexes and their long values that contain a text.
	leftInFiles = `SELECT count(*) FROM pg_class c
		LEFT JOIN pg_index i ON i.indexrelid = c.oid
		LEFT JOIN pg_class toast ON toast.oid = coalesce(i.indrelid, c.oid) AND toast.relkind = 't'
		JOIN pg_class t ON t.oid = coalesce(i.indrelid, c.oid) OR t.reltoastrelid = toast.oid
		WHERE t.relname LIKE 'visitors%' AND pg_relation_filepath(c.oid) IS NOT NULL
		AND position(convert_to($1, 'UTF8') IN pg_read_binary_file(pg_relation_filepath(c.oid))) > 0`
)

// TestNothingOfAnErasedPersonIsLeft looks for a person's texts in all tables after an erasure and,
// after VACUUM, in their files and statistics.
func TestNothingOfAnErasedPersonIsLeft(t *testing.T) {
	t.Parallel()
	st, dsn := open(t, nil)
	ws := workspace(t, st, "acme")
	for i := range 100 { // others, since ANALYZE keeps the statistics of a table that is empty
		_, err := ws.Create(t.Context(), visitor.Draft{
			Name: fmt.Sprint("Somebody Else ", i), Email: fmt.Sprintf("x%d@example.com", i), Source: visitor.Chat, Tags: []string{"seen"},
			Identities: []visitor.Identity{{Source: visitor.Chat, Account: "site", ExternalID: fmt.Sprint(i)}},
		})
		require.NoError(t, err)
	}
	person, err := ws.Create(t.Context(), visitor.Draft{
		Name: "Zwyxbrough", Email: "Zwyx.Mail@example.org", Phone: "+4915123987456", Source: visitor.Telegram, Tags: []string{"seen"},
		Attributes: visitor.Attributes{"home": visitor.Text("Vlotho Kjolmgade")},
		Identities: []visitor.Identity{{Source: visitor.Telegram, Account: "bot", ExternalID: "tg-77123456789", Username: "zwyxbro_tg"}},
	})
	require.NoError(t, err)
	captured, err := ws.Capture(t.Context(), visitor.Contact{
		Source: visitor.WhatsApp, ExternalID: "331987123654", Name: "Grzybowska", Email: "oswyth@example.net", EventID: "wamid.Qvzzt77",
	})
	require.NoError(t, err)
	_, err = ws.Merge(t.Context(), person.ID, captured.Visitor.ID)
	require.NoError(t, err)
	for _, address := range []string{"zwyx.mail@example.org", "oswyth@example.net"} {
		_, err := ws.RecordConsent(t.Context(), consent.Entry{
			Subject: consent.Subject{Channel: consent.Email, Address: address}, State: consent.Granted, Origin: consent.Person,
			Evidence: consent.Evidence{Kind: consent.ByForm, Ref: "form-Jqvist", Wording: "Ylvingen agreed", IP: "198.51.100.77"},
		})
		require.NoError(t, err)
	}
	_, err = ws.CreateAudience(t.Context(), "everybody", filter.All(), consent.Request{Channel: consent.Email})
	require.NoError(t, err)
	run(t, dsn, "ANALYZE", "CHECKPOINT")

	texts := []string{
		"Zwyxbrough", "zwyxbrough", "Zwyx.Mail", "zwyx.mail", "15123987456", "Vlotho", "77123456789", "zwyxbro_tg",
		"331987123654", "Grzybowska", "oswyth", "wamid.Qvzzt77", "Jqvist", "Ylvingen", "198.51.100.77",
	}
	for query, there := range map[string][]string{
		leftInRows:       {"Zwyxbrough", "zwyx.mail", "15123987456", "Vlotho", "77123456789", "331987123654", "Grzybowska", "oswyth", "Ylvingen"},
		leftInFiles:      {"Zwyxbrough", "zwyx.mail", "15123987456", "Vlotho", "77123456789", "Ylvingen"},
		leftInStatistics: {"Zwyx.Mail"},
	} {
		for _, text := range there {
			require.Positive(t, ask[int64](t, dsn, query, text), "the test looks in the wrong place: no %q: %s", text, query)
		}
	}

	_, err = ws.Erase(t.Context(), person.ID, "request by letter")
	require.NoError(t, err)
	for _, text := range texts {
		require.Zero(t, ask[int64](t, dsn, leftInRows, text), "rows contain %q", text)
	}
	// A row that a transaction on the server may still read is kept by VACUUM.
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		run(t, dsn, "VACUUM (FULL, ANALYZE)", "CHECKPOINT")
		for _, text := range texts {
			assert.Zero(c, ask[int64](t, dsn, leftInFiles, text), "files contain %q", text)
			assert.Zero(c, ask[int64](t, dsn, leftInStatistics, text), "statistics contain %q", text)
		}
	}, time.Minute, time.Second)
}
