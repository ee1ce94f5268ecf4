package faulttest

import (
	"database/sql"
	"errors"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/internal/faulty"
	"github.com/contactpipeline/visitors/store/internal/sqlstore"
)

// Migration steps that create a table, valid in both databases. The second step fills the table
// of the first: run twice it would leave more rows, run in part fewer.
var (
	firstStep  = &fstest.MapFile{Data: []byte("CREATE TABLE visitors_fake (a integer NOT NULL); INSERT INTO visitors_fake VALUES (1)")}
	secondStep = &fstest.MapFile{Data: []byte("INSERT INTO visitors_fake VALUES (2); ALTER TABLE visitors_fake ADD COLUMN b integer NOT NULL DEFAULT 7; INSERT INTO visitors_fake VALUES (3, 8)")}
	brokenStep = &fstest.MapFile{Data: []byte("INSERT INTO visitors_fake VALUES (2); ALTER TABLE visitors_fake ADD COLUMN b integer NOT NULL DEFAULT 7; INSERT INTO visitors_none VALUES (3, 8)")}
	otherStep  = &fstest.MapFile{Data: []byte("CREATE TABLE visitors_fake (a integer NOT NULL); INSERT INTO visitors_fake VALUES (9)")}

	old     = fstest.MapFS{"0001_fake.sql": firstStep}
	current = fstest.MapFS{"0001_fake.sql": firstStep, "0002_more.sql": secondStep}
	wrong   = fstest.MapFS{"0001_fake.sql": firstStep, "0002_more.sql": brokenStep}
	foreign = fstest.MapFS{"0001_fake.sql": otherStep, "0002_more.sql": secondStep}
)

// Migrations tests migrations with steps of its own: a database of the previous version is
// migrated completely or not at all, by one of many concurrent callers.
func Migrations(t *testing.T, e Engine) {
	t.Run("filled", func(t *testing.T) {
		t.Parallel()
		m := e.migrating(t)
		m.migrate(t, old)
		m.requireOld(t)
		m.migrate(t, current)
		m.requireCurrent(t)
		m.migrate(t, current)
		m.requireCurrent(t)
	})
	t.Run("newer", func(t *testing.T) {
		t.Parallel()
		m := e.migrating(t)
		m.migrate(t, current)
		m.refuse(t, old, 2)
		m.requireCurrent(t)
	})
	t.Run("by other steps", func(t *testing.T) {
		t.Parallel()
		m := e.migrating(t)
		m.migrate(t, old)
		m.refuse(t, foreign, 1)
		m.requireOld(t)
	})
	t.Run("by a step that fails", func(t *testing.T) {
		t.Parallel()
		m := e.migrating(t)
		require.Error(t, sqlstore.Migrate(t.Context(), m.engine, wrong, false))
		m.requireOld(t)
		m.migrate(t, current)
		m.requireCurrent(t)
	})
	t.Run("not at all", func(t *testing.T) {
		t.Parallel()
		m := e.migrating(t)
		m.migrate(t, old)
		var refused *driver.SchemaError
		require.ErrorAs(t, sqlstore.Migrate(t.Context(), m.engine, current, true), &refused)
		require.Equal(t, 2, refused.Version)
		m.requireOld(t)
	})
	t.Run("by many at once", func(t *testing.T) {
		t.Parallel()
		for range 3 {
			e.migrateAtOnce(t)
		}
	})
	for _, how := range modes() {
		t.Run("while a call "+how.name, func(t *testing.T) {
			t.Parallel()
			m := e.migrating(t)
			m.migrate(t, old)
			n := 1
			for !m.tries(t, how, n) {
				n++
			}
			t.Logf("%d calls failed", n-1)
			m.requireCurrent(t)
		})
	}
}

// migrating is a database during a migration.
type migrating struct {
	c      *faulty.Connector
	engine *sqlstore.Engine
	plain  *sql.DB
}

func (e Engine) migrating(t *testing.T) *migrating {
	t.Helper()
	return e.migratingOn(t, e.Source(t))
}

func (e Engine) migratingOn(t *testing.T, source string) *migrating {
	t.Helper()
	c, err := faulty.Wrap(e.Driver, source)
	require.NoError(t, err)
	db := sql.OpenDB(c)
	t.Cleanup(func() { db.Close() })
	return &migrating{c, e.Bare(t, db), e.plain(t, source)}
}

func (m *migrating) migrate(t *testing.T, steps fstest.MapFS) {
	t.Helper()
	require.NoError(t, sqlstore.Migrate(t.Context(), m.engine, steps, false))
}

func (m *migrating) refuse(t *testing.T, steps fstest.MapFS, version int) {
	t.Helper()
	var refused *driver.SchemaError
	require.ErrorAs(t, sqlstore.Migrate(t.Context(), m.engine, steps, false), &refused)
	require.Equal(t, version, refused.Version)
}

// tries migrates while the n-th call fails, and reports whether none did.
func (m *migrating) tries(t *testing.T, how mode, n int) bool {
	m.c.Set(how.plan(n, func() {}))
	err := sqlstore.Migrate(t.Context(), m.engine, current, false)
	failed := m.c.Failed() > 0
	m.c.Set(nil)
	require.True(t, failed || err == nil, "failed without a fault: %v", err)
	require.Zero(t, m.c.Open().Transactions)
	switch {
	case err == nil || how.ambiguous && m.version(t) == 2:
		m.requireCurrent(t)
	default:
		require.True(t, planned(err), "%v", err)
		m.requireOld(t)
	}
	return !failed
}

func (m *migrating) version(t *testing.T) (n int) {
	t.Helper()
	require.NoError(t, m.plain.QueryRow("SELECT max(version) FROM visitors_schema").Scan(&n))
	return n
}

func (m *migrating) requireOld(t *testing.T) {
	t.Helper()
	require.Equal(t, 1, m.version(t))
	var n, sum int
	require.NoError(t, m.plain.QueryRow("SELECT count(*), sum(a) FROM visitors_fake").Scan(&n, &sum))
	require.Equal(t, []int{1, 1}, []int{n, sum}, "rows of the first step")
	_, err := m.plain.Exec("SELECT b FROM visitors_fake")
	require.Error(t, err, "a column of the second step")
}

func (m *migrating) requireCurrent(t *testing.T) {
	t.Helper()
	require.Equal(t, 2, m.version(t))
	var n, sum, more int
	require.NoError(t, m.plain.QueryRow("SELECT count(*), sum(a), sum(b) FROM visitors_fake").Scan(&n, &sum, &more))
	require.Equal(t, []int{3, 6, 22}, []int{n, sum, more}, "rows of both steps")
}

// migrateAtOnce has many migrate one new database.
func (e Engine) migrateAtOnce(t *testing.T) {
	const many = 8
	source := e.Source(t)
	var all []*migrating
	for range many {
		all = append(all, e.migratingOn(t, source))
	}
	var group sync.WaitGroup
	failed := make([]error, many)
	for i, m := range all {
		group.Go(func() { failed[i] = sqlstore.Migrate(t.Context(), m.engine, current, false) })
	}
	group.Wait()
	require.NoError(t, errors.Join(failed...))
	all[0].requireCurrent(t)
}
