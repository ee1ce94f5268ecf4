package postgres

import (
	"context"
	"embed"
	"io/fs"

	"github.com/jackc/pgx/v5"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/internal/sqlstore"
)

//go:embed migrations/*.sql
var migrations embed.FS

// SchemaError says that the tables are not those of this release. Its fields are Version, the
// number of the migration concerned, and Reason.
type SchemaError = driver.SchemaError

// Migrate brings the tables up to date, as Open and New do unless Options.NoMigrate is set. It
// is safe to run concurrently. The error is a *SchemaError if the tables are newer than this
// release or were created by something else.
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
	return sqlstore.Migrate(ctx, s.engine, files, only)
}

// makeSchema creates the schema unless it exists. IF NOT EXISTS alone would need the privilege
// to create a schema even if it exists.
func (s *Store) makeSchema(ctx context.Context) error {
	var there bool
	err := s.db.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = $1)", s.d.schema).Scan(&there)
	if err != nil || there {
		return err
	}
	_, err = s.db.ExecContext(ctx, "CREATE SCHEMA IF NOT EXISTS "+pgx.Identifier{s.d.schema}.Sanitize())
	if isCode(err, "23505", "42P06") { // created concurrently
		return nil
	}
	return err
}
