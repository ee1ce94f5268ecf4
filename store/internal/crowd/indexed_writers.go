package crowd

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/visitor"
)

// writers measures how many visitors 64 goroutines create in a second: with the index, also
// beside ten counts of a segment a second, and the same without index. It reports medians, and
// each as a percentage of what the same writers reach alone and of what they reach without
// index. It changes the database.
func (d *Indexed) writers(b *testing.B) {
	const goroutines, n = 64, 12_000
	round := 0
	// rate returns the visitors created in a second, and the milliseconds of each count.
	rate := func(index, beside bool) (created float64, counts []float64) {
		st := d.Open(b, index)
		defer st.Close()
		counted := count("segment", d, b, segment)
		if index {
			d.Wait(b, st, true)
		}
		must(b, counted.do(st))
		acme, err := store.Open(st, string(ws), nil)
		must(b, err)
		ctx, stop := context.WithCancel(context.Background())
		var counter sync.WaitGroup
		if beside {
			counter.Go(func() {
				for tick := time.NewTicker(100 * time.Millisecond); ; {
					select {
					case <-ctx.Done():
						tick.Stop()
						return
					case <-tick.C:
					}
					start := time.Now()
					if err := counted.do(st); err != nil {
						b.Error(err)
					}
					counts = append(counts, milliseconds(start))
				}
			})
		}
		round++
		created = PerSecond(b, goroutines, n, func(i int64) error {
			_, err := acme.Create(ctx, visitor.Draft{
				Name: fmt.Sprint("Ada Lovelace ", i), Source: visitor.Chat, Tags: []string{"tag 001"},
				Identities: []visitor.Identity{{Source: visitor.Chat, Account: fmt.Sprint("round-", round), ExternalID: fmt.Sprint(i)}},
			})
			return err
		})
		stop()
		counter.Wait()
		return created, counts
	}
	var sql, sqlBeside, alone, beside, counts []float64
	for b.Loop() {
		for _, m := range []struct {
			index, beside bool
			into          *[]float64
		}{{false, false, &sql}, {true, false, &alone}, {false, true, &sqlBeside}, {true, true, &beside}} {
			created, took := rate(m.index, m.beside)
			*m.into = append(*m.into, created)
			if m.index {
				counts = append(counts, took...)
			}
		}
	}
	report(b, map[string]float64{
		"creates/s": median(alone), "creates/s-sql": median(sql), "%-of-sql": 100 * median(alone) / median(sql),
		"%-beside-counts": 100 * median(beside) / median(alone), "%-beside-counts-sql": 100 * median(sqlBeside) / median(sql),
		"count-ms": median(counts),
	})
}
