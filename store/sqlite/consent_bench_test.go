package sqlite_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/internal/crowd"
	"github.com/contactpipeline/visitors/store/sqlite"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

// BenchmarkConsent compares what consents cost: pages of visitors with a consent each and without,
// counts with a condition on consent and without, recording and capturing. Every visitor has an
// e-mail address; the older half agreed to a topic, one in ten of these until a later time.
func BenchmarkConsent(b *testing.B) {
	crowd.Sizes(b, func(b *testing.B, size int) {
		st, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "visitors.db"), &sqlite.Options{Index: benchIndex(true)})
		require.NoError(b, err)
		defer st.Close()
		ws, err := store.Open(st, "acme", nil)
		require.NoError(b, err)
		_, err = ws.PutTopic(b.Context(), consent.Topic{Key: "news"})
		require.NoError(b, err)
		start := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
		_, err = ws.Load(b.Context(), func(yield func(visitor.Draft, error) bool) {
			for i := range size {
				d := visitor.Draft{
					Name: fmt.Sprint("Visitor ", i), Email: mailOf(i), Source: []visitor.Source{visitor.Chat, visitor.Instagram}[i%2],
					Tags: []string{fmt.Sprint("tag ", i%7), fmt.Sprint("tag ", 10+i%3)}, CreatedAt: start.Add(time.Duration(i) * time.Second),
				}
				if !yield(d, nil) {
					return
				}
			}
		}, nil)
		require.NoError(b, err)
		for first := 0; first < size/2; first += 1_000 {
			var entries []consent.Entry
			for i := first; i < min(first+1_000, size/2); i++ {
				e := consent.Entry{
					Subject: consent.Subject{Channel: consent.Email, Address: mailOf(i)}, Topic: "news", State: consent.Granted, Origin: consent.Person,
					Evidence: consent.Evidence{Kind: consent.ByForm, Wording: "Send me news"},
				}
				if i%10 == 0 {
					e.Expires = time.Now().Add(time.Duration(1+i) * time.Hour)
				}
				entries = append(entries, e)
			}
			_, err := ws.RecordConsent(b.Context(), entries...)
			require.NoError(b, err)
		}
		page := func(order store.Order) func() {
			return func() {
				found, err := ws.Find(b.Context(), store.Query{Where: filter.All(), Order: order, Limit: 50})
				require.NoError(b, err)
				require.Len(b, found.Visitors, 50)
			}
		}
		count := func(e filter.Expr) func() {
			return func() {
				_, err := ws.Count(b.Context(), e)
				require.NoError(b, err)
			}
		}
		segment := filter.And(filter.Source.In(visitor.Chat), filter.Tag.HasAny("tag 1", "tag 2"), filter.Not(filter.Tag.Has("tag 11")))
		can := filter.And(segment, filter.CanContact(consent.Email, "news"))
		for range 3 { // so that the condition is loaded
			count(can)()
			require.NoError(b, sqlite.AwaitIndex(b.Context(), st, "acme", true))
		}
		b.Run("page", func(b *testing.B) { crowd.Against(b, page(store.OldestFirst), page(store.NewestFirst)) })
		b.Run("count", func(b *testing.B) { crowd.Against(b, count(can), count(segment)) })
		record, capture := 0, 0
		b.Run("record", func(b *testing.B) {
			crowd.Against(b, func() {
				record++
				_, err := ws.RecordConsent(b.Context(), consent.Entry{
					Subject: consent.Subject{Channel: consent.Email, Address: mailOf(size/2 + record)}, State: consent.Denied, Origin: consent.Person,
				})
				require.NoError(b, err)
			}, func() {
				capture++
				_, err := ws.Capture(b.Context(), visitor.Contact{Source: visitor.Telegram, ExternalID: fmt.Sprint(capture), Name: "Captured", Email: fmt.Sprintf("c%d@example.com", capture)})
				require.NoError(b, err)
			})
		})
		b.Run("audience", func(b *testing.B) {
			a, err := ws.CreateAudience(b.Context(), "all", filter.All(), consent.Request{Channel: consent.Email, Topic: "news"})
			require.NoError(b, err)
			for b.Loop() {
				n := int64(0)
				for _, err := range ws.Recipients(b.Context(), a.ID) {
					require.NoError(b, err)
					n++
				}
				require.Equal(b, a.Count, n)
			}
			b.ReportMetric(float64(a.Count)*float64(b.N)/b.Elapsed().Seconds(), "recipients/s")
		})
		b.Run("decide", func(b *testing.B) {
			found, err := ws.Find(b.Context(), store.Query{Where: filter.All(), Order: store.OldestFirst, Limit: 1})
			require.NoError(b, err)
			for b.Loop() {
				d, err := ws.CanContact(b.Context(), found.Visitors[0].ID, consent.Request{Channel: consent.Email, Topic: "news"})
				require.NoError(b, err)
				require.True(b, d.Allowed)
			}
		})
	})
}

func mailOf(i int) string { return fmt.Sprintf("visitor%d@example.com", i) }
