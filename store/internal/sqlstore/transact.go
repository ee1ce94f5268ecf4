package sqlstore

import (
	"context"
	"database/sql"

	"github.com/contactpipeline/visitors/store/driver"
)

// Transact calls f with a transaction and an engine inside of it. If f returns nil, the
// transaction is committed, else it is rolled back and the error of f is returned as it is.
func Transact(ctx context.Context, e *Engine, f func(*sql.Tx, driver.Store) error) error {
	var refused error
	err := e.call(ctx, e.writers, func(s *session) error {
		return s.transact(ctx, e.d, func(tx *sql.Tx) error {
			in := &session{conn: tx, durable: true}
			if err := in.waitForDisk(ctx, e.d); err != nil {
				return err
			}
			inside := e.inside(in)
			defer inside.Close()
			refused = f(tx, inside)
			return refused
		})
	})
	if refused != nil {
		return refused
	}
	if err == nil {
		e.signals.NotifyAll() // which workspaces f has written to is not known
	}
	return err
}
