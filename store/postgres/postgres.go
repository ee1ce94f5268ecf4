package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/internal/sqlstore"
)

// Options are what a host may choose. A nil *Options and the zero value of each field
// mean the default.
type Options struct {
	// Schema is the schema of the tables; it is made if need be. Default: the first of the
	// connection's search path, as a rule "public".
	Schema string
	// Conns is how many connections are open at most. Open only: a host's database keeps
	// its own limit. Default: four times GOMAXPROCS, at least 8.
	MaxOpenConns int
	// NoMigrate leaves the schema as it is: it is an error if it is not up to date.
	// Default: it is brought up to date.
	NoMigrate bool
	// NoSearchIndex leaves out the trigram index of searches, for a first import: without it
	// rows are written several times as fast. IndexSearch makes it afterwards. Default: it is
	// made with the tables, where pg_trgm can be had.
	NoSearchIndex bool
}

// engine keeps what Store promotes out of sight.
type engine = sqlstore.Engine

// Store is a store.Store and a store.Faceter on a PostgreSQL database.
type Store struct {
	*engine
	db *sql.DB
	d  dialect
}

// Open connects to the database that dsn names, as a URL or as keywords and values; what it
// leaves out comes from the environment (PGHOST, PGUSER and the like, as psql has it). The
// error is a *SchemaError, an *Error, or the driver's.
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

// New works on a host's database, which the host has opened with the driver of
// github.com/jackc/pgx/v5/stdlib, in whatever mode, and closes after the Store. Each call
// takes a connection from db; a host that allows db but one must not hold it while it calls
// the Store.
func New(ctx context.Context, db *sql.DB, o *Options) (*Store, error) {
	st, err := begin(ctx, db, defaults(o), func() error { return nil })
	if err != nil {
		return nil, fmt.Errorf("use postgres: %w", err)
	}
	return st, nil
}

func begin(ctx context.Context, db *sql.DB, o Options, ending func() error) (*Store, error) {
	schema, err := survey(ctx, db, o.Schema)
	if err != nil {
		return nil, dialect{}.Error(err)
	}
	d := newDialect(schema)
	conns := sqlstore.Borrow(db, nil)
	st := &Store{engine: sqlstore.New(d, conns, conns, ending), db: db, d: d}
	if err := st.migrate(ctx, o.NoMigrate); err != nil {
		return nil, d.Error(err)
	}
	if o.NoMigrate || o.NoSearchIndex {
		return st, nil
	}
	return st, d.Error(st.indexNew(ctx))
}

// survey returns the schema to work in, and checks that driver and database will do.
func survey(ctx context.Context, db *sql.DB, schema string) (string, error) {
	if err := db.PingContext(ctx); err != nil {
		return "", err
	}
	var current, encoding string
	err := db.QueryRowContext(ctx, "SELECT coalesce(current_schema(), ''), current_setting('server_encoding')",
		pgx.QueryExecModeCacheDescribe).Scan(&current, &encoding)
	if err != nil {
		return "", fmt.Errorf("ask the server, by way of the driver pgx: %w", err)
	}
	if encoding != "UTF8" {
		return "", fmt.Errorf("database has the encoding %s, want UTF8", encoding)
	}
	if schema == "" {
		schema = current
	}
	if schema == "" {
		return "", errors.New("no schema of the search path exists: name one in Options.Schema")
	}
	return schema, nil
}

// InTx returns a Store that works inside the host's transaction on the same database: it
// sees what the transaction has done, and what it does is committed or rolled back with
// it. Each Apply in it is all or nothing. It is used by one goroutine at a time and closed
// once the transaction has ended. Isolation and durability are the transaction's; whoever
// writes to one workspace waits for the end of a transaction that has done so.
func (s *Store) InTx(tx *sql.Tx) driver.Store { return sqlstore.InTx(s.d, tx, nil) }

// Apply is store.Store's. It begins anew, a few times, when the server gives it up in
// favour of another transaction.
func (s *Store) Apply(ctx context.Context, ws driver.WorkspaceID, changes []driver.Change) ([]driver.Outcome, error) {
	const tries = 5
	for try := 1; ; try++ {
		outcomes, err := s.engine.Apply(ctx, ws, changes)
		if try == tries || !givenUp(err) {
			return outcomes, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(rand.N(time.Duration(try) * 10 * time.Millisecond)):
		}
	}
}

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
