package sqlite

import (
	"context"
	"database/sql"
)

// OpenOn is Open on connections of db, so that tests can make them fail.
func OpenOn(ctx context.Context, db *sql.DB, o *Options) (*Store, error) {
	return openOn(ctx, db, "a file", defaults(o))
}
