// Package sqlstore is the SQL engine of the SQLite and Postgres stores. What differs between
// the two databases is behind Dialect.
//
// A call takes a session (a connection, or a host's transaction) from a Pool and works
// through a scope: the session and one workspace. scope.go is the only file that starts
// statements, and it binds the workspace in each.
//
// The row of a visitor has all of it: the tags, groups, identities and attributes are packed in
// columns (packed.go, unpack.go), and read by the statement that finds it (scan.go). The row does not
// have the names of tags. They are kept in memory, and read again when the catalog number of the
// workspace has changed (names.go). The tables visitors_by_… only serve to find visitors; they are
// written together with the row. In SQLite, integers stand for the workspace (scope.find) and for
// tags and groups (names.go) in all other tables, row keys for visitors where pages are not read in
// the order of ids, and hashes for addresses (by_address.go).
//
// Writing: calls of Apply that wait at the same time share a transaction (group_commit.go).
// In it, driver.Apply makes the changes of a call through a tx. visitor_diff.go finds out which
// rows of visitors differ, tx_write.go writes them, and rows.go writes many rows at once.
// Events, counters and the search index are written at the end of the transaction
// (pending.go, events.go, counters.go, search_index.go).
//
// Migrating: migrate.go makes numbered steps. A step that moves rows does so in batches, each in a
// transaction, and can be interrupted (mover.go).
//
// Reading: compile.go turns a bound filter into a predicate that is never NULL, so NOT is
// the exact complement; conditions.go adds it to a statement. A filter that needs too many
// comparisons for a statement is matched in part by this process (matcher.go). Counts
// (count.go) are one statement. Facets (facets.go) read the packed lists of all matches; those of
// all visitors come from the counters or from the tables.
//
// Two readers (reader.go) find visitors. The serverReader sends a statement and lets the server
// plan it (server_page.go), but first looks for a page among the next visitors with a tag
// (server_tag_page.go). The plannedReader is for SQLite, which does not know how common
// values are. It chooses an index by the counters (index_paths.go): one in the order of the page, or
// a short one whose visitors are then sorted (plan.go, page_query.go). The statements of a page run
// in one transaction: they see one state.
//
// Counting by index: a large workspace has a liveIndex (live_index.go) with the bitmaps of package
// index, which answers counts, facets and pages (by_index.go), unless a page is a walk along an index of
// the database, which is faster. It is exact, also if other processes write:
//
//   - Every change to a visitor commits with an event that names the visitor, in order. A call reads
//     the number and the stamp of the last event after it began. If the index is at this event, it
//     answers.
//   - Else the call updates the index (live_index_follow.go): in one snapshot it reads the later
//     events, and the visitors that they name as they are now. A deleted tag or group loses all its
//     visitors.
//   - An event has another stamp than the index has noted if the database was restored or replaced.
//     Then, and if a number is missing, the index is discarded.
//   - An index is built from visitors that are read some at a time, in several snapshots
//     (live_index_build.go), and then follows the events since the first snapshot: visitors that
//     have changed meanwhile are read again, all others are as they were read.
//   - A condition that bitmaps do not answer, such as a search, is loaded once in the same way
//     (live_index_conditions.go), and matched with each visitor that changes.
//
// SQL answers if there is no index: inside a host's transaction, in small workspaces, while an
// index is built or a condition is loaded, and while an index has many events to follow. indexes.go
// decides that, keeps within the memory allowed, and updates the indexes in use twice a second.
// live_index_store.go keeps copies in the database, for the next start.
package sqlstore
