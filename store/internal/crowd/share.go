package crowd

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor"
)

// Share creates visitors with an identity from many goroutines; each call waits until its
// visitor is durable. It reports the speed relative to one goroutine, where every call has a
// transaction of its own. open returns an empty store, which Share closes.
func Share(b *testing.B, open func(*testing.B) driver.Store, goroutines ...int) {
	const n = 4_000
	for _, many := range goroutines {
		b.Run(fmt.Sprint("goroutines=", many), func(b *testing.B) {
			var ratios, rates []float64
			for range b.N {
				alone := createRate(b, open(b), 1, n/4)
				rates = append(rates, createRate(b, open(b), many, n))
				ratios = append(ratios, rates[len(rates)-1]/alone)
			}
			slices.Sort(ratios)
			slices.Sort(rates)
			b.ReportMetric(ratios[len(ratios)/2], "x-one-each")
			b.ReportMetric(rates[len(rates)/2], "creates/s")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// createRate returns how many visitors per second are created in a store, which it closes.
func createRate(b *testing.B, st driver.Store, goroutines, n int) float64 {
	ws, err := store.Open(st, "acme", nil)
	if err != nil {
		b.Fatal(err)
	}
	rate := PerSecond(b, goroutines, n, func(i int64) error {
		_, err := ws.Create(context.Background(), visitor.Draft{
			Name: fmt.Sprint("Ada Lovelace ", i), Source: visitor.Telegram,
			Identities: []visitor.Identity{{Source: visitor.Telegram, ExternalID: fmt.Sprint(i)}},
		})
		return err
	})
	if err := st.Close(); err != nil {
		b.Error(err)
	}
	return rate
}

// PerSecond calls do n times from many goroutines, with the numbers 1 to n, and returns the
// calls per second.
func PerSecond(b *testing.B, goroutines, n int, do func(i int64) error) float64 {
	var next atomic.Int64
	var all sync.WaitGroup
	start := time.Now()
	for range goroutines {
		all.Go(func() {
			for i := next.Add(1); i <= int64(n); i = next.Add(1) {
				if err := do(i); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	return float64(n) / time.Since(start).Seconds()
}
