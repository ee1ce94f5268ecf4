package postgres_test

import (
	"context"
	"database/sql"
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/internal/pgtest"
	"github.com/contactpipeline/visitors/store/postgres"
	"github.com/contactpipeline/visitors/store/storetest"
	"github.com/contactpipeline/visitors/visitor"
)

var (
	clusterDSN = flag.String("postgres.dsn", "",
		"database for TestCluster, which works in schemas that it creates and drops; empty: on a server of its own, without the contract")
	clusterDistribute = flag.Bool("postgres.distribute", false, "TestCluster distributes the tables; the database must have the extension citus")
)

// TestCluster checks the contract, the comparison and an upgrade on a server that runs already,
// each in a new schema.
func TestCluster(t *testing.T) {
	t.Parallel()
	dsn, cases := *clusterDSN, 1_000
	if dsn == "" {
		dsn, cases = pgtest.Database(t, nil), 200
	}
	if *clusterDSN != "" { // else TestStore suffices
		t.Run("contract", func(t *testing.T) {
			w := &watch{}
			storetest.Run(t, func(tb testing.TB) driver.Store {
				c := newCluster(tb, dsn)
				c.config.Tracer = w
				st := c.open(tb)
				w.begin()
				return st
			})
			wrong, checked := w.end()
			for _, text := range wrong {
				t.Errorf("%.1000s", text)
			}
			require.Greater(t, checked, 50, "different statements that were read")
		})
	}
	t.Run("comparison", func(t *testing.T) {
		storetest.Compare(t, func(tb testing.TB) driver.Store { return newCluster(tb, dsn).open(tb) }, cases)
	})
	t.Run("upgrade", func(t *testing.T) {
		c := newCluster(t, dsn)
		run(t, dsn, "CREATE SCHEMA "+c.schema)
		require.NoError(t, postgres.MigrateTo(t.Context(), c.db(t), c.schema, 1))
		if *clusterDistribute {
			first := c.schema + ".visitors_workspace"
			run(t, dsn, "SELECT create_distributed_table('"+first+"', 'ws', colocate_with => 'none')",
				"SELECT create_distributed_table(format('%I.%I', schemaname, tablename), 'ws', colocate_with => '"+first+"') FROM pg_tables"+
					" WHERE schemaname = '"+c.schema+"' AND tablename NOT IN ('visitors_schema', 'visitors_workspace')")
		}
		ws := workspace(t, c.open(t), "acme")
		v, err := ws.Create(t.Context(), ada())
		require.NoError(t, err)
		got, err := ws.Get(t.Context(), v.ID)
		require.NoError(t, err)
		require.Equal(t, v, got)
	})
	if *clusterDistribute {
		t.Run("concurrent Distribute", func(t *testing.T) { distributeAtOnce(t, newCluster(t, dsn)) })
		t.Run("one node", func(t *testing.T) { commitOnOneNode(t, newCluster(t, dsn)) })
	}
}

// cluster is a schema of a database.
type cluster struct {
	config *pgx.ConnConfig
	schema string
}

func newCluster(tb testing.TB, dsn string) *cluster {
	tb.Helper()
	config, err := pgx.ParseConfig(dsn)
	require.NoError(tb, err)
	c := &cluster{config, fmt.Sprintf("cluster_%x", rand.Uint64())}
	tb.Cleanup(func() { run(tb, dsn, "DROP SCHEMA IF EXISTS "+c.schema+" CASCADE") })
	return c
}

func (c *cluster) db(tb testing.TB) *sql.DB {
	db := stdlib.OpenDB(*c.config)
	tb.Cleanup(func() { require.NoError(tb, db.Close()) })
	return db
}

