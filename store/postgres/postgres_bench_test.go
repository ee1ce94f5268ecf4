package postgres_test

import (
	"context"
	"database/sql"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/internal/crowd"
	"github.com/contactpipeline/visitors/store/postgres"
	"github.com/contactpipeline/visitors/visitor"
)

// eachSize runs a benchmark in cities of several sizes.
func eachSize(b *testing.B, run func(b *testing.B, c *city, size int)) {
	crowd.Sizes(b, func(b *testing.B, size int) { run(b, cityOf(b, size), size) })
}

const (
	profile = "SELECT v.id, v.name, v.email, v.phone, v.source, v.updated_at, v.last_seen_at, v.revision, v.tags, v.groups, v.identities, v.attributes FROM visitors_visitor v WHERE v.ws = $1"
	carries = " AND EXISTS (SELECT 1 FROM visitors_by_tag t WHERE t.ws = $1 AND t.visitor_id = v.id AND t.tag_id = "
	newest  = " ORDER BY v.id DESC LIMIT 51"
)

// pageCase is a page by a filter and by a handwritten query.
type pageCase struct {
	name  string
	where filter.Expr
	order driver.Order
	after int // visitors to skip
	hand  string
	args  func(c *city) []any
}

func tagged(names ...string) func(*city) []any {
	return func(c *city) []any {
		var ids []any
		for _, name := range names {
			ids = append(ids, string(c.env.Tags[name]))
		}
		return ids
	}
}

func none(*city) []any { return nil }

