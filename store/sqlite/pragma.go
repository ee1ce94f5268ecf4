package sqlite

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/contactpipeline/visitors/store/internal/sqlstore"
)

// checkpointPages is the length of the write-ahead log, 16 MiB, after which it is moved into
// the database. SQLite's default of 4 MiB would do so after every few shared commits, and make
// writes a fifth slower.
const checkpointPages = "4000"

// readyWriter sets up the connection that writes. Sorting stays in memory, as temporary files
// would contain personal data.
func (o Options) readyWriter(ctx context.Context, c sqlstore.Conn) error {
	synchronous := "FULL"
	if o.RelaxedDurability {
		synchronous = "NORMAL"
	}
	if err := o.ready(ctx, c); err != nil {
		return err
	}
	if err := o.enterWAL(ctx, c); err != nil {
		return err
	}
	_, err := c.ExecContext(ctx, "PRAGMA synchronous = "+synchronous+"; PRAGMA secure_delete = ON; PRAGMA wal_autocheckpoint = "+checkpointPages)
	return err
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

// enterWAL puts the database into WAL mode permanently. It retries while another connection
// does the same, as SQLite's busy timeout does not cover that. A database in memory has no WAL
// mode.
func (o Options) enterWAL(ctx context.Context, c sqlstore.Conn) error {
	waiting, stop := context.WithTimeout(ctx, o.BusyTimeout)
	defer stop()
	for {
		mode, err := pragma[string](ctx, c, "PRAGMA journal_mode = WAL")
		code, _, _, _ := driverError(err)
		switch {
		case err == nil && mode != "wal" && mode != "memory":
			return fmt.Errorf("database cannot be put into WAL mode: its journal mode stays %s", mode)
		case code != codeBusy:
			return err
		}
		select {
		case <-waiting.Done():
			return cmp.Or(ctx.Err(), err)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// unguarded is the guard of connections whose settings are permanent.
func unguarded(context.Context, sqlstore.Conn) (func(), error) { return func() {}, nil }

// secureDelete makes an application's connection overwrite deleted data, until undo.
func secureDelete(ctx context.Context, c sqlstore.Conn) (undo func(), err error) {
	return hold(ctx, c, "secure_delete", []string{"OFF", "ON", "FAST"}, 1)
}

// secureAndFull is secureDelete, and also makes the connection sync each commit to disk.
func secureAndFull(ctx context.Context, c sqlstore.Conn) (undo func(), err error) {
	undoDelete, err := secureDelete(ctx, c)
	if err != nil {
		return nil, err
	}
	undoFull, err := hold(ctx, c, "synchronous", []string{"OFF", "NORMAL", "FULL", "EXTRA"}, 2, 3)
	if err != nil {
		undoDelete()
		return nil, err
	}
	return func() { undoFull(); undoDelete() }, nil
}

// hold sets a setting of an application's connection to the first of the values in enough,
// unless it has one of them, until undo.
func hold(ctx context.Context, c sqlstore.Conn, name string, values []string, enough ...int) (undo func(), err error) {
	before, err := pragma[int](ctx, c, "PRAGMA "+name)
	if err != nil || slices.Contains(enough, before) {
		return func() {}, err
	}
	if _, err := pragma[int](ctx, c, "PRAGMA "+name+" = "+values[enough[0]]); err != nil {
		return nil, err
	}
	return func() { pragma[int](context.WithoutCancel(ctx), c, "PRAGMA "+name+" = "+values[before]) }, nil
}

func pragma[T any](ctx context.Context, c sqlstore.Conn, text string) (value T, err error) {
	rows, err := c.QueryContext(ctx, text)
	if err != nil {
		return value, err
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(&value); err != nil {
			return value, err
		}
	}
	return value, rows.Err()
}
