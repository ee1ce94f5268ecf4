// Package sqlstore is the SQL engine of the SQLite and Postgres stores. What differs between
// the two databases is behind Dialect.
//
// A call takes a session (a connection, or a host's transaction) from a Pool and works
// through a scope: the session and one workspace. scope.go is the only file that starts
// statements, and it binds the workspace in each.
//
// Writing: calls of Apply that wait at the same time share a transaction (group_commit.go).
// In it, driver.Apply makes the changes of a call through a tx. visitor_diff.go finds out which
// rows of visitors differ, tx_write.go writes them, and rows.go writes many rows at once.
// Events, counters and the search index are written at the end of the transaction
// (pending.go, events.go, counters.go, search_index.go).
//
// Reading: compile.go turns a bound filter into a predicate that is never NULL, so NOT is
// the exact complement; conditions.go adds it to a statement. A filter that needs too many
// comparisons for a statement is matched in part by this process (matcher.go). Counts
// (count.go) and facets (facets.go) are one statement each.
//
// Two readers (reader.go) find visitors. The serverReader sends a statement and lets the server
// plan it (server_page.go), but first looks for a page among the next visitors with a tag
// (server_tag_page.go). The plannedReader is for SQLite, which does not know how common
// values are. It chooses an index (index_paths.go): one that is in order, by the counters, or a
// short one, which it counts (plan.go, page_query.go). The statements of a page run in one
// transaction: they see one state.
package sqlstore
