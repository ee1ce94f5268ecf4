package postgres_test

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/internal/crowd"
	"github.com/contactpipeline/visitors/store/internal/pgtest"
	"github.com/contactpipeline/visitors/store/postgres"
)

// lastQuery is a tracer that keeps the last statement.
type lastQuery struct {
	text string
	args []any
}

func (q *lastQuery) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	q.text, q.args = data.SQL, data.Args
	return ctx
}

func (q *lastQuery) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// TestEventsOfAVisitorUseIndexes asks the server how it finds the events about one visitor,
// before and after ANALYZE, and with a generic plan.
func TestEventsOfAVisitorUseIndexes(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Database(t, &pgtest.Options{Template: migrated})
	config, err := pgx.ParseConfig(dsn)
	require.NoError(t, err)
	last := &lastQuery{}
	config.Tracer = last
	db := stdlib.OpenDB(*config)
	defer db.Close()
	st, err := postgres.New(t.Context(), db, nil)
	require.NoError(t, err)
	defer st.Close()
	town := crowd.New(2_000)
	_, err = st.Apply(t.Context(), "acme", town.First())
	require.NoError(t, err)
	var someone driver.CreateVisitor
	for changes := range town.Batches() {
		_, err := st.Apply(t.Context(), "acme", changes)
		require.NoError(t, err)
		someone = changes[0].(driver.CreateVisitor)
	}
	events, err := st.Events(t.Context(), "acme", driver.EventQuery{Visitor: someone.Visitor.ID, Limit: 50})
	require.NoError(t, err)
	require.Len(t, events, 1)
	text, args := last.text, last.args
	if _, ok := args[0].(pgx.QueryResultFormatsByOID); ok { // database/sql's
		args = args[1:]
	}

	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	defer conn.Close(t.Context())
	for _, setting := range []string{"SET plan_cache_mode = force_custom_plan", "ANALYZE", "SET plan_cache_mode = force_generic_plan"} {
		_, err = conn.Exec(t.Context(), setting)
		require.NoError(t, err)
		rows, err := conn.Query(t.Context(), "EXPLAIN "+text, args...)
		require.NoError(t, err)
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		require.NoError(t, err)
		plan := strings.Join(lines, "\n")
		require.Contains(t, plan, "visitors_event_visitor", setting)
		require.Contains(t, plan, "visitors_event_other", setting)
		require.NotContains(t, plan, "Seq Scan", setting)
		require.NotContains(t, plan, "visitors_event_pkey", setting)
	}
}
