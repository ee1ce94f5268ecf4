// Package sqlstore is the SQL engine under the SQLite and Postgres stores. It keeps the
// contract of store.Store; what the two databases differ in is behind Dialect.
//
// A call takes a session (a connection, or a host's transaction) from a pool, and does all
// of its work through a scope: the session and one workspace. scope.go is the only file
// that starts statements, and it binds the workspace to every one of them.
//
// Reading: compile.go spells a bound filter as a predicate that has no NULL in it, so NOT
// is the exact complement. plan.go decides, for a database that does not know how common a
// value is, from which index a page or a count is driven. A page's statements run in one
// transaction: they see one state.
//
// Writing: an applier makes the changes of one Apply in turn, collects the events and the
// new search documents, and writes these at the end. The transaction is the caller's: begun
// and committed by the engine, or a savepoint in a host's transaction.
package sqlstore