var pageCases = []pageCase{
	{"all", filter.All(), driver.NewestFirst, 0, profile + newest, none},
	{"source and mid tag", filter.And(filter.Source.Is(visitor.Instagram), filter.Tag.Has("tag 020")), driver.NewestFirst, 0,
		profile + " AND v.source = 'instagram'" + carries + "$2)" + newest, tagged("tag 020")},
	{"rare tag", filter.Tag.Has("tag 199"), driver.NewestFirst, 0, profile + carries + "$2)" + newest, tagged("tag 199")},
	{"rare source and old tag", filter.And(filter.Source.Is(visitor.Telegram), filter.Tag.Has(crowd.OldTag)), driver.NewestFirst, 0,
		profile + " AND v.source = 'telegram'" + carries + "$2)" + newest, tagged(crowd.OldTag)},
	{"old tag", filter.Tag.Has(crowd.OldTag), driver.NewestFirst, 0, profile + carries + "$2)" + newest, tagged(crowd.OldTag)},
	{"not popular tag", filter.Not(filter.Tag.Has("tag 000")), driver.NewestFirst, 0,
		profile + strings.Replace(carries, "EXISTS", "NOT EXISTS", 1) + "$2)" + newest, tagged("tag 000")},
	{"two sources, one of two tags, not a third", filter.And(filter.Source.In(visitor.Instagram, visitor.Telegram), filter.Or(filter.Tag.Has("tag 010"), filter.Tag.Has("tag 011")), filter.Not(filter.Tag.Has("tag 000"))), driver.NewestFirst, 0,
		profile + " AND v.source IN ('instagram', 'telegram')" + carries + "ANY(ARRAY[$2, $3]::uuid[]))" + strings.Replace(carries, "EXISTS", "NOT EXISTS", 1) + "$4)" + newest, tagged("tag 010", "tag 011", "tag 000")},
	{"tag or group", filter.Or(filter.Tag.Has("tag 150"), filter.Group.Has("VIP")), driver.NewestFirst, 0,
		"SELECT v.id, v.name, v.email, v.phone, v.source, v.updated_at, v.last_seen_at, v.revision, v.tags, v.groups, v.identities, v.attributes FROM (" +
			"(SELECT visitor_id FROM visitors_by_tag WHERE ws = $1 AND tag_id = $2 ORDER BY visitor_id DESC LIMIT 51) UNION" +
			" (SELECT visitor_id FROM visitors_by_group WHERE ws = $1 AND group_id = $3 AND excluded = 0 ORDER BY visitor_id DESC LIMIT 51)) p" +
			" JOIN visitors_visitor v ON v.ws = $1 AND v.id = p.visitor_id" + newest,
		func(c *city) []any { return []any{string(c.env.Tags["tag 150"]), string(c.env.Groups["vip"].ID)} }},
	{"tag or source", filter.Or(filter.Tag.Has("tag 150"), filter.Source.Is(visitor.Telegram)), driver.NewestFirst, 0,
		"SELECT v.id, v.name, v.email, v.phone, v.source, v.updated_at, v.last_seen_at, v.revision, v.tags, v.groups, v.identities, v.attributes FROM (" +
			"(SELECT visitor_id FROM visitors_by_tag WHERE ws = $1 AND tag_id = $2 ORDER BY visitor_id DESC LIMIT 51) UNION" +
			" (SELECT id FROM visitors_visitor WHERE ws = $1 AND source = 'telegram' ORDER BY id DESC LIMIT 51)) p" +
			" JOIN visitors_visitor v ON v.ws = $1 AND v.id = p.visitor_id" + newest, tagged("tag 150")},
	{"by name", filter.All(), driver.NameAZ, 0, profile + " ORDER BY v.name_fold, v.id LIMIT 51", none},
	{"by name, mid tag", filter.Tag.Has("tag 020"), driver.NameAZ, 0, profile + carries + "$2) ORDER BY v.name_fold, v.id LIMIT 51", tagged("tag 020")},
	{"recently seen, source", filter.Source.Is(visitor.Chat), driver.RecentlySeen, 0, profile + " AND v.source = 'chat' ORDER BY v.last_seen_at DESC, v.id DESC LIMIT 51", none},
	{"deep, all", filter.All(), driver.NewestFirst, 2, profile + " AND v.id < $2" + newest, nil},
	{"deep, mid tag", filter.Tag.Has("tag 020"), driver.NewestFirst, 2, profile + carries + "$3) AND v.id < $2" + newest, tagged("tag 020")},
	{"search rare", filter.Search("zykov"), driver.NewestFirst, 0, profile + " AND v.search LIKE '%zykov%'" + newest, none},
	{"search common", filter.Search("gmail"), driver.NewestFirst, 0, profile + " AND v.search LIKE '%gmail%'" + newest, none},
	{"search two letters", filter.Search("an"), driver.NewestFirst, 0, profile + " AND v.search LIKE '%an%'" + newest, none},
	{"search two letters, none", filter.Search("qz"), driver.NewestFirst, 0, profile + " AND v.search LIKE '%qz%'" + newest, none},
	{"search digits", filter.Search("98765"), driver.NewestFirst, 0, profile + " AND (v.search LIKE '%98765%' OR v.search LIKE '%XQKJH%')" + newest, none},
	{"search rare, popular tag", filter.And(filter.Search("zykov"), filter.Tag.Has("tag 000")), driver.NewestFirst, 0,
		profile + " AND v.search LIKE '%zykov%'" + carries + "$2)" + newest, tagged("tag 000")},
	{"email is", filter.Email.Is("alberdan17@gmail.com"), driver.NewestFirst, 0, profile + " AND v.email_fold = 'alberdan17@gmail.com' AND v.search LIKE '%alberdan17@gmail.com%'" + newest, none},
	{"attribute", filter.Attr("plan").Is("pro"), driver.NewestFirst, 0,
		profile + " AND EXISTS (SELECT 1 FROM visitors_by_attribute a WHERE a.ws = $1 AND a.visitor_id = v.id AND a.name = 'plan' AND a.text_fold = 'pro')" + newest, none},
}

// against measures a read with the index and without, and a handwritten one, after checking that
// their results are the same.
func against[T any](b *testing.B, c *city, read func(*postgres.Store) T, hand func() T) {
	b.Helper()
	require.NoError(b, postgres.AwaitIndex(b.Context(), c.Store, "acme", false))
	require.Equal(b, hand(), read(c.Store), "not the same result")
	require.NoError(b, postgres.AwaitIndex(b.Context(), c.Store, "acme", true))
	require.Equal(b, hand(), read(c.off), "not the same result without index")
	crowd.AgainstSQL(b, func() { read(c.Store) }, func() { read(c.off) }, func() { hand() })
}

// BenchmarkPage reads pages of 51 complete visitors.
func BenchmarkPage(b *testing.B) {
	eachSize(b, func(b *testing.B, c *city, size int) {
		for _, p := range pageCases {
			b.Run(p.name, func(b *testing.B) {
				sel := driver.Select{Where: c.bind(b, p.where), Order: p.order, Limit: 51}
				args := []any{"acme"}
				if p.after > 0 {
					id := c.middle(b, size/p.after)
					sel.After = &driver.Position{ID: visitor.ID(id)}
					args = append(args, id)
				}
				if p.args != nil {
					args = append(args, p.args(c)...)
				}
				h := hand{b, c.db}
				against(b, c, func(st *postgres.Store) []visitor.ID {
					page, err := st.FindVisitors(context.Background(), "acme", sel)
					require.NoError(b, err)
					return idsOf(page)
				}, func() []visitor.ID { return h.page(p.hand, args...) })
			})
		}
	})
}

