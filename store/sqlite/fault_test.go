//go:build cgo

package sqlite_test

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/mattn/go-sqlite3"
	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/internal/faulttest"
	"github.com/contactpipeline/visitors/store/internal/sqlstore"
	"github.com/contactpipeline/visitors/store/sqlite"
)

var engine = faulttest.Engine{
	Driver: &sqlite3.SQLiteDriver{ConnectHook: func(c *sqlite3.SQLiteConn) error {
		_, err := c.Exec("PRAGMA synchronous = OFF", nil)
		return err
	}},
	Source: func(tb testing.TB) string { return filepath.Join(tb.TempDir(), "visitors.db") },
	Open: func(ctx context.Context, source string) (driver.Store, error) {
		return sqlite.Open(ctx, source, nil)
	},
	Forms: map[string]faulttest.Form{
		"connections of its own": {Kept: 3, Open: func(ctx context.Context, db *sql.DB) (driver.Store, error) {
			return sqlite.OpenOn(ctx, db, &sqlite.Options{RelaxedDurability: true, MaxReaders: 2})
		}},
		"a host's connections": {Open: func(ctx context.Context, db *sql.DB) (driver.Store, error) {
			if _, err := db.ExecContext(ctx, "PRAGMA journal_mode = WAL"); err != nil {
				return nil, err
			}
			return sqlite.New(ctx, db, nil)
		}},
	},
	InTx: func(st driver.Store, tx *sql.Tx) driver.Store { return st.(*sqlite.Store).InTx(tx) },
	Bare: func(_ testing.TB, db *sql.DB) *sqlstore.Engine { return sqlite.Bare(db) },
	Dump: dump, Restore: restore, Schema: schema,
	ID:    func(id string) any { return bytesOf(id) },
	Views: views, Keys: "SELECT ws FROM visitors_workspace WHERE name = $1",
	Check: func(tb testing.TB, db *sql.DB) {
		rows, err := db.Query("PRAGMA integrity_check")
		require.NoError(tb, err)
		defer rows.Close()
		for rows.Next() {
			var answer string
			require.NoError(tb, rows.Scan(&answer))
			require.Contains(tb, []string{"ok", noContent}, answer)
		}
		require.NoError(tb, rows.Err())
		for what, text := range leftovers {
			var n int
			require.NoError(tb, db.QueryRow(views+text).Scan(&n), what)
			require.Zero(tb, n, what)
		}
	},
}

// views show ids and names in place of numbers.
var views = func() string {
	kinds := ""
	for n, kind := range []driver.EventKind{
		driver.VisitorCreated, driver.VisitorUpdated, driver.VisitorDeleted, driver.VisitorTagged, driver.VisitorUntagged,
		driver.VisitorSeen, driver.VisitorMerged, driver.VisitorUnmerged, driver.VisitorJoined, driver.VisitorLeft,
		driver.TagCreated, driver.TagUpdated, driver.TagDeleted, driver.GroupCreated, driver.GroupUpdated, driver.GroupDeleted,
	} {
		kinds += fmt.Sprintf(" WHEN %d THEN '%s'", n+1, kind)
	}
	const number = " LEFT JOIN main.visitors_number k ON k.ws = o.ws AND k.number = o."
	const owner = " (SELECT v.id FROM main.visitors_visitor v WHERE v.ws = o.ws AND v.rowkey = o.visitor) AS visitor_id"
	return "WITH visitors_event AS (SELECT ws, seq, CASE kind" + kinds + " END AS kind, visitor_id, other_id FROM main.visitors_event)," +
		" visitors_by_tag AS (SELECT o.ws, k.id AS tag_id, o.visitor_id FROM main.visitors_by_tag o" + number + "tag_id)," +
		" visitors_by_group AS (SELECT o.ws, k.id AS group_id, o.excluded, o.visitor_id FROM main.visitors_by_group o" + number + "group_id)," +
		" visitors_by_inbox AS (SELECT o.*," + owner + " FROM main.visitors_by_inbox o)," +
		" visitors_by_identity AS (SELECT o.*," + owner + " FROM main.visitors_by_identity o)," +
		" visitors_by_attribute AS (SELECT o.*," + owner + " FROM main.visitors_by_attribute o) "
}()

// noContent is SQLite's message about a search index that does not store its texts.
const noContent = "malformed inverted index for FTS4 table main.visitors_text"

// leftovers are queries for rows that must not exist.
var leftovers = map[string]string{
	"rows in the scratch table": "SELECT count(*) FROM visitors_scratch",
	"addresses without a visitor": "SELECT count(*) FROM visitors_by_address a" +
		" WHERE NOT EXISTS (SELECT 1 FROM visitors_visitor v WHERE v.ws = a.ws AND v.rowkey = a.visitor)",
	"wrong counts of a tag": "SELECT count(*) FROM (SELECT ws, id, uses FROM visitors_tag WHERE uses <> 0" +
		" EXCEPT SELECT ws, tag_id, count(*) FROM visitors_by_tag GROUP BY ws, tag_id)",
	"tags not counted": "SELECT count(*) FROM (SELECT ws, tag_id, count(*) FROM visitors_by_tag GROUP BY ws, tag_id" +
		" EXCEPT SELECT ws, id, uses FROM visitors_tag)",
	"wrong counts of a group": "SELECT count(*) FROM (SELECT ws, id, members FROM visitors_group WHERE members <> 0" +
		" EXCEPT SELECT ws, group_id, count(*) FROM visitors_by_group WHERE excluded = 0 GROUP BY ws, group_id)",
	"members not counted": "SELECT count(*) FROM (SELECT ws, group_id, count(*) FROM visitors_by_group WHERE excluded = 0 GROUP BY ws, group_id" +
		" EXCEPT SELECT ws, id, members FROM visitors_group)",
	"wrong counts of a source": "SELECT count(*) FROM (SELECT ws, source, visitors FROM visitors_source WHERE visitors <> 0" +
		" EXCEPT SELECT ws, source, count(*) FROM visitors_visitor GROUP BY ws, source)",
	"sources not counted": "SELECT count(*) FROM (SELECT ws, source, count(*) FROM visitors_visitor GROUP BY ws, source" +
		" EXCEPT SELECT ws, source, visitors FROM visitors_source)",
}

func TestCallsThatFail(t *testing.T) {
	t.Parallel()
	faulttest.Calls(t, engine)
}

func TestOpeningWhileCallsFail(t *testing.T) {
	t.Parallel()
	faulttest.Opening(t, engine)
}

func TestHostTransactionWhileCallsFail(t *testing.T) {
	t.Parallel()
	faulttest.Inside(t, engine)
}

func TestCallsThatAreHeldUp(t *testing.T) {
	t.Parallel()
	faulttest.Slow(t, engine)
}

func TestNamesOfTags(t *testing.T) {
	t.Parallel()
	faulttest.Names(t, engine)
}
