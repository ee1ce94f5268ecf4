package postgres_test

import (
	"context"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store/internal/pgtest"
	"github.com/contactpipeline/visitors/store/postgres"
)

func TestManyMigrateAtOnce(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Database(t, nil)
	const n = 6
	stores := make([]*postgres.Store, n)
	errs := make([]error, n)
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() {
			stores[i], errs[i] = postgres.Open(context.Background(), dsn, &postgres.Options{Schema: "new", MaxOpenConns: 2})
		})
	}
	group.Wait()
	for i := range n {
		require.NoError(t, errs[i])
		require.NoError(t, stores[i].Close())
	}
	require.Equal(t, ask[int64](t, dsn, "SELECT max(version)::bigint FROM new.visitors_schema"), ask[int64](t, dsn, "SELECT count(*) FROM new.visitors_schema"))
}

func TestSchemaIsWhatThisReleaseWorksOn(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, change, reason string }{
		{"newer", "INSERT INTO visitors_schema (version, checksum) VALUES (9, 'x')", "schema version 9: newer than this release, which knows 8"},
		{"other steps", "UPDATE visitors_schema SET checksum = 'x'", "schema version 1: was made by another text than this release has"},
		{"a gap", "UPDATE visitors_schema SET version = 10 WHERE version = 8", "schema version 10: a step before it is missing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, dsn := open(t, nil)
			run(t, dsn, c.change)
			for _, only := range []bool{false, true} {
				_, err := postgres.Open(t.Context(), dsn, &postgres.Options{NoMigrate: only})
				var schema *postgres.SchemaError
				require.ErrorAs(t, err, &schema)
				require.EqualError(t, err, "open postgres: "+c.reason)
			}
		})
	}
}

func TestNoMigrate(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Database(t, nil)
	_, err := postgres.Open(t.Context(), dsn, &postgres.Options{NoMigrate: true, Schema: "own"})
	var schema *postgres.SchemaError
	require.ErrorAs(t, err, &schema)
	require.Equal(t, 1, schema.Version)
	require.False(t, ask[bool](t, dsn, "SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = 'own')"))

	st := openAt(t, dsn, nil)
	require.NoError(t, st.Migrate(t.Context()), "again")
	openAt(t, dsn, &postgres.Options{NoMigrate: true})
}

// TestSchemas uses several stores in one database, each in its own schema.
func TestSchemas(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Database(t, nil)
	strange := `strange "name"? $1 'x'`
	for _, name := range []string{"", "crm", strange} {
		st := openAt(t, dsn, &postgres.Options{Schema: name})
		indexed, err := st.SearchIndexed(t.Context())
		require.NoError(t, err)
		require.True(t, indexed)
		v, err := workspace(t, st, "acme").Create(t.Context(), ada())
		require.NoError(t, err)
		again := openAt(t, dsn, &postgres.Options{Schema: name, NoMigrate: true})
		_, err = workspace(t, again, "acme").Get(t.Context(), v.ID)
		require.NoError(t, err)
	}
	require.EqualValues(t, 1, ask[int64](t, dsn, "SELECT count(*) FROM visitors_visitor"))
	require.EqualValues(t, 1, ask[int64](t, dsn, "SELECT count(*) FROM crm.visitors_visitor"))

	run(t, dsn, "ALTER ROLE CURRENT_USER IN DATABASE "+ask[string](t, dsn, "SELECT current_database()")+" SET search_path = nowhere")
	_, err := postgres.Open(t.Context(), dsn, nil)
	require.EqualError(t, err, "open postgres: no schema of the search path exists: name one in Options.Schema")
}

// TestSchemaRules reads the catalogue: every column is NOT NULL, every text is compared bytewise,
// every key starts with the workspace, and there are no triggers and foreign keys.
func TestSchemaRules(t *testing.T) {
	t.Parallel()
	_, dsn := open(t, nil)
	const ours = " c.relname LIKE 'visitors\\_%' AND c.relname <> 'visitors_schema'"
	require.Greater(t, ask[int64](t, dsn, "SELECT count(*) FROM pg_class c WHERE relkind = 'r' AND"+ours), int64(8))
	for rule, query := range map[string]string{
		"a column may be NULL": "SELECT c.relname || '.' || a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid" +
			" WHERE c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped AND NOT a.attnotnull AND" + ours,
		"a text has a language": "SELECT c.relname || '.' || a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_collation l ON l.oid = a.attcollation" +
			" WHERE c.relkind = 'r' AND a.attnum > 0 AND l.collname <> 'C' AND" + ours,
		"an index does not lead with the workspace": "SELECT i.indexrelid::regclass::text FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_class x ON x.oid = i.indexrelid" +
			" JOIN pg_am m ON m.oid = x.relam WHERE m.amname = 'btree' AND pg_get_indexdef(i.indexrelid, 1, false) <> 'ws' AND c.relname <> 'visitors_key' AND" + ours,
		"a trigger":     "SELECT tgname FROM pg_trigger",
		"a foreign key": "SELECT conname FROM pg_constraint WHERE contype = 'f'",
	} {
		require.Empty(t, ask[[]string](t, dsn, "SELECT array(SELECT x::text FROM ("+query+") AS q (x))"), rule)
	}
}

// TestOlderReleasesCannotWrite writes an event as programs of schema version 4 do with every
// change: one that still runs must not change the name of a tag, since others would not notice.
func TestOlderReleasesCannotWrite(t *testing.T) {
	t.Parallel()
	_, dsn := open(t, nil)
	_, err := database(t, dsn).ExecContext(t.Context(), "INSERT INTO visitors_event (ws, seq, kind, at, visitor_id, other_id, tag_ids, group_ids, fields, actor, cause)"+
		" VALUES ('acme', 1, 'tag.updated', 5, $1, $1, '', '', 'name', '', '')", uuid.Nil.String())
	require.ErrorContains(t, err, `null value in column "stamp"`)
	_, err = database(t, dsn).ExecContext(t.Context(), "SELECT recorded = 1 FROM visitors_workspace WHERE ws = 'acme' FOR UPDATE") // version 7
	require.ErrorContains(t, err, "recorded")
}

func TestOtherEncodingIsRefused(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Database(t, &pgtest.Options{Ctype: "C", Encoding: "SQL_ASCII"})
	_, err := postgres.Open(t.Context(), dsn, nil)
	require.EqualError(t, err, "open postgres: database has the encoding SQL_ASCII, want UTF8")
}

func TestDistributeNeedsCitus(t *testing.T) {
	t.Parallel()
	_, dsn := open(t, nil)
	err := postgres.Distribute(t.Context(), database(t, dsn), nil)
	require.ErrorIs(t, err, postgres.ErrNoCitus)
	require.EqualError(t, err, "distribute tables: extension citus is not installed in this database")
}
