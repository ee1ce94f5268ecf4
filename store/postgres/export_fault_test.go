package postgres

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"testing/fstest"
	"time"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/internal/sqlstore"
)

// OnCitus returns a store that sends what it sends to Citus.
func OnCitus(ctx context.Context, db *sql.DB, o *Options) (*Store, error) {
	return start(ctx, db, dialect{format{"public"}, true}, defaults(o), func() error { return nil })
}

// NewIndexed is New with an index in every workspace, which is caught up by calls only.
func NewIndexed(ctx context.Context, db *sql.DB) (*Store, error) {
	st, err := New(ctx, db, &Options{Index: driver.IndexOptions{MinVisitors: 1}})
	if err == nil {
		sqlstore.CatchUpEvery(st.engine, time.Hour)
	}
	return st, err
}

// CheckIndex compares the index of a workspace with a new one. See sqlstore.CheckIndex.
func CheckIndex(ctx context.Context, st driver.Store, ws driver.WorkspaceID) error {
	return sqlstore.CheckIndex(ctx, st.(*Store).engine, ws)
}

// LockSchema is the statement that blocks other migrations.
func LockSchema(schema string) string { return dialect{format: format{schema}}.LockSchema() }

// Bare returns the engine that migrates, on a database without tables.
func Bare(db *sql.DB, schema string) *sqlstore.Engine {
	d := dialect{format: format{schema}}
	conns := sqlstore.Borrow(db, nil)
	return sqlstore.New(d, conns, conns, driver.IndexOptions{Off: true}, func() error { return nil })
}

// MigrateTo creates the tables of a version.
func MigrateTo(ctx context.Context, db *sql.DB, schema string, version int) error {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return err
	}
	if version > len(names) {
		return fmt.Errorf("version %d is not known", version)
	}
	steps := fstest.MapFS{}
	for _, name := range names[:version] {
		text, err := fs.ReadFile(migrations, name)
		if err != nil {
			return err
		}
		steps[name[len("migrations/"):]] = &fstest.MapFile{Data: text}
	}
	return sqlstore.Migrate(ctx, Bare(db, schema), steps, false)
}
