// Package sqlite keeps visitors in an SQLite database, with database/sql and the driver
// github.com/mattn/go-sqlite3, which needs cgo. Without cgo the package compiles, but Open
// returns an error.
//
//	st, err := sqlite.Open(ctx, "visitors.db", nil)
//
// Open uses one connection for writes and several for reads, in WAL mode with
// synchronous=FULL: acknowledged writes survive a power cut. New works on the application's
// own database with the same durability, and Store.InTx inside one of its transactions, so that
// visitors and the application's rows are committed together. The names of all tables start
// with visitors_. The database needs no connection hooks or SQL functions: any program with
// SQLite and FTS4, such as the sqlite3 shell, can read the tables.
//
// # Backup
//
// Store.Backup copies the whole database to a new file while others read and write; it
// contains every write acknowledged before the call. To restore, stop the program, delete
// visitors.db-wal and visitors.db-shm, and replace visitors.db by the copy. From outside the
// program, either of these does the same:
//
//	sqlite3 visitors.db "VACUUM INTO 'backup.db'"
//	sqlite3 visitors.db ".backup backup.db"
//
// Do not copy visitors.db itself, with cp, rsync or a snapshot of that file alone, while a
// program has it open. The latest writes, up to 16 MiB, are only in the write-ahead log,
// visitors.db-wal. A copy without the log opens, but lacks them, and no check of SQLite detects
// that. An atomic snapshot of the whole file system contains both files and is a valid backup.
//
// From SQLite 3.44 on, PRAGMA integrity_check reports "malformed inverted index for FTS4 table
// main.visitors_text" for every database with visitors, because the search index does not store
// the texts that SQLite would compare it with. Any other report means damage.
//
// # Search
//
// The search index is an FTS4 table of trigrams, which finds a part of a name, an e-mail or a
// phone without reading every visitor.
//
// # Counting
//
// Workspaces with 20,000 visitors or more have an index in memory for counts, facets and pages
// (Options.Index): a million visitors take about 55 MB and 0.1 ms for a count by source and tags,
// 2 ms for facets. It is exact, also while other processes write to the file. The first call begins
// to build it in the background, in several seconds of processor time for a million visitors. SQL
// answers while it is built, inside transactions of the application, and the first calls with a
// filter on a text or a search. A copy of about 31 bytes a visitor is stored in the table
// visitors_index, and the next program that opens the file reads it. The copy holds ids, times and
// what visitors have in common (sources, tags, groups, channels, inboxes, names of attributes), but
// no names, texts or values of visitors.
//
// # Size, and upgrades
//
// A million visitors with three tags each, an e-mail, a phone and an event take about 740 MB, of
// which the search index has a fifth, whatever the length of the name of their workspace.
//
// The first Open or New of a release with schema version 6 moves all rows to smaller tables, a
// thousand in a transaction, which takes about as long as writing them anew: some minutes for
// a million visitors. If it is interrupted, the next one continues. Programs of older releases
// that have the file open cannot write from then on, and find nothing, so stop them before; Open
// in a second process can fail with ErrBusy meanwhile. The file does not become smaller by
// itself, as SQLite keeps free pages for later; Store.Compact frees them. Schema version 8 fills the
// smaller tables by which visitors are found in the same way, in about a minute for a million visitors.
//
// # Deletion
//
// A deleted visitor is removed at once from every table but visitors_index, and the bytes are
// overwritten (secure_delete). Its trigrams are no longer found, but remain in blocks of the search
// index until these are merged. The copy in visitors_index keeps the visitor's id, times, tags and
// the like until it is replaced, when about an eighth of the visitors has changed. Old pages remain
// in the write-ahead log until it is overwritten. Store.Compact removes all three, and rewrites the
// whole file; the next program then builds its index from the rows.
package sqlite
