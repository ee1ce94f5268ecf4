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

// Options are what a host may choose. A nil *Options and the zero value of each field
// mean the default.
type Options struct {
	// BusyTimeout is how long a write waits for another connection's write to end before it
	// fails with ErrBusy. A host's database keeps its own; New waits so long until it can
	// be put into WAL mode. Default: 5 s.
	BusyTimeout time.Duration
	// Relaxed gives up durability for speed: a commit survives the end of the process, not
	// that of the machine, and costs a tenth. Open sets synchronous=NORMAL; New leaves
	// journal_mode and synchronous as the host has them. Default: WAL and FULL.
	RelaxedDurability bool
	// Readers is how many connections read at once. Open only. Default: GOMAXPROCS, at
	// least 4.
	MaxReaders int
	// NoMigrate leaves the tables as they are: it is an error if they are not up to date.
	// Default: they are brought up to date.
	NoMigrate bool
}

// engine keeps what Store promotes out of sight.
type engine = sqlstore.Engine

// Store is a store.Store and a store.Faceter on an SQLite database.
type Store struct {
	*engine
	guard sqlstore.Guard
}

// Open opens the database in the file of that path, making it if need be, or a new one in
// memory for ":memory:". Other processes may have the file open too. The error is ErrBusy, a
// *SchemaError, or the driver's; in a program built without cgo, one that says so.
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

// openOn keeps connections of db, which the store closes in the end.
func openOn(ctx context.Context, db *sql.DB, path string, opts Options) (*Store, error) {
	writers := sqlstore.Keep(db, 1, opts.readyWriter)
	readers := writers
	if path != ":memory:" {
		readers = sqlstore.Keep(db, opts.MaxReaders, opts.readyReader)
	}
	st := &Store{engine: sqlstore.New(dialect{}, readers, writers, db.Close), guard: unguarded}
	if err := st.begin(ctx, opts); err != nil {
		st.Close()
		return nil, err
	}
	return st, nil
}

// New works on a host's database, which the host has opened with the driver "sqlite3"
// and closes after the Store. Reads and writes take a connection each from db; a host that
// allows db but one must not hold it while it calls the Store. Writes begin with BEGIN
// IMMEDIATE whatever db's _txlock is.
//
// What Apply has acknowledged survives a power cut, as with Open: New puts the database into
// WAL mode, in which the file stays, and returns an error where that cannot be done; each
// write sets synchronous=FULL on the connection it takes, and puts the host's setting back
// at its end. The host's own writes keep the host's setting. Options.Relaxed turns both off.
func New(ctx context.Context, db *sql.DB, o *Options) (*Store, error) {
	opts := defaults(o)
	guard := sqlstore.Guard(secureAndFull)
	if opts.RelaxedDurability {
		guard = secureDelete
	}
	st := &Store{
		engine: sqlstore.New(dialect{}, sqlstore.Borrow(db, nil), sqlstore.Borrow(db, guard), func() error { return nil }),
		guard:  guard,
	}
	if !opts.RelaxedDurability {
		err := sqlstore.Maintain(ctx, st.engine, func(c sqlstore.Conn) error { return opts.enterWAL(ctx, c) })
		if err != nil {
			return nil, fmt.Errorf("use sqlite: %w", err)
		}
	}
	if err := st.begin(ctx, opts); err != nil {
		return nil, fmt.Errorf("use sqlite: %w", err)
	}
	return st, nil
}

// InTx returns a Store that works inside the host's transaction on the same database: it
// sees what the transaction has done, and what it does is committed or rolled back with
// it. Each Apply in it is all or nothing. Once the transaction has ended it is closed; SQLite
// ends one by itself when the disk is full, so roll back where a call fails with ErrClosed.
//
// The commit is the host's, and so is its durability: SQLite allows no change of synchronous
// inside a transaction. The file is in WAL mode, where a commit with synchronous=NORMAL, which
// is the driver's default, may be lost in a power cut, whole; open db with
// _synchronous=FULL to rule that out.
func (s *Store) InTx(tx *sql.Tx) driver.Store {
	return sqlstore.InTx(dialect{}, tx, secureDelete)
}

// Migrate brings the tables up to date, as Open and New do unless Options.NoMigrate is
// set. Two processes may do so at once. The error is a *SchemaError when the database is
// newer than this release or was made by something else.
func (s *Store) Migrate(ctx context.Context) error { return s.migrate(ctx, false) }

// SchemaError says that the tables are not what this release works on.
type SchemaError = sqlstore.SchemaError

func (s *Store) begin(ctx context.Context, o Options) error { return s.migrate(ctx, o.NoMigrate) }

func (s *Store) migrate(ctx context.Context, only bool) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	return sqlstore.Migrate(ctx, s.engine, files, only)
}

// Compact rewrites the database so that nothing of what was deleted is left in its file:
// it merges the search index, writes the whole file anew (VACUUM; a host's tables too) and
// empties the write-ahead log. It needs as much free disk as the database takes, and
// keeps writers waiting. The error is ErrBusy while another connection keeps an old state
// open; call it again then. It is not for every delete: run it at night.
func (s *Store) Compact(ctx context.Context) error {
	return sqlstore.Maintain(ctx, s.engine, func(c sqlstore.Conn) error {
		restore, err := s.guard(ctx, c)
		if err != nil {
			return err
		}
		defer restore()
		for _, text := range []string{
			"INSERT INTO " + sqlstore.TextTable + " (" + sqlstore.TextTable + ") VALUES ('optimize')",
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

// source spells a path as a URI, in which no character of the path means something.
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
