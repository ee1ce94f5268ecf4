//go:build cgo

package sqlite_test

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/internal/faulttest"
	"github.com/contactpipeline/visitors/store/sqlite"
	"github.com/contactpipeline/visitors/visitor"
)

func TestMigrations(t *testing.T) {
	t.Parallel()
	faulttest.Migrations(t, engine)
}

func TestUpgrade(t *testing.T) {
	t.Parallel()
	faulttest.Upgrade(t, engine)
}

// dump returns a database as the one file that VACUUM makes of it.
func dump(tb testing.TB, source string) []byte {
	tb.Helper()
	db, err := sql.Open("sqlite3", source)
	require.NoError(tb, err)
	defer db.Close()
	copied := filepath.Join(tb.TempDir(), "copy.db")
	_, err = db.Exec("VACUUM INTO ?", copied)
	require.NoError(tb, err)
	data, err := os.ReadFile(copied)
	require.NoError(tb, err)
	return data
}

func restore(tb testing.TB, data []byte) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "restored.db")
	require.NoError(tb, os.WriteFile(path, data, 0o600))
	return path
}

// schema returns the statements that created the tables.
func schema(tb testing.TB, db *sql.DB) string {
	tb.Helper()
	rows, err := db.Query("SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_schema ORDER BY type, name")
	require.NoError(tb, err)
	defer rows.Close()
	var b strings.Builder
	for rows.Next() {
		var kind, name, table, text string
		require.NoError(tb, rows.Scan(&kind, &name, &table, &text))
		fmt.Fprintln(&b, kind, name, table, text)
	}
	require.NoError(tb, rows.Err())
	return b.String()
}

// If two processes open a new database at the same time, its tables are created once.
func TestManyProcessesOpenOneNewDatabase(t *testing.T) {
	if args := faulttest.ChildArgs(); args != nil {
		fmt.Println("ready")
		os.Stdin.Read(make([]byte, 1))
		st, err := engine.Open(t.Context(), args[0])
		require.NoError(t, err)
		require.NoError(t, st.Close())
		return
	}
	t.Parallel()
	for range 5 {
		source := engine.Source(t)
		var processes []*faulttest.Process
		for range 3 {
			p := faulttest.Start(t, source)
			line, err := p.Line()
			require.NoError(t, err)
			require.Equal(t, "ready", line)
			processes = append(processes, p)
		}
		for _, p := range processes {
			p.Go()
		}
		for _, p := range processes {
			p.Release()
		}
		db, err := sql.Open("sqlite3", source)
		require.NoError(t, err)
		var versions, newest int
		require.NoError(t, db.QueryRow("SELECT count(*), max(version) FROM visitors_schema").Scan(&versions, &newest))
		require.Equal(t, newest, versions)
		engine.Check(t, db)
		require.NoError(t, db.Close())
	}
}

func TestMigrationIsInterrupted(t *testing.T) {
	faulttest.Interrupted(t, engine, func(source string) error {
		_, err := sqlite.Open(t.Context(), source, &sqlite.Options{NoMigrate: true})
		return err
	})
}

// TestOlderReleasesReadNoOtherWorkspace reads as programs of schema version 4 do, which bind the
// name of a workspace: by the name "1" they must not find rows of the first workspace.
func TestOlderReleasesReadNoOtherWorkspace(t *testing.T) {
	t.Parallel()
	source := engine.Source(t)
	st, err := engine.Open(t.Context(), source)
	require.NoError(t, err)
	defer func() { require.NoError(t, st.Close()) }()
	ws, err := store.Open(st, "acme", nil)
	require.NoError(t, err)
	_, err = ws.Create(t.Context(), visitor.Draft{Name: "Ada", Source: visitor.Chat, Tags: []string{"vip"}})
	require.NoError(t, err)
	db, err := sql.Open("sqlite3", source)
	require.NoError(t, err)
	defer db.Close()
	count := func(query string, args ...any) (n int) {
		require.NoError(t, db.QueryRow(query, args...).Scan(&n), query)
		return n
	}
	rows, err := db.Query("SELECT m.name FROM sqlite_schema m JOIN pragma_table_info(m.name) c ON c.name = 'ws' WHERE m.type = 'table' AND m.name <> 'visitors_workspace'")
	require.NoError(t, err)
	var tables []string
	for rows.Next() {
		var table string
		require.NoError(t, rows.Scan(&table))
		tables = append(tables, table)
	}
	require.NoError(t, rows.Err())
	// Programs of version 7 begin each call with this, so they write nothing.
	_, err = db.Exec("SELECT w.ws, w.catalog, w.recorded FROM visitors_workspace w WHERE w.name = 'acme'")
	require.ErrorContains(t, err, "recorded")
	require.Contains(t, tables, "visitors_tag")
	require.Equal(t, 1, count("SELECT count(*) FROM visitors_tag WHERE ws = ?", 1))
	for _, table := range tables {
		require.Zero(t, count("SELECT count(*) FROM "+table+" WHERE ws = ?", "1"), table)
		require.Zero(t, count("SELECT count(*) FROM "+table+" WHERE typeof(ws) <> 'integer'"), table)
	}
}
