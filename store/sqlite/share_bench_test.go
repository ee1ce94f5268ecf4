package sqlite_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/sqlite"
	"github.com/contactpipeline/visitors/visitor"
)

// BenchmarkShared creates visitors, each known under an identity, from many goroutines, and
// says how many times faster that is than from one, which has a transaction for each.
func BenchmarkShared(b *testing.B) {
	perSecond := func(b *testing.B, goroutines, n int) float64 {
		ctx := context.Background()
		st, err := sqlite.Open(ctx, filepath.Join(b.TempDir(), "visitors.db"), nil)
		require.NoError(b, err)
		defer func() { require.NoError(b, st.Close()) }()
		ws, err := store.Open(st, "acme", nil)
		require.NoError(b, err)
		var next atomic.Int64
		var all sync.WaitGroup
		start := time.Now()
		for range goroutines {
			all.Go(func() {
				for i := next.Add(1); i <= int64(n); i = next.Add(1) {
					_, err := ws.Create(ctx, visitor.Draft{
						Name: fmt.Sprint("Ada Lovelace ", i), Source: visitor.Telegram,
						Identities: []visitor.Identity{{Source: visitor.Telegram, ExternalID: fmt.Sprint(i)}},
					})
					if err != nil {
						b.Error(err)
						return
					}
				}
			})
		}
		all.Wait()
		return float64(n) / time.Since(start).Seconds()
	}
	const n = 4_000
	for _, goroutines := range []int{16, 64, 128} {
		b.Run(fmt.Sprint("goroutines=", goroutines), func(b *testing.B) {
			var ratios, rates []float64
			for range b.N {
				alone := perSecond(b, 1, n)
				rates = append(rates, perSecond(b, goroutines, n))
				ratios = append(ratios, rates[len(rates)-1]/alone)
			}
			slices.Sort(ratios)
			slices.Sort(rates)
			b.ReportMetric(ratios[len(ratios)/2], "x-one-each")
			b.ReportMetric(rates[len(rates)/2], "creates/s")
		})
	}
}
