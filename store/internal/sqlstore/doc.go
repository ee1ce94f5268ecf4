// Package sqlstore is the SQL engine of the SQLite and Postgres stores. What differs between
// the two databases is behind Dialect.
//
// A call takes a session (a connection, or a host's transaction) from a Pool and works
// through a scope: the session and one workspace. scope.go is the only file that starts
// statements, and it binds the workspace in each.
//
// Writing: calls of Apply that wait at the same time share a transaction (group_commit.go).
// In it, driver.Apply makes the changes of a call through a tx. visitor_diff.go finds out which
// rows of visitors differ, tx_write.go writes them, and rows.go writes many rows at once. Events, counters and the
// search index are written at the end of the transaction (pending.go, events.go,
// counters.go, search_index.go).
//
// Reading: compile.go turns a bound filter into a predicate that is never NULL, so NOT is
// the exact complement. A filter that needs too many comparisons for a statement is matched
// in part by this process (matcher.go). Two readers (reader.go) find visitors. The
// serverReader sends a statement and lets the server plan it (server_page.go,
// server_tag_page.go, facets.go). The counterReader is for SQLite, which does not know how
// common values are: it chooses indexes (index_paths.go) by counters and guesses
// (estimates.go) for pages (plan.go, page_query.go), counts (count.go) and facets
// (counter_facets.go). The statements of a page run in one transaction: they see one state.
package sqlstore
