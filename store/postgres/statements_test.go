package postgres_test

import (
	"context"
	"database/sql"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/samber/lo"
	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/internal/pgtest"
	"github.com/contactpipeline/visitors/store/postgres"
)

// recorder keeps the statements that are sent.
type recorder struct {
	mu   sync.Mutex
	sent []string
}

func (r *recorder) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sent = append(r.sent, data.SQL)
	return ctx
}

func (r *recorder) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// take returns what was sent since the last call.
func (r *recorder) take() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	sent := r.sent
	r.sent = nil
	return sent
}

// recorded opens a database whose statements are kept.
func recorded(tb testing.TB, dsn string) (*sql.DB, *recorder) {
	config, err := pgx.ParseConfig(dsn)
	require.NoError(tb, err)
	r := &recorder{}
	config.Tracer = r
	db := stdlib.OpenDB(*config)
	tb.Cleanup(func() { require.NoError(tb, db.Close()) })
	return db, r
}

// TestMigrationsAreSentStatementByStatement reads what a first migration sends. Citus refuses
// several statements at once for distributed tables. Databases that ignore the advisory lock have
// a locked row instead.
func TestMigrationsAreSentStatementByStatement(t *testing.T) {
	t.Parallel()
	db, r := recorded(t, pgtest.Database(t, nil))
	_, err := postgres.New(t.Context(), db, nil)
	require.NoError(t, err)
	sent := r.take()
	key := slices.IndexFunc(sent, func(text string) bool { return strings.Contains(text, "visitors_key k") })
	require.Positive(t, key, "the suppression key is made after the migrations")
	sent = sent[:key]
	notCode := regexp.MustCompile(`--[^\n]*|'[^']*'`)
	for _, text := range sent {
		require.NotContains(t, notCode.ReplaceAllString(text, ""), ";", text)
	}
	begin := []string{
		"BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE", postgres.LockSchema("public"), "CREATE TABLE IF NOT EXISTS ",
		`SELECT version FROM "public".visitors_schema FOR UPDATE`,
	}
	migrations := 0
	for i, text := range sent {
		if text == begin[0] {
			migrations++
			for n, want := range begin {
				require.True(t, strings.HasPrefix(sent[i+n], want), "%q instead of %q", sent[i+n], want)
			}
		}
	}
	require.EqualValues(t, lo.CountBy(sent, func(text string) bool { return strings.HasPrefix(text, `INSERT INTO "public".visitors_schema`) }), migrations)
	require.Greater(t, migrations, 3)
}

// TestMigrationsWait holds one of the two locks of the schema while a migration or Distribute
// begins.
func TestMigrationsWait(t *testing.T) {
	t.Parallel()
	for lock, held := range map[string]string{
		"advisory lock": postgres.LockSchema("public"),
		"rows":          "SELECT version FROM visitors_schema FOR UPDATE",
	} {
		for call, begin := range map[string]func(db *sql.DB) error{
			"Migrate": func(db *sql.DB) error {
				_, err := postgres.New(context.Background(), db, nil)
				return err
			},
			"Distribute": func(db *sql.DB) error {
				err := postgres.Distribute(context.Background(), db, nil)
				require.ErrorIs(t, err, postgres.ErrNoCitus)
				return nil
			},
		} {
			t.Run(call+" "+lock, func(t *testing.T) {
				t.Parallel()
				dsn := pgtest.Database(t, nil)
				db := database(t, dsn)
				require.NoError(t, postgres.MigrateTo(t.Context(), db, "public", 1))
				tx, err := db.BeginTx(t.Context(), nil)
				require.NoError(t, err)
				defer tx.Rollback()
				_, err = tx.ExecContext(t.Context(), held)
				require.NoError(t, err)
				done := make(chan error, 1)
				go func() { done <- begin(db) }()
				require.Eventually(t, func() bool {
					return len(done) > 0 || ask[int64](t, dsn, "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()") == 1
				}, time.Minute, time.Millisecond)
				require.Empty(t, done, "did not wait")
				require.NoError(t, tx.Rollback())
				require.NoError(t, <-done)
			})
		}
	}
}

// TestSynchronousCommitIsTurnedOn reads what is sent with synchronous_commit off: the lock of the
// workspace says so for the node that has the row, and it is turned on there before anything is
// written. A host's transaction decides for itself.
func TestSynchronousCommitIsTurnedOn(t *testing.T) {
	t.Parallel()
	const lock = `SELECT current_setting('synchronous_commit'), has_records FROM "public".visitors_workspace WHERE ws = $1 FOR UPDATE`
	on := []string{"SET LOCAL citus.propagate_set_commands = 'local'", "SET LOCAL synchronous_commit = on"}
	for setting, turned := range map[string]bool{"off": true, "local": false, "on": false} {
		t.Run(setting, func(t *testing.T) {
			t.Parallel()
			_, dsn := open(t, nil)
			db, r := recorded(t, dsn+" synchronous_commit="+setting)
			st, err := postgres.New(t.Context(), db, nil)
			require.NoError(t, err)
			ws := workspace(t, st, "acme")
			create := func() []string {
				r.take()
				_, err := ws.Create(t.Context(), ada())
				require.NoError(t, err)
				return r.take()
			}
			create() // creates the row of the workspace
			sent := create()
			require.Equal(t, []string{"BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE", lock}, sent[:2])
			require.Equal(t, turned, slices.Equal(sent[2:4], on), sent)
			require.Equal(t, turned, slices.Contains(sent, on[1]))

			read := func(tx *sql.Tx) (now string) {
				require.NoError(t, tx.QueryRowContext(t.Context(), "SHOW synchronous_commit").Scan(&now))
				return now
			}
			want := setting
			if turned {
				want = "on"
			}
			require.NoError(t, st.Transact(t.Context(), func(tx *sql.Tx, _ driver.Store) error {
				require.Equal(t, want, read(tx), "before visitors are written")
				return nil
			}))
			tx, err := db.BeginTx(t.Context(), nil)
			require.NoError(t, err)
			defer tx.Rollback()
			_, err = workspace(t, st.InTx(tx), "acme").Create(t.Context(), ada())
			require.NoError(t, err)
			require.Equal(t, setting, read(tx), "of a host's transaction")
		})
	}
}

// TestInsertsOnCitus writes to every table. Citus commits an INSERT from a SELECT in two phases.
func TestInsertsOnCitus(t *testing.T) {
	t.Parallel()
	db, r := recorded(t, pgtest.Database(t, nil))
	st, err := postgres.OnCitus(t.Context(), db, nil)
	require.NoError(t, err)
	r.take()
	changeEverything(t, workspace(t, st, "acme"))
	tables := map[string]bool{}
	for _, text := range r.take() {
		if strings.HasPrefix(text, "INSERT") {
			require.Regexp(t, values, text)
			tables[mention.FindString(text)] = true
		}
	}
	require.Greater(t, len(tables), 10, "tables: %v", tables)
}
