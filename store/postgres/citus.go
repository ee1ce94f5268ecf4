package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/contactpipeline/visitors/store/internal/sqlstore"
)

// ErrNoCitus means that the database does not have the extension citus.
var ErrNoCitus = errors.New("extension citus is not installed in this database")

// Distribute distributes the tables over the nodes of a Citus cluster, by workspace: all rows
// of a workspace are on one node. The tables must exist, created by Open or New with the same
// Options.Schema; their rows are moved. Call it once, on the coordinator, preferably before the
// tables are large, and again after a release that adds tables; distributed tables stay
// unchanged. It is safe to run concurrently, also with Migrate. With an error, nothing is
// changed. The error matches ErrNoCitus.
func Distribute(ctx context.Context, db *sql.DB, o *Options) error {
	d, err := survey(ctx, db, defaults(o).Schema)
	if err == nil {
		err = distribute(ctx, db, d)
	}
	if err != nil {
		return fmt.Errorf("distribute tables: %w", dialect{}.Error(err))
	}
	return nil
}

func distribute(ctx context.Context, db *sql.DB, d dialect) error {
	// Each statement must see what another call has done while this one waited for the lock.
	tx, err := db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
	if err != nil {
		return err
	}
	defer tx.Rollback()
	for _, lock := range []string{d.LockSchema(), d.qualify(sqlstore.LockVersions)} {
		if _, err := tx.ExecContext(ctx, lock); err != nil {
			return err
		}
	}
	if !d.citus {
		return ErrNoCitus
	}
	beside := "none"
	for _, table := range tables {
		name := pgx.Identifier{d.schema, table}.Sanitize()
		var done bool
		err := tx.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_dist_partition WHERE logicalrelid = $1::text::regclass)", name).Scan(&done)
		if err != nil {
			return err
		}
		if !done {
			_, err := tx.ExecContext(ctx, "SELECT create_distributed_table($1::text::regclass, 'ws', colocate_with => $2)", name, beside)
			if err != nil {
				return err
			}
		}
		beside = name
	}
	return tx.Commit()
}
