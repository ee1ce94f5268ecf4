package crowd

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/tag"
)

// Compile measures parsing and binding a filter of 13 nodes and compiling it to SQL with
// toSQL.
func Compile(b *testing.B, toSQL func(filter.Bound) (string, error)) {
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
		return toSQL(bound)
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