// middle returns the id of the visitor that has that many newer ones.
func (c *city) middle(tb testing.TB, newer int) (id string) {
	err := c.db.QueryRow("SELECT id FROM visitors_visitor WHERE ws = 'acme' ORDER BY id DESC OFFSET $1 LIMIT 1", newer).Scan(&id)
	require.NoError(tb, err)
	return id
}

func idsOf(visitors []visitor.Visitor) []visitor.ID {
	ids := make([]visitor.ID, len(visitors))
	for i, v := range visitors {
		ids[i] = v.ID
	}
	return ids
}

// hand runs handwritten SQL; searches are planned for their values each time.
type hand struct {
	b  *testing.B
	db *sql.DB
}

func (h hand) planned(query string, args []any, into func(*sql.Rows) error) {
	h.rows(query, append([]any{pgx.QueryExecModeCacheDescribe}, args...), into)
}

func (h hand) rows(query string, args []any, into func(*sql.Rows) error) {
	rows, err := h.db.QueryContext(context.Background(), query, args...)
	require.NoError(h.b, err)
	defer rows.Close()
	for rows.Next() {
		require.NoError(h.b, into(rows))
	}
	require.NoError(h.b, rows.Err())
}

// page reads complete visitors, whose lists are packed.
func (h hand) page(query string, args ...any) []visitor.ID {
	found := []visitor.ID{}
	h.planned(query, args, func(r *sql.Rows) error {
		var v visitor.Visitor
		var updated, seen int64
		var tags, groups, identities, attributes []byte
		err := r.Scan(&v.ID, &v.Name, &v.Email, &v.Phone, &v.Source, &updated, &seen, &v.Revision, &tags, &groups, &identities, &attributes)
		found = append(found, v.ID)
		return err
	})
	return found
}

// count reads one number.
func (h hand) count(query string, args ...any) (n int64) {
	h.planned(query, args, func(r *sql.Rows) error { return r.Scan(&n) })
	return n
}

const (
	countVisitors = "SELECT count(*) FROM visitors_visitor v WHERE v.ws = $1"
	countLinks    = "SELECT count(*) FROM visitors_by_tag t WHERE t.ws = $1 AND t.tag_id = $2"
)

// BenchmarkCount counts exactly.
func BenchmarkCount(b *testing.B) {
	eachSize(b, func(b *testing.B, c *city, _ int) {
		for _, p := range []struct {
			name  string
			where filter.Expr
			limit int64
			hand  string
			args  func(*city) []any
		}{
			{"all", filter.All(), 0, countVisitors, none},
			{"source", filter.Source.Is(visitor.Instagram), 0, countVisitors + " AND v.source = 'instagram'", none},
			{"popular tag", filter.Tag.Has("tag 000"), 0, countLinks, tagged("tag 000")},
			{"popular tag, up to 1,000", filter.Tag.Has("tag 000"), 1000,
				"SELECT count(*) FROM (SELECT 1 FROM visitors_by_tag t WHERE t.ws = $1 AND t.tag_id = $2 LIMIT 1000) m", tagged("tag 000")},
			{"mid tag", filter.Tag.Has("tag 020"), 0, countLinks, tagged("tag 020")},
			{"source and mid tag", filter.And(filter.Source.Is(visitor.Instagram), filter.Tag.Has("tag 020")), 0,
				countVisitors + " AND v.source = 'instagram'" + carries + "$2)", tagged("tag 020")},
			{"tag and not a popular one", filter.And(filter.Tag.Has("tag 001"), filter.Not(filter.Tag.Has("tag 000"))), 0,
				countLinks + " AND NOT EXISTS (SELECT 1 FROM visitors_by_tag o WHERE o.ws = $1 AND o.visitor_id = t.visitor_id AND o.tag_id = $3)", tagged("tag 001", "tag 000")},
			{"not popular tag", filter.Not(filter.Tag.Has("tag 000")), 0, "SELECT (" + countVisitors + ") - (" + countLinks + ")", tagged("tag 000")},
			{"segment", filter.And(filter.Source.In(visitor.Instagram, visitor.Chat), filter.Tag.HasAny("tag 001", "tag 002"), filter.Not(filter.Tag.Has("tag 000"))), 0,
				countVisitors + " AND v.source IN ('instagram', 'chat')" + carries + "ANY(ARRAY[$2, $3]::uuid[]))" + strings.Replace(carries, "EXISTS", "NOT EXISTS", 1) + "$4)", tagged("tag 001", "tag 002", "tag 000")},
			{"search rare", filter.Search("zykov"), 0, countVisitors + " AND v.search LIKE '%zykov%'", none},
			{"search common", filter.Search("gmail"), 0, countVisitors + " AND v.search LIKE '%gmail%'", none},
			{"search two letters", filter.Search("an"), 0, countVisitors + " AND v.search LIKE '%an%'", none},
		} {
			b.Run(p.name, func(b *testing.B) {
				where, h := c.bind(b, p.where), hand{b, c.db}
				args := append([]any{"acme"}, p.args(c)...)
				against(b, c, func(st *postgres.Store) int64 {
					n, err := st.CountVisitors(context.Background(), "acme", where, p.limit)
					require.NoError(b, err)
					return n
				}, func() int64 { return h.count(p.hand, args...) })
			})
		}
	})
}

