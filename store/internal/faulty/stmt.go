package faulty

import (
	"context"
	"database/sql/driver"
	"errors"
)

// stmt is a prepared statement.
type stmt struct {
	inner driver.Stmt
	conn  *conn
	text  string
}

var (
	_ driver.StmtExecContext  = (*stmt)(nil)
	_ driver.StmtQueryContext = (*stmt)(nil)
)

// errOld is returned by methods that database/sql calls only on old drivers.
var errOld = errors.New("faulty: a call without context")

func (s *stmt) NumInput() int                                    { return s.inner.NumInput() }
func (s *stmt) Exec([]driver.Value) (driver.Result, error)       { return nil, errOld }
func (s *stmt) Query([]driver.Value) (rows driver.Rows, _ error) { return nil, errOld }

func (s *stmt) Close() error { return s.conn.release(s.inner) }

func (s *stmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	op := opOf(s.text, Exec)
	return run(s.conn, Call{op, s.text}, func() (driver.Result, error) {
		e, ok := s.inner.(driver.StmtExecContext)
		if !ok {
			return nil, errOld
		}
		result, err := e.ExecContext(ctx, args)
		s.conn.note(op, err)
		return result, err
	})
}

func (s *stmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	return run(s.conn, Call{Query, s.text}, func() (driver.Rows, error) {
		q, ok := s.inner.(driver.StmtQueryContext)
		if !ok {
			return nil, errOld
		}
		inner, err := q.QueryContext(ctx, args)
		return s.conn.watch(s.text, inner, err)
	})
}

// rows are the rows of a query.
type rows struct {
	inner driver.Rows
	conn  *conn
	text  string
}

// watch wraps the result of a query.
func (c *conn) watch(text string, inner driver.Rows, err error) (driver.Rows, error) {
	if err != nil {
		return nil, err
	}
	c.track(inner, openRows)
	return &rows{inner: inner, conn: c, text: text}, nil
}

func (r *rows) Columns() []string { return r.inner.Columns() }

func (r *rows) Next(into []driver.Value) error {
	_, err := run(r.conn, Call{Next, r.text}, func() (struct{}, error) {
		return struct{}{}, r.inner.Next(into)
	})
	return err
}

func (r *rows) Close() error { return r.conn.release(r.inner) }
