package faulty

import (
	"context"
	"database/sql/driver"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
)

// conn is a connection. It supports the optional interfaces of driver.Conn that the wrapped
// connection supports.
type conn struct {
	inner  driver.Conn
	ledger *ledger

	dead   atomic.Bool
	ending sync.Once

	begun atomic.Bool // in a transaction
	live  []open      // in the order in which it was opened
}

// open is a statement or result that is open on a connection.
type open struct {
	what closer
	of   func(*Count) *int
}

// closer is a statement or rows of the wrapped connection.
type closer interface{ Close() error }

var (
	_ driver.ConnPrepareContext = (*conn)(nil)
	_ driver.ConnBeginTx        = (*conn)(nil)
	_ driver.ExecerContext      = (*conn)(nil)
	_ driver.QueryerContext     = (*conn)(nil)
	_ driver.NamedValueChecker  = (*conn)(nil)
	_ driver.SessionResetter    = (*conn)(nil)
	_ driver.Validator          = (*conn)(nil)
	_ driver.Pinger             = (*conn)(nil)
)

// die closes the wrapped connection and everything open on it while they are in use.
func (c *conn) die() {
	c.dead.Store(true)
	if c.inner == nil {
		return
	}
	for len(c.live) > 0 {
		c.release(c.live[len(c.live)-1].what)
	}
	c.shut()
}

func (c *conn) track(what closer, of func(*Count) *int) {
	c.live = append(c.live, open{what, of})
	c.ledger.count(of, 1)
}

// release closes something that track recorded. No lock is needed: database/sql uses a
// connection from one goroutine at a time.
func (c *conn) release(what closer) error {
	i := slices.IndexFunc(c.live, func(o open) bool { return o.what == what })
	if i < 0 {
		return nil
	}
	c.ledger.count(c.live[i].of, -1)
	c.live = slices.Delete(c.live, i, i+1)
	return what.Close()
}

func (c *conn) shut() (err error) {
	c.ending.Do(func() {
		c.end()
		err = c.inner.Close()
	})
	return err
}

func (c *conn) Close() error {
	c.ledger.count(connections, -1)
	return c.shut()
}

func (c *conn) begin() {
	if c.begun.CompareAndSwap(false, true) {
		c.ledger.count(transactions, 1)
	}
}

func (c *conn) end() {
	if c.begun.CompareAndSwap(true, false) {
		c.ledger.count(transactions, -1)
	}
}

// note updates the count of transactions after a call.
func (c *conn) note(op Op, err error) {
	switch {
	case err != nil:
	case op == Begin:
		c.begin()
	case op == Commit, op == Rollback:
		c.end()
	}
}

func (c *conn) Prepare(query string) (driver.Stmt, error) {
	return c.PrepareContext(context.Background(), query)
}

func (c *conn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	return run(c, Call{Prepare, query}, func() (driver.Stmt, error) {
		var inner driver.Stmt
		var err error
		if p, ok := c.inner.(driver.ConnPrepareContext); ok {
			inner, err = p.PrepareContext(ctx, query)
		} else {
			inner, err = c.inner.Prepare(query)
		}
		if err != nil {
			return nil, err
		}
		c.track(inner, statements)
		return &stmt{inner: inner, conn: c, text: query}, nil
	})
}

func (c *conn) Begin() (driver.Tx, error) {
	return nil, errors.New("faulty: begin without context")
}

func (c *conn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	return run(c, Call{Op: Begin}, func() (driver.Tx, error) {
		b, ok := c.inner.(driver.ConnBeginTx)
		if !ok {
			return nil, errors.New("faulty: the driver has no BeginTx")
		}
		inner, err := b.BeginTx(ctx, o)
		if err != nil {
			return nil, err
		}
		c.begin()
		return tx{inner, c}, nil
	})
}

func (c *conn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	e, ok := c.inner.(driver.ExecerContext)
	if !ok {
		return nil, driver.ErrSkip
	}
	op := opOf(query, Exec)
	return run(c, Call{op, query}, func() (driver.Result, error) {
		result, err := e.ExecContext(ctx, query, args)
		c.note(op, err)
		return result, err
	})
}

func (c *conn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	q, ok := c.inner.(driver.QueryerContext)
	if !ok {
		return nil, driver.ErrSkip
	}
	return run(c, Call{Query, query}, func() (driver.Rows, error) {
		inner, err := q.QueryContext(ctx, query, args)
		return c.watch(query, inner, err)
	})
}

func (c *conn) CheckNamedValue(v *driver.NamedValue) error {
	if n, ok := c.inner.(driver.NamedValueChecker); ok {
		return n.CheckNamedValue(v)
	}
	return driver.ErrSkip
}

func (c *conn) ResetSession(ctx context.Context) error {
	if c.dead.Load() {
		return driver.ErrBadConn
	}
	if r, ok := c.inner.(driver.SessionResetter); ok {
		return r.ResetSession(ctx)
	}
	return nil
}

func (c *conn) IsValid() bool {
	if c.dead.Load() {
		return false
	}
	v, ok := c.inner.(driver.Validator)
	return !ok || v.IsValid()
}

func (c *conn) Ping(ctx context.Context) error {
	if c.dead.Load() {
		return driver.ErrBadConn
	}
	if p, ok := c.inner.(driver.Pinger); ok {
		return p.Ping(ctx)
	}
	return nil
}

// tx is a transaction begun by database/sql.
type tx struct {
	inner driver.Tx
	conn  *conn
}

func (t tx) Commit() error   { return t.finish(Commit, t.inner.Commit) }
func (t tx) Rollback() error { return t.finish(Rollback, t.inner.Rollback) }

func (t tx) finish(op Op, do func() error) error {
	_, err := run(t.conn, Call{Op: op}, func() (struct{}, error) {
		err := do()
		t.conn.note(op, err)
		return struct{}{}, err
	})
	return err
}
