// Package driver is for those who write a back end; applications use package store.
//
// Store is the interface that a back end implements. Its reads are plain queries. Its
// writes are a list of Changes, which the function Apply makes: it is the only code that
// knows what a change means, on every engine, for one change or a thousand. An engine gives
// it a Tx, access to the rows of one workspace inside a transaction: reads in batches by
// ids, writes by difference.
//
//	outcomes, err := driver.Apply(ctx, tx, changes)
//
// Package storetest tests any Store against the promises of the library; its package
// reference is a small complete back end to start from.
package driver
