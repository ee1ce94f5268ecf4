// Package sqlite keeps visitors in an SQLite database, by way of
// github.com/mattn/go-sqlite3 (cgo) and database/sql. A program that is built without cgo
// compiles, and Open returns an error that says so.
//
//	st, err := sqlite.Open(ctx, "visitors.db", nil)
//
// Open keeps one connection that writes and a few that read, in WAL mode with
// synchronous=FULL: what Apply has acknowledged survives a power cut. New works on a
// host's own database with the same promise, and InTx inside a host's transaction, so that
// visitors and the host's rows are committed together, as durably as the host commits. Every
// table's name starts with visitors_. No connection hook and no SQL function is needed: any
// program that speaks SQLite with FTS4, the sqlite3 shell too, may read the tables.
//
// # Backup
//
// Store.Backup copies the whole database to one new file while others read and write:
// whatever was acknowledged before the call is in it. To restore, stop the program, delete
// visitors.db-wal and visitors.db-shm, and put the copy in the place of visitors.db. From
// outside of the program, these do the same:
//
//	sqlite3 visitors.db "VACUUM INTO 'backup.db'"
//	sqlite3 visitors.db ".backup backup.db"
//
// Do not copy visitors.db itself, with cp, rsync or a snapshot of that file alone, while a
// program has it open. The latest writes stand in the write-ahead log, visitors.db-wal, until
// they are moved into the database, up to 16 MiB later. A copy without the log opens, and
// lacks them, and no check of SQLite notices. A snapshot of a whole file system, taken at one
// instant, has both files and is a backup.
//
// From 3.44 on, PRAGMA integrity_check reports "malformed inverted index for FTS4 table
// main.visitors_text" for every database with visitors: the search index keeps no copy of the
// texts that SQLite could compare it with. Any other report is damage.
//
// # Search
//
// The search index is an FTS4 table of runs of three characters, so a part of a name, an
// e-mail or a phone is found without reading every visitor; see grams.go.
//
// # Deletion
//
// A deleted visitor is gone from every table at once, and the bytes are overwritten
// (secure_delete). Its runs of three characters are no longer found, but stay in blocks of the
// search index until these are merged; the write-ahead log keeps old pages until it
// is begun anew. Compact removes both, at the cost of writing the whole file.
package sqlite
