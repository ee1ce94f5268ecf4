package postgres_test

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store/internal/crowd"
	"github.com/contactpipeline/visitors/store/internal/pgtest"
	"github.com/contactpipeline/visitors/visitor"
)

// BenchmarkCapture captures new contacts from 64 goroutines. It compares with handwritten code
// in as many goroutines (16 connections) that uses a transaction for each contact: it looks the
// identity up, and inserts a visitor and the identity into plain tables.
func BenchmarkCapture(b *testing.B) {
	const senders, n = 64, 4_000
	dsn := pgtest.NewServer(b, "fsync=on", "full_page_writes=on")
	var ratios, rates []float64
	for i := range b.N {
		byHand := capturesByHand(b, dsn, senders, n)
		rates = append(rates, captures(b, dsn, fmt.Sprint("acme-", i), senders, n))
		ratios = append(ratios, rates[len(rates)-1]/byHand)
	}
	slices.Sort(ratios)
	slices.Sort(rates)
	b.ReportMetric(ratios[len(ratios)/2], "x-by-hand")
	b.ReportMetric(rates[len(rates)/2], "captures/s")
}

func captures(b *testing.B, dsn, name string, senders, n int) float64 {
	ws := workspace(b, openAt(b, dsn, nil), name)
	return crowd.PerSecond(b, senders, n, func(i int64) error {
		_, err := ws.Capture(context.Background(), visitor.Contact{
			Source: visitor.Telegram, ExternalID: fmt.Sprint(i), Name: fmt.Sprint("Ada Lovelace ", i), EventID: fmt.Sprint(i),
		})
		return err
	})
}

func capturesByHand(b *testing.B, dsn string, senders, n int) float64 {
	db := database(b, dsn)
	db.SetMaxOpenConns(16)
	db.SetMaxIdleConns(16)
	run(b, dsn, "DROP TABLE IF EXISTS visitor, identity", "CREATE TABLE visitor (id uuid PRIMARY KEY, name text NOT NULL, source text NOT NULL, seen bigint NOT NULL)",
		"CREATE TABLE identity (source text NOT NULL, external_id text NOT NULL, visitor_id uuid NOT NULL, PRIMARY KEY (source, external_id))")
	return crowd.PerSecond(b, senders, n, func(i int64) error {
		tx, err := db.Begin()
		if err != nil {
			return err
		}
		defer tx.Rollback()
		var id string
		err = tx.QueryRow("SELECT visitor_id FROM identity WHERE source = $1 AND external_id = $2", "telegram", fmt.Sprint(i)).Scan(&id)
		require.ErrorIs(b, err, sql.ErrNoRows)
		id = uuid.Must(uuid.NewV7()).String()
		_, err = tx.Exec("INSERT INTO visitor (id, name, source, seen) VALUES ($1, $2, $3, $4)", id, fmt.Sprint("Ada Lovelace ", i), "telegram", time.Now().UnixMicro())
		if err != nil {
			return err
		}
		if _, err = tx.Exec("INSERT INTO identity (source, external_id, visitor_id) VALUES ($1, $2, $3)", "telegram", fmt.Sprint(i), id); err != nil {
			return err
		}
		return tx.Commit()
	})
}
