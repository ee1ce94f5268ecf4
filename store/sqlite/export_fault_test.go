package sqlite

import (
	"context"
	"database/sql"
	"time"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/internal/sqlstore"
)

// OpenOn is Open with connections of db, which tests can make fail.
func OpenOn(ctx context.Context, db *sql.DB, o *Options) (*Store, error) {
	return openOn(ctx, db, "a file", defaults(o))
}

// OpenIndexed is OpenOn with an index in every workspace, which is caught up by calls only.
func OpenIndexed(ctx context.Context, db *sql.DB, o Options) (*Store, error) {
	o.Index = driver.IndexOptions{MinVisitors: 1}
	st, err := OpenOn(ctx, db, &o)
	if err == nil {
		sqlstore.CatchUpEvery(st.engine, time.Hour)
	}
	return st, err
}

// Bare returns the engine on a database without tables.
func Bare(db *sql.DB) *sqlstore.Engine {
	conns := sqlstore.Borrow(db, nil)
	return sqlstore.New(dialect{}, conns, conns, driver.IndexOptions{Off: true}, func() error { return nil })
}
