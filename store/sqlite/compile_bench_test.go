package sqlite

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store/internal/sqlstore"
	"github.com/contactpipeline/visitors/tag"
)

// BenchmarkCompile makes SQL of a text that is a tree of 13 nodes: it is parsed, bound and
// compiled.
func BenchmarkCompile(b *testing.B) {
	const question = `(source:telegram,chat OR tag:vip) -group:team (seen:<30d OR attr.city:*paulo*) created:>=2026-01-01 email:*@example.com -name:bob*`
	now := time.Date(2026, 3, 15, 12, 0, 0, 0, time.UTC)
	env := &filter.Env{
		Now: now, Tags: map[string]tag.ID{"vip": tag.NewID(now)}, Groups: map[string]filter.GroupRef{"team": {ID: group.NewID(now)}},
	}
	compile := func() (string, error) {
		e, err := filter.Parse(question)
		if err != nil {
			return "", err
		}
		bound, err := filter.Bind(e, env)
		if err != nil {
			return "", err
		}
		text, _, err := sqlstore.Compile(dialect{}, "acme", bound)
		return text, err
	}
	text, err := compile()
	require.NoError(b, err)
	require.Equal(b, 3, strings.Count(text, "EXISTS"), text)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := compile(); err != nil {
			b.Fatal(err)
		}
	}
}
