package sqlite_test

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/internal/crowd"
	"github.com/contactpipeline/visitors/store/sqlite"
	"github.com/contactpipeline/visitors/visitor"
)

// BenchmarkCapture captures contacts, new and known ones, from many goroutines. It compares with
// handwritten code that uses a transaction for each contact: it looks the identity up and, if it
// does not exist, inserts a visitor and the identity into plain tables.
func BenchmarkCapture(b *testing.B) {
	const n = 4_000
	for _, known := range []bool{false, true} {
		people := map[bool]string{false: "new", true: "known"}[known]
		for _, senders := range []int{1, 64} {
			b.Run(fmt.Sprintf("%s/senders=%d", people, senders), func(b *testing.B) {
				var ratios, rates []float64
				for range b.N {
					byHand := capturesByHand(b, n, known)
					rates = append(rates, captures(b, senders, n, known))
					ratios = append(ratios, rates[len(rates)-1]/byHand)
				}
				slices.Sort(ratios)
				slices.Sort(rates)
				b.ReportMetric(ratios[len(ratios)/2], "x-by-hand")
				b.ReportMetric(rates[len(rates)/2], "captures/s")
			})
		}
	}
}

// captures returns the number of captures per second.
func captures(b *testing.B, senders, n int, known bool) float64 {
	ctx := context.Background()
	st, err := sqlite.Open(ctx, filepath.Join(b.TempDir(), "visitors.db"), nil)
	require.NoError(b, err)
	defer func() { require.NoError(b, st.Close()) }()
	ws, err := store.Open(st, "acme", nil)
	require.NoError(b, err)
	round := func(r int) float64 {
		return crowd.PerSecond(b, senders, n, func(i int64) error {
			_, err := ws.Capture(ctx, visitor.Contact{
				Source: visitor.Telegram, ExternalID: fmt.Sprint(i), Name: fmt.Sprint("Ada Lovelace ", i), EventID: fmt.Sprint(r, ".", i),
			})
			return err
		})
	}
	rate := round(1)
	if known {
		rate = round(2)
	}
	return rate
}

func capturesByHand(b *testing.B, n int, known bool) float64 {
	db, err := sql.Open("sqlite3", "file:"+filepath.Join(b.TempDir(), "plain.db")+"?_journal_mode=WAL&_synchronous=FULL&_txlock=immediate")
	require.NoError(b, err)
	defer db.Close()
	db.SetMaxOpenConns(1)
	_, err = db.Exec(`CREATE TABLE visitor (id BLOB PRIMARY KEY, name TEXT NOT NULL, source TEXT NOT NULL, seen INTEGER NOT NULL) WITHOUT ROWID;
		CREATE TABLE identity (source TEXT NOT NULL, external_id TEXT NOT NULL, visitor_id BLOB NOT NULL, PRIMARY KEY (source, external_id)) WITHOUT ROWID`)
	require.NoError(b, err)
	prepare := func(text string) *sql.Stmt {
		s, err := db.Prepare(text)
		require.NoError(b, err)
		return s
	}
	find := prepare("SELECT visitor_id FROM identity WHERE source = ? AND external_id = ?")
	person := prepare("INSERT INTO visitor (id, name, source, seen) VALUES (?, ?, ?, ?)")
	identity := prepare("INSERT INTO identity (source, external_id, visitor_id) VALUES (?, ?, ?)")
	seen := prepare("UPDATE visitor SET seen = ? WHERE id = ?")
	round := func() time.Duration {
		start := time.Now()
		for i := range n {
			tx, err := db.Begin()
			require.NoError(b, err)
			var id []byte
			now := time.Now().UnixMicro()
			switch err := tx.Stmt(find).QueryRow("telegram", fmt.Sprint(i)).Scan(&id); err {
			case nil:
				_, err = tx.Stmt(seen).Exec(now, id)
				require.NoError(b, err)
			default:
				require.ErrorIs(b, err, sql.ErrNoRows)
				key := uuid.Must(uuid.NewV7())
				_, err = tx.Stmt(person).Exec(key[:], fmt.Sprint("Ada Lovelace ", i), "telegram", now)
				require.NoError(b, err)
				_, err = tx.Stmt(identity).Exec("telegram", fmt.Sprint(i), key[:])
				require.NoError(b, err)
			}
			require.NoError(b, tx.Commit())
		}
		return time.Since(start)
	}
	took := round()
	if known {
		took = round()
	}
	return float64(n) / took.Seconds()
}
