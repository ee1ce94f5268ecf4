package faulttest

import (
	"context"
	"database/sql"
	sqldriver "database/sql/driver"
	"flag"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/internal/faulty"
	"github.com/contactpipeline/visitors/store/internal/sqlstore"
)

// Engine is a SQL engine under test.
type Engine struct {
	// Driver is the database/sql driver.
	Driver sqldriver.Driver
	// Source creates an empty database, which is removed after the test, and returns its data
	// source name for Driver and Open.
	Source func(testing.TB) string
	// Migrated is Source for a database that already has the tables. Default: Source.
	Migrated func(testing.TB) string
	// Open opens a store as an application does, durable. In a child process its connections
	// have the name that Working returns, for Settle.
	Open func(ctx context.Context, source string) (driver.Store, error)
	// Forms are the ways to open a store on a *sql.DB, by name. Closing the store closes the
	// *sql.DB or leaves it open.
	Forms map[string]Form
	// InTx returns the store inside a transaction of the host on the same database.
	InTx func(driver.Store, *sql.Tx) driver.Store
	// Bare returns the engine on a new database without tables.
	Bare func(testing.TB, *sql.DB) *sqlstore.Engine
	// Costly means that connecting is slow: each driver call is tested with one of the ways to
	// lose a connection, not with all.
	Costly bool
	// Dump returns the content of a database, and Restore creates a database from it.
	Dump    func(t testing.TB, source string) []byte
	Restore func(t testing.TB, dump []byte) (source string)
	// Schema describes the tables and indexes of a database.
	Schema func(testing.TB, *sql.DB) string
	// Settle waits until a database has ended the connections of a process that was killed.
	// Default: no wait.
	Settle func(t testing.TB, db *sql.DB, process string)
	// Views is a WITH clause by which queries see the tables of tags, groups and events with ids
	// and names. Default: none. Keys is a query for the column ws of the workspace $1. Default:
	// its name.
	Views, Keys string
	// ID is an id as a value of a column. Default: its text.
	ID func(string) any
	// Check fails the test if the integrity check of the database fails.
	Check func(testing.TB, *sql.DB)
}

// Form is one way to open a store on a *sql.DB. It is fast rather than durable.
type Form struct {
	Open func(ctx context.Context, db *sql.DB) (driver.Store, error)
	// Kept is the maximum number of connections that the store keeps open while it is idle.
	Kept int
}

// forms runs a test for each Form.
func (e Engine) forms(t *testing.T, test func(*testing.T, Form)) {
	for _, name := range slices.Sorted(maps.Keys(e.Forms)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, e.Forms[name])
		})
	}
}

// bench is a store whose driver calls can fail.
type bench struct {
	Engine
	Form
	c     *faulty.Connector
	db    *sql.DB // of the store
	st    driver.Store
	plain *sql.DB // the same database, without faults
}

// bench opens a bench. At the end of the test everything must be closed.
func (e Engine) bench(t *testing.T, f Form) *bench {
	t.Helper()
	create := e.Migrated
	if create == nil {
		create = e.Source
	}
	source := create(t)
	c, err := faulty.Wrap(e.Driver, source)
	require.NoError(t, err)
	b := &bench{Engine: e, Form: f, c: c, db: sql.OpenDB(c), plain: e.plain(t, source)}
	t.Cleanup(func() {
		b.db.Close()
		require.Zero(t, c.Open(), "left open after Close")
	})
	b.st, err = f.Open(t.Context(), b.db)
	require.NoError(t, err)
	t.Cleanup(func() {
		c.Set(nil)
		require.NoError(t, b.st.Close())
		require.Zero(t, b.db.Stats().InUse, "connections in use after Close")
	})
	return b
}

// plain opens a database without faults.
func (e Engine) plain(t testing.TB, source string) *sql.DB {
	t.Helper()
	c, err := faulty.Wrap(e.Driver, source)
	require.NoError(t, err)
	db := sql.OpenDB(c)
	t.Cleanup(func() { db.Close() })
	return db
}

// idle checks that no call has left anything open.
func (b *bench) idle(t testing.TB) {
	t.Helper()
	open := b.c.Open()
	require.Zero(t, open.Rows, "rows left open")
	require.Zero(t, open.Transactions, "transactions left open")
	require.LessOrEqual(t, b.db.Stats().InUse, b.Kept, "connections left in use")
	if b.Kept == 0 {
		require.Zero(t, open.Statements, "statements left open")
	}
}

var (
	seedFlag    = flag.Uint64("fault.seed", 0, "seed of the random tests of faults; 0 picks one")
	everyFlag   = flag.Int("fault.every", 60, "fail one of `n` driver calls of a method; 1 fails every call")
	killsFlag   = flag.Int("fault.kills", 6, "number of processes that TestKill kills")
	crashesFlag = flag.Int("fault.crashes", 2, "number of times that TestCrash stops the server")
)

// seed returns the seed of a random test, and prints it.
func seed(t testing.TB) uint64 {
	s := *seedFlag
	if s == 0 {
		s = rand.Uint64()
	}
	t.Logf("run again with -fault.seed=%d", s)
	return s
}
