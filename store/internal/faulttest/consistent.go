package faulttest

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store"
)

// inconsistencies are queries, valid in both databases, that find rows without the rows that
// belong to them. All must find none.
var inconsistencies = map[string]string{
	"identities without a visitor":  "SELECT count(*) FROM visitors_by_identity c WHERE " + orphan,
	"inboxes without a visitor":     "SELECT count(*) FROM visitors_by_inbox c WHERE " + orphan,
	"attributes without a visitor":  "SELECT count(*) FROM visitors_by_attribute c WHERE " + orphan,
	"tags without a visitor":        "SELECT count(*) FROM visitors_by_tag c WHERE " + orphan,
	"memberships without a visitor": "SELECT count(*) FROM visitors_by_group c WHERE " + orphan,
	"assignments of no tag":         "SELECT count(*) FROM visitors_by_tag c WHERE NOT EXISTS (SELECT 1 FROM visitors_tag t WHERE t.ws = c.ws AND t.id = c.tag_id)",
	"memberships of no group":       "SELECT count(*) FROM visitors_by_group c WHERE NOT EXISTS (SELECT 1 FROM visitors_group g WHERE g.ws = c.ws AND g.id = c.group_id)",
	"visitors without event":        "SELECT count(*) FROM (SELECT ws, id FROM visitors_visitor EXCEPT " + visitorsInEvents + "'visitor.created') AS s",
	"visitors who are deleted":      "SELECT count(*) FROM (SELECT ws, id FROM visitors_visitor INTERSECT " + visitorsInEvents + "'visitor.deleted') AS s",
	"created but missing": "SELECT count(*) FROM (" + visitorsInEvents + "'visitor.created' EXCEPT SELECT ws, id FROM visitors_visitor" +
		" EXCEPT " + visitorsInEvents + "'visitor.deleted' EXCEPT SELECT ws, other_id FROM visitors_event WHERE kind = 'visitor.merged') AS s",
	"revisions without event": "SELECT count(*) FROM (SELECT ws, id, revision FROM visitors_visitor EXCEPT" +
		" SELECT ws, id, 1 + sum(n) FROM (SELECT ws, visitor_id AS id, CASE WHEN kind IN ('visitor.updated', 'visitor.merged', 'visitor.unmerged') THEN 1 ELSE 0 END AS n" +
		" FROM visitors_event UNION ALL SELECT ws, other_id, CASE kind WHEN 'visitor.unmerged' THEN 1 ELSE 0 END FROM visitors_event) AS e GROUP BY ws, id) AS s",
	"merged into a missing visitor": "SELECT count(*) FROM visitors_merged m WHERE NOT EXISTS (SELECT 1 FROM visitors_visitor v WHERE v.ws = m.ws AND v.id = m.into_id)" +
		" AND NOT EXISTS (SELECT 1 FROM visitors_merged n WHERE n.ws = m.ws AND n.id = m.into_id)",
	"merged and there": "SELECT count(*) FROM (SELECT ws, id FROM visitors_merged INTERSECT SELECT ws, id FROM visitors_visitor) AS s",
	"merges without event": "SELECT count(*) FROM (SELECT ws, into_id, id FROM visitors_merged EXCEPT" +
		" SELECT ws, visitor_id, other_id FROM visitors_event WHERE kind = 'visitor.merged') AS s",
	"gaps between events": "SELECT count(*) FROM (SELECT ws, seq, seq FROM visitors_workspace WHERE seq > 0 EXCEPT" +
		" SELECT ws, count(*), max(seq) FROM visitors_event GROUP BY ws) AS s",
}

// visitorsInEvents is the start of a query for the visitors of events of a kind.
const visitorsInEvents = "SELECT ws, visitor_id FROM visitors_event WHERE kind = "

const orphan = "NOT EXISTS (SELECT 1 FROM visitors_visitor v WHERE v.ws = c.ws AND v.id = c.visitor_id)"

// tables are the tables with rows of workspaces, in both databases.
var tables = []string{
	"visitors_workspace", "visitors_visitor", "visitors_by_identity", "visitors_tag", "visitors_by_tag",
	"visitors_group", "visitors_by_group", "visitors_by_attribute", "visitors_event",
	"visitors_captured", "visitors_merged", "visitors_by_inbox",
}

// rows returns all rows of a workspace as text.
func (e Engine) rows(t testing.TB, db *sql.DB, ws store.WorkspaceID) string {
	t.Helper()
	var lines []string
	for _, table := range tables {
		key := "$1"
		if e.Keys != "" {
			key = "(" + e.Keys + ")"
		}
		found, err := db.Query("SELECT * FROM "+table+" WHERE ws = "+key, string(ws))
		require.NoError(t, err)
		columns, err := found.Columns()
		require.NoError(t, err)
		values, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		for found.Next() {
			require.NoError(t, found.Scan(into...))
			lines = append(lines, fmt.Sprint(table, values))
		}
		require.NoError(t, found.Err())
		require.NoError(t, found.Close())
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// Consistent requires that the tables have no inconsistencies.
func (e Engine) Consistent(t testing.TB, db *sql.DB) {
	t.Helper()
	for what, text := range inconsistencies {
		var n int
		require.NoError(t, db.QueryRow(e.Views+text).Scan(&n), what)
		require.Zero(t, n, what)
	}
	e.Check(t, db)
}
