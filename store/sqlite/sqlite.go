package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	_ "github.com/mattn/go-sqlite3" // the driver "sqlite3"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/internal/sqlstore"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Options configure Open and New. A nil *Options and the zero value of each field mean the
// default.
type Options struct {
	// BusyTimeout is how long a write waits for a write of another connection before it fails
	// with ErrBusy. A database passed to New keeps its own timeout; New itself waits this long
	// to enter WAL mode. Default: 5 s.
	BusyTimeout time.Duration
	// RelaxedDurability trades durability for speed: a commit survives a crash of the process,
	// but not a power cut, and takes a tenth of the time. Open sets synchronous=NORMAL; New
	// leaves journal_mode and synchronous unchanged. Default: WAL mode and synchronous=FULL.
	RelaxedDurability bool
	// MaxReaders is the maximum number of connections that read. Open only. Default:
	// GOMAXPROCS, at least 4.
	MaxReaders int
	// NoMigrate makes Open and New return a *SchemaError if the tables are not up to date.
	// Default: the tables are brought up to date.
	NoMigrate bool
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

// Store is a driver.Store on an SQLite database.
type Store struct {
	engine *sqlstore.Engine
	guard  sqlstore.Guard
}

// Open opens the database file with that path, and creates it if it does not exist; ":memory:"
// is a new database in memory. Other processes can have the file open too. The error matches
// ErrBusy, or is a *SchemaError, an *Error or another error of the driver. In a program built
// without cgo, Open always fails.
func Open(ctx context.Context, path string, o *Options) (*Store, error) {
	opts := defaults(o)
	if err := needsCgo(); err != nil {
		return nil, fmt.Errorf("open sqlite: %w", err)
	}
	if path == "" {
		return nil, errors.New("open sqlite: no path")
	}
	db, err := sql.Open("sqlite3", source(path))
	if err != nil {
		return nil, fmt.Errorf("open sqlite: %w", err)
	}
	st, err := openOn(ctx, db, path, opts)
	if err != nil {
		return nil, fmt.Errorf("open sqlite: %w", err)
	}
	return st, nil
}

// openOn opens a store on db, which the store closes.
func openOn(ctx context.Context, db *sql.DB, path string, opts Options) (*Store, error) {
	writers := sqlstore.Keep(db, 1, opts.readyWriter)
	readers := writers
	if path != ":memory:" {
		readers = sqlstore.Keep(db, opts.MaxReaders, opts.readyReader)
	}
	st := &Store{engine: sqlstore.New(dialect{}, readers, writers, opts.Index, db.Close), guard: unguarded}
	if err := st.prepare(ctx, opts); err != nil {
		st.Close()
		return nil, err
	}
	return st, nil
}

// New returns a store on the application's own database, which must be opened with the driver
// "sqlite3" and closed after the Store. Each call takes a connection from db; if db is limited
// to one connection, do not hold it while calling the Store. Writes begin with BEGIN IMMEDIATE,
// whatever the _txlock of db.
//
// Acknowledged writes survive a power cut, as with Open: New puts the database into WAL mode
// permanently, or returns an error, and each write sets synchronous=FULL on its connection and
// restores the previous setting afterwards. The application's own writes keep their setting.
// Options.RelaxedDurability turns both off.
func New(ctx context.Context, db *sql.DB, o *Options) (*Store, error) {
	opts := defaults(o)
	guard := sqlstore.Guard(secureAndFull)
	if opts.RelaxedDurability {
		guard = secureDelete
	}
	st := &Store{
		engine: sqlstore.New(dialect{}, sqlstore.Borrow(db, nil), sqlstore.Borrow(db, guard), opts.Index, func() error { return nil }),
		guard:  guard,
	}
	if !opts.RelaxedDurability {
		err := sqlstore.Maintain(ctx, st.engine, func(c sqlstore.Conn) error { return opts.enterWAL(ctx, c) })
		if err != nil {
			return nil, fmt.Errorf("use sqlite: %w", err)
		}
	}
	if err := st.prepare(ctx, opts); err != nil {
		return nil, fmt.Errorf("use sqlite: %w", err)
	}
	return st, nil
}

// InTx returns a store that works inside a transaction of the application on the same database:
// it sees the transaction's writes, and its own are committed or rolled back with it. Each
// Apply in it is all or nothing. When the transaction ends, the store is closed. SQLite itself
// ends a transaction if the disk is full; roll back if a call fails with store.ErrClosed.
//
// The durability is that of the application's commit, as SQLite cannot change synchronous
// inside a transaction. In WAL mode, a power cut can lose a commit with synchronous=NORMAL, the
// driver's default; open db with _synchronous=FULL to prevent that.
func (s *Store) InTx(tx *sql.Tx) driver.Store {
	return sqlstore.InTx(s.engine, tx, secureDelete)
}

// Migrate brings the tables up to date, as Open and New do unless Options.NoMigrate is set. It
// is safe to run concurrently. The error is a *SchemaError if the tables are newer than this
// release or were created by something else.
func (s *Store) Migrate(ctx context.Context) error { return s.migrate(ctx, false) }

// SchemaError says that the tables are not those of this release. Its fields are Version, the
// number of the migration concerned, and Reason.
type SchemaError = driver.SchemaError

// prepare brings the tables up to date and sets the keys.
func (s *Store) prepare(ctx context.Context, o Options) error {
	if err := s.migrate(ctx, o.NoMigrate); err != nil {
		return err
	}
	return sqlstore.UseKeys(ctx, s.engine, o.SuppressionKeys)
}

func (s *Store) migrate(ctx context.Context, only bool) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	return sqlstore.Migrate(ctx, s.engine, files, only)
}

// Compact removes all traces of deleted data from the file: it merges the search index, deletes
// stored copies of the index that counts, rewrites the whole file (VACUUM; the application's
// tables too) and empties the write-ahead log. It needs as much free disk space as the database, and writers wait for it: run it at
// night, not after each delete. The error matches ErrBusy if another connection is reading an
// older state; call it again then.
func (s *Store) Compact(ctx context.Context) error {
	return sqlstore.Maintain(ctx, s.engine, func(c sqlstore.Conn) error {
		restore, err := s.guard(ctx, c)
		if err != nil {
			return err
		}
		defer restore()
		for _, text := range []string{
			"INSERT INTO " + sqlstore.TextTable + " (" + sqlstore.TextTable + ") VALUES ('optimize')",
			"DELETE FROM " + sqlstore.IndexTable,
			"VACUUM",
		} {
			if _, err := c.ExecContext(ctx, text); err != nil {
				return err
			}
		}
		return checkpoint(ctx, c)
	})
}

func checkpoint(ctx context.Context, c sqlstore.Conn) error {
	rows, err := c.QueryContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)")
	if err != nil {
		return err
	}
	defer rows.Close()
	var busy, log, moved int
	for rows.Next() {
		if err := rows.Scan(&busy, &log, &moved); err != nil {
			return err
		}
	}
	if busy != 0 {
		return ErrBusy
	}
	return rows.Err()
}

func defaults(o *Options) Options {
	if o == nil {
		o = &Options{}
	}
	opts := *o
	if opts.BusyTimeout <= 0 {
		opts.BusyTimeout = 5 * time.Second
	}
	if opts.MaxReaders <= 0 {
		opts.MaxReaders = max(4, runtime.GOMAXPROCS(0))
	}
	return opts
}

// source returns a path as a URI, with its special characters escaped.
func source(path string) string {
	if path == ":memory:" {
		return path
	}
	path = filepath.ToSlash(path)
	if filepath.VolumeName(path) != "" {
		path = "/" + path
	}
	return "file:" + strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(path)
}
