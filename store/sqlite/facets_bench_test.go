package sqlite_test

import (
	"context"
	"database/sql"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/sqlite"
	"github.com/contactpipeline/visitors/visitor"
)

// BenchmarkFacets counts by source, tag and group.
func BenchmarkFacets(b *testing.B) {
	for _, c := range []struct {
		name  string
		where filter.Expr
		from  string // the handwritten FROM clause of the matches v
	}{
		{"all", filter.All(), "visitors_visitor v WHERE v.ws = 1"},
		{"source", filter.Source.Is(visitor.Instagram), "visitors_visitor v WHERE v.ws = 1 AND v.source = 'instagram'"},
		{"mid-tag", filter.Tag.Has("tag 010"), "visitors_by_tag c CROSS JOIN visitors_visitor v ON v.ws = 1 AND v.id = c.visitor_id WHERE c.ws = 1 AND c.tag_id = :a"},
		{"search-rare", filter.Search("zykov"), "visitors_visitor v WHERE v.ws = 1 AND (v.name_fold LIKE '%zykov%' OR iif(v.email_fold = '', v.email, v.email_fold) LIKE '%zykov%' OR v.phone LIKE '%zykov%')"},
	} {
		b.Run(c.name, func(b *testing.B) {
			eachSize(b, func(b *testing.B, town *city) {
				h, where := handOf(b, town), town.bind(b, c.where)
				var args []any
				if c.name == "mid-tag" {
					args = append(args, sql.Named("a", h.number(town.env.Tags["tag 010"])))
				}
				sum := func(text string) (n int) {
					for _, count := range h.all(text, args...) {
						n += int(count.(int64))
					}
					return n
				}
				against(b, town, func(st *sqlite.Store) int {
					f, err := st.Facets(context.Background(), "acme", where)
					require.NoError(b, err)
					return sumOf(f)
				}, func() int {
					return sum("SELECT count(*), v.source FROM "+c.from+" GROUP BY v.source") +
						sum("SELECT count(*), t.tag_id FROM visitors_by_tag t WHERE t.ws = 1 AND t.visitor_id IN (SELECT v.id FROM "+c.from+") GROUP BY t.tag_id") +
						sum("SELECT count(*), g.group_id FROM visitors_by_group g WHERE g.ws = 1 AND g.excluded = 0 AND g.visitor_id IN (SELECT v.id FROM "+c.from+") GROUP BY g.group_id")
				})
			})
		})
	}
}

func sumOf(f driver.Facets) int {
	n := f.Total
	for _, count := range f.Tags {
		n += count
	}
	for _, count := range f.Groups {
		n += count
	}
	return int(n)
}
