package pgtest_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func connect(t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

func TestDatabasesAreSeparate(t *testing.T) {
	one, other := connect(t, pgtest.Database(t, nil)), connect(t, pgtest.Database(t, &pgtest.Options{Ctype: "C"}))
	_, err := one.Exec(t.Context(), "CREATE TABLE a (b int)")
	require.NoError(t, err)
	var exists bool
	require.NoError(t, other.QueryRow(t.Context(), "SELECT to_regclass('a') IS NOT NULL").Scan(&exists))
	require.False(t, exists)
	var ctype string
	require.NoError(t, other.QueryRow(t.Context(), "SELECT datctype FROM pg_database WHERE datname = current_database()").Scan(&ctype))
	require.Equal(t, "C", ctype)
}

func TestCrashKeepsCommittedData(t *testing.T) {
	dsn := pgtest.Database(t, nil)
	before := connect(t, dsn)
	_, err := before.Exec(t.Context(), "CREATE TABLE a AS SELECT 1 AS b")
	require.NoError(t, err)
	pgtest.Crash(t)
	require.Error(t, before.Ping(t.Context()))
	var b int
	require.NoError(t, connect(t, dsn).QueryRow(t.Context(), "SELECT b FROM a").Scan(&b))
	require.Equal(t, 1, b)
}

// TestServerIsRemoved ends a test binary in ways in which it cannot clean up.
func TestServerIsRemoved(t *testing.T) {
	const how = "PGTEST_END"
	switch os.Getenv(how) {
	case "panic":
		fmt.Println(pgtest.Database(t, nil))
		panic("as tests do")
	case "kill":
		fmt.Println(pgtest.Database(t, nil))
		self, err := os.FindProcess(os.Getpid())
		require.NoError(t, err)
		require.NoError(t, self.Kill())
		select {}
	}
	pgtest.Database(t, nil) // skips the test if PostgreSQL is missing
	for _, end := range []string{"panic", "kill"} {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestServerIsRemoved$")
		cmd.Env = append(os.Environ(), how+"="+end)
		output, err := cmd.Output()
		require.Error(t, err)
		dsn, _, _ := strings.Cut(string(output), "\n")
		folder, _, _ := strings.Cut(strings.TrimPrefix(dsn, "host="), " ")
		require.Contains(t, folder, "pgtest")
		require.Eventually(t, func() bool {
			_, err := os.Stat(folder)
			return os.IsNotExist(err)
		}, time.Minute, 10*time.Millisecond, end)
	}
}

func TestServersAreSeparate(t *testing.T) {
	shared := pgtest.Database(t, nil)
	t.Run("harm", func(t *testing.T) {
		own := pgtest.NewServer(t)
		one, _, _ := strings.Cut(shared, " ")
		other, _, _ := strings.Cut(own, " ")
		require.NotEqual(t, one, other)
		require.NoError(t, connect(t, own).Ping(t.Context()))
		t.Cleanup(func() {
			_, err := os.Stat(strings.TrimPrefix(one, "host="))
			require.NoError(t, err)
		})
	})
	require.NoError(t, connect(t, shared).Ping(t.Context()))
}
