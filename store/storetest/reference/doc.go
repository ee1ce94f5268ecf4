// Package reference is a complete back end in a few maps: the shortest program that passes
// storetest.Run. Package storetest compares other back ends with it, and the author of one
// can start from a copy of its three files:
//
//	store.go      the methods of driver.Store: read, and replace a workspace
//	tx.go         the methods of driver.Tx, through which driver.Apply makes changes
//	workspace.go  what is stored
//
// It reads every visitor for every query and calls filter.Match for each, so it is slow
// for more than some thousand visitors. Nothing is written to disk.
package reference
