package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/internal/sqlstore"
)

// Options configure Open and New. A nil *Options and the zero value of each field mean the
// default.
type Options struct {
	// Schema is the database schema of the tables; it is created if it does not exist.
	// Default: the first schema of the search path, usually "public".
	Schema string
	// MaxOpenConns is the maximum number of open connections. Open only. Default: four times
	// GOMAXPROCS, at least 8.
	MaxOpenConns int
	// NoMigrate makes Open and New return a *SchemaError if the tables are not up to date.
	// Default: the tables are brought up to date.
	NoMigrate bool
	// NoSearchIndex omits the search index, which makes a first import several times as fast;
	// Store.IndexSearch creates it afterwards. Default: the index is created with the tables,
	// if the extension pg_trgm is available.
	NoSearchIndex bool
	// SuppressionKeys are the keys by which addresses are recorded as hashes, newest first, each of
	// 16 random bytes or more. New records use the first; the others find older records, and must
	// be kept as long as these matter: if one that was used is missing, nobody may be contacted.
	// If several programs use the database, give a new key to all of them as the second one before
	// it becomes the first one of any: a program without it does not find records made with it.
	// Default: a random key that is kept in the database. Then who has a copy of the database can
	// test whether an address that they guess was recorded.
	SuppressionKeys [][]byte
	// Index configures the index in memory that counts large workspaces, see store.IndexOptions.
	Index driver.IndexOptions
}

// Store is a driver.Store on a PostgreSQL database.
type Store struct {
	engine *sqlstore.Engine
	db     *sql.DB
	d      dialect
}

// Open connects to the database of dsn, a URL or keywords and values; missing parts come from
// the environment (PGHOST, PGUSER and so on), as for psql. The error is a *SchemaError, an
// *Error or another error of the driver.
func Open(ctx context.Context, dsn string, o *Options) (*Store, error) {
	opts := defaults(o)
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("open postgres: %w", err)
	}
	db := stdlib.OpenDB(*config)
	db.SetMaxOpenConns(opts.MaxOpenConns)
	db.SetMaxIdleConns(opts.MaxOpenConns)
	db.SetConnMaxIdleTime(5 * time.Minute)
	st, err := begin(ctx, db, opts, db.Close)
	if err != nil {
		db.Close()
		return nil, fmt.Errorf("open postgres: %w", err)
	}
	return st, nil
}

// New returns a store on the application's own database, which must be opened with the driver
// of github.com/jackc/pgx/v5/stdlib, in any query mode, and closed after the Store. Each call
// takes a connection from db; if db is limited to one connection, do not hold it while calling
// the Store.
func New(ctx context.Context, db *sql.DB, o *Options) (*Store, error) {
	st, err := begin(ctx, db, defaults(o), func() error { return nil })
	if err != nil {
		return nil, fmt.Errorf("use postgres: %w", err)
	}
	return st, nil
}

func begin(ctx context.Context, db *sql.DB, o Options, ending func() error) (*Store, error) {
	d, err := survey(ctx, db, o.Schema)
	if err != nil {
		return nil, d.Error(err)
	}
	return start(ctx, db, d, o, ending)
}

func start(ctx context.Context, db *sql.DB, d dialect, o Options, ending func() error) (*Store, error) {
	conns := sqlstore.Borrow(db, nil)
	st := &Store{engine: sqlstore.New(d, conns, conns, o.Index, ending), db: db, d: d}
	if err := st.migrate(ctx, o.NoMigrate); err != nil {
		return nil, d.Error(err)
	}
	if err := sqlstore.UseKeys(ctx, st.engine, o.SuppressionKeys); err != nil {
		return nil, d.Error(err)
	}
	if o.NoMigrate || o.NoSearchIndex {
		return st, nil
	}
	return st, d.Error(st.indexNew(ctx))
}

// survey returns the dialect for a schema, and checks driver and encoding.
func survey(ctx context.Context, db *sql.DB, schema string) (d dialect, err error) {
	if err := db.PingContext(ctx); err != nil {
		return d, err
	}
	var current, encoding string
	err = db.QueryRowContext(ctx, "SELECT coalesce(current_schema(), ''), current_setting('server_encoding'),"+
		" EXISTS (SELECT 1 FROM pg_catalog.pg_extension WHERE extname = 'citus')",
		pgx.QueryExecModeCacheDescribe).Scan(&current, &encoding, &d.citus)
	if err != nil {
		return d, fmt.Errorf("query the server with the driver pgx: %w", err)
	}
	if encoding != "UTF8" {
		return d, fmt.Errorf("database has the encoding %s, want UTF8", encoding)
	}
	if d.schema = schema; schema == "" {
		d.schema = current
	}
	if d.schema == "" {
		return d, errors.New("no schema of the search path exists: name one in Options.Schema")
	}
	return d, nil
}

// InTx returns a store that works inside a transaction of the application on the same database:
// it sees the transaction's writes, and its own are committed or rolled back with it. Each
// Apply in it is all or nothing. Use it from one goroutine at a time. When the transaction
// ends, the store is closed. Isolation and durability are those of the transaction. Once it has
// written to a workspace, other writers to that workspace wait until it ends.
func (s *Store) InTx(tx *sql.Tx) driver.Store { return sqlstore.InTx(s.engine, tx, nil) }

func defaults(o *Options) Options {
	if o == nil {
		o = &Options{}
	}
	opts := *o
	if opts.MaxOpenConns <= 0 {
		opts.MaxOpenConns = max(8, 4*runtime.GOMAXPROCS(0))
	}
	return opts
}