// open opens a store, and distributes its tables if the flag is set.
func (c *cluster) open(tb testing.TB) *postgres.Store {
	tb.Helper()
	db, o := c.db(tb), &postgres.Options{Schema: c.schema}
	st, err := postgres.New(tb.Context(), db, o)
	require.NoError(tb, err)
	if *clusterDistribute {
		require.NoError(tb, postgres.Distribute(tb.Context(), db, o))
		spread := "SELECT count(*) FROM pg_tables t WHERE schemaname = $1 AND tablename <> 'visitors_schema'" +
			" AND NOT EXISTS (SELECT 1 FROM pg_dist_partition WHERE logicalrelid = format('%I.%I', schemaname, tablename)::regclass AND partmethod = 'h')"
		require.Zero(tb, ask[int64](tb, c.config.ConnString(), spread, c.schema), "tables that are not distributed")
	}
	return st
}

func distributeAtOnce(t *testing.T, c *cluster) {
	db, o := c.db(t), &postgres.Options{Schema: c.schema}
	_, err := postgres.New(t.Context(), db, o)
	require.NoError(t, err)
	var calls sync.WaitGroup
	for range 4 {
		calls.Go(func() {
			if err := postgres.Distribute(context.Background(), db, o); err != nil {
				t.Error(err)
			}
		})
	}
	calls.Wait()
}

// commitOnOneNode makes changes of every kind, and reads in the notices of Citus what it sends to
// its nodes.
func commitOnOneNode(t *testing.T, c *cluster) {
	st := c.open(t)
	require.NoError(t, st.Close())
	var mu sync.Mutex
	var sent []string
	c.config.RuntimeParams["citus.log_remote_commands"] = "on"
	c.config.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) {
		mu.Lock()
		defer mu.Unlock()
		sent = append(sent, n.Message)
	}
	st, err := postgres.New(t.Context(), c.db(t), &postgres.Options{Schema: c.schema, NoMigrate: true})
	require.NoError(t, err)
	sent = nil
	changeEverything(t, workspace(t, st, "acme"))
	mu.Lock()
	defer mu.Unlock()
	commits := 0
	for _, text := range sent {
		if text == "issuing COMMIT" {
			commits++
		}
		for _, trace := range []string{"PREPARE TRANSACTION", "COMMIT PREPARED", "COPY "} {
			require.NotContains(t, text, trace)
		}
	}
	require.Greater(t, commits, 5, strings.Join(sent, "\n"))
}

// changeEverything writes to every table, one row and many.
func changeEverything(t *testing.T, ws *store.Workspace) {
	t.Helper()
	d := ada()
	d.Attributes = visitor.Attributes{"score": visitor.Number(1)}
	v, err := ws.Create(t.Context(), d)
	require.NoError(t, err)
	team, err := ws.CreateGroup(t.Context(), group.Draft{Name: "Team"})
	require.NoError(t, err)
	var contacts []visitor.Contact
	for i := range 40 {
		contacts = append(contacts, visitor.Contact{
			Source: visitor.Telegram, Inbox: "bot", ExternalID: fmt.Sprint(i), Name: "Ada", EventID: fmt.Sprint(i),
		})
	}
	_, err = ws.Capture(t.Context(), contacts[0])
	require.NoError(t, err)
	captured, err := ws.CaptureAll(t.Context(), contacts)
	require.NoError(t, err)
	ids := []visitor.ID{v.ID}
	for _, c := range captured {
		ids = append(ids, c.Visitor.ID)
	}
	for _, change := range []func(context.Context, []string, ...visitor.ID) (store.Bulk, error){ws.Tag, ws.Untag} {
		_, err = change(t.Context(), []string{"many"}, ids...)
		require.NoError(t, err)
	}
	for _, change := range []func(context.Context, group.ID, ...visitor.ID) (store.Bulk, error){ws.AddToGroup, ws.RemoveFromGroup} {
		_, err = change(t.Context(), team.ID, ids...)
		require.NoError(t, err)
	}
	name := "Eve"
	_, err = ws.Update(t.Context(), v.ID, visitor.Patch{Name: &name, Unset: []string{"score"}})
	require.NoError(t, err)
	_, err = ws.Merge(t.Context(), v.ID, ids[1])
	require.NoError(t, err)
	_, _, err = ws.Unmerge(t.Context(), ids[1])
	require.NoError(t, err)
	_, err = ws.Delete(t.Context(), ids...)
	require.NoError(t, err)
	require.NoError(t, ws.DeleteGroup(t.Context(), team.ID))
}
