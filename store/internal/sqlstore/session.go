package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
)

// maxStatements is how many statements a session keeps prepared.
const maxStatements = 200

// session is a connection, or a host's transaction, with its prepared statements. It is
// used by one goroutine at a time.
type session struct {
	conn   Conn
	end    func() error
	guard  Guard // of a host's connection
	nested bool  // inside a host's transaction
	broken bool  // not to be used again
	stale  bool  // broken, and nothing was done on it that may not be done again

	statements map[string]*sql.Stmt
}

// close gives the connection back, or away when it is broken: it may have a transaction
// open that could not be ended.
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

// failed notes an error that leaves the connection of no use.
func (s *session) failed(err error) error {
	if errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) {
		s.broken = true
	}
	if err != nil && s.nested && over(s.conn) {
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

// write runs f in a transaction that is committed if f returns nil, else undone. In a
// host's transaction it is a savepoint.
func (s *session) write(ctx context.Context, d Dialect, f func() error) (err error) {
	if s.guard != nil {
		restore, err := s.guard(ctx, s.conn)
		if err != nil {
			s.failed(err)
			s.stale = s.broken && !s.nested
			return err
		}
		defer restore()
	}
	if s.nested {
		return s.writeInside(ctx, f)
	}
	if err := s.begin(ctx, d, d.BeginWrite()); err != nil {
		return err
	}
	// From here on the transaction is ended, whatever becomes of the caller.
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

// begin starts a transaction. If that fails none is open, although it may have begun.
func (s *session) begin(ctx context.Context, d Dialect, text string) error {
	err := control(ctx, s, text)
	if err != nil {
		s.reset(ctx, d)
		s.stale = s.broken
	}
	return err
}

// reset ends whatever transaction is open. A connection on which that cannot be done is
// broken.
func (s *session) reset(ctx context.Context, d Dialect) {
	ctx = context.WithoutCancel(ctx)
	if control(ctx, s, "ROLLBACK") == nil {
		return
	}
	// There may be none, since the database ends one by itself after some errors; then the
	// connection is as good as before if one can be begun and ended.
	control(ctx, s, d.BeginRead())
	if control(ctx, s, "ROLLBACK") != nil {
		s.broken = true
	}
}

// writeInside is write in a transaction that is begun already, as a savepoint. Where that
// cannot be undone the error is a *lostError.
func (s *session) writeInside(ctx context.Context, f func() error) (err error) {
	ctx = context.WithoutCancel(ctx)
	done := false
	defer func() {
		if !done && control(ctx, s, "ROLLBACK TO visitors; RELEASE visitors") != nil {
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

// lostError says that the transaction is of no use any more: after err the database has
// ended it by itself, as SQLite does where the disk is full, or the connection is gone.
type lostError struct{ err error }

func (e *lostError) Error() string { return e.err.Error() }
func (e *lostError) Unwrap() error { return e.err }
