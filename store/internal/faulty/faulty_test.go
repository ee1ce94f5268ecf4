package faulty_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"path/filepath"
	"testing"

	"github.com/mattn/go-sqlite3"
	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store/internal/faulty"
)

var errFault = errors.New("planned")

func open(t *testing.T) (*faulty.Connector, *sql.DB) {
	c, err := faulty.Wrap(&sqlite3.SQLiteDriver{}, filepath.Join(t.TempDir(), "faulty.db"))
	require.NoError(t, err)
	db := sql.OpenDB(c)
	t.Cleanup(func() {
		require.NoError(t, db.Close())
		require.Zero(t, c.Open(), "left open")
	})
	_, err = db.Exec("CREATE TABLE word (word TEXT)")
	require.NoError(t, err)
	return c, db
}

func words(t *testing.T, db *sql.DB) (n int) {
	require.NoError(t, db.QueryRow("SELECT count(*) FROM word").Scan(&n))
	return n
}

func insert(ctx context.Context, db *sql.DB) error {
	_, err := db.ExecContext(ctx, "INSERT INTO word VALUES ('a')")
	return err
}

func TestNoFaultsBeforeSet(t *testing.T) {
	t.Parallel()
	c, db := open(t)
	c.Set(nil)
	require.NoError(t, insert(t.Context(), db))
	require.Equal(t, 1, c.Calls())
	require.Zero(t, c.Failed())
	require.Equal(t, 1, words(t, db))
}

func TestNth(t *testing.T) {
	t.Parallel()
	c, db := open(t)
	c.Set(faulty.Nth(2, faulty.Fault{Err: errFault}))
	require.NoError(t, insert(t.Context(), db))
	require.ErrorIs(t, insert(t.Context(), db), errFault)
	require.NoError(t, insert(t.Context(), db))
	require.Equal(t, 3, c.Calls())
	require.Equal(t, 1, c.Failed())
	require.Equal(t, 2, words(t, db))
}

func TestFrom(t *testing.T) {
	t.Parallel()
	c, db := open(t)
	c.Set(faulty.From(2, faulty.Fault{Err: errFault}))
	require.NoError(t, insert(t.Context(), db))
	for range 3 {
		require.ErrorIs(t, insert(t.Context(), db), errFault)
	}
	c.Set(nil)
	require.Equal(t, 1, words(t, db))
}

func TestLate(t *testing.T) {
	t.Parallel()
	c, db := open(t)
	c.Set(faulty.Nth(1, faulty.Fault{Err: errFault, Late: true}))
	require.ErrorIs(t, insert(t.Context(), db), errFault)
	require.Equal(t, 1, words(t, db))

	c.Set(faulty.On(faulty.Query, 1, faulty.Fault{Err: errFault, Late: true}))
	_, err := db.Query("SELECT word FROM word")
	require.ErrorIs(t, err, errFault)
	require.Zero(t, c.Open().Rows)
}

func TestDeadConnectionEndsItsTransaction(t *testing.T) {
	t.Parallel()
	c, db := open(t)
	for _, dead := range []faulty.Fault{{Dead: true}, {Dead: true, Err: errFault}} {
		conn, err := db.Conn(t.Context())
		require.NoError(t, err)
		stmt, err := conn.PrepareContext(t.Context(), "INSERT INTO word VALUES (?)")
		require.NoError(t, err)
		for _, text := range []string{"BEGIN IMMEDIATE", "INSERT INTO word VALUES ('b')"} {
			_, err = conn.ExecContext(t.Context(), text)
			require.NoError(t, err)
		}
		require.Equal(t, 1, c.Open().Transactions)

		c.Set(faulty.Nth(1, dead))
		_, err = stmt.Exec("c")
		require.Error(t, err)
		require.Zero(t, c.Open().Transactions)
		if dead.Err != nil {
			require.ErrorIs(t, err, errFault)
			_, err = conn.ExecContext(t.Context(), "COMMIT")
			require.ErrorIs(t, err, driver.ErrBadConn)
		}
		stmt.Close()
		conn.Close()

		require.NoError(t, insert(t.Context(), db), "the lock is free again")
	}
	require.Equal(t, 2, words(t, db))
}

func TestTransactionsAreCounted(t *testing.T) {
	t.Parallel()
	c, db := open(t)
	tx, err := db.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	require.Equal(t, 1, c.Open().Transactions)
	c.Set(faulty.On(faulty.Commit, 1, faulty.Fault{Err: errFault}))
	require.ErrorIs(t, tx.Commit(), errFault)
	require.Equal(t, 1, c.Open().Transactions, "neither committed nor rolled back")
	c.Set(nil)
	_, err = db.Exec("ROLLBACK")
	require.NoError(t, err)
	require.Zero(t, c.Open().Transactions)
}

func TestRowsFail(t *testing.T) {
	t.Parallel()
	c, db := open(t)
	for range 3 {
		require.NoError(t, insert(t.Context(), db))
	}
	c.Set(faulty.On(faulty.Next, 2, faulty.Fault{Err: errFault}))
	rows, err := db.Query("SELECT word FROM word")
	require.NoError(t, err)
	require.True(t, rows.Next())
	require.Equal(t, 1, c.Open().Rows)
	require.False(t, rows.Next())
	require.ErrorIs(t, rows.Err(), errFault)
	require.NoError(t, rows.Close())
	require.Zero(t, c.Open().Rows)
}

func TestConnectFails(t *testing.T) {
	t.Parallel()
	for _, f := range []faulty.Fault{{Err: errFault}, {Err: errFault, Late: true}, {Err: errFault, Dead: true}, {Err: errFault, Late: true, Dead: true}} {
		c, db := open(t)
		db.SetMaxIdleConns(0)
		c.Set(faulty.On(faulty.Connect, 1, f))
		require.ErrorIs(t, insert(t.Context(), db), errFault)
		require.Zero(t, c.Open())
		require.NoError(t, insert(t.Context(), db))
	}
}

func TestDoRunsBeforeTheCall(t *testing.T) {
	t.Parallel()
	c, db := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	calls := 0
	c.Set(faulty.Nth(2, faulty.Fault{Err: errFault, Do: func() { calls++; cancel() }}))
	require.NoError(t, insert(ctx, db))
	require.Zero(t, calls)
	require.ErrorIs(t, insert(ctx, db), errFault)
	require.Equal(t, 1, calls)
	require.ErrorIs(t, insert(ctx, db), context.Canceled)
	require.Equal(t, 1, words(t, db))
}

func TestRandomIsRepeatable(t *testing.T) {
	t.Parallel()
	run := func(seed uint64) (failed []bool) {
		c, db := open(t)
		c.Set(faulty.Random(seed, 3, faulty.Fault{Err: errFault}))
		for range 100 {
			failed = append(failed, insert(t.Context(), db) != nil)
		}
		c.Set(nil)
		return failed
	}
	first := run(1)
	require.Contains(t, first, true)
	require.Contains(t, first, false)
	require.Equal(t, first, run(1))
	require.NotEqual(t, first, run(2))
}
