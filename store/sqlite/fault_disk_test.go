//go:build cgo

package sqlite_test

import (
	"database/sql"
	sqldriver "database/sql/driver"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/mattn/go-sqlite3"
	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/internal/faulty"
	"github.com/contactpipeline/visitors/store/sqlite"
	"github.com/contactpipeline/visitors/visitor"
)

// pageCap limits how many pages a database has, on every connection to it.
type pageCap struct {
	mu    sync.Mutex
	pages int
	conns []*sqlite3.SQLiteConn
}

// driver returns a driver whose connections have the limit.
func (c *pageCap) driver() *sqlite3.SQLiteDriver {
	return &sqlite3.SQLiteDriver{ConnectHook: func(conn *sqlite3.SQLiteConn) error {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.conns = append(c.conns, conn)
		if c.pages == 0 {
			return nil
		}
		return c.limit(conn)
	}}
}

func (c *pageCap) limit(conn *sqlite3.SQLiteConn) error {
	_, err := conn.Exec(fmt.Sprint("PRAGMA max_page_count = ", c.pages), nil)
	return err
}

// set changes the limit of all connections, which must be idle. Errors of closed ones are ignored.
func (c *pageCap) set(pages int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pages = pages
	for _, conn := range c.conns {
		c.limit(conn)
	}
}

// capped is a database that can be full.
type capped struct {
	*pageCap
	st    driver.Store
	ws    *store.Workspace
	host  *sql.DB // limited too
	plain *sql.DB // without a limit
}

// eachCapped runs a test on a store of each kind.
func eachCapped(t *testing.T, test func(*testing.T, *capped)) {
	for name, form := range engine.Forms {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			source := engine.Source(t)
			c := &capped{pageCap: &pageCap{}}
			open := func(d sqldriver.Driver) *sql.DB {
				connector, err := faulty.Wrap(d, source)
				require.NoError(t, err)
				db := sql.OpenDB(connector)
				t.Cleanup(func() { require.NoError(t, db.Close()) })
				return db
			}
			c.host, c.plain = open(c.driver()), open(engine.Driver)
			var err error
			c.st, err = form.Open(t.Context(), open(c.driver()))
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, c.st.Close()) })
			c.ws, err = store.Open(c.st, "acme", nil)
			require.NoError(t, err)
			test(t, c)
			engine.Consistent(t, c.plain)
		})
	}
}

// fill limits the database to a few more pages than it has and creates visitors until it is
// full. It returns the acknowledged ones.
func (c *capped) fill(t *testing.T) map[visitor.ID]bool {
	t.Helper()
	_, err := c.ws.Create(t.Context(), draftOf(0))
	require.NoError(t, err)
	var pages int
	require.NoError(t, c.plain.QueryRow("PRAGMA page_count").Scan(&pages))
	c.set(pages + 12)
	made := map[visitor.ID]bool{}
	for i := 1; ; i++ {
		v, err := c.ws.Create(t.Context(), draftOf(i))
		if err != nil {
			requireFull(t, err)
			require.NotEmpty(t, made)
			return made
		}
		made[v.ID] = true
	}
}

func draftOf(i int) visitor.Draft {
	return visitor.Draft{
		Name: fmt.Sprintf("Visitor %d %s", i, strings.Repeat("x", 100)), Source: visitor.Telegram, Tags: []string{"full"},
		Identities: []visitor.Identity{{Source: visitor.Telegram, ExternalID: fmt.Sprint(i)}},
	}
}

func requireFull(t *testing.T, err error) {
	t.Helper()
	var typed *store.Error
	require.ErrorAs(t, err, &typed)
	var full *sqlite.Error
	require.ErrorAs(t, err, &full)
	require.Equal(t, int(sqlite3.ErrFull), full.Code, "%v", err)
	require.Contains(t, err.Error(), "disk is full")
}

func (c *capped) requireThere(t *testing.T, made map[visitor.ID]bool, others int) {
	t.Helper()
	n := 0
	for v, err := range c.ws.All(t.Context(), store.Query{Where: filter.All()}) {
		require.NoError(t, err)
		if made[v.ID] {
			n++
		}
	}
	require.Equal(t, len(made), n, "visitors who were acknowledged")
	all, err := c.ws.Count(t.Context(), filter.All())
	require.NoError(t, err)
	require.EqualValues(t, len(made)+others, all)
}

func TestDatabaseIsFull(t *testing.T) {
	t.Parallel()
	eachCapped(t, func(t *testing.T, c *capped) {
		made := c.fill(t)
		c.requireThere(t, made, 1)
		c.set(1 << 20)
		v, err := c.ws.Create(t.Context(), draftOf(-1))
		require.NoError(t, err, "once there is room")
		made[v.ID] = true
		c.requireThere(t, made, 1)
	})
}

// Of calls that share a transaction, each succeeds or gets the error that the disk is full.
func TestDatabaseIsFullForManyAtOnce(t *testing.T) {
	t.Parallel()
	eachCapped(t, func(t *testing.T, c *capped) {
		made := c.fill(t)
		for round := range 10 {
			var pages int
			require.NoError(t, c.plain.QueryRow("PRAGMA page_count").Scan(&pages))
			c.set(pages + round)
			var mu sync.Mutex
			var all sync.WaitGroup
			for i := range 16 {
				all.Go(func() {
					v, err := c.ws.Create(t.Context(), draftOf(10_000+100*round+i))
					mu.Lock()
					defer mu.Unlock()
					if err == nil {
						made[v.ID] = true
						return
					}
					requireFull(t, err)
				})
			}
			all.Wait()
			c.requireThere(t, made, 1)
		}
		c.set(1 << 20)
		_, err := c.ws.Create(t.Context(), draftOf(-1))
		require.NoError(t, err, "once there is room")
	})
}

// SQLite ends a host's transaction when the database is full. Its store is then closed, so that
// nothing is written outside the transaction.
func TestDatabaseIsFullInHostTransaction(t *testing.T) {
	t.Parallel()
	eachCapped(t, func(t *testing.T, c *capped) {
		_, err := c.plain.Exec("CREATE TABLE host_order (id integer)")
		require.NoError(t, err)
		made := c.fill(t)
		tx, err := c.host.BeginTx(t.Context(), nil)
		require.NoError(t, err)
		_, err = tx.Exec("INSERT INTO host_order VALUES (1)")
		require.NoError(t, err)
		ws, err := store.Open(c.st.(*sqlite.Store).InTx(tx), "acme", nil)
		require.NoError(t, err)
		inside := 0
		for i := 20_000; ; i++ {
			if _, err = ws.Create(t.Context(), draftOf(i)); err != nil {
				break
			}
			inside++
		}
		requireFull(t, err)
		_, err = ws.Create(t.Context(), visitor.Draft{Name: "x", Source: visitor.Chat})
		closed := err != nil
		if closed {
			require.ErrorIs(t, err, store.ErrClosed)
			tx.Rollback()
			inside = 0
		} else {
			require.NoError(t, tx.Commit())
			inside++
		}
		var orders int
		require.NoError(t, c.plain.QueryRow("SELECT count(*) FROM host_order").Scan(&orders))
		require.Equal(t, !closed, orders == 1)
		c.requireThere(t, made, 1+inside)
	})
}
