// Package postgres keeps visitors in a PostgreSQL database, version 14 or later, by way of
// database/sql and github.com/jackc/pgx/v5.
//
//	st, err := postgres.Open(ctx, "postgres://user@host/database", nil)
//
// Open keeps a pool of connections of its own. New works on a host's database, and InTx
// inside a host's transaction, so that visitors and the host's rows are committed together.
// Every table's name starts with visitors_, and Options.Schema puts them in a schema of
// their own. What Apply has acknowledged is on disk: synchronous_commit is turned on where it
// is off.
//
// # Searches
//
// Searches use an index of trigrams, of the extension pg_trgm, which btree_gin lets begin with
// the workspace, so that a search reads nothing of other workspaces. Both come with
// PostgreSQL and are "trusted": a role with the privilege CREATE on the database may create
// them, and Open and New do. Where they may not, all works without, with the same answers; a
// search then reads the workspace's visitors, a tenth of a second for a million. Let an
// administrator say CREATE EXTENSION pg_trgm and CREATE EXTENSION btree_gin, and call
// Store.IndexSearch later. Text of one or two characters has no trigrams and is looked for
// without the index anyway.
//
// With LC_CTYPE C the server takes only ASCII for letters, so that the index serves only
// those; C.UTF-8 and every language's locale are fine.
//
// # Plans
//
// A statement that finds visitors is planned anew for its values every time
// (pgx.QueryExecModeCacheDescribe). The plan that the server keeps for a prepared statement
// is for any values, and for some tags takes minutes instead of milliseconds. Statements
// that name rows by their keys are prepared and kept, as the connection's
// default_query_exec_mode has it. Behind PgBouncer in transaction mode, set it in the dsn as
// for every program that uses pgx: default_query_exec_mode=exec, or cache_describe.
//
// Planning needs to know the values: after a first import of many visitors say ANALYZE, or
// wait a minute for autovacuum to do so. A first import is several times as fast with
// Options.NoSearchIndex; call Store.IndexSearch after it.
//
// # Writers
//
// Those who write to one workspace take turns, by a lock on its row in visitors_workspace,
// so that its events are numbered in the order of commits, and no two calls can deadlock.
// Calls of one process that wait for their turn share a transaction. Workspaces do not wait
// for each other.
//
// # Backup
//
// Back up with the server's own means, which need no pause: pg_dump, whose dump is the state
// at its start, or pg_basebackup with archiving of the write-ahead log (or the snapshots of a
// managed server) to return to any instant. Both have every acknowledged write up to then.
// Of a host's database take all of it, so that the host's rows and visitors fit together;
// with Options.Schema, pg_dump --schema=NAME takes the tables of visitors alone.
//
// # More than one machine
//
// Where one server does not suffice for all workspaces, Distribute spreads the tables over a
// Citus cluster. Tables and statements stay within what that asks for: the workspace leads
// every key and is in every statement; there are no triggers, no foreign keys and no volatile
// functions.
package postgres
