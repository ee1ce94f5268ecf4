package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// ErrNoCitus is matched when the database does not have the extension citus.
var ErrNoCitus = errors.New("extension citus is not in this database")

// Distribute spreads the tables over the nodes of a Citus cluster, by workspace: each
// workspace lies on one node, whole. The tables are there already, made by Open or New with
// the same Options.Schema; rows in them are moved. It is called once, on the coordinator,
// before there is much in the tables, and again after a release that adds some; tables that are
// distributed stay as they are. All happens
// or, with an error, nothing. The error matches ErrNoCitus without the extension.
func Distribute(ctx context.Context, db *sql.DB, o *Options) error {
	schema, err := survey(ctx, db, defaults(o).Schema)
	if err == nil {
		err = distribute(ctx, db, newDialect(schema))
	}
	if err != nil {
		return fmt.Errorf("distribute tables: %w", dialect{}.Error(err))
	}
	return nil
}

func distribute(ctx context.Context, db *sql.DB, d dialect) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	var there bool
	err = tx.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_extension WHERE extname = 'citus')").Scan(&there)
	if err != nil {
		return err
	}
	if !there {
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
