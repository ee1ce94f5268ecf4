package sqlite_test

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"math"
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

	numbers map[string]int // of tags and groups
}

func newBareWriter(tb testing.TB, path string, tags []tag.Tag) *bareWriter {
	db, err := sql.Open("sqlite3", "file:"+path+"?_txlock=immediate&_synchronous=FULL&_secure_delete=on&_cache_size=-32768&_foreign_keys=on")
	require.NoError(tb, err)
	db.SetMaxOpenConns(1)
	w := &bareWriter{tb: tb, db: db, tags: map[string]tag.ID{}, numbers: map[string]int{}, seq: len(tags) + 1}
	for _, t := range tags {
		w.tags[tag.Key(t.Name)] = t.ID
	}
	rows, err := db.Query("SELECT number, id FROM visitors_number WHERE ws = 1")
	require.NoError(tb, err)
	defer rows.Close()
	for rows.Next() {
		var number int
		var id []byte
		require.NoError(tb, rows.Scan(&number, &id))
		w.numbers[uuid.UUID(id).String()] = number
	}
	require.NoError(tb, rows.Err())
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
	profile := prepare("visitors_visitor", "rowkey,ws,id,name,name_fold,email,email_fold,phone,source,updated_at,last_seen_at,revision,origins,tags,groups,identities,attributes")
	tagged := prepare("visitors_by_tag", "ws,tag_id,visitor_id")
	member := prepare("visitors_by_group", "ws,group_id,excluded,visitor_id")
	identity := prepare("visitors_by_identity", "ws,visitor,source,account,external_id")
	address := prepare("visitors_by_address", "ws,hash,visitor")
	attribute := prepare("visitors_by_attribute", "ws,visitor,name,ord,kind,text_fold,number,micros")
	event := prepare("visitors_event", "ws,seq,kind,at,visitor_id,other_id,tag_ids,group_ids,fields,actor,cause")
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
		packed := func(refs []int) (list []byte) {
			if len(refs) == 0 {
				return []byte{}
			}
			list = append(list, 0x80, byte(len(refs)))
			for _, n := range refs {
				list = binary.AppendUvarint(list, uint64(n))
				list = binary.AppendVarint(list, v.CreatedAt.UnixMicro())
				list = append(append(list, byte(len(c.Actor))), c.Actor...)
				list = append(append(list, byte(len(c.Cause))), c.Cause...)
			}
			return list
		}
		var tags, groups []int
		eventTags, eventGroups, identities, attributes := []byte{}, []byte{}, []byte{}, []byte{}
		for _, key := range c.Tags {
			n := w.numbers[string(w.tags[key])]
			tags, eventTags = append(tags, n), binary.AppendUvarint(eventTags, uint64(n))
			tagged(1, n, id)
		}
		for _, g := range c.Groups {
			n := w.numbers[string(g)]
			groups, eventGroups = append(groups, n), binary.AppendUvarint(eventGroups, uint64(n))
			member(1, n, 0, id)
		}
		for _, i := range v.Identities {
			for _, text := range []string{string(i.Source), i.Account, i.ExternalID, i.Username} {
				identities = append(append(identities, byte(len(text))), text...)
			}
			identities = binary.AppendVarint(binary.AppendVarint(identities, i.FirstSeen.UnixMicro()), i.LastSeen.UnixMicro())
			identity(1, w.key, string(i.Source), i.Account, i.ExternalID)
		}
		for name, value := range v.Attributes {
			attributes = append(append(attributes, byte(len(name))), name...)
			if value.Kind() == visitor.NumberKind {
				attributes = binary.LittleEndian.AppendUint64(attributes, math.Float64bits(value.Number()))
				attribute(1, w.key, name, 0, 2, "", value.Number(), 0)
			} else {
				attributes = append(append(attributes, byte(len(value.Text()))), value.Text()...)
				attribute(1, w.key, name, 0, 1, text.Fold(value.Text()), 0, 0)
			}
		}
		profile(w.key, 1, id, v.Name, name, v.Email, email, v.Phone, string(v.Source), v.UpdatedAt.UnixMicro(), driver.Micros(v.LastSeenAt), 1, "",
			packed(tags), packed(groups), identities, attributes)
		for _, a := range []string{v.Email, v.Phone} {
			if a != "" {
				sum := sha256.Sum256([]byte(a))
				address(1, int64(binary.BigEndian.Uint64(sum[:])>>17), w.key)
			}
		}
		event(1, w.seq, 1, v.CreatedAt.UnixMicro(), id, []byte{}, eventTags, eventGroups, "", c.Actor, c.Cause)
		docs = append(docs, doc{w.key, sqlite.Document("1", name, email, v.Phone)})
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
