package postgres_test

import (
	"database/sql"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	_ "github.com/mattn/go-sqlite3" // a driver that is not pgx
	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/internal/pgtest"
	"github.com/contactpipeline/visitors/store/postgres"
	"github.com/contactpipeline/visitors/tag"
)

func TestServerErrors(t *testing.T) {
	t.Parallel()
	create := func(ws *store.Workspace) error {
		_, err := ws.Create(t.Context(), ada())
		return err
	}
	count := func(ws *store.Workspace) error {
		_, err := ws.Count(t.Context(), filter.All())
		return err
	}
	for _, c := range []struct {
		name  string
		setup string // a statement, in which NAME is the database
		held  bool   // a host's transaction holds the workspace
		call  func(*store.Workspace) error
		code  string
		is    error
		text  string
	}{
		{"a lock that is not available", "ALTER DATABASE NAME SET lock_timeout = '20ms'", true, create, "55P03", postgres.ErrBusy,
			"create visitor: postgres: database is busy: a lock was not available in time (SQLSTATE 55P03)"},
		{"a statement that takes too long", "ALTER DATABASE NAME SET statement_timeout = '200ms'", true, create, "57014", nil,
			"create visitor: postgres: statement was cancelled by the server: it took too long, or an administrator ended it (SQLSTATE 57014)"},
		{"a table that is gone", "DROP TABLE visitors_visitor", false, count, "42P01", nil,
			"count visitors: postgres: a table does not exist (SQLSTATE 42P01)"},
		{"a constraint of the host's", "ALTER TABLE visitors_visitor ADD CONSTRAINT no_ada CHECK (name NOT LIKE 'Ada%')", false, create, "23514", nil,
			"create visitor: postgres: a constraint was violated (SQLSTATE 23514)"},
		{"a key of the host's", "CREATE UNIQUE INDEX one_each ON visitors_visitor (name, email)", false, func(ws *store.Workspace) error {
			if err := create(ws); err != nil {
				return err
			}
			return create(ws)
		}, "23505", driver.ErrExists, "create visitor: postgres: a key exists already (SQLSTATE 23505)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			holder, dsn := open(t, nil)
			name := ask[string](t, dsn, "SELECT current_database()")
			run(t, dsn, strings.Replace(c.setup, "NAME", name, 1))
			if c.held {
				tx, err := database(t, dsn).BeginTx(t.Context(), nil)
				require.NoError(t, err)
				defer tx.Rollback()
				_, err = workspace(t, holder.InTx(tx), "acme").CreateTag(t.Context(), tag.Draft{Name: "held"})
				require.NoError(t, err)
			}
			err := c.call(workspace(t, openAt(t, dsn, &postgres.Options{NoMigrate: true}), "acme"))
			require.EqualError(t, err, c.text)
			var known *postgres.Error
			require.ErrorAs(t, err, &known)
			require.Equal(t, c.code, known.Code)
			var drivers *pgconn.PgError
			require.ErrorAs(t, err, &drivers, "the driver's error is behind it")
			for _, sentinel := range []error{postgres.ErrBusy, driver.ErrExists, driver.ErrNotFound, driver.ErrConflict, driver.ErrInvalid, driver.ErrClosed} {
				require.Equal(t, sentinel == c.is, errors.Is(err, sentinel), sentinel)
			}
		})
	}
}

func TestNotAllowed(t *testing.T) {
	t.Parallel()
	_, dsn := open(t, nil)
	plain := asPlain(t, dsn, "public")
	run(t, dsn, "GRANT SELECT ON ALL TABLES IN SCHEMA public TO plain_"+ask[string](t, dsn, "SELECT current_database()"))
	ws := workspace(t, openAt(t, plain, nil), "acme")
	n, err := ws.Count(t.Context(), filter.All())
	require.NoError(t, err)
	require.Zero(t, n)
	_, err = ws.Create(t.Context(), ada())
	require.EqualError(t, err, "create visitor: postgres: the role lacks a privilege (SQLSTATE 42501)")
}

func TestOpenErrors(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Database(t, nil)
	_, err := postgres.Open(t.Context(), dsn+" dbname=nowhere", nil)
	require.EqualError(t, err, "open postgres: postgres: database does not exist (SQLSTATE 3D000)")

	_, err = postgres.Open(t.Context(), "host=/nowhere password=hunter2", nil)
	require.ErrorContains(t, err, "open postgres: ")
	require.NotContains(t, err.Error(), "hunter2")

	_, err = postgres.Open(t.Context(), "postgres://user:hunter2@host:port/x", nil)
	require.ErrorContains(t, err, "open postgres: ")
	require.NotContains(t, err.Error(), "hunter2")

	other, err := sql.Open("sqlite3", filepath.Join(t.TempDir(), "other.db"))
	require.NoError(t, err)
	defer other.Close()
	_, err = postgres.New(t.Context(), other, nil)
	require.ErrorContains(t, err, "use postgres: query the server with the driver pgx: ")
}
