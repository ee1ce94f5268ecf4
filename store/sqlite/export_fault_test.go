package sqlite

import (
	"context"
	"database/sql"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/internal/sqlstore"
)

// OpenOn is Open with connections of db, which tests can make fail.
func OpenOn(ctx context.Context, db *sql.DB, o *Options) (*Store, error) {
	return openOn(ctx, db, "a file", defaults(o))
}

// Bare returns the engine on a database without tables.
func Bare(db *sql.DB) *sqlstore.Engine {
	conns := sqlstore.Borrow(db, nil)
	return sqlstore.New(dialect{}, conns, conns, driver.IndexOptions{Off: true}, func() error { return nil })
}
