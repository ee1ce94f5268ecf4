package sqlstore

import (
	"context"
	"database/sql"
	"errors"
)

// Pool holds sessions; a call has one for itself.
type Pool struct {
	open  func(context.Context) (*session, error)
	slots chan *session // open sessions, nil for those to open; a nil channel if none is kept open
}

// Guard prepares a host's connection for a write transaction. undo restores its settings.
type Guard func(context.Context, Conn) (undo func(), err error)

// Keep returns a pool of up to n connections that stay open; ready is called once for each.
// Only the engine uses them, so their statements stay prepared.
func Keep(db *sql.DB, n int, ready func(context.Context, Conn) error) *Pool {
	p := Borrow(db, nil)
	open := p.open
	p.open = func(ctx context.Context) (*session, error) {
		s, err := open(ctx)
		if err != nil {
			return nil, err
		}
		if err := ready(ctx, s.conn); err != nil {
			s.close()
			return nil, err
		}
		return s, nil
	}
	p.slots = make(chan *session, n)
	for range n {
		p.slots <- nil
	}
	return p
}

// Borrow returns a pool that takes a connection from the host's db for each call.
func Borrow(db *sql.DB, guard Guard) *Pool {
	return &Pool{open: func(ctx context.Context) (*session, error) {
		conn, err := db.Conn(ctx)
		if err != nil {
			return nil, err
		}
		return &session{conn: conn, end: conn.Close, guard: guard, durable: true}, nil
	}}
}

// within returns a pool of one session, which works inside a transaction.
func within(s *session) *Pool {
	p := &Pool{slots: make(chan *session, 1)}
	s.nested, s.end = true, func() error { return nil }
	p.slots <- s
	return p
}

func (p *Pool) take(ctx context.Context) (*session, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if p.slots == nil {
		return p.open(ctx)
	}
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case s := <-p.slots:
		if s != nil && s.nested && s.broken {
			p.slots <- s
			return nil, sql.ErrTxDone
		}
		if s != nil {
			return s, nil
		}
	}
	s, err := p.open(ctx)
	if err != nil {
		p.slots <- nil
	}
	return s, err
}

// renew opens a session in place of one that is stale.
func (p *Pool) renew(ctx context.Context, s *session) (*session, error) {
	s.close()
	fresh, err := p.open(ctx)
	if err != nil && p.slots != nil {
		p.slots <- nil
	}
	return fresh, err
}

func (p *Pool) give(s *session) {
	switch {
	case p.slots == nil:
		s.close()
	case s.broken && !s.nested:
		s.close()
		p.slots <- nil
	default:
		p.slots <- s
	}
}

// close closes the open sessions. No call has one any more.
func (p *Pool) close() error {
	var errs error
	for range cap(p.slots) {
		if s := <-p.slots; s != nil {
			errs = errors.Join(errs, s.close())
		}
		p.slots <- nil
	}
	return errs
}
