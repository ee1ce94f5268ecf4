// Package driver is what a back end implements. Applications use package store.
//
// Store is the interface of a back end. Its reads are plain queries. Its writes are lists of
// Changes, which the function Apply makes: it is the only code that knows what a change
// means, on every engine, for one change or a thousand. An engine passes it a Tx, access to
// the rows of one workspace inside a transaction, which reads by ids and writes differences.
//
//	outcomes, err := driver.Apply(ctx, tx, changes)
//
// Package storetest tests whether a Store keeps the promises of the library. Its package
// reference is a small complete back end, to start from.
package driver
