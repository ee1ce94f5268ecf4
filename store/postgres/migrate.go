package postgres

import (
	"context"
	"embed"
	"fmt"
	"hash/fnv"
	"io/fs"

	"github.com/jackc/pgx/v5"

	"github.com/contactpipeline/visitors/store/internal/sqlstore"
)

//go:embed migrations/*.sql
var migrations embed.FS

// SchemaError says that the tables are not what this release works on.
type SchemaError = sqlstore.SchemaError

// Migrate brings the tables up to date, as Open and New do unless Options.NoMigrate is
// set. Two processes may do so at once. The error is a *SchemaError when the database is
// newer than this release or was made by something else.
func (s *Store) Migrate(ctx context.Context) error {
	return s.d.Error(s.migrate(ctx, false))
}

func (s *Store) migrate(ctx context.Context, only bool) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	if !only {
		if err := s.makeSchema(ctx); err != nil {
			return err
		}
	}
	alone := s.d
	alone.begin = s.d.lockMigrating()
	conns := sqlstore.Borrow(s.db, nil)
	return sqlstore.Migrate(ctx, sqlstore.New(alone, conns, conns, nil), files, only)
}

// lockMigrating begins a transaction that nobody else migrates the schema beside.
func (d dialect) lockMigrating() string {
	key := fnv.New64a()
	fmt.Fprintf(key, "visitors migrate %s", d.schema)
	return fmt.Sprintf("BEGIN; SELECT pg_advisory_xact_lock(%d)", int64(key.Sum64()))
}

// makeSchema makes the schema unless it is there. IF NOT EXISTS alone would ask for the
// privilege to make one even where it is.
func (s *Store) makeSchema(ctx context.Context) error {
	var there bool
	err := s.db.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = $1)", s.d.schema).Scan(&there)
	if err != nil || there {
		return err
	}
	_, err = s.db.ExecContext(ctx, "CREATE SCHEMA IF NOT EXISTS "+pgx.Identifier{s.d.schema}.Sanitize())
	if isCode(err, "23505", "42P06") { // made by someone else meanwhile
		return nil
	}
	return err
}
