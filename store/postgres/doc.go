// Package postgres keeps visitors in a PostgreSQL database, version 14 or later, with
// database/sql and the driver github.com/jackc/pgx/v5.
//
//	st, err := postgres.Open(ctx, "postgres://user@host/database", nil)
//
// Open has its own pool of connections. New works on the application's own database, and
// Store.InTx inside one of its transactions, so that visitors and the application's rows are
// committed together. The names of all tables start with visitors_; Options.Schema puts them
// into a schema of their own. Acknowledged writes are on disk: synchronous_commit is turned on
// for them if it is off.
//
// # Search
//
// Searches use a trigram index (extension pg_trgm), which starts with the workspace (extension
// btree_gin) so that a search reads nothing of other workspaces. Both extensions come with
// PostgreSQL and are "trusted": Open and New create them if the role has the privilege CREATE
// on the database. Without them searches have the same results, but read all visitors of the
// workspace, which takes a tenth of a second for a million. In that case, let an administrator
// run CREATE EXTENSION pg_trgm and CREATE EXTENSION btree_gin, and call Store.IndexSearch.
// Texts of one or two characters have no trigrams and never use the index.
//
// With LC_CTYPE C, the index serves only ASCII letters; C.UTF-8 and the locales of all
// languages serve every letter.
//
// # Counting
//
// Workspaces with 20,000 visitors or more have an index in the memory of the program for counts,
// facets and pages (Options.Index): a million visitors take about 55 MB and, for a count, little
// more than one round trip. It is exact, also while other programs write: each call compares it
// with the last event of the workspace, and first reads what has changed. The first call begins to
// build it in the background, in several seconds of processor time for a million visitors. SQL
// answers while it is built, inside transactions of the application, and the first calls with a
// filter on a text or a search. A copy of about 31 bytes a visitor is stored in the table
// visitors_index, and the next program reads it. The copy holds ids, times and what visitors have
// in common (sources, tags, groups, channels, inboxes, names of attributes), but no names, texts or
// values of visitors. It keeps these of a deleted visitor until it is replaced, when about an
// eighth of the visitors has changed; its rows can be deleted at any time.
//
// # Query plans
//
// The server plans each statement that finds visitors for its values
// (pgx.QueryExecModeCacheDescribe). A generic plan of a prepared statement takes, for some
// tags, minutes instead of milliseconds. Statements with keys of rows are prepared, according
// to the connection's default_query_exec_mode. Behind PgBouncer in transaction mode, set
// default_query_exec_mode=exec or cache_describe in the dsn, as in every program with pgx.
//
// Good plans need statistics: after a first import of many visitors run ANALYZE, or wait a
// minute for autovacuum. A first import is several times as fast with Options.NoSearchIndex;
// call Store.IndexSearch after it.
//
// # Concurrent writes
//
// Writes to one workspace run one after another, with a lock on its row in visitors_workspace,
// so that events are numbered in commit order and two calls cannot deadlock. Waiting calls of
// one process share a transaction. Writes to different workspaces do not wait for each other.
//
// # The upgrade to schema version 6
//
// The first Open or New of a release with schema version 6 packs the lists of each visitor, a
// thousand visitors in a transaction, which takes a minute or two for a million. If it is
// interrupted, the next one continues. Programs of older releases cannot write from then on, so
// stop them before. Run VACUUM on visitors_visitor after it, as each of its rows was updated.
//
// Since schema version 7, half of each page of visitors_visitor is left free, about 240 bytes a
// visitor: a tag for many visitors is then written without new entries in the indexes. A table from
// before gets this room as its rows change, or all at once by VACUUM FULL, which locks it.
//
// # Erasure
//
// After Workspace.Erase no query of the tables finds data of the person. The server's files still
// have it: in old versions of rows, which a plain VACUUM makes free without overwriting them, in the
// statistics of the planner (pg_stats), and in the write-ahead log. VACUUM (FULL, ANALYZE) on all
// tables visitors_… rewrites the first two. It locks each table meanwhile, so collect erasures and
// run it at a quiet time within the period that the law gives, while no transaction is open that
// began before the erasures. ANALYZE keeps the statistics of a table that has become empty.
// Archived logs, backups and standbys have their own periods; after restoring a backup, call
// Workspace.Reapply.
//
// # Backup
//
// Use the server's own tools, which need no downtime: pg_dump, which contains the state at its
// start, or pg_basebackup with WAL archiving (or the snapshots of a managed server) for
// point-in-time recovery. Both contain every write acknowledged up to that time. Back up the
// whole database, so that visitors and the application's rows match; with Options.Schema,
// pg_dump --schema=NAME contains only the tables of visitors.
//
// # Citus
//
// If one server is too small for all workspaces, let several with Citus share them:
//
//   - On the coordinator run CREATE EXTENSION citus and citus_add_node for each worker, open the
//     store, and call Distribute. After an upgrade that adds tables, call it again.
//   - Every workspace is whole on one node. More nodes serve more workspaces; a single workspace
//     does not become faster.
//   - Writes of up to 64 rows a table commit on that node alone. Larger ones, as of an import,
//     commit in two phases: set max_prepared_transactions on the workers.
//   - Time compared with one server, measured on one machine: a read by id 3.7 times, a page of a
//     small workspace 2.6 to 4.3, of a large one 1.0 to 2.9, a count 0.6 to 1.5, facets 1.1 to 1.6.
//     One sender of captures takes 3 times as long or more, an import 1.1 to 1.3.
//   - Writes wait for the disk of the node, even if it has synchronous_commit off.
//   - While a node is down, calls for its workspaces fail; those for others succeed.
//
// A workspace grows from SQLite to one server, and from one server to a cluster by Distribute,
// which keeps all. From SQLite, write it with transfer.ExportCSV and read it here with
// transfer.ImportCSV, which keep profiles, identities, tags and attributes, but no ids, groups
// and events. To test a cluster:
//
//	go test ./store/postgres -run Cluster -postgres.dsn "host=… dbname=…" -postgres.distribute
package postgres
