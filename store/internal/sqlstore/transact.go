package sqlstore

import (
	"context"
	"database/sql"
	"errors"

	"github.com/contactpipeline/visitors/store/driver"
)

// Transact calls f with a transaction and an engine inside of it. If f returns nil, the
// transaction is committed, else it is rolled back and the error of f is returned as it is.
func Transact(ctx context.Context, e *Engine, f func(*sql.Tx, driver.Store) error) error {
	var refused error
	err := e.call(ctx, e.writers, func(s *session) error {
		return s.transact(ctx, e.d, func(tx *sql.Tx) error {
			inside := InTx(e.d.Dialect, tx, nil)
			defer inside.Close()
			refused = f(tx, inside)
			return refused
		})
	})
	if refused != nil {
		return refused
	}
	return err
}

// transact runs f in a transaction of database/sql. It begins with the statement of write, which
// replaces that of the driver.
func (s *session) transact(ctx context.Context, d Dialect, f func(*sql.Tx) error) error {
	conn, ok := s.conn.(*sql.Conn)
	if !ok {
		return errors.New("a transaction cannot begin inside another one")
	}
	if s.guard != nil {
		restore, err := s.guard(ctx, s.conn)
		if err != nil {
			s.failed(err)
			s.stale = s.broken
			return err
		}
		defer restore()
	}
	// With the caller's context, database/sql would roll back while f runs.
	tx, err := conn.BeginTx(context.WithoutCancel(ctx), nil)
	if err != nil {
		s.failed(err)
		s.stale = s.broken
		return err
	}
	done := false
	defer func() {
		if !done {
			tx.Rollback()
			s.reset(ctx, d) // the database can have ended the transaction, and the driver does not know
		}
	}()
	for _, text := range []string{"ROLLBACK", d.BeginWrite()} {
		// Not by s.conn, which would wait for the end of tx if the connection is lost.
		if _, err := tx.ExecContext(ctx, text); err != nil {
			s.failed(err)
			s.stale = s.broken
			return err
		}
	}
	if err := f(tx); err != nil {
		return err
	}
	if err := s.failed(tx.Commit()); err != nil {
		return err
	}
	done = true
	return nil
}
