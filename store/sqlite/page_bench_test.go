package sqlite_test

import (
	"context"
	"database/sql"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/internal/crowd"
	"github.com/contactpipeline/visitors/store/sqlite"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// hand reads the same tables with handwritten statements.
type hand struct {
	b  *testing.B
	db *sql.DB
}

func handOf(b *testing.B, c *city) hand {
	db, err := sql.Open("sqlite3", "file:"+c.path+"?mode=ro&_query_only=1")
	require.NoError(b, err)
	b.Cleanup(func() { db.Close() })
	db.SetMaxOpenConns(1)
	return hand{b, db}
}

func blob(id string) []byte {
	u := uuid.MustParse(id)
	return u[:]
}

// all reads every row of a query, and returns its first column.
func (h hand) all(text string, args ...any) []any {
	rows, err := h.db.QueryContext(context.Background(), text, args...)
	require.NoError(h.b, err)
	defer rows.Close()
	columns, err := rows.Columns()
	require.NoError(h.b, err)
	var first []any
	for rows.Next() {
		row := make([]any, len(columns))
		into := make([]any, len(columns))
		for i := range row {
			into[i] = &row[i]
		}
		require.NoError(h.b, rows.Scan(into...))
		first = append(first, row[0])
	}
	require.NoError(h.b, rows.Err())
	return first
}

// page reads the complete visitors that a query selects: its first column is the id.
func (h hand) page(text string, args ...any) int {
	return len(h.all(text, args...))
}

// number returns the number of a tag.
func (h hand) number(id tag.ID) any {
	return h.all("SELECT number FROM visitors_number WHERE ws = 1 AND id = ?", blob(string(id)))[0]
}

// against measures a read with the index and without, and a handwritten one, after checking that
// their results are the same.
func against(b *testing.B, c *city, read func(*sqlite.Store) int, hand func() int) {
	b.Helper()
	require.NoError(b, sqlite.AwaitIndex(b.Context(), c.Store, "acme", false))
	require.Equal(b, hand(), read(c.Store), "not the same result")
	require.NoError(b, sqlite.AwaitIndex(b.Context(), c.Store, "acme", true))
	require.Equal(b, hand(), read(c.off), "not the same result without index")
	crowd.AgainstSQL(b, func() { read(c.Store) }, func() { read(c.off) }, func() { hand() })
}

const columns = "v.id, v.name, v.email, v.phone, v.source, v.updated_at, v.last_seen_at, v.revision, v.origins, v.tags, v.groups, v.identities, v.attributes"

func BenchmarkPage(b *testing.B) {
	has := filter.Tag.Has
	for _, c := range []struct {
		name  string
		where filter.Expr
		order driver.Order
		text  string // by hand; :a and :b are the tags below, :p the position after half of all
		a, b  string
		after bool
	}{
		{name: "all", where: filter.All(), text: "SELECT " + columns + " FROM visitors_visitor v WHERE ws = 1 ORDER BY id DESC LIMIT 51"},
		{name: "mid-tag", where: has("tag 010"), a: "tag 010",
			text: "SELECT " + columns + " FROM visitors_by_tag t CROSS JOIN visitors_visitor v ON v.ws = 1 AND v.id = t.visitor_id WHERE t.ws = 1 AND t.tag_id = :a ORDER BY t.visitor_id DESC LIMIT 51"},
		{name: "rare-tag", where: has("tag 199"), a: "tag 199",
			text: "SELECT " + columns + " FROM visitors_by_tag t CROSS JOIN visitors_visitor v ON v.ws = 1 AND v.id = t.visitor_id WHERE t.ws = 1 AND t.tag_id = :a ORDER BY t.visitor_id DESC LIMIT 51"},
		{name: "has-not", where: filter.Not(has("tag 000")), a: "tag 000",
			text: "SELECT " + columns + " FROM visitors_visitor v WHERE ws = 1 AND NOT EXISTS (SELECT 1 FROM visitors_by_tag t WHERE t.ws = 1 AND t.visitor_id = v.id AND t.tag_id = :a) ORDER BY id DESC LIMIT 51"},
		{name: "source-and-tag", where: filter.And(filter.Source.Is(visitor.Instagram), has("tag 010")), a: "tag 010",
			text: "SELECT " + columns + " FROM visitors_by_tag t CROSS JOIN visitors_visitor v ON v.ws = 1 AND v.id = t.visitor_id WHERE t.ws = 1 AND t.tag_id = :a AND v.source = 'instagram' ORDER BY t.visitor_id DESC LIMIT 51"},
		{name: "oldest-only-tag", where: has(crowd.OldTag), a: crowd.OldTag,
			text: "SELECT " + columns + " FROM visitors_by_tag t CROSS JOIN visitors_visitor v ON v.ws = 1 AND v.id = t.visitor_id WHERE t.ws = 1 AND t.tag_id = :a ORDER BY t.visitor_id DESC LIMIT 51"},
		{name: "oldest-only-tag-and-source", where: filter.And(filter.Source.Is(visitor.Instagram), has(crowd.OldTag)), a: crowd.OldTag,
			text: "SELECT " + columns + " FROM visitors_by_tag t CROSS JOIN visitors_visitor v ON v.ws = 1 AND v.id = t.visitor_id WHERE t.ws = 1 AND t.tag_id = :a AND v.source = 'instagram' ORDER BY t.visitor_id DESC LIMIT 51"},
		{name: "a-or-b", where: filter.Tag.HasAny("tag 010", "tag 020"), a: "tag 010", b: "tag 020",
			text: "SELECT " + columns + " FROM visitors_visitor v WHERE ws = 1 AND EXISTS (SELECT 1 FROM visitors_by_tag t WHERE t.ws = 1 AND t.visitor_id = v.id AND t.tag_id IN (:a, :b)) ORDER BY id DESC LIMIT 51"},
		{name: "deep", where: filter.All(), after: true,
			text: "SELECT " + columns + " FROM visitors_visitor v WHERE ws = 1 AND id < :p ORDER BY id DESC LIMIT 51"},
		{name: "deep-source", where: filter.Source.Is(visitor.Chat), after: true,
			text: "SELECT " + columns + " FROM visitors_visitor v WHERE ws = 1 AND source = 'chat' AND id < :p ORDER BY id DESC LIMIT 51"},
		{name: "order-oldest", where: filter.All(), order: driver.OldestFirst, text: "SELECT " + columns + " FROM visitors_visitor v WHERE ws = 1 ORDER BY id LIMIT 51"},
		{name: "order-name", where: filter.All(), order: driver.NameAZ, text: "SELECT " + columns + " FROM visitors_visitor v WHERE ws = 1 ORDER BY name_fold, id LIMIT 51"},
		{name: "order-name-desc", where: filter.All(), order: driver.NameZA, text: "SELECT " + columns + " FROM visitors_visitor v WHERE ws = 1 ORDER BY name_fold DESC, id DESC LIMIT 51"},
		{name: "order-seen", where: filter.All(), order: driver.RecentlySeen, text: "SELECT " + columns + " FROM visitors_visitor v WHERE ws = 1 ORDER BY last_seen_at DESC, id DESC LIMIT 51"},
		{name: "order-unseen", where: filter.All(), order: driver.LeastRecentlySeen, text: "SELECT " + columns + " FROM visitors_visitor v WHERE ws = 1 ORDER BY last_seen_at, id LIMIT 51"},
		{name: "order-updated", where: filter.All(), order: driver.RecentlyUpdated, text: "SELECT " + columns + " FROM visitors_visitor v WHERE ws = 1 ORDER BY updated_at DESC, id DESC LIMIT 51"},
		{name: "order-name-mid-tag", where: has("tag 010"), order: driver.NameAZ, a: "tag 010",
			text: "SELECT " + columns + " FROM visitors_visitor v WHERE ws = 1 AND EXISTS (SELECT 1 FROM visitors_by_tag t WHERE t.ws = 1 AND t.visitor_id = v.id AND t.tag_id = :a) ORDER BY name_fold, id LIMIT 51"},
		{name: "order-name-rare-tag", where: has("tag 199"), order: driver.NameAZ, a: "tag 199",
			text: "SELECT " + columns + " FROM visitors_by_tag t CROSS JOIN visitors_visitor v ON v.ws = 1 AND v.id = t.visitor_id WHERE t.ws = 1 AND t.tag_id = :a ORDER BY v.name_fold, v.id LIMIT 51"},
	} {
		b.Run(c.name, func(b *testing.B) {
			eachSize(b, func(b *testing.B, town *city) {
				h, ask := handOf(b, town), driver.Select{Where: town.bind(b, c.where), Order: c.order, Limit: 51}
				if ask.Order == "" {
					ask.Order = driver.NewestFirst
				}
				args := []any{}
				if c.after {
					ask.After = crowd.New(town.size).Middle()
					args = append(args, sql.Named("p", blob(string(ask.After.ID))))
				}
				for name, key := range map[string]string{"a": c.a, "b": c.b} {
					if key != "" {
						args = append(args, sql.Named(name, h.number(town.env.Tags[key])))
					}
				}
				against(b, town, func(st *sqlite.Store) int {
					page, err := st.FindVisitors(context.Background(), "acme", ask)
					require.NoError(b, err)
					return len(page)
				}, func() int { return h.page(c.text, args...) })
			})
		})
	}
}

func BenchmarkCount(b *testing.B) {
	has := filter.Tag.Has
	for _, c := range []struct {
		name    string
		where   filter.Expr
		text    string
		a, b, c string
	}{
		{name: "all", where: filter.All(), text: "SELECT sum(visitors) FROM visitors_source WHERE ws = 1"},
		{name: "tag", where: has("tag 000"), a: "tag 000", text: "SELECT uses FROM visitors_tag WHERE ws = 1 AND id = (SELECT id FROM visitors_number WHERE ws = 1 AND number = :a)"},
		{name: "source-and-tag", where: filter.And(filter.Source.Is(visitor.Chat), has("tag 001")), a: "tag 001",
			text: "SELECT count(*) FROM visitors_by_tag t CROSS JOIN visitors_visitor v ON v.ws = 1 AND v.source = 'chat' AND v.id = t.visitor_id WHERE t.ws = 1 AND t.tag_id = :a"},
		{name: "tag-and-not-tag", where: filter.And(has("tag 001"), filter.Not(has("tag 002"))), a: "tag 001", b: "tag 002",
			text: "SELECT count(*) FROM visitors_by_tag t WHERE ws = 1 AND tag_id = :a AND NOT EXISTS (SELECT 1 FROM visitors_by_tag n WHERE n.ws = 1 AND n.visitor_id = t.visitor_id AND n.tag_id = :b)"},
		{name: "segment", where: filter.And(filter.Source.In(visitor.Instagram, visitor.Chat), filter.Tag.HasAny("tag 001", "tag 002"), filter.Not(has("tag 000"))), a: "tag 001", b: "tag 002", c: "tag 000",
			text: "SELECT count(*) FROM visitors_visitor v WHERE ws = 1 AND source IN ('instagram', 'chat') AND id IN (SELECT visitor_id FROM visitors_by_tag WHERE ws = 1 AND tag_id IN (:a, :b)) AND id NOT IN (SELECT visitor_id FROM visitors_by_tag WHERE ws = 1 AND tag_id = :c)"},
		{name: "not-tag", where: filter.Not(has("tag 000")), a: "tag 000",
			text: "SELECT (SELECT sum(visitors) FROM visitors_source WHERE ws = 1) - (SELECT uses FROM visitors_tag WHERE ws = 1 AND id = (SELECT id FROM visitors_number WHERE ws = 1 AND number = :a))"},
	} {
		b.Run(c.name, func(b *testing.B) {
			eachSize(b, func(b *testing.B, town *city) {
				h, where := handOf(b, town), town.bind(b, c.where)
				var args []any
				for name, key := range map[string]string{"a": c.a, "b": c.b, "c": c.c} {
					if key != "" {
						args = append(args, sql.Named(name, h.number(town.env.Tags[key])))
					}
				}
				against(b, town, func(st *sqlite.Store) int {
					n, err := st.CountVisitors(context.Background(), "acme", where, 0)
					require.NoError(b, err)
					return int(n)
				}, func() int { return int(h.all(c.text, args...)[0].(int64)) })
			})
		})
	}
}

// BenchmarkSearch compares searches with LIKE on three columns.
func BenchmarkSearch(b *testing.B) {
	for name, needle := range map[string]string{"rare": "zykov", "rarest": "quyhn", "none": "qqqqq", "phone": "98765432",
		"common": "gmail", "two-letters": "an", "two-letters-none": "qx"} {
		like := "SELECT " + columns + " FROM visitors_visitor v WHERE ws = 1 AND (name_fold LIKE :like OR iif(email_fold = '', email, email_fold) LIKE :like OR phone LIKE :like)"
		b.Run("page/"+name, func(b *testing.B) {
			eachSize(b, func(b *testing.B, town *city) {
				h, ask := handOf(b, town), driver.Select{Where: town.bind(b, filter.Search(needle)), Order: driver.NewestFirst, Limit: 51}
				against(b, town, func(st *sqlite.Store) int {
					page, err := st.FindVisitors(context.Background(), "acme", ask)
					require.NoError(b, err)
					return len(page)
				}, func() int { return h.page(like+" ORDER BY id DESC LIMIT 51", sql.Named("like", "%"+needle+"%")) })
			})
		})
		b.Run("count/"+name, func(b *testing.B) {
			eachSize(b, func(b *testing.B, town *city) {
				h, where := handOf(b, town), town.bind(b, filter.Search(needle))
				against(b, town, func(st *sqlite.Store) int {
					n, err := st.CountVisitors(context.Background(), "acme", where, 0)
					require.NoError(b, err)
					return int(n)
				}, func() int {
					return int(h.all(strings.Replace(like, columns, "count(*)", 1), sql.Named("like", "%"+needle+"%"))[0].(int64))
				})
			})
		})
	}
}
