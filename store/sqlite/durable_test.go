//go:build cgo

package sqlite_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mattn/go-sqlite3"
	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/sqlite"
	"github.com/contactpipeline/visitors/visitor"
)

// commits is a driver that records the value of synchronous at each COMMIT.
type commits struct {
	sqlite3.SQLiteDriver
	dsn  string
	lock sync.Mutex
	seen []int64
}

func (c *commits) Driver() driver.Driver { return c }

func (c *commits) Connect(context.Context) (driver.Conn, error) {
	conn, err := c.Open(c.dsn)
	if err != nil {
		return nil, err
	}
	return &committing{conn.(*sqlite3.SQLiteConn), c}, nil
}

// take returns what was recorded since the last call.
func (c *commits) take() []int64 {
	c.lock.Lock()
	defer c.lock.Unlock()
	seen := c.seen
	c.seen = nil
	return slices.Compact(seen)
}

type committing struct {
	*sqlite3.SQLiteConn
	to *commits
}

func (c *committing) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Result, error) {
	if text == "COMMIT" {
		rows, err := c.QueryContext(ctx, "PRAGMA synchronous", nil)
		if err != nil {
			return nil, err
		}
		value := make([]driver.Value, 1)
		if err := rows.Next(value); err != nil {
			return nil, err
		}
		rows.Close()
		c.to.lock.Lock()
		c.to.seen = append(c.to.seen, value[0].(int64))
		c.to.lock.Unlock()
	}
	return c.SQLiteConn.ExecContext(ctx, text, args)
}

// connections returns a setting of n connections of db that are open at once.
func connections(t *testing.T, db *sql.DB, n int, name string) (values []string) {
	for range n {
		c, err := db.Conn(t.Context())
		require.NoError(t, err)
		defer c.Close()
		var value string
		var tables int // a connection learns that the journal mode changed when it reads the file
		require.NoError(t, c.QueryRowContext(t.Context(), "SELECT count(*) FROM sqlite_master").Scan(&tables))
		require.NoError(t, c.QueryRowContext(t.Context(), "PRAGMA "+name).Scan(&value))
		values = append(values, value)
	}
	return values
}

// plainHost is a program that opens its database by a path, with optional parameters.
func plainHost(t *testing.T, with string) (*sql.DB, *commits) {
	c := &commits{dsn: "file:" + filepath.Join(t.TempDir(), "crm.db") + with}
	db := sql.OpenDB(c)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	_, err := db.Exec("CREATE TABLE conversation (id TEXT); INSERT INTO conversation VALUES ('1')")
	require.NoError(t, err)
	require.Equal(t, []string{"delete", "delete"}, connections(t, db, 2, "journal_mode"))
	return db, c
}

func write(t *testing.T, st store.Store) {
	ws, err := store.Open(st, "acme", nil)
	require.NoError(t, err)
	_, err = ws.Create(t.Context(), visitor.Draft{Name: "Ada", Source: visitor.Chat})
	require.NoError(t, err)
}

func TestWritesToAHostsDatabaseAreDurable(t *testing.T) {
	t.Parallel()
	for with, during := range map[string]int64{"": 2, "?_synchronous=OFF": 2, "?_synchronous=FULL": 2, "?_synchronous=EXTRA": 3} {
		db, commits := plainHost(t, with)
		before := connections(t, db, 3, "synchronous")
		st, err := sqlite.New(t.Context(), db, nil)
		require.NoError(t, err)
		require.Equal(t, []string{"wal", "wal", "wal"}, connections(t, db, 3, "journal_mode"))
		write(t, st)
		require.Equal(t, []int64{during}, commits.take(), "migrations and writes with %q", with)
		require.Equal(t, before, connections(t, db, 3, "synchronous"), "the host's setting is back")
		require.NoError(t, st.Compact(t.Context()))
		require.Equal(t, before, connections(t, db, 3, "synchronous"))
		require.NoError(t, st.Close())
	}
}

func TestRelaxedWritesToAHostsDatabaseAreAsTheHostHasThem(t *testing.T) {
	t.Parallel()
	db, commits := plainHost(t, "")
	st, err := sqlite.New(t.Context(), db, &sqlite.Options{RelaxedDurability: true})
	require.NoError(t, err)
	write(t, st)
	require.Equal(t, []int64{1}, commits.take())
	require.Equal(t, []string{"delete"}, connections(t, db, 1, "journal_mode"))
	require.NoError(t, st.Close())
}

// A database in memory cannot be in WAL mode and does not need it.
func TestAHostsDatabaseInMemory(t *testing.T) {
	t.Parallel()
	db, err := sql.Open("sqlite3", ":memory:")
	require.NoError(t, err)
	db.SetMaxOpenConns(1)
	defer db.Close()
	st, err := sqlite.New(t.Context(), db, nil)
	require.NoError(t, err)
	write(t, st)
	require.NoError(t, st.Close())
}

func TestAHostsDatabaseThatCannotBeDurableIsRefused(t *testing.T) {
	t.Parallel()
	db, commits := plainHost(t, "?_busy_timeout=10")
	path, _, _ := strings.Cut(commits.dsn, "?")
	reading, err := db.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	var id string
	require.NoError(t, reading.QueryRow("SELECT id FROM conversation").Scan(&id))
	_, err = sqlite.New(t.Context(), db, &sqlite.Options{BusyTimeout: 50 * time.Millisecond})
	require.ErrorIs(t, err, sqlite.ErrBusy)
	require.NoError(t, reading.Rollback())

	readOnly, err := sql.Open("sqlite3", path+"?mode=ro")
	require.NoError(t, err)
	defer readOnly.Close()
	_, err = sqlite.New(t.Context(), readOnly, nil)
	require.EqualError(t, err, "use sqlite: sqlite: database is read-only")

	temporary, err := sql.Open("sqlite3", "") // SQLite deletes its file when it is closed
	require.NoError(t, err)
	defer temporary.Close()
	temporary.SetMaxOpenConns(1)
	_, err = sqlite.New(t.Context(), temporary, nil)
	require.EqualError(t, err, "use sqlite: database cannot be put into WAL mode: its journal mode stays delete")
}
