package sqlite_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/internal/crowd"
	"github.com/contactpipeline/visitors/store/sqlite"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

// BenchmarkLoad creates 20,000 visitors with Apply, 1,000 per call, and compares with plain
// prepared inserts into the same tables in transactions of the same size.
func BenchmarkLoad(b *testing.B) {
	const size = 20_000
	made := crowd.New(size)
	batches := slices.Collect(made.Batches())
	open := func() (*sqlite.Store, string) {
		path := filepath.Join(b.TempDir(), "load.db")
		st, err := sqlite.Open(b.Context(), path, nil)
		require.NoError(b, err)
		_, err = st.Apply(b.Context(), "acme", made.First())
		require.NoError(b, err)
		return st, path
	}
	var apply, bare time.Duration
	for b.Loop() {
		st, _ := open()
		start := time.Now()
		for _, batch := range batches {
			_, err := st.Apply(b.Context(), "acme", batch)
			require.NoError(b, err)
		}
		apply += time.Since(start)
		require.NoError(b, st.Close())

		st, path := open()
		require.NoError(b, st.Close())
		w := newBareWriter(b, path, made.Tags)
		start = time.Now()
		for _, batch := range batches {
			w.write(b.Context(), batch)
		}
		bare += time.Since(start)
		require.NoError(b, w.db.Close())
	}
	b.ReportMetric(float64(b.N)*size/apply.Seconds(), "visitors/s")
	b.ReportMetric(100*bare.Seconds()/apply.Seconds(), "%-of-bare")
}

// bareWriter writes with handwritten inserts and no checks.
type bareWriter struct {
	tb   testing.TB
	db   *sql.DB
	tags map[string]tag.ID
	seq  int
	key  int
}

func newBareWriter(tb testing.TB, path string, tags []tag.Tag) *bareWriter {
	db, err := sql.Open("sqlite3", "file:"+path+"?_txlock=immediate&_synchronous=FULL&_secure_delete=on&_cache_size=-32768&_foreign_keys=on")
	require.NoError(tb, err)
	db.SetMaxOpenConns(1)
	w := &bareWriter{tb: tb, db: db, tags: map[string]tag.ID{}, seq: len(tags) + 1}
	for _, t := range tags {
		w.tags[tag.Key(t.Name)] = t.ID
	}
	return w
}

func (w *bareWriter) write(ctx context.Context, batch []driver.Change) {
	tx, err := w.db.BeginTx(ctx, nil)
	require.NoError(w.tb, err)
	defer tx.Rollback()
	prepare := func(table string, columns string) func(args ...any) {
		marks := strings.TrimSuffix(strings.Repeat("?,", strings.Count(columns, ",")+1), ",")
		stmt, err := tx.PrepareContext(ctx, "INSERT INTO "+table+" ("+columns+") VALUES ("+marks+")")
		require.NoError(w.tb, err)
		return func(args ...any) {
			if _, err := stmt.Exec(args...); err != nil {
				w.tb.Fatal(err)
			}
		}
	}
	profile := prepare("visitors_visitor", "rowkey,ws,id,name,name_fold,email,email_fold,phone,source,created_at,updated_at,last_seen_at,revision")
	tagged := prepare("visitors_visitor_tag", "ws,visitor_id,tag_id,put_at,put_by,cause")
	member := prepare("visitors_visitor_group", "ws,visitor_id,group_id,excluded,at,actor,cause")
	identity := prepare("visitors_identity", "ws,source,account,external_id,visitor_id,username,first_seen,last_seen")
	attribute := prepare("visitors_attribute", "ws,visitor_id,name,ord,kind,text,text_fold,number,micros")
	event := prepare("visitors_event", "ws,seq,kind,at,visitor_id,tag_ids,group_ids,fields,actor,cause")
	search := prepare("visitors_text", "docid,grams")
	type doc struct {
		key   int
		grams string
	}
	var docs []doc
	for _, change := range batch {
		c := change.(driver.CreateVisitor)
		v := c.Visitor
		w.key++
		w.seq++
		id := bytesOf(string(v.ID))
		name, email := text.Fold(v.Name), text.Fold(v.Email)
		profile(w.key, "acme", id, v.Name, name, v.Email, email, v.Phone, string(v.Source), v.CreatedAt.UnixMicro(), v.UpdatedAt.UnixMicro(), driver.Micros(v.LastSeenAt), 1)
		tags, groups := []byte{}, []byte{}
		for _, key := range c.Tags {
			t := bytesOf(string(w.tags[key]))
			tags = append(tags, t...)
			tagged("acme", id, t, v.CreatedAt.UnixMicro(), c.Actor, c.Cause)
		}
		for _, g := range c.Groups {
			groups = append(groups, bytesOf(string(g))...)
			member("acme", id, bytesOf(string(g)), 0, v.CreatedAt.UnixMicro(), c.Actor, c.Cause)
		}
		for _, i := range v.Identities {
			identity("acme", string(i.Source), i.Account, i.ExternalID, id, i.Username, i.FirstSeen.UnixMicro(), i.LastSeen.UnixMicro())
		}
		for name, value := range v.Attributes {
			if value.Kind() == visitor.NumberKind {
				attribute("acme", id, name, 0, 2, "", "", value.Number(), 0)
			} else {
				attribute("acme", id, name, 0, 1, value.Text(), text.Fold(value.Text()), 0, 0)
			}
		}
		event("acme", w.seq, "visitor.created", v.CreatedAt.UnixMicro(), id, tags, groups, "", c.Actor, c.Cause)
		docs = append(docs, doc{w.key, sqlite.Document("acme", name, email, v.Phone)})
	}
	for _, d := range docs {
		search(d.key, d.grams)
	}
	require.NoError(w.tb, tx.Commit())
}

func bytesOf(id string) []byte {
	u := uuid.MustParse(id)
	return u[:]
}
