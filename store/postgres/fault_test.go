package postgres_test

import (
	"context"
	"database/sql"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/internal/faulttest"
	"github.com/contactpipeline/visitors/store/internal/pgtest"
	"github.com/contactpipeline/visitors/store/internal/sqlstore"
	"github.com/contactpipeline/visitors/store/postgres"
)

var faultEngine = faulttest.Engine{
	Driver:   stdlib.GetDefaultDriver(),
	Source:   func(tb testing.TB) string { return pgtest.Database(tb, nil) },
	Migrated: func(tb testing.TB) string { return pgtest.Database(tb, &pgtest.Options{Template: migrated}) },
	Open: func(ctx context.Context, source string) (driver.Store, error) {
		if name := faulttest.Working(); name != "" {
			source += " application_name=" + name
		}
		return postgres.Open(ctx, source, nil)
	},
	Forms: map[string]faulttest.Form{
		"a host's connections": {Open: func(ctx context.Context, db *sql.DB) (driver.Store, error) {
			return postgres.New(ctx, db, nil)
		}},
	},
	Costly:  true,
	InTx:    func(st driver.Store, tx *sql.Tx) driver.Store { return st.(*postgres.Store).InTx(tx) },
	Bare:    func(_ testing.TB, db *sql.DB) *sqlstore.Engine { return postgres.Bare(db, "public") },
	Dump:    dump,
	Restore: restore,
	Schema:  schema,
	Settle: func(tb testing.TB, db *sql.DB, process string) {
		for left := 1; left > 0; time.Sleep(time.Millisecond) {
			err := db.QueryRow("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = $1", process).Scan(&left)
			require.NoError(tb, err)
		}
	},
	Check: func(tb testing.TB, db *sql.DB) {
		var can bool
		require.NoError(tb, db.QueryRow("SELECT EXISTS (SELECT 1 FROM pg_available_extensions WHERE name = 'amcheck')").Scan(&can))
		if !can {
			return
		}
		_, err := db.Exec("CREATE EXTENSION IF NOT EXISTS amcheck")
		require.NoError(tb, err)
		_, err = db.Exec("SELECT bt_index_check(c.oid, true) FROM pg_class c JOIN pg_am a ON a.oid = c.relam" +
			" WHERE a.amname = 'btree' AND c.relkind = 'i' AND c.relname LIKE 'visitors%'")
		require.NoError(tb, err, "an index that does not agree with its table")
	},
}

func TestCallsThatFail(t *testing.T) {
	t.Parallel()
	faulttest.Calls(t, faultEngine)
}

func TestOpeningWhileCallsFail(t *testing.T) {
	t.Parallel()
	faulttest.Opening(t, faultEngine)
}

func TestHostTransactionWhileCallsFail(t *testing.T) {
	t.Parallel()
	faulttest.Inside(t, faultEngine)
}

func TestCallsThatAreHeldUp(t *testing.T) {
	t.Parallel()
	faulttest.Slow(t, faultEngine)
}

func TestMigrations(t *testing.T) {
	t.Parallel()
	faulttest.Migrations(t, faultEngine)
}

func TestUpgrade(t *testing.T) {
	t.Parallel()
	faulttest.Upgrade(t, faultEngine)
}

func TestKill(t *testing.T) { faulttest.Kill(t, faultEngine) }

func TestKillJobs(t *testing.T) { faulttest.KillJobs(t, faultEngine) }

// No other test runs meanwhile, as its connections would break.
func TestCrash(t *testing.T) {
	faulttest.Crash(t, faultEngine, func() { pgtest.Crash(t) })
}

func TestCrowd(t *testing.T) {
	t.Parallel()
	faulttest.Crowd(t, opened(t))
}

func TestLinear(t *testing.T) {
	t.Parallel()
	faulttest.Linear(t, opened(t))
}

func TestStorm(t *testing.T) {
	t.Parallel()
	faulttest.Storm(t, faultEngine)
}

func TestTogether(t *testing.T) {
	t.Parallel()
	faulttest.Together(t, faultEngine)
}

// It runs alone, since other tests have goroutines too.
func TestCloseLeavesNoGoroutine(t *testing.T) {
	source := faultEngine.Source(t)
	before := goleak.IgnoreCurrent()
	st, err := faultEngine.Open(t.Context(), source)
	require.NoError(t, err)
	faulttest.Linear(t, st)
	require.NoError(t, st.Close())
	goleak.VerifyNone(t, before)
}

func opened(t *testing.T) driver.Store {
	t.Helper()
	st, err := faultEngine.Open(t.Context(), faultEngine.Source(t))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, st.Close()) })
	return st
}

func TestNamesOfTags(t *testing.T) {
	t.Parallel()
	faulttest.Names(t, faultEngine)
}
