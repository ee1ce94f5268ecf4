package store

import (
	"context"
	"database/sql"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor"
)

// CaptureInTx captures contacts like CaptureAll, and calls then in the same transaction, so
// that the application can store what belongs to them, such as messages, in tables of its own
// in the same database: all is committed, or nothing. If then returns an error or panics, the
// transaction is rolled back; CaptureInTx returns the error, wrapped.
//
// After a deadlock or a serialization failure, everything is done again and then is called
// again, with the results of the new transaction: what it does outside of tx can happen twice.
//
// then must not commit or roll back tx, and must not write through w or its store, which would
// wait for tx; the InTx methods of sqlite.Store and postgres.Store return a store that writes in
// tx. Other writers wait while it runs, on SQLite those to the database and on PostgreSQL those
// to the workspace, so it should be quick.
//
// On a store that is not a driver.Transactor, such as memory and remote, then is called with a nil
// tx after the contacts were captured. If it returns an error, they stay captured, and
// CaptureInTx returns the results with the error.
func (w *Workspace) CaptureInTx(
	ctx context.Context, contacts []visitor.Contact, then func(tx *sql.Tx, results []Captured) error,
) (results []Captured, err error) {
	transactor, ok := w.store.(driver.Transactor)
	if !ok {
		if results, err = w.captureAll(ctx, contacts); err == nil {
			err = then(nil, results)
		}
		return results, fail(captureAll, err)
	}
	err = transactor.Transact(ctx, func(tx *sql.Tx, st driver.Store) error {
		inside := *w
		inside.store = st
		if results, err = inside.captureAll(ctx, contacts); err != nil {
			return err
		}
		return then(tx, results)
	})
	if err != nil {
		return nil, fail(captureAll, err)
	}
	return results, nil
}
