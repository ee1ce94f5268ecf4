// Package sqlite keeps visitors in an SQLite database, by way of
// github.com/mattn/go-sqlite3 (cgo) and database/sql.
//
//	st, err := sqlite.Open(ctx, "visitors.db", nil)
//
// Open keeps one connection that writes and a few that read, in WAL mode with
// synchronous=FULL: what Apply has acknowledged survives a power cut. New works on a
// host's own database, and InTx inside a host's transaction, so that visitors and the
// host's rows are committed together. Every table's name starts with visitors_. No
// connection hook and no SQL function is needed: any program that speaks SQLite with FTS4,
// the sqlite3 shell too, may read the tables.
//
// The search index is an FTS4 table of runs of three characters, so a part of a name, an
// e-mail or a phone is found without reading every visitor; see grams.go.
//
// A deleted visitor is gone from every table at once, and the bytes are overwritten
// (secure_delete). Its runs of three characters are no longer found, but stay in blocks of the
// search index until these are merged; the write-ahead log keeps old pages until it
// is begun anew. Compact removes both, at the cost of writing the whole file.
package sqlite
