package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
)

// maxStatements is the maximum of prepared statements that a session keeps.
const maxStatements = 200

// session is a connection, or a host's transaction, with its prepared statements. It is
// used by one goroutine at a time.
type session struct {
	conn    Conn
	end     func() error
	guard   Guard // of a host's connection
	nested  bool  // inside a transaction that is begun and ended elsewhere
	durable bool  // commits must be on disk; a host's transaction decides for itself
	broken  bool  // must not be used again
	stale   bool  // broken, and the call can be repeated on another session

	statements map[string]*sql.Stmt
}

// close returns the connection to database/sql. A broken one is discarded, since it may have
// an open transaction.
func (s *session) close() error {
	s.forget()
	if conn, ok := s.conn.(*sql.Conn); ok && s.broken {
		conn.Raw(func(any) error { return driver.ErrBadConn })
	}
	return s.end()
}

func (s *session) forget() {
	for _, stmt := range s.statements {
		stmt.Close()
	}
	clear(s.statements)
}

// failed returns err, and marks the session as broken if err says that.
func (s *session) failed(err error) error {
	if errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) {
		s.broken = true
	}
	if err != nil && s.nested && ended(s.conn) {
		// database/sql says only that the statement is closed.
		return sql.ErrTxDone
	}
	return err
}

// read runs f in a transaction, so that all of its statements see one state.
func (s *session) read(ctx context.Context, d Dialect, f func() error) error {
	if s.nested {
		return f()
	}
	if err := s.begin(ctx, d, d.BeginRead()); err != nil {
		return err
	}
	defer s.reset(ctx, d)
	return f()
}

// guarded prepares a host's connection for a write. The caller must call restore after it.
func (s *session) guarded(ctx context.Context) (restore func(), err error) {
	if s.guard == nil {
		return func() {}, nil
	}
	if restore, err = s.guard(ctx, s.conn); err != nil {
		s.failed(err)
		s.stale = s.broken && !s.nested
	}
	return restore, err
}

// write runs f in a transaction that is committed if f returns nil, else rolled back. In a
// host's transaction it is a savepoint.
func (s *session) write(ctx context.Context, d Dialect, f func() error) (err error) {
	restore, err := s.guarded(ctx)
	if err != nil {
		return err
	}
	defer restore()
	if s.nested {
		return s.writeInside(ctx, f)
	}
	if err := s.begin(ctx, d, d.BeginWrite()); err != nil {
		return err
	}
	// From here on the transaction is ended even if the caller's context is canceled.
	ctx = context.WithoutCancel(ctx)
	done := false
	defer func() {
		if !done {
			s.reset(ctx, d)
		}
	}()
	if err := f(); err != nil {
		return err
	}
	if err := control(ctx, s, "COMMIT"); err != nil {
		return err
	}
	done = true
	return nil
}

// transact runs f in a transaction of database/sql. It begins with the statement of write, which
// replaces that of the driver.
func (s *session) transact(ctx context.Context, d Dialect, f func(*sql.Tx) error) error {
	conn, ok := s.conn.(*sql.Conn)
	if !ok {
		return errors.New("a transaction cannot begin inside another one")
	}
	restore, err := s.guarded(ctx)
	if err != nil {
		return err
	}
	defer restore()
	// With the caller's context, database/sql would roll back while f runs.
	tx, err := conn.BeginTx(context.WithoutCancel(ctx), nil)
	if err != nil {
		s.failed(err)
		s.reset(ctx, d) // it can have begun nevertheless
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
		if err := s.failed(control(ctx, &session{conn: tx}, text)); err != nil {
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

// waitForDisk is for a transaction that may not lock a workspace: its commit must be on disk.
func (s *session) waitForDisk(ctx context.Context, d database) error {
	if d.server == nil {
		return nil
	}
	setting := ""
	err := controlRows(ctx, s, "SHOW synchronous_commit", func(r row) error { return r.Scan(&setting) })
	if err != nil {
		return err
	}
	return s.setDurable(ctx, setting)
}

// setDurable makes the commit of the transaction wait for the disk if synchronous_commit is off.
// The first statement makes Citus repeat the second one on its other servers; for PostgreSQL
// alone it has no meaning.
func (s *session) setDurable(ctx context.Context, setting string) error {
	if setting != "off" || !s.durable {
		return nil
	}
	if err := control(ctx, s, "SET LOCAL citus.propagate_set_commands = 'local'"); err != nil {
		return err
	}
	return control(ctx, s, "SET LOCAL synchronous_commit = on")
}

// begin starts a transaction. If that fails, no transaction is open.
func (s *session) begin(ctx context.Context, d Dialect, text string) error {
	err := control(ctx, s, text)
	if err != nil {
		s.reset(ctx, d)
		s.stale = s.broken
	}
	return err
}

// reset rolls back an open transaction. If it cannot, the session is broken.
func (s *session) reset(ctx context.Context, d Dialect) {
	ctx = context.WithoutCancel(ctx)
	if control(ctx, s, "ROLLBACK") == nil {
		return
	}
	// After some errors the database itself has ended the transaction. Then the connection
	// is good if a new one can begin and end.
	control(ctx, s, d.BeginRead())
	if control(ctx, s, "ROLLBACK") != nil {
		s.broken = true
	}
}

// writeInside is write in an open transaction, as a savepoint. If the savepoint cannot be
// rolled back, the error is a *lostError.
func (s *session) writeInside(ctx context.Context, f func() error) (err error) {
	ctx = context.WithoutCancel(ctx)
	done := false
	defer func() {
		if !done && (control(ctx, s, "ROLLBACK TO visitors") != nil || control(ctx, s, "RELEASE visitors") != nil) {
			s.broken = s.broken || s.nested
			err = &lostError{err}
		}
	}()
	if err := control(ctx, s, "SAVEPOINT visitors"); err != nil {
		return err
	}
	if err := f(); err != nil {
		return err
	}
	if err := control(ctx, s, "RELEASE visitors"); err != nil {
		return err
	}
	done = true
	return nil
}

// lostError says that the transaction has ended because of err: the database ended it, as
// SQLite does if the disk is full, or the connection is lost.
type lostError struct{ err error }

func (e *lostError) Error() string { return e.err.Error() }
func (e *lostError) Unwrap() error { return e.err }
