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

// Engine is a SQL store under test.
type Engine struct {
	// Driver is the database's driver.
	Driver sqldriver.Driver
	// Source makes an empty database that is gone after the test, and returns its name for
	// Driver and Open.
	Source func(testing.TB) string
	// Made is Source for a database that has the tables already. Default: Source.
	Made func(testing.TB) string
	// Open opens a store as an application does, with what it acknowledges being durable. In
	// a child process Settle knows it by the name in Working.
	Open func(ctx context.Context, source string) (driver.Store, error)
	// Forms are the ways in which a store may hold connections of a database, by name.
	// Closing the store may close the database or leave it open.
	Forms map[string]Form
	// InTx returns the store inside a host's transaction on the same database.
	InTx func(driver.Store, *sql.Tx) driver.Store
	// Bare returns the engine on a database of its own, as yet without tables.
	Bare func(testing.TB, *sql.DB) *sqlstore.Engine
	// Costly says that a connection is costly to make: of the ways to lose one each call of a
	// method gets one, not all.
	Costly bool
	// Dump returns all that a database holds, and Restore makes a database of it.
	Dump    func(t testing.TB, source string) []byte
	Restore func(t testing.TB, dump []byte) (source string)
	// Schema returns the tables and indexes of a database, in words.
	Schema func(testing.TB, *sql.DB) string
	// Settle waits until a database has done with the connections of a process that was
	// killed. Default: that is so at once.
	Settle func(t testing.TB, db *sql.DB, process string)
	// Check fails the test unless the database finds its own files in order.
	Check func(testing.TB, *sql.DB)
}

// Form is one way to open a store on a database. Being quick comes before being durable.
type Form struct {
	Open func(ctx context.Context, db *sql.DB) (driver.Store, error)
	// Kept is how many connections the store keeps for itself, at most.
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

// bench is a store whose calls to the driver can fail.
type bench struct {
	Engine
	Form
	c     *faulty.Connector
	db    *sql.DB // of the store
	st    driver.Store
	plain *sql.DB // the same database, without faults
}

// bench opens one. At the end of the test all must be closed.
func (e Engine) bench(t *testing.T, f Form) *bench {
	t.Helper()
	made := e.Made
	if made == nil {
		made = e.Source
	}
	source := made(t)
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

// plain opens a database by its driver.
func (e Engine) plain(t testing.TB, source string) *sql.DB {
	t.Helper()
	c, err := faulty.Wrap(e.Driver, source)
	require.NoError(t, err)
	db := sql.OpenDB(c)
	t.Cleanup(func() { db.Close() })
	return db
}

// idle checks that no call has left anything behind.
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
	everyFlag   = flag.Int("fault.every", 30, "fail one in so many calls of a method to the driver; 1 fails each of them")
	killsFlag   = flag.Int("fault.kills", 8, "how many processes TestKill kills")
	crashesFlag = flag.Int("fault.crashes", 2, "how often TestCrash stops the server")
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
