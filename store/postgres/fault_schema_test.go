package postgres_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store/internal/faulttest"
	"github.com/contactpipeline/visitors/store/internal/pgtest"
	"github.com/contactpipeline/visitors/store/postgres"
)

// kept is the contents of a database: the version of its tables, and their rows as COPY writes
// them.
type kept struct {
	Version int
	Tables  map[string]keptRows
}

type keptRows struct{ Columns, Rows string }

func dump(tb testing.TB, source string) []byte {
	tb.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, source)
	require.NoError(tb, err)
	defer conn.Close(ctx)
	k := kept{Tables: map[string]keptRows{}}
	require.NoError(tb, conn.QueryRow(ctx, "SELECT max(version) FROM visitors_schema").Scan(&k.Version))
	found, err := conn.Query(ctx, "SELECT table_name, string_agg(column_name, ', ' ORDER BY ordinal_position) FROM information_schema.columns"+
		" WHERE table_schema = 'public' AND table_name LIKE 'visitors%' AND table_name <> 'visitors_schema' AND is_generated = 'NEVER' GROUP BY table_name")
	require.NoError(tb, err)
	columns := map[string]string{}
	var table, names string
	_, err = pgx.ForEachRow(found, []any{&table, &names}, func() error {
		columns[table] = names
		return nil
	})
	require.NoError(tb, err)
	for table, names := range columns {
		var b bytes.Buffer
		_, err := conn.PgConn().CopyTo(ctx, &b, "COPY "+table+" ("+names+") TO STDOUT")
		require.NoError(tb, err)
		k.Tables[table] = keptRows{names, b.String()}
	}
	data, err := json.MarshalIndent(k, "", "  ")
	require.NoError(tb, err)
	return data
}

func restore(tb testing.TB, data []byte) string {
	tb.Helper()
	ctx := context.Background()
	var k kept
	require.NoError(tb, json.Unmarshal(data, &k))
	source := pgtest.Database(tb, nil)
	db, err := sql.Open("pgx", source)
	require.NoError(tb, err)
	defer db.Close()
	require.NoError(tb, postgres.MigrateTo(ctx, db, "public", k.Version))
	conn, err := pgx.Connect(ctx, source)
	require.NoError(tb, err)
	defer conn.Close(ctx)
	for table, of := range k.Tables {
		_, err := conn.PgConn().CopyFrom(ctx, strings.NewReader(of.Rows), "COPY "+table+" ("+of.Columns+") FROM STDIN")
		require.NoError(tb, err)
	}
	return source
}

// schema returns the columns and indexes of the tables, except the search index, which is not part
// of the migrations.
func schema(tb testing.TB, db *sql.DB) string {
	tb.Helper()
	rows, err := db.Query("SELECT concat_ws(' ', table_name, column_name, data_type, collation_name, is_nullable, column_default, generation_expression)" +
		" FROM information_schema.columns WHERE table_schema = 'public' AND table_name LIKE 'visitors%'" +
		" UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename LIKE 'visitors%' AND indexname <> 'visitors_visitor_search'" +
		" UNION ALL SELECT pg_get_statisticsobjdef(oid) FROM pg_statistic_ext ORDER BY 1")
	require.NoError(tb, err)
	defer rows.Close()
	var b strings.Builder
	for rows.Next() {
		var line string
		require.NoError(tb, rows.Scan(&line))
		fmt.Fprintln(&b, line)
	}
	require.NoError(tb, rows.Err())
	return b.String()
}

func TestMigrationIsInterrupted(t *testing.T) {
	faulttest.Interrupted(t, faultEngine, func(source string) error {
		_, err := postgres.Open(t.Context(), source, &postgres.Options{NoMigrate: true})
		return err
	})
}