// BenchmarkSearch compares searches for rare parts of names with ILIKE on three columns, without
// an index, which the server runs in parallel.
func BenchmarkSearch(b *testing.B) {
	const like = " AND (v.name ILIKE '%needle%' OR v.email ILIKE '%needle%' OR v.phone ILIKE '%needle%')"
	eachSize(b, func(b *testing.B, c *city, _ int) {
		for name, needle := range map[string]string{"rare": "zykov", "rarest": "quyhn"} {
			where, h, like := c.bind(b, filter.Search(needle)), hand{b, c.db}, strings.ReplaceAll(like, "needle", needle)
			b.Run("page/"+name, func(b *testing.B) {
				against(b, c, func(st *postgres.Store) []visitor.ID {
					page, err := st.FindVisitors(context.Background(), "acme", driver.Select{Where: where, Order: driver.NewestFirst, Limit: 51})
					require.NoError(b, err)
					return idsOf(page)
				}, func() []visitor.ID { return h.page(profile+like+newest, "acme") })
			})
			b.Run("count/"+name, func(b *testing.B) {
				against(b, c, func(st *postgres.Store) int64 {
					n, err := st.CountVisitors(context.Background(), "acme", where, 0)
					require.NoError(b, err)
					return n
				}, func() int64 { return h.count(countVisitors+like, "acme") })
			})
		}
	})
}

// BenchmarkFacets counts by source, tag and group.
func BenchmarkFacets(b *testing.B) {
	eachSize(b, func(b *testing.B, c *city, _ int) {
		for _, p := range []struct {
			name  string
			where filter.Expr
			hand  string // the condition on v
			args  func(*city) []any
		}{
			{"all", filter.All(), "", none},
			{"mid tag", filter.Tag.Has("tag 020"), carries + "$2)", tagged("tag 020")},
			{"source", filter.Source.Is(visitor.Instagram), " AND v.source = 'instagram'", none},
			{"search rare", filter.Search("zykov"), " AND v.search LIKE '%zykov%'", none},
		} {
			b.Run(p.name, func(b *testing.B) {
				bound, h := c.bind(b, p.where), hand{b, c.db}
				args := append([]any{"acme"}, p.args(c)...)
				matches := "visitors_visitor v WHERE v.ws = $1" + p.hand
				against(b, c, func(st *postgres.Store) int64 {
					f, err := st.Facets(context.Background(), "acme", bound)
					require.NoError(b, err)
					sum := f.Total
					for _, count := range f.Tags {
						sum += count
					}
					return sum
				}, func() (sum int64) {
					for _, query := range []string{
						"SELECT count(*), v.source FROM " + matches + " GROUP BY v.source",
						"SELECT count(*), t.tag_id::text FROM visitors_by_tag t WHERE t.ws = $1 AND t.visitor_id IN (SELECT v.id FROM " + matches + ") GROUP BY t.tag_id",
					} {
						h.planned(query, args, func(r *sql.Rows) error {
							var n int64
							var of string
							err := r.Scan(&n, &of)
							sum += n
							return err
						})
					}
					return sum
				})
			})
		}
	})
}
