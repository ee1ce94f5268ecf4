package webhook_test

import (
	"database/sql"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/memory"
	"github.com/contactpipeline/visitors/store/sqlite"
	"github.com/contactpipeline/visitors/store/webhook"
	"github.com/contactpipeline/visitors/visitor/intake"
	"github.com/contactpipeline/visitors/visitor/intake/intaketest"
)

// BenchmarkSenders posts messages to a handler on SQLite (synchronous=FULL) from 64 senders,
// half of the messages from people who have written before, and says how many times more
// it captures a second than one transaction for each: by hand, in plain SQL on
// tables of their own, and through the same handler from one sender.
func BenchmarkSenders(b *testing.B) {
	const n = 4_000
	var rates, byHand, alone []float64
	for range b.N {
		rates = append(rates, handled(b, 64, n, nil))
		alone = append(alone, rates[len(rates)-1]/handled(b, 1, n/4, nil))
		byHand = append(byHand, rates[len(rates)-1]/transacted(b, n/4))
	}
	b.ReportMetric(median(rates), "captures/s")
	b.ReportMetric(median(byHand), "x-by-hand")
	b.ReportMetric(median(alone), "x-one-sender")
}

func median(of []float64) float64 {
	slices.Sort(of)
	return of[len(of)/2]
}

// BenchmarkInbound is BenchmarkSenders with Options.Inbound, which keeps each message in a table
// of the host, and says how many times fewer it captures a second than without, from 64
// senders and from one.
func BenchmarkInbound(b *testing.B) {
	const n = 2_000
	o := &webhook.Options{Inbound: keepMessages}
	var rates, shared, alone []float64
	for range b.N {
		rates = append(rates, handled(b, 64, n, o))
		shared = append(shared, handled(b, 64, 2*n, nil)/rates[len(rates)-1])
		alone = append(alone, handled(b, 1, n/2, nil)/handled(b, 1, n/2, o))
	}
	b.ReportMetric(median(rates), "captures/s")
	b.ReportMetric(median(shared), "x-fewer")
	b.ReportMetric(median(alone), "x-fewer-one-sender")
}

// handled returns how many messages a second a handler captures.
func handled(b *testing.B, senders, n int, o *webhook.Options) float64 {
	st, _ := withMessages(b)
	ws, err := store.Open(st, "acme", nil)
	require.NoError(b, err)
	h := webhook.New(ws, telegram, o)
	var next atomic.Int64
	var all sync.WaitGroup
	start := time.Now()
	for range senders {
		all.Go(func() {
			for i := next.Add(1); i <= int64(n); i = next.Add(1) {
				if w := post(h, json, update(fmt.Sprint(i), fmt.Sprint(1_000+i/2), "Ada"), secretToken, "secret"); w.Code != 200 {
					b.Errorf("status %d", w.Code)
				}
			}
		})
	}
	all.Wait()
	return float64(n) / time.Since(start).Seconds()
}

// transacted returns how many such messages a second go into an SQLite database that is
// written by hand: a transaction each looks for the event and for the person, adds both where they are
// not there, else moves the time of the last message.
func transacted(b *testing.B, n int) float64 {
	db, err := sql.Open("sqlite3", "file:"+filepath.Join(b.TempDir(), "hand.db")+"?_journal_mode=WAL&_synchronous=FULL&_txlock=immediate")
	require.NoError(b, err)
	defer func() { require.NoError(b, db.Close()) }()
	db.SetMaxOpenConns(1)
	_, err = db.Exec(`CREATE TABLE people (id INTEGER PRIMARY KEY, channel TEXT NOT NULL, external TEXT NOT NULL, name TEXT NOT NULL, seen INTEGER NOT NULL, UNIQUE (channel, external));
		CREATE TABLE events (id TEXT PRIMARY KEY) WITHOUT ROWID`)
	require.NoError(b, err)
	capture := func(event, external string) error {
		tx, err := db.Begin()
		if err != nil {
			return err
		}
		defer func() { _ = tx.Rollback() }()
		if _, err := tx.Exec(`INSERT INTO events (id) VALUES (?) ON CONFLICT DO NOTHING`, event); err != nil {
			return err
		}
		if _, err := tx.Exec(`INSERT INTO people (channel, external, name, seen) VALUES ('telegram', ?, 'Ada', 1) ON CONFLICT (channel, external) DO UPDATE SET seen = excluded.seen`, external); err != nil {
			return err
		}
		return tx.Commit()
	}
	start := time.Now()
	for i := range n {
		require.NoError(b, capture(fmt.Sprint(i), fmt.Sprint(1_000+i/2)))
	}
	return float64(n) / time.Since(start).Seconds()
}

// BenchmarkThousandEvents captures deliveries of a thousand events, as large as Meta sends
// them, people and noise.
func BenchmarkThousandEvents(b *testing.B) {
	for _, engine := range []string{"memory", "sqlite"} {
		b.Run(engine, func(b *testing.B) {
			var st store.Store = memory.New()
			if engine == "sqlite" {
				var err error
				st, err = sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "visitors.db"), nil)
				require.NoError(b, err)
			}
			defer func() { require.NoError(b, st.Close()) }()
			r := rand.New(rand.NewPCG(1, 1))
			n := 0
			for b.Loop() {
				b.StopTimer()
				ws := opened(b, st, fmt.Sprint("w", n))
				body := thousand(b, r, "whatsapp")
				channel, header, value := intaketest.Sign(intake.WhatsApp{}, body)
				h := webhook.New(ws, channel, &webhook.Options{Timeout: time.Minute})
				n++
				b.StartTimer()
				require.Equal(b, 200, post(h, json, body, header, value).Code)
			}
		})
	}
}
