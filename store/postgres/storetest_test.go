package postgres_test

import (
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/internal/pgtest"
	"github.com/contactpipeline/visitors/store/postgres"
	"github.com/contactpipeline/visitors/store/storetest"
)

// TestStore checks the contract on a host's connections, and checks every statement that is
// sent.
func TestStore(t *testing.T) {
	t.Parallel()
	watched(t, nil, func(t *testing.T, open func(testing.TB) driver.Store) { storetest.Run(t, open) })
}

// watched runs the contract on a host's connections, and checks every statement that is sent.
func watched(t *testing.T, o *postgres.Options, contract func(*testing.T, func(testing.TB) driver.Store)) {
	w := &watch{}
	t.Run("contract", func(t *testing.T) {
		contract(t, func(tb testing.TB) driver.Store {
			config, err := pgx.ParseConfig(pgtest.Database(tb, nil))
			require.NoError(tb, err)
			config.Tracer = w
			db := stdlib.OpenDB(*config)
			tb.Cleanup(func() { require.NoError(tb, db.Close()) })
			st, err := postgres.OnCitus(tb.Context(), db, o) // elsewhere only inserts of many rows differ
			require.NoError(tb, err)
			indexed, err := st.SearchIndexed(tb.Context())
			require.NoError(tb, err)
			require.True(tb, indexed)
			w.begin()
			return st
		})
	})
	wrong, checked := w.end()
	for _, text := range wrong {
		t.Errorf("%.1000s", text)
	}
	require.Greater(t, checked, 100, "different statements that were read")
}

func TestCompare(t *testing.T) {
	t.Parallel()
	storetest.Compare(t, func(tb testing.TB) driver.Store {
		st, _ := open(tb, nil)
		return st
	}, 4_000)
}

// TestStoreWithoutTrigrams checks a store with connections of its own, as a role that may not
// create the extension, in a schema that is not in the search path, on a server for which
// only ASCII has letters.
func TestStoreWithoutTrigrams(t *testing.T) {
	t.Parallel()
	storetest.RunAgain(t, func(tb testing.TB) driver.Store {
		dsn := pgtest.Database(tb, &pgtest.Options{Ctype: "C"})
		st := openAt(tb, asPlain(tb, dsn, "CRM data"), &postgres.Options{Schema: "CRM data"})
		indexed, err := st.SearchIndexed(tb.Context())
		require.NoError(tb, err)
		require.False(tb, indexed)
		return st
	})
}

// asPlain creates a role that can only use the schema, and returns its dsn.
func asPlain(tb testing.TB, dsn, schema string) string {
	tb.Helper()
	name := "plain_" + ask[string](tb, dsn, "SELECT current_database()")
	schema = pgx.Identifier{schema}.Sanitize()
	run(tb, dsn,
		"CREATE ROLE "+name+" LOGIN",
		"CREATE SCHEMA IF NOT EXISTS "+schema,
		"GRANT ALL ON SCHEMA "+schema+" TO "+name,
		"REVOKE CREATE ON DATABASE "+ask[string](tb, dsn, "SELECT current_database()")+" FROM PUBLIC",
	)
	return dsn + " user=" + name
}

func TestSuppressionKeys(t *testing.T) {
	t.Parallel()
	storetest.Keys(t, func(tb testing.TB) func(...[]byte) driver.Store {
		dsn := pgtest.Database(tb, nil)
		return func(keys ...[]byte) driver.Store {
			st, err := postgres.Open(tb.Context(), dsn, &postgres.Options{SuppressionKeys: keys})
			require.NoError(tb, err)
			return st
		}
	})
}
