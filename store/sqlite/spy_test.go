//go:build cgo

package sqlite_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/mattn/go-sqlite3"
	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store/sqlite"
)

// spy is a driver that records queries.
type spy struct {
	sqlite3.SQLiteDriver
	lock    sync.Mutex
	queries []spied
}

type spied struct {
	text string
	args []any
}

func (s *spy) Open(dsn string) (driver.Conn, error) {
	c, err := s.SQLiteDriver.Open(dsn)
	if err != nil {
		return nil, err
	}
	return &spyConn{c.(*sqlite3.SQLiteConn), s}, nil
}

type spyConn struct {
	*sqlite3.SQLiteConn
	spy *spy
}

func (c *spyConn) PrepareContext(ctx context.Context, text string) (driver.Stmt, error) {
	stmt, err := c.SQLiteConn.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	return &spyStmt{stmt.(*sqlite3.SQLiteStmt), c.spy, text}, nil
}

type spyStmt struct {
	*sqlite3.SQLiteStmt
	spy  *spy
	text string
}

func (s *spyStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	noted := spied{text: s.text}
	for _, a := range args {
		noted.args = append(noted.args, a.Value)
	}
	s.spy.lock.Lock()
	s.spy.queries = append(s.spy.queries, noted)
	s.spy.lock.Unlock()
	return s.SQLiteStmt.QueryContext(ctx, args)
}

// take returns the queries since the last call.
func (s *spy) take() []spied {
	s.lock.Lock()
	defer s.lock.Unlock()
	taken := s.queries
	s.queries = nil
	return taken
}

// connector makes it possible to use a spy without registering it.
type connector struct {
	dsn string
	spy *spy
}

func (c connector) Connect(context.Context) (driver.Conn, error) { return c.spy.Open(c.dsn) }
func (c connector) Driver() driver.Driver                        { return c.spy }

// spyOn opens a database file through a spy.
func spyOn(t testing.TB, path string) (*sqlite.Store, *spy, *sql.DB) {
	s := &spy{}
	db := sql.OpenDB(connector{"file:" + path + "?_cache_size=-65536", s})
	t.Cleanup(func() { db.Close() })
	st, err := sqlite.New(t.Context(), db, nil)
	require.NoError(t, err)
	t.Cleanup(func() { st.Close() })
	s.take()
	return st, s, db
}

// explain returns SQLite's plan of a recorded query, one step per line.
func explain(t testing.TB, db *sql.DB, q spied) string {
	rows, err := db.QueryContext(context.Background(), "EXPLAIN QUERY PLAN "+q.text, q.args...)
	require.NoError(t, err)
	defer rows.Close()
	var steps []string
	for rows.Next() {
		var id, parent, unused int
		var step string
		require.NoError(t, rows.Scan(&id, &parent, &unused, &step))
		steps = append(steps, step)
	}
	require.NoError(t, rows.Err())
	return strings.Join(slices.Clip(steps), "\n")
}
