package postgres_test

import (
	"context"
	"encoding/hex"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/samber/lo"
	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/internal/crowd"
	"github.com/contactpipeline/visitors/store/internal/pgtest"
	"github.com/contactpipeline/visitors/store/postgres"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

// BenchmarkLoad creates 20,000 visitors with Apply, 1,000 per call, and compares with plain COPY
// of the same rows into the same tables in transactions of the same size.
func BenchmarkLoad(b *testing.B) {
	b.Run("search index", func(b *testing.B) { benchmarkLoad(b, true) })
	b.Run("no search index", func(b *testing.B) { benchmarkLoad(b, false) })
}

func benchmarkLoad(b *testing.B, indexed bool) {
	const size = 20_000
	ctx := context.Background()
	made := crowd.New(size)
	batches := slices.Collect(made.Batches())
	copies := copiesOf(batches, made.Tags)
	open := func() (*postgres.Store, *pgx.Conn) {
		dsn := pgtest.Database(b, nil)
		st, err := postgres.Open(ctx, dsn, &postgres.Options{NoSearchIndex: !indexed})
		require.NoError(b, err)
		_, err = st.Apply(ctx, "acme", made.First())
		require.NoError(b, err)
		conn, err := pgx.Connect(ctx, dsn)
		require.NoError(b, err)
		return st, conn
	}
	var apply, bare time.Duration
	for b.Loop() {
		st, conn := open()
		start := time.Now()
		for _, batch := range batches {
			_, err := st.Apply(ctx, "acme", batch)
			require.NoError(b, err)
		}
		apply += time.Since(start)
		require.NoError(b, conn.Close(ctx))
		require.NoError(b, st.Close())

		st, conn = open()
		start = time.Now()
		for _, c := range copies {
			c.write(b, conn)
		}
		bare += time.Since(start)
		require.NoError(b, conn.Close(ctx))
		require.NoError(b, st.Close())
	}
	b.ReportMetric(float64(b.N)*size/apply.Seconds(), "visitors/s")
	b.ReportMetric(float64(b.N)*size/bare.Seconds(), "copied/s")
	b.ReportMetric(100*bare.Seconds()/apply.Seconds(), "%-of-COPY")
}

// rowsOf are the rows of a table for COPY.
type rowsOf struct {
	columns []string
	rows    [][]any
}

type copied map[string]*rowsOf

func (c copied) add(table, columns string, row ...any) {
	if c[table] == nil {
		c[table] = &rowsOf{columns: strings.Split("ws,"+columns, ",")}
	}
	c[table].rows = append(c[table].rows, append([]any{"acme"}, row...))
}

// write copies a batch in one transaction.
func (c copied) write(b *testing.B, conn *pgx.Conn) {
	ctx := context.Background()
	tx, err := conn.Begin(ctx)
	require.NoError(b, err)
	defer tx.Rollback(ctx)
	for table, r := range c {
		_, err := tx.CopyFrom(ctx, pgx.Identifier{table}, r.columns, pgx.CopyFromRows(r.rows))
		require.NoError(b, err)
	}
	require.NoError(b, tx.Commit(ctx))
}

func copiesOf(batches [][]driver.Change, tags []tag.Tag) []copied {
	ids := map[string]tag.ID{}
	for _, t := range tags {
		ids[tag.Key(t.Name)] = t.ID
	}
	seq := len(tags) + 1
	var all []copied
	for _, batch := range batches {
		c := copied{}
		for _, change := range batch {
			create := change.(driver.CreateVisitor)
			v := create.Visitor
			seq++
			id := bytesOf(string(v.ID))
			at := driver.Micros(v.CreatedAt)
			var put, joined []byte
			for _, key := range create.Tags {
				t := bytesOf(string(ids[key]))
				put = append(put, t[:]...)
				c.add("visitors_by_tag", "visitor_id,tag_id", id, t)
			}
			for _, g := range create.Groups {
				t := bytesOf(string(g))
				joined = append(joined, t[:]...)
				c.add("visitors_by_group", "visitor_id,group_id,excluded", id, t, int16(0))
			}
			for _, i := range v.Identities {
				c.add("visitors_by_identity", "source,account,external_id,visitor_id", string(i.Source), i.Account, i.ExternalID, id)
			}
			for name, value := range v.Attributes {
				if value.Kind() == visitor.NumberKind {
					c.add("visitors_by_attribute", "visitor_id,name,ord,kind,text_fold,number,micros", id, name, int32(0), int16(2), "", value.Number(), int64(0))
				} else {
					c.add("visitors_by_attribute", "visitor_id,name,ord,kind,text_fold,number,micros", id, name, int32(0), int16(1), text.Fold(value.Text()), float64(0), int64(0))
				}
			}
			packed := func(items, size int) []byte { return make([]byte, items*size) } // as long as what the engine writes
			c.add("visitors_visitor", "id,name,name_fold,email,email_fold,phone,source,created_at,updated_at,last_seen_at,revision,tags,groups,identities,attributes",
				id, v.Name, text.Fold(v.Name), v.Email, text.Fold(v.Email), v.Phone, string(v.Source), at, driver.Micros(v.UpdatedAt), driver.Micros(v.LastSeenAt), int64(1),
				packed(len(create.Tags), 18), packed(len(create.Groups), 20), packed(len(v.Identities), 30), packed(len(v.Attributes), 16))
			c.add("visitors_event", "seq,kind,at,visitor_id,tag_ids,group_ids,fields,actor,cause,stamp",
				int64(seq), string(driver.VisitorCreated), at, id, append([]byte{}, put...), append([]byte{}, joined...), "", create.Actor, create.Cause, int64(0))
		}
		all = append(all, c)
	}
	return all
}

// bytesOf returns the 16 bytes of an id.
func bytesOf(id string) (b [16]byte) {
	hex.Decode(b[:], []byte(strings.ReplaceAll(id, "-", "")))
	return b
}

// BenchmarkBulk adds a tag to 5,000 visitors and removes it, and compares with plain statements
// that insert and delete the same rows and write the same events.
func BenchmarkBulk(b *testing.B) {
	const size = 5_000
	ctx := context.Background()
	made := crowd.New(size)
	dsn := pgtest.Database(b, nil)
	st, err := postgres.Open(ctx, dsn, nil)
	require.NoError(b, err)
	defer st.Close()
	_, err = st.Apply(ctx, "acme", made.First())
	require.NoError(b, err)
	var people []visitor.ID
	for batch := range made.Batches() {
		out, err := st.Apply(ctx, "acme", batch)
		require.NoError(b, err)
		for _, o := range out {
			people = append(people, o.Visitor.ID)
		}
	}
	ws, err := store.Open(st, "acme", nil)
	require.NoError(b, err)
	conn, err := pgx.Connect(ctx, dsn)
	require.NoError(b, err)
	defer conn.Close(ctx)
	seq := int64(1 << 40)
	byHand := func(change string, args ...any) {
		tx, err := conn.Begin(ctx)
		require.NoError(b, err)
		defer tx.Rollback(ctx)
		_, err = tx.Exec(ctx, change, args...)
		require.NoError(b, err)
		_, err = tx.Exec(ctx, "INSERT INTO visitors_event (ws, seq, kind, at, visitor_id, tag_ids, group_ids, fields, stamp)"+
			" SELECT 'acme', $2 + row_number() OVER (), 'visitor.tagged', 0, v, uuid_send($3), '', '', 0 FROM unnest($1::uuid[]) AS v", args[0], seq, args[1])
		require.NoError(b, err)
		require.NoError(b, tx.Commit(ctx))
		seq += size
	}
	all := "{" + strings.Join(lo.Map(people, func(id visitor.ID, _ int) string { return string(id) }), ",") + "}"
	other := string(tag.NewID(crowd.Start))
	crowd.Against(b, func() {
		for _, change := range []func(context.Context, []string, ...visitor.ID) (store.Bulk, error){ws.Tag, ws.Untag} {
			done, err := change(ctx, []string{"campaign"}, people...)
			require.NoError(b, err)
			require.Equal(b, size, done.Changed)
		}
	}, func() {
		byHand("INSERT INTO visitors_by_tag (ws, visitor_id, tag_id) SELECT 'acme', v, $2 FROM unnest($1::uuid[]) AS v ON CONFLICT DO NOTHING", all, other)
		byHand("DELETE FROM visitors_by_tag WHERE ws = 'acme' AND tag_id = $2 AND visitor_id = ANY($1::uuid[])", all, other)
	})
}
