package filter_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/filter/filtergen"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

// question has more than ten nodes.
const question = `(source:telegram,chat OR tag:vip) -group:team (seen:<30d OR attr.city:*paulo*) created:>=2026-01-01 email:*@example.com -name:bob*`

// byHand is question as a function in Go.
func byHand(v *visitor.Visitor) bool {
	isVIP := slices.ContainsFunc(v.Tags, func(a tag.Assignment) bool { return a.Tag == vipID })
	return (v.Source == visitor.Telegram || v.Source == visitor.Chat || isVIP) &&
		!v.MemberOf(teamID) &&
		(!v.LastSeenAt.IsZero() && !v.LastSeenAt.Before(now.Add(-30*24*time.Hour)) || text.Contains(v.Attributes["city"].Text(), "paulo")) &&
		!v.CreatedAt.Before(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)) &&
		text.HasSuffix(v.Email, "@example.com") &&
		!text.HasPrefix(v.Name, "bob")
}

// BenchmarkMatch matches question with random visitors, and with a visitor for which every node is
// evaluated. times-by-hand is the time relative to byHand.
func BenchmarkMatch(b *testing.B) {
	e, err := filter.Parse(question)
	require.NoError(b, err)
	bound, err := filter.Bind(e, env())
	require.NoError(b, err)
	every := ada
	every.Source, every.Memberships, every.LastSeenAt = visitor.WhatsApp, nil, time.Time{}
	require.True(b, bound.Match(&every))
	for name, visitors := range map[string][]visitor.Visitor{
		"random": filtergen.New(1, &filtergen.Options{Now: now}).Visitors(1000), "every node": {every},
	} {
		for i := range visitors {
			require.Equal(b, byHand(&visitors[i]), bound.Match(&visitors[i]))
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				for i := range visitors {
					bound.Match(&visitors[i])
				}
			}
			perVisitor := b.Elapsed().Seconds() / float64(b.N*len(visitors))
			start := time.Now()
			for range b.N {
				for i := range visitors {
					byHand(&visitors[i])
				}
			}
			b.ReportMetric(1/perVisitor, "visitors/s")
			b.ReportMetric(b.Elapsed().Seconds()/time.Since(start).Seconds(), "times-by-hand")
		})
	}
}

// BenchmarkMatchPermission matches people of whom a third said something.
func BenchmarkMatchPermission(b *testing.B) {
	visitors := filtergen.New(1, &filtergen.Options{Now: now, Topics: filtergen.Topics()}).Visitors(1000)
	for i := range visitors {
		if i%3 > 0 {
			visitors[i].Consents, visitors[i].Health = nil, nil
		}
	}
	for _, where := range []string{`can:email/newsletter`, `can:email/offers`, `can:whatsapp/offers`, `consent:email/newsletter=denied`} {
		b.Run(where, func(b *testing.B) {
			bound, err := filter.Bind(parse(b, where), topics())
			require.NoError(b, err)
			b.ReportAllocs()
			for b.Loop() {
				for i := range visitors {
					bound.Match(&visitors[i])
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(visitors)), "ns/visitor")
		})
	}
}

func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := filter.Parse(question); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseAndBind(b *testing.B) {
	env := env()
	b.ReportAllocs()
	for b.Loop() {
		e, err := filter.Parse(question)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := filter.Bind(e, env); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkUnmarshal(b *testing.B) {
	e, err := filter.Parse(question)
	require.NoError(b, err)
	form, err := filter.Marshal(e)
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := filter.Unmarshal(form); err != nil {
			b.Fatal(err)
		}
	}
}
