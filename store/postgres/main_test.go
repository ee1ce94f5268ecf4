package postgres_test

import (
	"context"
	"database/sql"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/internal/pgtest"
	"github.com/contactpipeline/visitors/store/postgres"
	"github.com/contactpipeline/visitors/visitor"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// migrated has the tables and the search index, as Open creates them.
var migrated = &pgtest.Template{Fill: func(dsn string) error {
	st, err := postgres.Open(context.Background(), dsn, nil)
	if err != nil {
		return err
	}
	return st.Close()
}}

// open returns a store on a new database, and its dsn.
func open(tb testing.TB, o *postgres.Options) (*postgres.Store, string) {
	tb.Helper()
	d := &pgtest.Options{}
	if o == nil {
		d.Template = migrated
	}
	dsn := pgtest.Database(tb, d)
	return openAt(tb, dsn, o), dsn
}

func openAt(tb testing.TB, dsn string, o *postgres.Options) *postgres.Store {
	tb.Helper()
	st, err := postgres.Open(tb.Context(), dsn, o)
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, st.Close()) })
	return st
}

func workspace(tb testing.TB, st driver.Store, name string) *store.Workspace {
	tb.Helper()
	ws, err := store.Open(st, name, nil)
	require.NoError(tb, err)
	return ws
}

// database opens dsn as a host would.
func database(tb testing.TB, dsn string) *sql.DB {
	tb.Helper()
	db, err := sql.Open("pgx", dsn)
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, db.Close()) })
	return db
}

// run runs statements one by one.
func run(tb testing.TB, dsn string, statements ...string) {
	tb.Helper()
	conn, err := pgx.Connect(context.Background(), dsn)
	require.NoError(tb, err)
	defer conn.Close(context.Background())
	for _, text := range statements {
		_, err := conn.Exec(context.Background(), text)
		require.NoError(tb, err, text)
	}
}

// ask returns the only value of a query.
func ask[T any](tb testing.TB, dsn, query string, args ...any) (value T) {
	tb.Helper()
	conn, err := pgx.Connect(context.Background(), dsn)
	require.NoError(tb, err)
	defer conn.Close(context.Background())
	require.NoError(tb, conn.QueryRow(context.Background(), query, args...).Scan(&value), query)
	return value
}

func ada() visitor.Draft {
	return visitor.Draft{Name: "Ada Lovelace", Email: "ada@example.com", Phone: "+5511987654321", Source: visitor.Instagram, Tags: []string{"hot-lead"}}
}
