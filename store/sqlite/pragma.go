package sqlite

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/mattn/go-sqlite3"

	"github.com/contactpipeline/visitors/store/internal/sqlstore"
)

// checkpointPages is how long the write-ahead log grows, 16 MiB, until it is written back. By
// SQLite's own 4 MiB that would be after every few shared commits, and cost a fifth.
const checkpointPages = "4000"

// readyWriter readies the connection that writes. Sorting stays in memory, since
// temporary files would hold personal data.
func (o Options) readyWriter(path string) func(context.Context, sqlstore.Conn) error {
	synchronous := "FULL"
	if o.Relaxed {
		synchronous = "NORMAL"
	}
	return func(ctx context.Context, c sqlstore.Conn) error {
		if err := o.ready(ctx, c); err != nil {
			return err
		}
		if path != ":memory:" {
			if err := o.enterWAL(ctx, c); err != nil {
				return err
			}
		}
		_, err := c.ExecContext(ctx, "PRAGMA synchronous = "+synchronous+"; PRAGMA secure_delete = ON; PRAGMA wal_autocheckpoint = "+checkpointPages)
		return err
	}
}

func (o Options) readyReader(ctx context.Context, c sqlstore.Conn) error {
	if err := o.ready(ctx, c); err != nil {
		return err
	}
	_, err := c.ExecContext(ctx, "PRAGMA query_only = ON")
	return err
}

func (o Options) ready(ctx context.Context, c sqlstore.Conn) error {
	_, err := c.ExecContext(ctx, fmt.Sprintf("PRAGMA busy_timeout = %d; PRAGMA foreign_keys = ON; PRAGMA cell_size_check = ON;"+
		" PRAGMA temp_store = MEMORY; PRAGMA cache_size = -32768", o.BusyTimeout.Milliseconds()))
	return err
}

// enterWAL tries again while another connection does the same, for which SQLite does
// not wait by itself.
func (o Options) enterWAL(ctx context.Context, c sqlstore.Conn) error {
	const pause = 10 * time.Millisecond
	for waited := time.Duration(0); ; waited += pause {
		_, err := c.ExecContext(ctx, "PRAGMA journal_mode = WAL")
		var e sqlite3.Error
		if !errors.As(err, &e) || e.Code != sqlite3.ErrBusy || waited >= o.BusyTimeout {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

// unguarded is for connections that are ready for good.
func unguarded(context.Context, sqlstore.Conn) (func(), error) { return func() {}, nil }

// secureDelete makes a host's connection overwrite what it deletes, until undone.
func secureDelete(ctx context.Context, c sqlstore.Conn) (func(), error) {
	before, err := pragma(ctx, c, "PRAGMA secure_delete")
	if err != nil || before == 1 {
		return func() {}, err
	}
	if _, err := pragma(ctx, c, "PRAGMA secure_delete = ON"); err != nil {
		return nil, err
	}
	setting := [...]string{"OFF", "ON", "FAST"}[before]
	return func() { pragma(context.WithoutCancel(ctx), c, "PRAGMA secure_delete = "+setting) }, nil
}

func pragma(ctx context.Context, c sqlstore.Conn, text string) (value int, err error) {
	rows, err := c.QueryContext(ctx, text)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(&value); err != nil {
			return 0, err
		}
	}
	return value, rows.Err()
}
